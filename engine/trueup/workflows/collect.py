"""Collects garbage in the store: what nothing needs goes, and what stays says why."""

from collections.abc import Iterator
from contextlib import ExitStack

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import mapping_of
from trueup.desired.resolve import resolve
from trueup.desired.state import ArtifactPin, BuildPin, DesiredDeployment
from trueup.ledger import history
from trueup.ports import STORE_LOCK
from trueup.reconcile.observe import loaded_key, served_key
from trueup.spec.lifecycle import DELETED, KEPT, is_leaving, parts_of, phase_of
from trueup.spec.resource import Resources, document_of
from trueup.workflows.loading import environments, load
from trueup.workflows.planning import Invalid
from trueup.workflows.workspace import Workspace

KEPT_RELEASES = 5
"""Verified releases per deployment that stay ready for a rollback, newest first."""


REVISIONS = ("HEAD", "")
"""What is committed, and what somebody is about to commit: the work tree."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact of the store; `reason` says why it stays and is empty when nothing needs it."""

    key: Digest
    reason: str
    freed_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Collected:
    """Everything in the store, and whether it was removed or only would be."""

    artifacts: tuple[Artifact, ...]
    dry_run: bool

    @property
    def removed(self) -> tuple[Artifact, ...]:
        """What nothing needs."""
        return tuple(a for a in self.artifacts if not a.reason)


def collect(workspace: Workspace, *, dry_run: bool) -> Collected | Invalid:
    """Remove every artifact that is neither declared, nor serving, nor on hold, nor kept, nor a release to go back to.

    What is drained or archived is kept; a release with a deleted part is not one to go back to any more.

    Nothing is removed while the declaration is invalid (what it needs could not be told), nor while an apply works
    in any environment (it may just have fetched what no commit read here declares), a build or a scan. What they left
    half-done is an artifact, too.

    Raises:
        LockHeldError: One of them works here.
    """
    if dry_run:
        return _collect(workspace, dry_run=True)
    names = {name for revision in REVISIONS for name in environments(load(workspace, revision).resources)}
    with ExitStack() as held:
        for name in sorted(names):
            held.enter_context(workspace.lock.hold(name, "gc", 0.0))
        held.enter_context(workspace.lock.hold(STORE_LOCK, "gc", 0.0))
        return _collect(workspace, dry_run=False)


def _collect(workspace: Workspace, *, dry_run: bool) -> Collected | Invalid:
    needed: dict[Digest, str] = {}
    deleted: set[str] = set()
    for revision in REVISIONS:
        loaded = load(workspace, revision)
        if not loaded.is_valid:
            return Invalid(loaded.diagnostics)
        deleted |= {str(r.id) for r in loaded.resources.values() if is_leaving(r) and phase_of(r) == DELETED}
        for key, reason in _retired_keeps(loaded.resources):
            needed.setdefault(key, reason)
        for name in environments(loaded.resources):
            desired, problems = resolve(loaded.resources, name, loaded.tree.revision)
            if desired is None:
                return Invalid(problems)
            for key, reason in _environment_needs(workspace, name, desired.environment.target, deleted):
                needed.setdefault(key, reason)
            for deployment in desired.deployments:
                for key, reason in _deployment_needs(deployment):
                    needed.setdefault(key, reason)
    found = []
    for key in sorted({*workspace.keeper.keys(), *workspace.keeper.leftovers()}):
        reason = needed.get(key, "")
        freed = 0 if reason or dry_run else workspace.keeper.remove(key)
        found.append(Artifact(key, reason, freed))
    return Collected(tuple(found), dry_run)


def _deployment_needs(deployment: DesiredDeployment) -> Iterator[tuple[Digest, str]]:
    release = deployment.release
    yield release.artifact.digest, f"declared by {deployment.id}"
    yield release.build.key, f"declared by {deployment.id}"
    for read in _read(release.build):
        yield read.digest, f"read by {release.build.id}"
    for required in deployment.measured:
        for measured in required.artifacts:
            yield measured.digest, f"data of {required.evaluation.id}"
        if required.judge is not None:
            yield required.judge.release.build.key, f"judge of {required.evaluation.id}"


def _read(build: BuildPin) -> Iterator[ArtifactPin]:
    """Yield what *build* reads besides its source, and what it is compared on."""
    yield from build.inputs
    if build.parity is not None and build.parity.text is not None:
        yield build.parity.text


def _retired_keeps(resources: Resources) -> Iterator[tuple[Digest, str]]:
    """Yield the artifacts of what is drained or archived: nothing runs them, and that is why they are kept."""
    for resource in resources.values():
        if is_leaving(resource) and (phase := phase_of(resource)) in KEPT:
            source = mapping_of(mapping_of(mapping_of(document_of(resource)).get("spec")).get("source"))
            if digest := source.get("digest"):
                yield Digest(str(digest)), f"{resource.id} is {phase}"


def _environment_needs(
    workspace: Workspace, environment: str, target: str, deleted: set[str]
) -> Iterator[tuple[Digest, str]]:
    for server in workspace.target(target).observe(environment).servers:
        key = loaded_key(server.spec)
        if key:
            yield key, f"loaded by a server of {environment}"
    records = tuple(workspace.ledger.records())
    held = {h.release for h in history.holds_in_force(records, environment, workspace.clock.now())}
    for serving in history.released(records, environment):
        key = served_key(serving.manifest)
        if key and serving.release in held:
            yield key, f"a release of {serving.deployment} on hold, kept to be looked at"
    counts: dict[str, int] = {}
    for release in history.verified_releases(records, environment):
        name = str(release.deployment)
        made = mapping_of(mapping_of(mapping_of(release.manifest).get("deployment")).get("release"))
        if deleted & set(parts_of(made)):
            continue
        counts[name] = counts.get(name, 0) + 1
        key = served_key(release.manifest)
        if key and counts[name] <= KEPT_RELEASES:
            yield key, f"a release {name} can go back to"
