"""Whether it fits the memory of its accelerator: V16."""

from collections.abc import Iterator

from trueup.builds import codes
from trueup.builds.accelerators import Product
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import COMPILED, Serving, load_of, precision_of
from trueup.builds.findings import About, Finding, Level
from trueup.builds.memory import MIB, Cut, Load, Precision, RankMemory, build_host_bytes, rank_memory, size_in_words
from trueup.builds.network import Network
from trueup.spec.resource import Path

USUAL_CONTEXT = 8192
"""Tokens of a sequence that fits are told for when nobody declares a length."""


def check_room(subject: Subject) -> Iterator[Finding]:
    """Yield whether memory suffices, for building where that takes the accelerator, and for serving."""
    network, product = subject.known_network, subject.product
    if subject.serving is not None:
        yield from _accelerators(subject, subject.serving)
    if network is None or product is None:
        return
    precision = precision_of(subject.build, subject.weights)
    if isinstance(precision, str):
        detail = f"Whether it fits is not known: nobody says {precision}."
        yield _finding(subject, Level.UNKNOWN, detail, "declare `precision` or `quantization` of the Model")
    elif not product.memory_mib:
        detail = f"Whether it fits `{product.label}` is not known: nobody here knows how much memory that has."
        yield _finding(subject, Level.UNKNOWN, detail, "spell the product as its node label does")
    else:
        yield from _fits(subject, product, rank_of(subject, network, precision, subject.cut))


def rank_of(subject: Subject, network: Network, precision: Precision, cut: Cut) -> RankMemory:
    """Return what the fullest rank of *cut* holds, for what is asked of the server."""
    return rank_memory(network, cut, precision, load_of(subject.build, network, subject.serving))


def has_declared_context(subject: Subject) -> bool:
    """Tell whether build or server say how long a sequence may be."""
    serving = subject.serving
    named = ("max_seq_len", "max_model_len", "context_length")
    return (
        bool(serving and serving.context_per_slot)
        or any(k in subject.build.arguments for k in named)
        or any(serving is not None and k in serving.arguments for k in named)
    )


def told_context(subject: Subject, load: Load) -> int:
    """Return the length of the sequences that fits are told for."""
    return load.context if has_declared_context(subject) else min(load.context, USUAL_CONTEXT)


def sequences_asked(subject: Subject) -> int:
    """Return how many sequences have to fit at once: the slots of the server, or one."""
    return subject.serving.slots if subject.serving and subject.serving.slots else 1


def required_mib(subject: Subject, rank: RankMemory) -> int:
    """Return the MiB that an accelerator needs to have for what is declared."""
    return -(-rank.required(sequences_asked(subject), told_context(subject, rank.load)) // MIB)


def _fits(subject: Subject, product: Product, rank: RankMemory) -> Iterator[Finding]:
    visible, context = product.memory_mib * MIB, told_context(subject, rank.load)
    asked = sequences_asked(subject)
    held = rank.sequences(visible, context)
    parts = (
        f"weights {size_in_words(rank.weights)}, activations {size_in_words(rank.activations)}, "
        f"logits {size_in_words(rank.logits)} and {size_in_words(rank.fixed)} for the runtime"
    )
    if held < asked:
        needed = f"{asked} x {context} tokens" if asked > 1 else f"a sequence of {context} tokens"
        left = rank.pool(visible)
        detail = (
            f"A rank has {parts}: of {size_in_words(visible)} that {product.name} has, {size_in_words(left)} are left "
            f"for the cache, and {needed} takes {size_in_words(asked * rank.sequence(context))}."
        )
        yield _finding(subject, Level.ERROR, detail, _smaller(rank, visible, context))
        return
    longest = rank.longest(visible, rank.load.context)
    if longest < rank.load.context:
        detail = f"Sequences of {longest} tokens fit, and the network could have {rank.load.context}."
        yield _finding(subject, Level.WARNING, detail, f"declare `max_seq_len` {longest} or less")
    if product.note:
        yield _finding(subject, Level.INFO, f"{product.name}: {product.note}.", "look at the label of the node")
    if subject.build.mode in COMPILED:
        detail = f"Building takes about {size_in_words(build_host_bytes(rank.weights))} of main memory for each worker."
        yield Finding(codes.OUT_OF_MEMORY, Level.INFO, detail, "take fewer workers when there is less")


def _smaller(rank: RankMemory, visible: int, context: int) -> str:
    """Say what would fit."""
    longest = rank.longest(visible, context)
    if longest:
        return f"one sequence of {longest} tokens would fit; or take more accelerators, or fewer bytes a weight"
    if rank.weights > visible:
        return "the weights alone are too large: take more accelerators, or fewer bytes a weight"
    return "take more accelerators, a smaller batch or fewer tokens of a step, or fewer bytes a weight"


def _accelerators(subject: Subject, serving: Serving) -> Iterator[Finding]:
    if not (serving.accelerator or serving.count):
        return
    world, path = subject.cut.world, ("spec", "resources", "count")
    if not serving.count:
        detail = f"How many accelerators a server gets is not said; it takes {world}."
        yield Finding(codes.OUT_OF_MEMORY, Level.UNKNOWN, detail, "declare `resources.count`", About.DEPLOYMENT, path)
    elif world > serving.count:
        detail = f"It is cut into {world} ranks, and a server gets {serving.count}."
        hint = f"declare `count: {world}`, or another parallelism"
        yield Finding(codes.OUT_OF_MEMORY, Level.ERROR, detail, hint, About.DEPLOYMENT, path)
    elif world < serving.count:
        detail = f"It is cut into {world} ranks, and a server gets {serving.count}: the rest stays idle."
        hint = f"declare `count: {world}`, or say how the network is cut"
        yield Finding(codes.OUT_OF_MEMORY, Level.WARNING, detail, hint, About.DEPLOYMENT, path)


def _finding(subject: Subject, level: Level, detail: str, hint: str) -> Finding:
    """Return a finding that points at the accelerator it is about."""
    if subject.serving and subject.serving.accelerator and not subject.is_compiled:
        return Finding(codes.OUT_OF_MEMORY, level, detail, hint, About.DEPLOYMENT, ("spec", "resources", "accelerator"))
    path: Path = ("spec", "accelerator", "gpu")
    return Finding(codes.OUT_OF_MEMORY, level, detail, hint, path=path)
