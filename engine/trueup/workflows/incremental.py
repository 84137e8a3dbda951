"""Loads what one environment needs, by an index of an earlier revision and what changed since.

Only a revision in which nothing is wrong is loaded this way, and only where that can be told from the change. For all
else everything is looked at, and the index is made anew. It is for plans that are only shown: nothing proves that the
index was not made up.
"""

import json
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from trueup.core.diagnostics import sort_diagnostics
from trueup.core.digests import BlobId, Revision
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.closure import BOUNDARIES
from trueup.ports import Changed, Compared, KeptIndex, Listed, ParsedFiles, Remembered, SourceTree
from trueup.spec import index as indexed
from trueup.spec.groups import EXCEPTIONS, INCLUDING, LEAVING, Narrowed, deployments_of
from trueup.spec.index import IndexedFile, NotToldError
from trueup.spec.parse import parse_alone
from trueup.spec.remembered import Noted, Recalled, unpack
from trueup.spec.resource import Resource, Resources, SourceFile
from trueup.workflows.loading import (
    SUFFIXES,
    Loaded,
    ProjectSettings,
    compared_versions,
    empty_policy_folders,
    lies_below,
    load_tree,
    merged_since,
    read_project,
    tracked_state,
    without_collector,
)
from trueup.workflows.remembering import parse_known, read_one
from trueup.workflows.workspace import Workspace

_MOST_INCLUDED = 1_000
"""Files taken in by others that git is asked for by name."""
_MOST_AT_HAND = 1_000
"""Documents of a group that are read although a plan may not ask for them."""


def load_for(workspace: Workspace, revision: str, environment: str, known: Remembered) -> Loaded:
    """Read *revision*, or the work tree when it is empty, as far as a plan of *environment* needs it.

    Its resources are all there; those that the plan needs no look at are read when somebody asks for them.
    """
    tree = workspace.tree(revision)
    with without_collector():
        project, problems = read_project(tree)
        header = None
        if project is not None and not problems:
            view = _View(known)
            try:
                header = view.header(project)
                return _narrowed(workspace, tree, project, environment, header, view)
            except NotToldError:
                header = None if view.is_damaged else header
                tree = workspace.tree(revision)  # of the other one was asked more than whoever looks at everything asks
            finally:
                known.index.change(view.changes)
        return _whole(workspace, tree, known, header)


@dataclass(frozen=True, slots=True)
class _Header:
    """What the index is of.

    Attributes:
        revision: The commit.
        tip: Last commit of the default branch that versions were compared with.
        folders: Where files were looked for there.
        kinds: Kinds of versions whose first contents are known.
    """

    revision: Revision
    tip: Revision
    folders: tuple[str, ...]
    kinds: tuple[str, ...]

    def text(self, project: ProjectSettings) -> str:
        """Return it as kept."""
        folders, kinds = list(self.folders), list(self.kinds)
        value: Json = [self.revision, self.tip, folders, kinds, list(project.specs), project.default_branch]
        return json.dumps(value)


@dataclass
class _View:
    """The index with what is to be changed in it; each text is read once."""

    known: Remembered
    texts: dict[str, str | None] = field(default_factory=dict)
    files: dict[str, IndexedFile | None] = field(default_factory=dict)
    changes: dict[str, str | None] = field(default_factory=dict)
    is_damaged: bool = False

    def header(self, project: ProjectSettings) -> _Header:
        text = self.get(indexed.HEADER)
        if text is None:
            raise NotToldError
        revision, tip, folders, kinds, specs, branch = json.loads(text)
        if (tuple(specs), branch) != (project.specs, project.default_branch):
            raise NotToldError
        return _Header(Revision(revision), Revision(tip), tuple(folders), tuple(kinds))

    def fetch(self, names: Iterable[str]) -> None:
        """Read several texts at once."""
        wanted = [name for name in names if name not in self.texts]
        found = self.known.index.read(wanted) if wanted else {}
        if found is None:
            self.is_damaged = True
            raise NotToldError
        for name in wanted:
            self.texts[name] = found.get(name)

    def get(self, name: str) -> str | None:
        self.fetch([name])
        return self.texts[name]

    def file_at(self, path: str) -> IndexedFile | None:
        """Return a file as it was indexed."""
        self.fetch_files([path])
        return self.files[path]

    def fetch_files(self, paths: Collection[str]) -> None:
        """Read several files at once, as they were indexed."""
        wanted = [path for path in paths if path not in self.files]
        self.fetch(map(indexed.file_name, wanted))
        rows = {path: indexed.file_row(text) for path in wanted if (text := self.get(indexed.file_name(path)))}
        kept = self.known.files.recall([row.blob for row in rows.values() if not row.packed])
        for path in wanted:
            row = rows.get(path)
            packed = None if row is None else row.packed.encode() or kept.get(row.blob)
            found = None if row is None or packed is None else unpack(Recalled(path, row.blob, packed, _nothing))
            ids = None if found is None else tuple(r.id for r in found)
            self.files[path] = None
            if row is not None and found is not None and ids == row.ids:
                self.files[path] = IndexedFile(path, row.blob, tuple(found), row.included, row.packed)


def _nothing() -> SourceFile | None:
    return None


def _narrowed(
    workspace: Workspace, tree: SourceTree, project: ProjectSettings, environment: str, header: _Header, view: _View
) -> Loaded:
    """Return what *environment* needs of *tree*.

    Raises:
        NotToldError: It cannot be told without looking at everything.
    """
    included = indexed.paths_in(view.get(indexed.INCLUDED))
    changed = None
    if len(included) <= _MOST_INCLUDED:
        changed = tree.changes_since(header.revision, [*project.specs, *included])
    news = (
        merged_since(workspace, tree, project, Compared((), header.tip, header.folders))
        if changed is not None
        else None
    )
    if changed is None or news is None or tree.passed_over:
        raise NotToldError
    takers = _takers(changed, view)
    old = _old(changed, takers, project, view)
    new = _new(tree, changed, [f for f in old if f.path in takers - {c.path for c in changed}], project, view)
    if not all(r.id.kind in header.kinds for file in new for r in file.resources if r.id.version):
        raise NotToldError
    change = indexed.Revision(view.get, view.file_at)
    change.apply(old, new, news.seen)
    part, groups = _needed(environment, change, {f.path: f for f in new}, view)
    if _may_be_empty(project, changed, new, part) or tree.passed_over:
        raise NotToldError
    if not tree.revision and any(_is_given_up(c.path, project, change) for c in changed):
        raise NotToldError  # what nobody takes in any more may be all that is not committed
    if [*empty_policy_folders(tree, project), *tracked_state(tree)]:
        raise NotToldError
    moved = replace(header, revision=tree.revision, tip=news.tip)
    can_move = tree.revision and moved != header and all(file.blob for file in new)
    if can_move and _are_own(tree, {path for file in new for path in file.included}):
        view.changes = {**change.changes, indexed.HEADER: moved.text(project)}
    rest = partial(_rest, tree, project, view.known.files)
    return Loaded(tree, project, Narrowed(part, groups, rest), ())


def _rest(tree: SourceTree, project: ProjectSettings, files: ParsedFiles) -> Resources:
    return parse_known(tree, project.specs, SUFFIXES, files).resources


def _old(changed: Sequence[Changed], takers: set[str], project: ProjectSettings, view: _View) -> list[IndexedFile]:
    """Return the files that changed as they were indexed, and *takers*, whose texts changed."""
    paths = {c.path for c in changed if _is_declared(c.path, project)} | takers
    view.fetch_files(paths)
    for path in paths:
        if view.files[path] is None and (path in takers or view.get(indexed.file_name(path)) is not None):
            raise NotToldError  # it is not known any more what it was
    return [file for path in sorted(paths) if (file := view.files[path]) is not None]


def _takers(changed: Sequence[Changed], view: _View) -> set[str]:
    """Return the files that take in a text that changed."""
    names = [indexed.takers_name(c.path) for c in changed]
    view.fetch(names)
    return {path for name in names for path in indexed.paths_in(view.get(name))}


def _new(
    tree: SourceTree,
    changed: Sequence[Changed],
    again: Sequence[IndexedFile],
    project: ProjectSettings,
    view: _View,
) -> list[IndexedFile]:
    """Return the files that changed, and those read *again* for their texts, with nothing wrong in any of them.

    Raises:
        NotToldError: Something is wrong, or cannot be read.
    """
    own = [c.file for c in changed if c.file is not None and _is_declared(c.path, project)]
    noted: dict[str, Noted] = {}
    read: list[str] = []

    def note(found: Noted) -> None:
        noted[found.path] = found

    parsed = parse_alone(_contents(tree, own, again, view, read), tree.read, note)
    if parsed.diagnostics or len(read) != len(own) + len(again):
        raise NotToldError
    view.known.files.keep({n.blob: n.packed for n in noted.values() if n.blob and not n.included})
    blobs = {f.path: f.blob for f in own} | {f.path: f.blob for f in again}
    return [file for file in _files(blobs, parsed.resources.values(), noted) if file.resources]


def _contents(
    tree: SourceTree, own: Sequence[Listed], again: Sequence[IndexedFile], view: _View, read: list[str]
) -> Iterator[SourceFile | Recalled]:
    known = view.known.files.recall([f.blob for f in own if f.blob])
    for file in own:
        if file.blob in known:
            read.append(file.path)
            yield Recalled(file.path, file.blob, known[file.blob], partial(read_one, tree, file))
    for found in tree.read_listed([f for f in own if f.blob not in known]):
        read.append(found.path)
        yield found
    for taker in again:
        content = tree.read(taker.path)
        if isinstance(content, bytes):
            read.append(taker.path)
            yield SourceFile(taker.path, taker.blob, content)


def _files(
    blobs: Mapping[str, BlobId], resources: Iterable[Resource], noted: Mapping[str, Noted]
) -> Iterator[IndexedFile]:
    """Yield files of *resources*; those of *noted* that take in others hold what they declare themselves."""
    declared: dict[str, list[Resource]] = {path: [] for path in blobs}
    for resource in resources:
        declared[resource.origin.path].append(resource)
    for path, found in declared.items():
        note = noted.get(path)
        included: tuple[str, ...] = ()
        packed = ""
        if note is not None and note.included:
            included, packed = tuple(sorted({posixpath.normpath(i) for i in note.included})), _decoded(note.packed)
        yield IndexedFile(path, blobs[path], tuple(found), included, packed)


def _decoded(packed: bytes) -> str:
    try:
        return packed.decode()
    except UnicodeDecodeError:
        raise NotToldError from None


def _needed(
    environment: str, change: indexed.Revision, new: Mapping[str, IndexedFile], view: _View
) -> tuple[dict[ResourceId, Resource], dict[str, tuple[ResourceId, ...]]]:
    """Return what a plan of *environment* looks at, and the groups of which all members are among it."""
    groups = {}
    for group in (deployments_of(environment), EXCEPTIONS, LEAVING, INCLUDING):
        ids = indexed.ids_in(change.now(indexed.group_name(group)) or "")
        if group != INCLUDING or len(ids) <= _MOST_AT_HAND:
            groups[group] = ids
    start = ResourceId("Environment", environment)
    found: dict[ResourceId, Resource] = {}
    waiting = {start, *(id_ for ids in groups.values() for id_ in ids)}
    followed = {start, *groups[deployments_of(environment)]}
    while waiting:
        brought = _resources(waiting, change, new, view)
        found |= brought
        named = {
            reference.target
            for resource in brought.values()
            if resource.id.kind not in BOUNDARIES or resource.id in followed
            for reference in resource.references
        }
        waiting = named - found.keys()
    return found, groups


def _resources(
    ids: Collection[ResourceId], change: indexed.Revision, new: Mapping[str, IndexedFile], view: _View
) -> dict[ResourceId, Resource]:
    view.fetch(map(indexed.id_name, ids))
    texts = {id_: change.now(indexed.id_name(id_)) for id_ in ids}
    paths = {id_: indexed.id_row(text).path for id_, text in texts.items() if text is not None}
    view.fetch_files({path for path in paths.values() if path not in new})
    found = {}
    for id_ in ids:
        path = paths.get(id_, "")
        file = new.get(path) or view.files.get(path)
        resource = next((r for r in file.resources if r.id == id_), None) if file is not None else None
        if resource is None:
            raise NotToldError
        found[id_] = resource
    return found


def _may_be_empty(
    project: ProjectSettings,
    changed: Sequence[Changed],
    new: Sequence[IndexedFile],
    part: Mapping[ResourceId, Resource],
) -> bool:
    """Tell whether a folder of declared files may have none any more."""
    gone = {c.path for c in changed if _is_declared(c.path, project)} - {f.path for f in new}
    folders = [folder for folder in project.specs if any(lies_below(path, folder) for path in gone)]
    seen = {r.origin.path for r in part.values()} if folders else set()
    return not all(any(lies_below(path, folder) for path in seen) for folder in folders)


def _is_given_up(path: str, project: ProjectSettings, change: indexed.Revision) -> bool:
    """Tell whether *path* is no declared file, and its text is taken in by none any more."""
    is_below = any(lies_below(path, folder) for folder in project.specs)
    return not is_below and change.now(indexed.takers_name(path)) is None


def _are_own(tree: SourceTree, paths: set[str]) -> bool:
    """Tell whether files lie at *paths* themselves: what is reached through a link changes at another place."""
    return not paths or paths <= {f.path for f in tree.listed(sorted(paths), [""]) if f.blob}


def _is_declared(path: str, project: ProjectSettings) -> bool:
    return path.endswith(SUFFIXES) and any(lies_below(path, folder) for folder in project.specs)


def _whole(workspace: Workspace, tree: SourceTree, known: Remembered, header: _Header | None) -> Loaded:
    """Look at everything, and index a commit in which nothing is wrong, when no *header* says that it is."""
    noted: dict[str, Noted] = {}

    def note(found: Noted) -> None:
        noted[found.path] = found

    loaded = load_tree(tree, known=known.files, also=note)
    if loaded.project is None:
        return loaded
    versions = compared_versions(workspace, loaded, loaded.project)
    if versions.diagnostics:
        return replace(loaded, diagnostics=sort_diagnostics([*loaded.diagnostics, *versions.diagnostics]))
    is_worth_it = tree.revision and versions.tip and not loaded.diagnostics
    if is_worth_it and (header is None or (header.revision, header.tip) != (tree.revision, versions.tip)):
        _keep(known.index, loaded, loaded.project, versions, noted)
    return loaded


def _keep(
    index: KeptIndex, loaded: Loaded, project: ProjectSettings, versions: Compared, noted: Mapping[str, Noted]
) -> None:
    """Index what was loaded, if it can be."""
    seen = {id_: sighting.digest for id_, sighting in versions.sightings.items()}
    kinds = tuple(sorted({id_.kind for id_ in loaded.resources if id_.version}))
    blobs = {r.origin.path: r.origin.blob for r in loaded.resources.values()}
    files = _files(blobs, loaded.resources.values(), noted)
    try:
        texts = indexed.index_of(files, seen, lambda r: r.origin.blob in versions.born)
    except NotToldError:
        return
    included = set(indexed.paths_in(texts.get(indexed.INCLUDED)))
    if versions.tip is not None and _are_own(loaded.tree, included):
        header = _Header(loaded.tree.revision, versions.tip, versions.folders, kinds)
        index.replace({**texts, indexed.HEADER: header.text(project)})
