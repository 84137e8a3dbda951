"""Checks before a build as rules see them: what is wrong with it, and whether it fits its accelerator."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from trueup.builds.checks.room import rank_of, required_mib
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import declared_build, declared_network, declared_serving, declared_weights, precision_of
from trueup.builds.findings import About, Finding, Level
from trueup.builds.network import Network
from trueup.builds.preflight import preflight
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.policy.facts.lineage import spec_of


def subject_of(
    deployment: DesiredDeployment, documents: Mapping[str, Json], settings: Json, networks: Mapping[str, Network]
) -> Subject:
    """Return what checks look at: the build of *deployment*, its model and its server.

    Args:
        deployment: It.
        documents: Declared documents by address.
        settings: Settings of its environment.
        networks: Networks that were read from configurations, by address of the Model; of others, what it declares.
    """
    release, model = deployment.release, str(deployment.release.model.id)
    declared = spec_of(documents.get(str(release.build.id))) or dict(release.build.parameters)
    weights = spec_of(documents.get(model))
    serving = declared_serving(spec_of(documents.get(str(deployment.id))))
    if serving.count and not serving.accelerator:
        serving = replace(serving, accelerator=_only_accelerator(settings))
    return Subject(
        build=declared_build({**declared, "mode": release.build.mode}),
        weights=declared_weights(weights),
        network=networks.get(model) or declared_network(weights),
        serving=replace(serving, runtime=serving.runtime or deployment.server.runtime),
    )


def takes_accelerator(subject: Subject) -> bool:
    """Tell whether an accelerator is asked for, or needed by what is built."""
    serving = subject.serving
    return bool(subject.is_compiled or (serving and (serving.accelerator or serving.count)))


def check_facts(subject: Subject, deployment: DesiredDeployment) -> dict[str, Json]:
    """Return what is wrong with the build, what could not be found out, and why its fit is not known."""
    found = preflight(subject)
    addresses = {
        About.BUILD: str(deployment.release.build.id),
        About.MODEL: str(deployment.release.model.id),
        About.DEPLOYMENT: str(deployment.id),
    }
    estimate = _estimate(subject) if takes_accelerator(subject) else None
    return {
        "errors": [_error(f, addresses[f.about]) for f in found if f.level is Level.ERROR],
        "unknown": sorted({f.code.id for f in found if f.level is Level.UNKNOWN}),
        "fitUnknown": estimate if isinstance(estimate, str) else None,
    }


def fit_evidence(subject: Subject, deployment: DesiredDeployment, tool: str, now: datetime) -> Json:
    """Return the estimate whether the release fits its accelerator; None when it takes none, or nobody can tell."""
    if not takes_accelerator(subject):
        return None
    estimate = _estimate(subject)
    if isinstance(estimate, str):
        return None
    required, available = estimate
    return {
        "type": "fit",
        "subject": {"release": deployment.release.digest, "server": deployment.server.key},
        "address": str(deployment.id),
        "passed": required <= available,
        "simulated": False,
        "signed": None,
        "completedAt": now.isoformat(),
        "ageDays": 0,
        "tool": tool,
        "measurements": [_mib("required", required), _mib("available", available)],
        "gates": [],
    }


def _estimate(subject: Subject) -> tuple[int, int] | str:
    """Return the MiB that the fullest rank needs and those its accelerator has; why that is not known instead."""
    network, product = subject.known_network, subject.product
    precision = precision_of(subject.build, subject.weights)
    if network is None:
        return "; ".join(subject.network) if isinstance(subject.network, tuple) else ""
    if product is None:
        return "the deployment names no accelerator"
    if not product.memory_mib:
        return f"nobody knows how much memory {product.label} has"
    if isinstance(precision, str):
        return f"nobody says {precision}"
    return required_mib(subject, rank_of(subject, network, precision, subject.cut)), product.memory_mib


def _error(finding: Finding, address: str) -> Json:
    return {
        "code": finding.code.id,
        "address": address,
        "path": list(finding.path),
        "message": finding.detail,
        "hint": finding.advice,
    }


def _mib(metric: str, value: int) -> Json:
    return {"metric": metric, "value": value, "unit": "MiB", "samples": 1, "slice": ""}


def _only_accelerator(settings: Json) -> str:
    """Return the accelerator of an environment that has one kind of them."""
    pools = settings.get("accelerators") if isinstance(settings, Mapping) else None
    have = {str(p.get("sku")) for p in pools if isinstance(p, Mapping)} if isinstance(pools, list | tuple) else set()
    return have.pop() if len(have) == 1 else ""
