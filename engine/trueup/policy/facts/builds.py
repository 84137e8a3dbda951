"""Builds against what serves and runs them: version windows of a mode, runtimes that load it, accelerators."""

from collections.abc import Mapping
from dataclasses import dataclass

from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.observed.state import ObservedState
from trueup.policy.facts.accelerators import product_of
from trueup.policy.facts.components import runtime_version
from trueup.policy.facts.lineage import spec_of
from trueup.policy.facts.versions import version_key


@dataclass(frozen=True, slots=True)
class Mode:
    """What is known of a build mode.

    Attributes:
        tool: Key in a Build's toolchain that carries the version; empty when the mode has no tool of its own.
        first: First version that has the mode; empty when all have it.
        last: Last version that has it; empty when it is still there.
        runtimes: Runtimes that load the result, and those of them that need the tool's own window, too.
        bound: The result loads only in a runtime whose version is in the window.
    """

    tool: str = ""
    first: str = ""
    last: str = ""
    runtimes: frozenset[str] = frozenset()
    bound: bool = False


_CHECKPOINTS = frozenset({"trtllm", "vllm", "sglang", "nim", "dynamo"})
_TRTLLM = frozenset({"trtllm"})
_MODES: dict[str, Mode] = {
    "gguf": Mode(runtimes=frozenset({"llama.cpp", "ollama"})),
    # TensorRT-LLM: `trtllm-build` is in every release from 0.19 (the oldest that is looked after) to 1.2.1, and was
    # removed during the pre-releases of 1.3 (release notes of 1.3.0rc20; NVIDIA/TensorRT-LLM#15907, #15918).
    "engine": Mode("tensorrtLlm", "0.19", "1.2.1", _TRTLLM, bound=True),
    # The PyTorch backend is the default since 1.0 (NVIDIA/TensorRT-LLM#8223).
    "pytorch": Mode("tensorrtLlm", "1.0", "", _CHECKPOINTS),
    "autodeploy": Mode("tensorrtLlm", "1.0", "", _TRTLLM),
    "edge_engine": Mode("tensorrtEdgellm", "", "", frozenset({"tensorrt-edgellm"})),
}
_FORMATS: dict[str, frozenset[str]] = {
    "safetensors": frozenset({"transformers", "tgi", *_CHECKPOINTS}),
    "gguf": frozenset({"llama.cpp", "ollama"}),
    "pytorch": frozenset({"transformers", "vllm", "sglang", "tgi"}),
    "pickle": frozenset({"transformers"}),
    "tensorrt-llm": _TRTLLM,
}
"""Runtimes that load a model as it is (mode `none`), by its format."""

_RUNTIMES = frozenset().union(*_FORMATS.values(), *(m.runtimes for m in _MODES.values()))
"""Runtimes that this table knows; of a plugin's, nobody here can say what it loads."""


def build_facts(
    deployment: DesiredDeployment,
    documents: Mapping[str, Json],
    settings: Json,
    installed: Mapping[str, str],
    observed: ObservedState | None = None,
) -> Json:
    """Return what is known of the build of *deployment* and of what loads it.

    Args:
        deployment: It.
        documents: Declared documents by address.
        settings: Settings of its environment.
        installed: Versions of what is installed where it will run; empty when nobody knows.
        observed: What the store has.
    """
    pin, spec = deployment.release.build, spec_of(documents.get(str(deployment.release.build.id)))
    mode = _MODES.get(pin.mode, Mode())
    toolchain = spec.get("toolchain")
    version = toolchain.get(mode.tool) if isinstance(toolchain, Mapping) else None
    declared = spec_of(documents.get(str(deployment.id)))
    running = runtime_version(declared, deployment.server, installed)
    window = {"from": mode.first, "until": mode.last} if mode.first else None
    return {
        "mode": pin.mode,
        "window": window,
        "toolVersion": version,
        "inWindow": _in_window(version, mode),
        "runtime": deployment.server.runtime,
        "runtimeVersion": running,
        "runtimeLoads": _loads(deployment, mode, running),
        "simulated": _simulated(deployment, observed),
        **_accelerator(spec, declared, settings),
    }


def _simulated(deployment: DesiredDeployment, observed: ObservedState | None) -> bool | None:
    """Tell whether a double of a toolchain built it; None while it is not built."""
    build = deployment.release.build
    if build.mode == "none":
        return False
    if observed is None or build.key not in observed.artifacts:
        return None
    return build.key in observed.simulated


def _in_window(version: Json, mode: Mode) -> bool | None:
    found = version_key(version) if isinstance(version, str) else None
    if found is None or not mode.first:
        return None
    first, last = version_key(mode.first), version_key(mode.last)
    return not ((first is not None and found < first) or (last is not None and found > last))


def _loads(deployment: DesiredDeployment, mode: Mode, version: str | None) -> bool | None:
    """Tell whether the runtime loads what the build makes; None when nobody here can say."""
    runtime, release = deployment.server.runtime, deployment.release
    if release.artifact.format == "api":
        return None
    able = mode.runtimes if release.build.mode != "none" else _FORMATS.get(release.artifact.format)
    if able is None or runtime not in _RUNTIMES:
        return None
    if runtime not in able or not mode.bound:
        return runtime in able
    return _in_window(version, mode)


def _accelerator(spec: Mapping[str, Json], declared: Mapping[str, Json], settings: Json) -> dict[str, Json]:
    """Compare what an artifact was built for with what the deployment asks for, else with what its environment has."""
    built_for = spec.get("accelerator")
    built_for = built_for if isinstance(built_for, Mapping) else {}
    product, capability = built_for.get("gpu"), built_for.get("computeCapability")
    there = [product_of(sku) for sku in _skus(declared, settings)]
    same = capable = None
    if there and isinstance(product, str):
        same = product_of(product) in there
    if there and isinstance(capability, str):
        known = [p.capability for p in there]
        capable = True if capability in known else None if "" in known else False
    return {
        "accelerator": product,
        "capability": capability,
        "acceleratorMatches": same,
        "capabilityMatches": capable,
    }


def _skus(declared: Mapping[str, Json], settings: Json) -> list[str]:
    pools = settings.get("accelerators") if isinstance(settings, Mapping) else None
    have = [str(p.get("sku")) for p in pools if isinstance(p, Mapping)] if isinstance(pools, list | tuple) else []
    wanted = declared.get("resources")
    asked = wanted.get("accelerator") if isinstance(wanted, Mapping) else None
    if isinstance(asked, str):
        have = [sku for sku in have if product_of(sku) == product_of(asked)]
    return have
