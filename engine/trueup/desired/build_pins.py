"""What a Build must say so that its key decides its bytes: versions that change them, and no files nobody pins."""

from collections.abc import Iterable, Iterator, Mapping

from trueup.core.diagnostics import Diagnostic
from trueup.core.json import Json
from trueup.desired import codes
from trueup.desired.build_key import CHECKPOINTS, ENGINES, UNPINNED_ARGUMENTS, image_digest, is_quantized
from trueup.spec import kinds
from trueup.spec.resource import Resource

_QUANTIZES = ("modelopt", "transformers", "torch")
_COMPILES = {"engine": ("tensorrtLlm", "tensorrt"), "edge_engine": ("tensorrtEdgellm", "tensorrt")}


def build_problems(builds: Iterable[Resource]) -> Iterator[Diagnostic]:
    """Yield a problem for each of *builds* whose key would stand for more than one artifact."""
    for resource in builds:
        spec = kinds.build(resource).spec
        yield from _problems(resource, spec.mode, spec.to_json(defaults=True))


def missing_versions(mode: str, parameters: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the keys of `toolchain` that have to be declared; none where an image pins all of them by its digest.

    What is not declared would be whatever is installed, and another version gives other bytes under the same key.
    """
    toolchain = parameters.get("toolchain")
    said = toolchain if isinstance(toolchain, Mapping) else {}
    # What is only converted to another type is converted by code of ours, or of the compiler.
    needed = _QUANTIZES if mode in CHECKPOINTS | ENGINES and is_quantized(parameters) else ()
    needed = (*_COMPILES.get(mode, ()), *needed)
    return () if image_digest(said) else tuple(name for name in needed if not said.get(name))


def _problems(resource: Resource, mode: str, parameters: Mapping[str, Json]) -> Iterator[Diagnostic]:
    span = resource.origin.span
    if missing := missing_versions(mode, parameters):
        listed = ", ".join(f"`{name}`" for name in missing)
        example = ", ".join(f"{name}: ..." for name in missing)
        detail = f"`{resource.id}` does not say which version of {listed} builds it."
        hint = f"add `toolchain: {{{example}}}`, or an `image` by its digest, which pins all of them"
        yield Diagnostic(codes.UNPINNED_TOOLCHAIN, detail, span, hint)
    accelerator = parameters.get("accelerator")
    if mode in ENGINES and isinstance(accelerator, Mapping) and _lacks_capability(accelerator):
        detail = f"`{resource.id}` is tuned to a compute capability that it does not say."
        hint = 'add `computeCapability`, such as `"9.0"`, to its `accelerator`'
        yield Diagnostic(codes.UNPINNED_CAPABILITY, detail, span, hint)
    arguments = parameters.get("build") if mode in ENGINES else None
    for name in sorted(UNPINNED_ARGUMENTS.keys() & (arguments if isinstance(arguments, Mapping) else {})):
        detail = f"`{resource.id}` has the argument `{name}`, which names a file that no digest pins."
        yield Diagnostic(codes.UNPINNED_ARGUMENT, detail, span, UNPINNED_ARGUMENTS[name])


def _lacks_capability(accelerator: Mapping[str, Json]) -> bool:
    return accelerator.get("tuning") == "capability" and not accelerator.get("computeCapability")
