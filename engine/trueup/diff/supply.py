"""What has to be fetched, built and measured before the desired releases can serve."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trueup.builds.estimates import Estimate, declared_bytes, estimate
from trueup.diff.changes import Build, BuildUse, Change, Evaluate, Fetch
from trueup.diff.masks import masked, masked_text

if TYPE_CHECKING:
    from trueup.builds.network import Network
    from trueup.core.digests import Digest
    from trueup.core.ids import ResourceId
    from trueup.desired.state import DesiredDeployment, DesiredState, RequiredEvaluation
    from trueup.evidence.evidence import Evidence
    from trueup.observed.state import ObservedState

ENGINE = "engine"
"""The mode whose builder rewrites sizes."""

DURING = "during"
"""`EnvironmentFacts.evaluate` of an environment whose apply runs what evidence is missing."""


def served_artifact(deployment: DesiredDeployment) -> Digest:
    """Return the store key of what the servers of *deployment* load."""
    release = deployment.release
    return release.artifact.digest if release.build.mode == "none" else release.build.key


def supply_changes(desired: DesiredState, observed: ObservedState) -> tuple[Change, ...]:
    """Return fetches, builds and evaluations that are needed, each fetch and build once."""
    lacking = [d for d in desired.deployments if served_artifact(d) not in observed.artifacts]
    evaluations = tuple(_evaluations(desired, observed))
    parities = tuple(_parities(desired, observed))
    fetches = _fetches(lacking, evaluations, [d for d, _ in parities], observed)
    builds = _builds(lacking, observed)
    return (*fetches, *builds, *(e for _, e in parities), *(e for _, _, e in evaluations))


def build_use(deployment: DesiredDeployment, observed: ObservedState) -> BuildUse | None:
    """Return what is built for *deployment* and whether it is there; None for a model that is served as it is."""
    build = deployment.release.build
    return None if build.mode == "none" else BuildUse(build.id, build.mode, build.key, build.key in observed.artifacts)


def with_sizes(
    changes: Sequence[Change], desired: DesiredState, networks: Mapping[ResourceId, Network]
) -> tuple[Change, ...]:
    """Return *changes* whose engines have the sizes that their builder will take, as far as *networks* are known."""
    models = {d.release.build.key: d.release.model.id for d in desired.deployments}
    return tuple(_sized(c, networks.get(models[c.key])) if isinstance(c, Build) else c for c in changes)


def _sized(change: Build, network: Network | None) -> Build:
    if change.mode != ENGINE or network is None:
        return change
    # Its tables of flags and rewriting rules are not for plans that build no engine.
    from trueup.builds.command import engine_build

    planned = engine_build({"mode": ENGINE, **dict(change.parameters)}, network)
    sizes = {n: v for n, v in planned.resolved.engine.items() if n.startswith("max_") and v is not None}
    return replace(change, sizes=tuple(sizes.items()))


def _fetches(
    lacking: Sequence[DesiredDeployment],
    evaluations: Sequence[tuple[DesiredDeployment, RequiredEvaluation, Evaluate]],
    compared: Sequence[DesiredDeployment],
    observed: ObservedState,
) -> Iterator[Fetch]:
    wanted: dict[Digest, tuple[ResourceId, str, list[str]]] = {}
    for deployment in (*lacking, *compared):
        artifact = deployment.release.artifact
        entry = wanted.setdefault(artifact.digest, (deployment.release.model.id, artifact.uri, []))
        entry[2].append(deployment.id.name)
        build = deployment.release.build
        for pin in build.inputs:
            wanted.setdefault(pin.digest, (build.id, pin.uri, []))[2].append(build.id.short)
        if build.parity is not None and build.parity.text is not None:
            text = build.parity.text
            wanted.setdefault(text.digest, (build.id, text.uri, []))[2].append(build.id.short)
    for deployment, required, _ in evaluations:
        for pin in required.artifacts:
            is_data = pin is required.dataset
            address = _dataset_address(deployment, required) if is_data else required.evaluation.id
            entry = wanted.setdefault(pin.digest, (address, pin.uri, []))
            entry[2].append(required.evaluation.id.short)
    for digest, (address, uri, users) in sorted(wanted.items()):
        if digest not in observed.artifacts:
            yield Fetch(address, f"not in the store; needed by {_listed(users)}", masked_text(uri), digest)


def _builds(lacking: Sequence[DesiredDeployment], observed: ObservedState) -> Iterator[Build]:
    sizes = dict(observed.sizes)
    wanted: dict[Digest, tuple[DesiredDeployment, list[str]]] = {}
    for deployment in lacking:
        if deployment.release.build.mode != "none":
            wanted.setdefault(deployment.release.build.key, (deployment, []))[1].append(deployment.id.name)
    for key, (deployment, users) in sorted(wanted.items()):
        build = deployment.release.build
        parameters = tuple((name, masked(value, name)) for name, value in build.parameters)
        reason = f"not in the store; needed by {_listed(users)}"
        source = deployment.release.artifact.digest
        yield Build(build.id, reason, build.mode, parameters, source, key, _estimate(deployment, sizes.get(source)))


def _estimate(deployment: DesiredDeployment, stored_bytes: int | None) -> Estimate | None:
    """Return what the build may take by the size of its source: in the store, else as the model declares it."""
    release = deployment.release
    size, source = stored_bytes, "the source as it is stored"
    if size is None:
        model = next((r for r in deployment.resources if r.id == release.model.id), None)
        spec = json.loads(model.canonical).get("spec", {}) if model else {}
        size, source = declared_bytes(spec.get("paramSize"), spec.get("precision")), "the declared number of parameters"
    return estimate(release.build.mode, dict(release.build.parameters), size, source) if size else None


def _parities(desired: DesiredState, observed: ObservedState) -> Iterator[tuple[DesiredDeployment, Evaluate]]:
    """Yield what apply has to hold against its source: results that nobody has measured yet.

    What was measured and is not good enough is not measured again: the same weights give the same numbers.
    """
    measured = {e.key for e in observed.evidence}
    for deployment in desired.deployments:
        build = deployment.release.build
        if build.parity is not None and build.parity.key not in measured:
            reason = "not yet compared with its source"
            yield deployment, Evaluate(build.id, reason, deployment.id, build.parity.key)


def _evaluations(
    desired: DesiredState, observed: ObservedState
) -> Iterator[tuple[DesiredDeployment, RequiredEvaluation, Evaluate]]:
    """Yield what apply has to measure: nothing where evidence must exist before planning, policy denies there."""
    if desired.environment.evaluate != DURING:
        return
    # Evidence is newest first: the last one written for a key wins when read backwards.
    latest = {e.key: e for e in reversed(observed.evidence)}
    for deployment in desired.deployments:
        for required in deployment.measured:
            result = latest.get(required.key)
            if result is not None and observed.counts(result):
                continue
            older = next((e for e in observed.older if e.evaluation == str(required.evaluation.id)), None)
            reason = _reason(required, result, older)
            yield deployment, required, Evaluate(required.evaluation.id, reason, deployment.id, required.key)


def _reason(required: RequiredEvaluation, result: Evidence | None, older: Evidence | None) -> str:
    """Say why it has to be measured; by dates, because a plan reads the same tomorrow."""
    if result is None:
        return "no evidence for this release" if older is None else _outdated(required, older)
    if result.passed:
        return "the last result is not signed by a trusted key"
    return "the last result was not enough to decide" if result.is_undecided else "the last result did not pass"


def _outdated(required: RequiredEvaluation, older: Evidence) -> str:
    day = older.completed_at.date().isoformat()
    if older.key == required.key:
        return f"too old: measured on {day}"
    from trueup.evidence.staleness import changed_inputs

    changed = changed_inputs(required, older)
    return f"stale: {' and '.join(changed) if changed else 'what it depends on'} changed since {day}"


def _dataset_address(deployment: DesiredDeployment, required: RequiredEvaluation) -> ResourceId:
    """Return the Dataset the evaluation names; the evaluation itself when its document is not at hand."""
    named = (r for r in deployment.resources if r.id == required.evaluation.id)
    datasets = (ref.target for r in named for ref in r.references if ref.target.kind == "Dataset")
    return next(datasets, required.evaluation.id)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(set(names)))
