"""Builds one Build, as an apply would, without a release: fetched, checked, built, compared with its source."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from trueup.builds import codes
from trueup.builds.report import BuildReport
from trueup.builds.result import BuildResult
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.build_pins import build_problems
from trueup.desired.release import artifact_of, pin_build
from trueup.desired.state import ArtifactPin, BuildPin
from trueup.ports import StoreEntry
from trueup.reconcile.making import Making, MakingPorts, Occasion
from trueup.spec import kinds
from trueup.spec.resource import Resource
from trueup.workflows.build_check import BuildCheckRequest, check_loaded
from trueup.workflows.loading import Invalid, Loaded, load
from trueup.workflows.named_builds import find_named, model_of, users_of
from trueup.workflows.workspace import Workspace

_NONE = "none"
"""The mode that serves the source as it is."""


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


def build(workspace: Workspace, request: BuildRequest) -> BuildResult | BuildReport | Invalid:
    """Build what *request* names, or return the report of the check that refused it.

    What is in the store is not built again, and what was measured of it is not measured again.

    Raises:
        TrueupError: No such Build or Model is declared (BLD001, BLD002), a source is not pinned (BLD004), or it could
            not be fetched, built or compared. Nothing half-done is left under its key.
    """
    loaded = load(workspace, request.revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    declared = find_named(request.build, "Build", loaded.resources)
    model = model_of(declared.id, request.model, users_of(declared.id, loaded.resources), loaded.resources)
    problems = tuple(build_problems([declared]))
    if problems:
        return Invalid(problems)
    source = _source(model)
    pinned = pin_build(declared, source, loaded.resources)
    making = _making(workspace, loaded)
    if workspace.store.find(pinned.key) is None or not making.is_compared(pinned):
        refused = _prepare(workspace, loaded, request, making, (pinned, source))
        if refused is not None:
            return refused
    return _made(workspace, making, pinned, source, model)


def _source(model: Resource) -> ArtifactPin:
    """Return what *model* is, which must be pinned: its digest is in the key."""
    spec = kinds.model(model).spec
    source = artifact_of(spec.source, spec.format)
    if not source.digest:
        detail = f"`{model.id}` has no `source.digest`."
        raise PermanentError(codes.UNPINNED_SOURCE, detail, span=model.origin.span, hint=f"trueup pin {model.id}")
    return source


def _making(workspace: Workspace, loaded: Loaded) -> Making:
    ports = MakingPorts(workspace.store, workspace.parity, workspace.ledger, workspace.clock, workspace.progress)
    return Making(ports, Occasion("", workspace.actor, loaded.tree.revision, Digest("")))


def _prepare(
    workspace: Workspace, loaded: Loaded, request: BuildRequest, making: Making, pins: tuple[BuildPin, ArtifactPin]
) -> BuildReport | None:
    """Fetch what the build reads; return a check that refuses it, before anything is fetched if that can be told."""
    pinned, source = pins
    asked = BuildCheckRequest(request.build, request.model, (), request.revision)
    checked = check_loaded(workspace, loaded, asked)
    if checked.is_refused:
        return checked
    making.fetch(source)
    for pin in pinned.inputs:
        making.fetch(pin)
    if pinned.parity is not None and pinned.parity.text is not None:
        making.fetch(pinned.parity.text)
    if not checked.sizes_from:
        checked = check_loaded(workspace, loaded, asked)
    return checked if checked.is_refused else None


def _made(workspace: Workspace, making: Making, pinned: BuildPin, source: ArtifactPin, model: Resource) -> BuildResult:
    key = source.digest if pinned.mode == _NONE else pinned.key
    found, began = workspace.store.find(key), workspace.clock.now()
    path = found or (making.fetch(source) if pinned.mode == _NONE else making.build(pinned, source))
    took = timedelta() if found else workspace.clock.now() - began
    making.record_build(key)
    compared = making.compare(pinned, source)
    digest, files, simulated = _noted(workspace.store.entry(key), key)
    refused = compared.get("refused")
    return BuildResult(
        build=str(pinned.id),
        mode=pinned.mode,
        model=str(model.id),
        key=key,
        digest=digest,
        files=len(files),
        size_bytes=sum(files),
        path=_shown(path, workspace.root),
        cached=found is not None,
        took=took,
        simulated=simulated,
        parity=str(compared.get("parity", "")),
        refused=tuple(map(str, refused)) if isinstance(refused, list) else (),
        measured=tuple(_measured(compared.get("measurements"))),
    )


def _measured(measurements: Json) -> Iterator[tuple[str, float]]:
    for measurement in measurements if isinstance(measurements, list) else ():
        match measurement:
            case {"metric": str(name), "value": int() | float() as value}:
                yield name, float(value)
            case _:
                continue


def _noted(entry: StoreEntry | None, key: Digest) -> tuple[Digest, list[int], bool]:
    """Return what the store noted: digest of the bytes, sizes of the files, whether a double made them."""
    return (entry.digest, [size for _, size, _ in entry.files], entry.simulated) if entry else (key, [], False)


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
