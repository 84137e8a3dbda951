"""Formats of numbers against accelerators: V09, V10, V14."""

from collections.abc import Iterator

from trueup.builds import codes
from trueup.builds.accelerators import Product
from trueup.builds.checks.subject import OF_TENSORRT, Subject
from trueup.builds.declared import CHECKPOINTS, COMPILED
from trueup.builds.findings import About, Finding, Level
from trueup.builds.number_formats import QUANTIZED_ON_GPU, Rule, broken_rules, format_of_source, is_listed
from trueup.spec.resource import Path

_FORMAT: Path = ("spec", "quantization", "format")
_CACHE: Path = ("spec", "quantization", "kvCache")
_GPU: Path = ("spec", "accelerator", "gpu")
_ARGUMENTS: Path = ("spec", "build")

_FROM_SOURCE = frozenset({"int4_gptq", "mxfp4"})
"""Formats that no builder makes: the source has to have them."""

_NOT_ON_BLACKWELL = (
    "gemm_swiglu_plugin",
    "fp8_rowwise_gemm_plugin",
    "low_latency_gemm_plugin",
    "low_latency_gemm_swiglu_plugin",
    "bert_context_fmha_fp32_acc",
)
"""Plugins that the builder refuses at capability 10.0."""

_WITH_FP8_ATTENTION = frozenset({"fp8", "w4a8_awq", "nvfp4"})

_EDGE_PAYLOADS = (80, 86, 100, 120, 121)
"""Capabilities that TensorRT Edge-LLM 0.11.0 has kernels for: four in its wheel for x86, 12.1 for DGX Spark."""


def check_numbers(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the formats of weights and cache."""
    if subject.build.mode not in COMPILED | CHECKPOINTS:
        return
    yield from _makeable(subject)
    product = subject.product
    if product is None:
        detail = "Whether an accelerator computes with the formats is not known: none is declared."
        hint = "declare `accelerator`, or name one with `--gpu`"
        yield Finding(codes.WRONG_NUMBER_FORMAT, Level.UNKNOWN, detail, hint, path=("spec",))
    else:
        yield from number_findings(subject, product)
        yield from _capability(subject)
    yield from _attention(subject, product)
    yield from _dtype(subject, product)


def number_findings(subject: Subject, product: Product) -> Iterator[Finding]:
    """Yield why *product* does not compute with the formats of weights and cache, or may not."""
    if not product.sm:
        detail = f"Whether `{product.label}` computes with the formats is not known: it is in no table here."
        hint = "declare its `computeCapability` in `accelerator`, or spell it as its node label does"
        yield Finding(codes.WRONG_NUMBER_FORMAT, Level.UNKNOWN, detail, hint, *_where(subject))
        return
    if subject.build.mode == "edge_engine":
        yield from _edge(subject, product)
        return
    for name, about in _formats(subject):
        yield from _broken(subject, product, name, about)
        yield from _unlisted(subject, product, name, about)
    if not product.is_listed:
        detail = f"{_named(product)} computes it, and is not on TensorRT-LLM's list of supported hardware."
        hint = "try it before you rely on it"
        yield Finding(codes.WRONG_NUMBER_FORMAT, Level.WARNING, detail, hint, *_where(subject))
    yield from _plugins(subject, product)


def doubts(subject: Subject, product: Product) -> Iterator[Finding]:
    """Yield why *product* may not compute with the formats: rules that are broken, of which nobody can be certain."""
    for name, about in _formats(subject):
        yield from (f for f in _broken(subject, product, name, about) if f.level is Level.WARNING)


def _formats(subject: Subject) -> Iterator[tuple[str, tuple[str, Path]]]:
    """Yield the formats that are declared; how they are called, and where they are declared."""
    cache = f"{subject.build.cache}_kv"
    for name, said, path in ((subject.build.format, "weights", _FORMAT), (cache, "cache", _CACHE)):
        if name not in ("none", "none_kv"):
            yield name, (said, path)


def _rules(subject: Subject, product: Product, name: str) -> tuple[Rule, ...]:
    """Return the rules that *product* breaks, without those that the version in use has no more."""
    version = subject.computing_version
    broken = broken_rules(name, subject.build.mode, product)
    return tuple(rule for rule in broken if rule.is_of(version) is not False)


def _broken(subject: Subject, product: Product, name: str, about: tuple[str, Path]) -> Iterator[Finding]:
    said, path = about
    other = _other_runtime(subject)
    for rule in _rules(subject, product, name):
        is_known = rule.is_of(subject.computing_version)
        found = f", and this is {subject.computing_version}" if is_known else ", and which version computes is not said"
        version = found if rule.until and not other else ""
        detail = f"{_named(product)} is no accelerator for {said} as {_shown(name)}: {rule.why}{version}.{other}"
        hint = f"take TensorRT-LLM {rule.until} or later, another format or another accelerator" if rule.until else ""
        level = Level.ERROR if rule.is_certain and is_known and not other else Level.WARNING
        yield Finding(codes.WRONG_NUMBER_FORMAT, level, detail, hint, path=path)


def _unlisted(subject: Subject, product: Product, name: str, about: tuple[str, Path]) -> Iterator[Finding]:
    said, path = about
    mode = subject.build.mode
    if not _rules(subject, product, name) and is_listed(name, mode, product) is False:
        detail = f"For {product.generation} in mode `{mode}`, {said} as {_shown(name)} are not listed."
        hint = "try it on one accelerator before you rely on it"
        yield Finding(codes.WRONG_NUMBER_FORMAT, Level.WARNING, detail + _other_runtime(subject), hint, path=path)


def _shown(name: str) -> str:
    return f"`{name.removesuffix('_kv')}`"


def _other_runtime(subject: Subject) -> str:
    """Say that the tables are about another runtime; empty when they are about this one."""
    if subject.runtime in OF_TENSORRT:
        return ""
    return f" That is so for TensorRT-LLM; `{subject.runtime}` may differ."


def _edge(subject: Subject, product: Product) -> Iterator[Finding]:
    if product.sm in _EDGE_PAYLOADS:
        return
    known = ", ".join(f"{sm // 10}.{sm % 10}" for sm in _EDGE_PAYLOADS)
    detail = f"{_named(product)}: TensorRT Edge-LLM 0.11.0 has kernels for {known} only."
    hint = "build for one of these, or take mode `pytorch`"
    yield Finding(codes.WRONG_NUMBER_FORMAT, Level.ERROR, detail, hint, *_where(subject))


def _plugins(subject: Subject, product: Product) -> Iterator[Finding]:
    if subject.build.mode != "engine" or product.sm != 100:
        return
    for name in _NOT_ON_BLACKWELL:
        if subject.build.arguments.get(name) not in (None, False, "disable"):
            detail = f"`{name}` is refused at compute capability 10.0."
            path: Path = (*_ARGUMENTS, name)
            yield Finding(codes.WRONG_NUMBER_FORMAT, Level.ERROR, detail, "leave it out", path=path)


def _makeable(subject: Subject) -> Iterator[Finding]:
    """Yield what cannot be made from this source, or not without a GPU."""
    format_, has = subject.build.format, format_of_source(subject.weights.quantization)
    if format_ in _FROM_SOURCE and has != format_:
        known = f"it is `{subject.weights.quantization}`" if subject.weights.quantization else "the Model names none"
        detail = f"`{format_}` is taken over from a source that has it already, and {known}."
        hint = "declare the Model's `quantization`, or another format"
        yield Finding(codes.WRONG_NUMBER_FORMAT, Level.ERROR, detail, hint, path=_FORMAT)
    if format_ in QUANTIZED_ON_GPU and subject.build.mode in CHECKPOINTS and not subject.build.gpu:
        detail = f"`{format_}` is made of CUDA tensors only, and the Build declares no accelerator."
        hint = "declare `accelerator.gpu`, where the build is to run"
        yield Finding(codes.WRONG_NUMBER_FORMAT, Level.ERROR, detail, hint, path=_FORMAT)


def _capability(subject: Subject) -> Iterator[Finding]:
    """Hold the declared capability to that of the product."""
    product, declared = subject.product, subject.build.capability
    if subject.is_compiled and product and declared and product.capability not in ("", declared):
        detail = f"{_named(product)}, and `computeCapability` says {declared}."
        path: Path = ("spec", "accelerator", "computeCapability")
        hint = f'declare "{product.capability}", or another product'
        yield Finding(codes.WRONG_NUMBER_FORMAT, Level.ERROR, detail, hint, path=path)


def _attention(subject: Subject, product: Product | None) -> Iterator[Finding]:
    build = subject.build
    if build.mode != "engine":
        return
    if build.cache == "int8":
        detail = "An INT8 cache turns paged attention off: nothing is reused, and prompts are not taken in pieces."
        yield Finding(codes.ATTENTION_FORMAT, Level.WARNING, detail, path=_CACHE)
    wanted = build.arguments.get("use_fp8_context_fmha") in ("enable", True)
    if not wanted and build.cache != "fp8":
        return
    lacks = []
    if build.format not in _WITH_FP8_ATTENTION:
        lacks.append(f"weights are `{build.format}`")
    if build.cache != "fp8":
        lacks.append(f"the cache is `{build.cache}`")
    if product and 0 < product.sm < 89:
        lacks.append(f"the capability is {product.capability}")
    if lacks:
        detail = f"FP8 attention stays off, because {' and '.join(lacks)}."
        path: Path = (*_ARGUMENTS, "use_fp8_context_fmha") if wanted else _CACHE
        yield Finding(codes.ATTENTION_FORMAT, Level.WARNING, detail, path=path)


def _dtype(subject: Subject, product: Product | None) -> Iterator[Finding]:
    dtype, path = subject.build.dtype, ("spec", "dtype")
    network = subject.known_network
    source = subject.weights.precision or (network.dtype if network else "")
    kept = source if dtype == "auto" else dtype
    if dtype == "float32":
        detail = "float32 takes twice the memory and serves no faster or better."
        yield Finding(codes.WRONG_DTYPE, Level.WARNING, detail, path=path)
    if dtype == "auto" and format_of_source(source) == "float32" and subject.build.mode == "engine":
        detail = "The source is float32, which `auto` makes float16."
        yield Finding(codes.WRONG_DTYPE, Level.INFO, detail, "say which type is meant", path=path)
    if format_of_source(kept) == "bfloat16" and product and 0 < product.sm < 80:
        detail = f"{_named(product)} has no bfloat16; that starts at 8.0."
        yield Finding(codes.WRONG_DTYPE, Level.ERROR, detail, "declare `dtype: float16`", path=path)


def _named(product: Product) -> str:
    return f"{product.name or product.label} (compute capability {product.capability})"


def _where(subject: Subject) -> tuple[About, Path]:
    """Return whose declaration names the accelerator."""
    if subject.serving and subject.serving.accelerator and not subject.is_compiled:
        return About.DEPLOYMENT, ("spec", "resources", "accelerator")
    return About.BUILD, _GPU
