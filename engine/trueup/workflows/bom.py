"""Makes a bill of materials, offline: from what is declared, what the store has and what the ledger says of it."""

import json
from collections.abc import Iterable

from trueup.builds.bom import Measured, Subject, bill_of
from trueup.builds.bom_components import Stored
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.release import artifact_of, pin, pin_build
from trueup.desired.resolve import resolve
from trueup.desired.state import ArtifactPin, BuildPin, DesiredDeployment, Pin, Release
from trueup.diff.masks import masked
from trueup.ledger import history
from trueup.spec import kinds
from trueup.spec.resource import Resources
from trueup.workflows import codes
from trueup.workflows.explain import find_address
from trueup.workflows.loading import environments, load
from trueup.workflows.named_builds import model_of
from trueup.workflows.planning import Invalid
from trueup.workflows.workspace import Workspace

_SOURCED = frozenset({"Model", "Adapter", "Dataset"})
"""Kinds whose documents name the bytes they are about."""


def bill(
    workspace: Workspace, reference: str, revision: str = "", spec_version: str = "1.6", *, model: str = ""
) -> Json | Invalid:
    """Return the bill of materials of what *reference* names at *revision* (the work tree when empty).

    Args:
        workspace: The repository.
        reference: A Model, a Deployment or a Build.
        revision: Commit to read.
        spec_version: Version of CycloneDX.
        model: `name@version`: what a Build is made of; empty means the one its deployments have.

    Raises:
        PermanentError: The reference names nothing, or nothing that a bill can be made of.
    """
    loaded = load(workspace, revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    id_ = find_address(reference, loaded.resources)
    deployments: list[DesiredDeployment] = []
    for name in environments(loaded.resources):
        desired, problems = resolve(loaded.resources, name, loaded.tree.revision)
        if desired is None:
            return Invalid(problems)
        deployments += desired.deployments
    if model:
        subject = _of_named(workspace, id_, model, loaded.resources)
    else:
        subject = _subject(workspace, id_, deployments, loaded.resources)
    tool = workspace.tool.rpartition(" ")[2]
    # Whatever somebody wrote into a card or a parameter: a bill is handed to others.
    return masked(bill_of(subject, loaded.resources, tool, spec_version))


def _subject(
    workspace: Workspace, id_: ResourceId, deployments: Iterable[DesiredDeployment], resources: Resources
) -> Subject:
    match id_.kind:
        case "Model":
            return _of_model(workspace, id_, deployments, resources)
        case "Deployment":
            return _of_deployment(workspace, next(d for d in deployments if d.id == id_), resources)
        case "Build":
            release = _user_of(id_, deployments).release
            return _of_build(workspace, release.model, release.artifact, release.build, resources)
        case _:
            raise PermanentError(codes.NO_BILL, f"`{id_}` is a {id_.kind}.")


def _user_of(build: ResourceId, deployments: Iterable[DesiredDeployment]) -> DesiredDeployment:
    """Return a deployment that serves *build*; they must all serve one artifact, or nothing says which is meant."""
    users = [d for d in deployments if d.release.build.id == build]
    if not users:
        detail = f"No deployment uses `{build}`, so nothing says which model it builds."
        raise PermanentError(codes.NO_BILL, detail, hint="name it with `--model name@version`")
    if len({d.release.build.key for d in users}) > 1:
        listed = ", ".join(str(d.id) for d in users)
        detail = f"`{build}` builds several models."
        raise PermanentError(codes.NO_BILL, detail, hint=f"say `--model`, or name the deployment: {listed}")
    return users[0]


def _of_model(
    workspace: Workspace, id_: ResourceId, deployments: Iterable[DesiredDeployment], resources: Resources
) -> Subject:
    """Return a model by itself: what was measured of a deployment is about what was built of it, with a prompt."""
    users = [d for d in deployments if d.release.model.id == id_]
    evaluations = {e.evaluation.id for d in users for e in d.evaluations}
    return Subject(id_, evaluations=tuple(sorted(evaluations)), stored=_stored(workspace, resources, ()))


def _of_named(workspace: Workspace, id_: ResourceId, name: str, resources: Resources) -> Subject:
    """Return what the Build *id_* makes of the Model that somebody named."""
    if id_.kind != "Build":
        detail = f"`--model` says what a Build is made of, and `{id_}` is a {id_.kind}."
        raise PermanentError(codes.NO_BILL, detail, hint="leave `--model` out")
    model = model_of(id_, name, (), resources)
    declared = kinds.model(model).spec
    artifact = artifact_of(declared.source, declared.format)
    return _of_build(workspace, pin(model), artifact, pin_build(resources[id_], artifact, resources), resources)


def _of_build(
    workspace: Workspace, model: Pin, artifact: ArtifactPin, build: BuildPin, resources: Resources
) -> Subject:
    """Return what is built alone, whoever serves it and how."""
    return Subject(
        model=model.id,
        release=Release(model, artifact, build),
        stored=_stored(workspace, resources, (build.key,)),
        provenance=_provenance(workspace, build),
    )


def _of_deployment(workspace: Workspace, deployment: DesiredDeployment, resources: Resources) -> Subject:
    """Return what *deployment* serves."""
    release = deployment.release
    return Subject(
        model=release.model.id,
        release=release,
        system=kinds.deployment(resources[deployment.id]).spec.system or "",
        runtime=deployment.server.runtime,
        evaluations=tuple(e.evaluation.id for e in deployment.evaluations),
        measured=_measured(workspace, deployment),
        stored=_stored(workspace, resources, (release.build.key,)),
        provenance=_provenance(workspace, release.build),
    )


def _provenance(workspace: Workspace, build: BuildPin) -> bytes:
    entry = workspace.store.entry(build.key) if build.mode != "none" else None
    return entry.provenance if entry else b""


def _measured(workspace: Workspace, deployment: DesiredDeployment) -> tuple[Measured, ...]:
    """Return the newest measurements of exactly this release, in the order of its evaluations."""
    keys = {e.key: e.evaluation.id for e in deployment.evaluations}
    newest: dict[Digest, tuple[Measured, ...]] = {}
    for evidence in history.evidence(workspace.ledger.records(), keys.keys()):
        found = (Measured(evidence.evaluation, m.metric, m.value, m.unit) for m in evidence.measurements)
        newest.setdefault(evidence.key, tuple(found))
    return tuple(m for key in keys for m in newest.get(key, ()))


def _stored(workspace: Workspace, resources: Resources, keys: Iterable[Digest]) -> dict[Digest, Stored]:
    """Return what the store has of *keys* and of the sources of all models, adapters and data."""
    declared = (_source_digest(r.canonical) for id_, r in resources.items() if id_.kind in _SOURCED)
    found = {key: workspace.store.entry(key) for key in {*keys, *declared} if key}
    return {
        key: Stored(entry.digest, tuple((path, digest) for path, _, digest in entry.files), entry.is_folder)
        for key, entry in found.items()
        if entry
    }


def _source_digest(canonical: bytes) -> Digest:
    match json.loads(canonical):
        case {"spec": {"source": {"digest": str(digest)}}}:
            return Digest(digest)
        case _:
            return Digest("")
