"""Fit tables: on which accelerators, on how many of them, and for how many sequences a build can be served."""

from collections.abc import Iterable

from trueup.builds.accelerators import Product
from trueup.builds.checks.numbers import doubts, number_findings
from trueup.builds.checks.room import rank_of, sequences_asked, told_context
from trueup.builds.checks.shape import cut_findings
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import CHECKPOINTS, COMPILED, precision_of
from trueup.builds.findings import Finding, Level
from trueup.builds.memory import GIB, MIB, Cut, Precision, RankMemory
from trueup.builds.network import Network
from trueup.core.frozen import dataclass

TRIED = (1, 2, 4, 8)
"""Accelerators of one machine that a network is cut over."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One row: how it fits one product.

    Attributes:
        product: The product.
        cut: The smallest cut that fits, or the largest that was tried.
        memory: What the fullest rank holds then.
        pool: Bytes that are left for the cache.
        tokens: Tokens that the cache holds.
        context: Length of the sequences that are told, in tokens.
        sequences: How many of them fit at once, up to the largest batch.
        longest: Longest context that one sequence can have.
        fits: Whether it can be served there.
        verdict: All of it in a sentence, or why not.
        doubt: Why it may not compute with the formats; empty when nothing is known against it.
    """

    product: Product
    cut: Cut
    memory: RankMemory
    pool: int
    tokens: int
    context: int
    sequences: int
    longest: int
    fits: bool
    verdict: str
    doubt: str = ""


def fit_table(subject: Subject, products: Iterable[Product]) -> tuple[Fit, ...] | str:
    """Return a row for each of *products* whose memory is known; what is not known instead."""
    network = subject.known_network
    if network is None:
        return "the network is not known"
    precision = precision_of(subject.build, subject.weights)
    if isinstance(precision, str):
        return f"nobody says {precision}"
    return tuple(_fit(subject, network, precision, p) for p in products if p.memory_mib)


def _fit(subject: Subject, network: Network, precision: Precision, product: Product) -> Fit:
    refused, doubt = _refusal(subject, product), _doubt(subject, product)
    visible = product.memory_mib * MIB
    for cut in _cuts(subject, network):
        memory = rank_of(subject, network, precision, cut)
        context = told_context(subject, memory.load)
        held = memory.sequences(visible, context)
        if held >= sequences_asked(subject):
            break
    fits = held >= sequences_asked(subject) and not refused
    return Fit(
        product=product,
        cut=cut,
        memory=memory,
        pool=memory.pool(visible),
        tokens=memory.tokens(visible),
        context=context,
        sequences=min(held, memory.load.batch),
        longest=memory.longest(visible, memory.load.context),
        fits=fits,
        verdict=refused or _verdict(product, cut, memory, (visible, context, sequences_asked(subject)), doubt),
        doubt="" if refused else doubt,
    )


def _cuts(subject: Subject, network: Network) -> tuple[Cut, ...]:
    """Return what is tried: the cut that is declared, then more and more accelerators."""
    larger = [Cut(n) for n in TRIED if n > subject.cut.world]
    return tuple(c for c in (subject.cut, *larger) if _is_possible(subject, network, c)) or (subject.cut,)


def _is_possible(subject: Subject, network: Network, cut: Cut) -> bool:
    return not any(f.level is Level.ERROR for f in cut_findings(subject, network, cut))


def _refusal(subject: Subject, product: Product) -> str:
    """Return why *product* cannot compute with it; empty when it can, as far as anybody knows."""
    if subject.build.mode not in COMPILED | CHECKPOINTS:
        return ""
    found: list[Finding] = [f for f in number_findings(subject, product) if f.level is Level.ERROR]
    return f"refused: {found[0].detail}" if found else ""


def _doubt(subject: Subject, product: Product) -> str:
    """Return why *product* may not compute with it; empty when it can, as far as anybody knows."""
    found = doubts(subject, product) if subject.build.mode in CHECKPOINTS else ()
    return next((f.detail for f in found), "")


def _verdict(product: Product, cut: Cut, memory: RankMemory, asked: tuple[int, int, int], doubt: str) -> str:
    visible, context, wanted = asked
    place = f"{cut.world}x {product.name}"
    held = memory.sequences(visible, context)
    if held < wanted:
        if memory.weights > visible:
            return f"does not fit on {place}: a rank has {memory.weights / GIB:.1f} GiB of weights alone"
        longest = memory.longest(visible, context)
        if held or longest:
            room = f"{held} of {wanted} sequences of {short_tokens(context)}" if held else f"{longest} tokens"
            return f"does not fit on {place}: there is room for {room} only"
        return f"does not fit on {place}: nothing is left for the cache"
    count = min(held, memory.load.batch)
    noun = "sequence" if count == 1 else "sequences"
    more = f" (memory would hold {held}; the batch is {memory.load.batch})" if held > count else ""
    sized = f"{place} up to {count} {noun} of {short_tokens(context)}{more}"
    return f"has room on {sized}, but may not compute: {doubt}" if doubt else f"fits on {sized}"


def short_tokens(count: int) -> str:
    """Spell a number of tokens: `8k` for 8192, `500` for 500."""
    return f"{count // 1024}k" if count >= 1024 and count % 1024 == 0 else str(count)
