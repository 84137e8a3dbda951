"""Pins sources: what a branch, a tag or a folder has now becomes a revision and a digest in the YAML.

Only these two values change, byte-exactly. A version that is merged is never pinned anew: what it pins is what every
release and all evidence of it is bound to.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from trueup.adapters.whole_files import replace_file
from trueup.core.diagnostics import Diagnostic, Severity, has_errors
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.desired.release import access_of
from trueup.ports import Resolved, SourceTree
from trueup.reconcile.codes import UNKNOWN_ADDRESS
from trueup.spec import kinds
from trueup.spec.kinds.base import Source
from trueup.spec.resource import Resource
from trueup.spec.yaml.edit import put_scalar
from trueup.workflows import codes
from trueup.workflows.loading import Invalid, Loaded, changed_versions, load_tree
from trueup.workflows.overlay import Overlay
from trueup.workflows.workspace import Workspace

_PATH = ("spec", "source")
_NEW_VERSION = "nothing was written; declare what the source has now as a new version"


@dataclass(frozen=True, slots=True)
class SourcePin:
    """One source, and what it has now.

    Attributes:
        id: The resource that declares it.
        uri: Its address.
        resolved: What it has.
        changes: Field below `spec.source`, what is declared (empty when nothing is), and what will be.
    """

    id: ResourceId
    uri: str
    resolved: Resolved
    changes: tuple[tuple[str, str, str], ...]

    def to_json(self) -> dict[str, Json]:
        """Return the pin as JSON."""
        return {
            "address": str(self.id),
            "uri": self.uri,
            "revision": self.resolved.revision,
            "digest": self.resolved.digest,
            "files": self.resolved.files,
            "size_bytes": self.resolved.size_bytes,
            "changes": [{"field": f"spec.source.{f}", "before": b, "after": a} for f, b, a in self.changes],
        }


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file before and after."""

    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Pinned:
    """What pinning would change; nothing is written yet.

    Attributes:
        pins: Every source that was looked up.
        edits: The files that change.
        warnings: What could not be found out, such as whether a version is merged.
    """

    pins: tuple[SourcePin, ...]
    edits: tuple[FileEdit, ...]
    warnings: tuple[Diagnostic, ...]


def pin(workspace: Workspace, reference: str, *, revision: str = "") -> Pinned | Invalid:
    """Look up the sources that *reference* names and work out the edits; writes nothing.

    Args:
        workspace: The repository; its work tree is read.
        reference: `Kind/name@version`, or the path of a YAML file from the root of the repository.
        revision: Branch, tag or commit to look up in place of the declared one.

    Raises:
        PermanentError: It names nothing that has a source, or the source cannot be had.
        TransientError: The source cannot be reached now.
    """
    loaded = load_tree(workspace.tree(""))
    found = _named(loaded, reference)
    if loaded.project is None or isinstance(found, Invalid):
        return found if isinstance(found, Invalid) else Invalid(loaded.diagnostics)
    tree: SourceTree = loaded.tree
    pins, edits = [], []
    for path in sorted({resource.origin.path for resource, _ in found}):
        content = tree.read(path)
        if isinstance(content, Diagnostic):
            return Invalid((content,))
        after = content
        for resource, source in found:
            if resource.origin.path != path:
                continue
            made = _looked_up(workspace, resource, source, revision)
            pins.append(made)
            edited = _edited(after, resource, made)
            if isinstance(edited, Diagnostic):
                return Invalid((edited,))
            after = edited
        if after != content:
            edits.append(FileEdit(path, content, after))
            tree = Overlay(tree, path, after)
    problems = _merged_otherwise(workspace, tree, [p.id for p in pins if p.changes]) if edits else ()
    if has_errors(problems):
        return Invalid(problems)
    return Pinned(tuple(pins), tuple(edits), tuple(p for p in problems if p.severity is Severity.WARNING))


def write(root: Path, pinned: Pinned) -> None:
    """Write the edits to the work tree at *root*; each file is replaced whole.

    Raises:
        PermanentError: A file was changed meanwhile (WRK007); it is left as it is.
        OSError: A file cannot be written.
    """
    for edit in pinned.edits:
        place = root / edit.path
        if place.read_bytes() != edit.before:
            raise PermanentError(codes.FILE_CHANGED, f"`{edit.path}` was changed while its source was looked up.")
    for edit in pinned.edits:
        replace_file(root / edit.path, edit.after)


def _named(loaded: Loaded, reference: str) -> list[tuple[Resource, Source]] | Invalid:
    """Return the resources that are meant, with their sources, in the order of their documents."""
    path = reference.removeprefix("./")
    id_ = parse_address(reference)
    resources = [r for r in loaded.resources.values() if r.id == id_ or r.origin.path == path]
    if not resources and has_errors(loaded.diagnostics):
        # It may be declared where the file cannot be read.
        return Invalid(loaded.diagnostics)
    if not resources:
        names = [*map(str, loaded.resources), *sorted({r.origin.path for r in loaded.resources.values()})]
        hint = did_you_mean(reference, names)
        raise PermanentError(UNKNOWN_ADDRESS, f"`{reference}` names nothing that is declared.", hint=hint)
    found = [(r, source) for r in resources if (source := _source(r)) is not None]
    if not found:
        raise PermanentError(codes.NO_SOURCE, f"`{reference}` declares no source that has bytes.")
    return sorted(found, key=lambda pair: (pair[0].origin.path, pair[0].origin.document))


def _source(resource: Resource) -> Source | None:
    match resource.id.kind:
        case "Model":
            source = kinds.model(resource).spec.source
        case "Adapter":
            source = kinds.adapter(resource).spec.source
        case "Dataset":
            source = kinds.dataset(resource).spec.source
        case _:
            return None
    return None if source.uri.startswith("api:") else source


def _looked_up(workspace: Workspace, resource: Resource, source: Source, revision: str) -> SourcePin:
    access = access_of(source)
    asked = replace(access, revision=revision or access.revision)
    resolved = workspace.resolver.resolve(source.uri, asked, workspace.progress)
    changes = tuple(_changes(source, resolved))
    return SourcePin(resource.id, source.uri, resolved, changes)


def _changes(source: Source, resolved: Resolved) -> Iterator[tuple[str, str, str]]:
    """Yield what differs; a revision that the address itself names needs no second place."""
    if resolved.revision and resolved.revision != source.revision and not source.uri.endswith(f"@{resolved.revision}"):
        yield "revision", source.revision or "", resolved.revision
    if resolved.digest != source.digest:
        yield "digest", Digest(source.digest or ""), resolved.digest


def _edited(content: bytes, resource: Resource, made: SourcePin) -> bytes | Diagnostic:
    origin = resource.origin
    for field, _, after in made.changes:
        edited = put_scalar(content, origin.document, (*_PATH, field), after, file=origin.path)
        if isinstance(edited, Diagnostic):
            return edited
        content = edited
    return content


def _merged_otherwise(workspace: Workspace, tree: SourceTree, changed: list[ResourceId]) -> tuple[Diagnostic, ...]:
    """Return what speaks against the edits: versions that are merged with another content."""
    loaded = load_tree(tree)
    if loaded.project is None:
        return loaded.diagnostics
    only = replace(loaded, resources={id_: loaded.resources[id_] for id_ in changed if id_ in loaded.resources})
    found = changed_versions(workspace, only, loaded.project)
    return tuple(replace(d, hint=_NEW_VERSION) if d.severity is Severity.ERROR else d for d in found)
