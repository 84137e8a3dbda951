"""Builds against what serves and runs them: version windows of a mode, runtimes that load it, accelerators."""

from collections.abc import Mapping

from trueup.builds.accelerators import product_of
from trueup.builds.declared import CHECKPOINTS, declared_build
from trueup.builds.network import Network
from trueup.builds.windows import FORMATS, MODES, RUNTIMES, Mode, loads_naively
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.observed.state import ObservedState
from trueup.policy.facts.components import runtime_version
from trueup.policy.facts.fit import check_facts, subject_of
from trueup.policy.facts.lineage import spec_of


def build_facts(
    deployment: DesiredDeployment,
    documents: Mapping[str, Json],
    settings: Json,
    installed: Mapping[str, str],
    networks: Mapping[str, Network],
    observed: ObservedState | None = None,
) -> Json:
    """Return what is known of the build of *deployment* and of what loads it.

    Args:
        deployment: It.
        documents: Declared documents by address.
        settings: Settings of its environment.
        installed: Versions of what is installed where it will run; empty when nobody knows.
        networks: Networks that were read from configurations, by address of the Model.
        observed: What the store has.
    """
    pin, spec = deployment.release.build, spec_of(documents.get(str(deployment.release.build.id)))
    mode = MODES.get(pin.mode, Mode())
    toolchain = spec.get("toolchain")
    version = toolchain.get(mode.tool) if isinstance(toolchain, Mapping) else None
    declared = spec_of(documents.get(str(deployment.id)))
    running = runtime_version(declared, deployment.server, installed)
    window = {"from": mode.first, "until": mode.last} if mode.first else None
    return {
        "mode": pin.mode,
        "window": window,
        "toolVersion": version,
        "inWindow": mode.has(version) if isinstance(version, str) else None,
        "runtime": deployment.server.runtime,
        "runtimeVersion": running,
        "runtimeLoads": _loads(deployment, mode, running, spec_of(documents.get(str(deployment.release.model.id)))),
        "simulated": _simulated(deployment, observed),
        **_accelerator(spec, declared, settings),
        **check_facts(subject_of(deployment, documents, settings, networks), deployment),
    }


def _simulated(deployment: DesiredDeployment, observed: ObservedState | None) -> bool | None:
    """Tell whether a double of a toolchain built it; None while it is not built."""
    build = deployment.release.build
    if build.mode == "none":
        return False
    if observed is None or build.key not in observed.artifacts:
        return None
    return build.key in observed.simulated


def _loads(deployment: DesiredDeployment, mode: Mode, version: str | None, model: Mapping[str, Json]) -> bool | None:
    """Tell whether the runtime loads what the build makes; None when nobody here can say."""
    runtime, release = deployment.server.runtime, deployment.release
    if release.artifact.format == "api":
        return None
    built = declared_build({"mode": release.build.mode, **dict(release.build.parameters)})
    if loads_naively(runtime, built.mode, built.format, str(model.get("quantization") or "")):
        return False
    # A checkpoint that is not quantized has the weights of its source, under their names.
    is_plain = built.mode == "none" or (built.mode in CHECKPOINTS and built.format == "none")
    able = FORMATS.get(release.artifact.format) if is_plain else mode.runtimes
    if able is None or runtime not in RUNTIMES:
        return None
    if runtime not in able or not mode.bound:
        return runtime in able
    return mode.has(version)


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
