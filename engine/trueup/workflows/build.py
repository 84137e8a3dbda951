"""Builds one Build, as an apply would, without a release: fetched, checked, built, compared with its source."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trueup.builds import codes
from trueup.builds.provenance import summary
from trueup.builds.report import BuildReport
from trueup.builds.result import BuildResult, Came
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest
from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.desired.build_pins import build_problems
from trueup.desired.release import artifact_of, pin_build
from trueup.desired.state import ArtifactPin, BuildPin
from trueup.evidence.parity import in_words, refusals
from trueup.policy.results import Locate
from trueup.ports import STORE_LOCK, StoreEntry
from trueup.reconcile.making import Making, MakingPorts, Occasion
from trueup.spec import kinds
from trueup.spec.resource import Resource
from trueup.workflows.build_check import BuildCheckRequest, check_loaded
from trueup.workflows.judging import locate_in
from trueup.workflows.loading import Invalid, Loaded, load
from trueup.workflows.named_builds import find_named, model_of, users_of
from trueup.workflows.workspace import Workspace

_NONE = "none"
"""The mode that serves the source as it is."""

_PATIENCE_SECONDS = 600.0
"""How long a removal of artifacts is waited for."""


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What is to be built.

    Attributes:
        build: Address of the Build, or `name@version`.
        model: `name@version`; empty means the one its deployments have.
        revision: Commit to read; empty means the work tree.
    """

    build: str
    model: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class _Work:
    """What is built of what, and what the check said before."""

    pinned: BuildPin
    source: ArtifactPin
    model: Resource
    checked: BuildReport

    @property
    def key(self) -> Digest:
        """Where the store has the result."""
        return self.source.digest if self.pinned.mode == _NONE else self.pinned.key


def build(workspace: Workspace, request: BuildRequest) -> BuildResult | BuildReport | Invalid:
    """Build what *request* names, or return the report of the check that refused it.

    What is in the store is not built again, and what was measured of it is not measured again; it is checked all the
    same, so that the answer does not depend on what a store has.

    Raises:
        TrueupError: No such Build or Model is declared (BLD001, BLD002), or it could not be fetched, built or compared.
            Nothing half-done is left under its key.
    """
    # Shared by builds: what takes artifacts out of the store would take what they read, which no environment declares.
    with workspace.lock.share(STORE_LOCK, f"build {request.build}", _PATIENCE_SECONDS):
        return _build(workspace, request)


def _build(workspace: Workspace, request: BuildRequest) -> BuildResult | BuildReport | Invalid:
    loaded = load(workspace, request.revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    declared = find_named(request.build, "Build", loaded.resources)
    model = model_of(declared.id, request.model, users_of(declared.id, loaded.resources), loaded.resources)
    source = artifact_of(kinds.model(model).spec.source, kinds.model(model).spec.format)
    problems = (*_unpinned(model, source), *build_problems([declared]))
    if problems:
        return Invalid(problems)
    asked = BuildCheckRequest(request.build, request.model, (), request.revision)
    work = _Work(pin_build(declared, source, loaded.resources), source, model, check_loaded(workspace, loaded, asked))
    if work.checked.is_refused:
        return work.checked
    making, began = _making(workspace, loaded), workspace.clock.now()
    is_there = workspace.store.find(work.key) is not None
    locate = locate_in(loaded)
    if not is_there or not making.is_compared(work.pinned):
        _fetch(making, work, locate)
        if not work.checked.sizes_from:
            # What the network is can be told now, and was not before.
            work = replace(work, checked=check_loaded(workspace, loaded, asked))
    if work.checked.is_refused:
        return work.checked
    with _placed(locate, declared.id):
        return _made(workspace, making, work, None if is_there else began)


def _unpinned(model: Resource, source: ArtifactPin) -> Iterator[Diagnostic]:
    """Yield what is wrong with a source that has no digest, which the key would have to hold."""
    if not source.digest:
        detail = f"`{model.id}` has no `source.digest`."
        yield Diagnostic(codes.UNPINNED_SOURCE, detail, model.origin.span, f"trueup pin {model.id}")


def _making(workspace: Workspace, loaded: Loaded) -> Making:
    ports = MakingPorts(
        store=workspace.store,
        parity=workspace.parity,
        ledger=workspace.ledger,
        lock=workspace.lock,
        clock=workspace.clock,
        progress=workspace.progress,
        seal=workspace.seal,
    )
    return Making(ports, Occasion("", workspace.actor, loaded.tree.revision, Digest("")))


def _fetch(making: Making, work: _Work, locate: Locate) -> None:
    """Bring in what the build and the comparison read."""
    with _placed(locate, work.model.id, "source"):
        making.fetch(work.source)
    with _placed(locate, work.pinned.id):
        for pin in work.pinned.inputs:
            making.fetch(pin)
        if work.pinned.parity is not None and work.pinned.parity.text is not None:
            making.fetch(work.pinned.parity.text)


@contextmanager
def _placed(locate: Locate, address: ResourceId, *field: str) -> Iterator[None]:
    """Give a failure the place of what is declared, where it has none of its own."""
    try:
        yield
    except TrueupError as error:
        if error.span is None:
            error.span = locate(str(address), ("spec", *field))
        raise


def _made(workspace: Workspace, making: Making, work: _Work, began: datetime | None) -> BuildResult:
    """Build, record, compare; *began* is None when it was there before."""
    pinned, key = work.pinned, work.key
    if pinned.mode == _NONE or began is None:
        path = making.artifact(key)
        making.record_build(key)
    else:
        path = making.build(pinned, work.source)
    ended = workspace.clock.now()
    evidence = making.compare(pinned, work.source)
    entry = workspace.store.entry(key)
    sizes = [size for _, size, _ in entry.files] if entry else []
    is_ours = began is not None and _began(entry) >= began.replace(microsecond=0)
    return BuildResult(
        build=str(pinned.id),
        mode=pinned.mode,
        model=str(work.model.id),
        key=key,
        digest=entry.digest if entry else key,
        files=len(sizes),
        size_bytes=sum(sizes),
        path=_shown(path, workspace.root),
        came=Came.BUILT if is_ours else (Came.THERE if began is None else Came.TAKEN),
        took=ended - began if is_ours and began is not None else timedelta(),
        simulated=entry.simulated if entry else False,
        parity=in_words(evidence) if evidence else "",
        refused=refusals(evidence) if evidence else (),
        measured=tuple((m.metric, m.value) for m in evidence.measurements) if evidence else (),
        checked=work.checked,
    )


def _began(entry: StoreEntry | None) -> datetime:
    """Return when the artifact was begun to be built; the beginning of time for what was not built."""
    about = summary(entry.provenance) if entry else None
    return datetime.fromisoformat(str(about["startedOn"])) if about else datetime.min.replace(tzinfo=UTC)


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
