"""An index of a revision in which nothing is wrong, and what a change makes of it.

It holds, as texts by name: the header; for each file its blob and the ids it declares; for each id the file, whether
the default branch has had it, and what it must not be in a circle with; who names an id; the members of groups; who
takes in a file; and the first contents of versions that differ from what is declared. From these, and from the files
that changed, it is decided whether still nothing is wrong, in time that grows with the change. What is wrong, and
where, is never decided here: whoever gets no answer looks at everything.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trueup.core.digests import BlobId, Digest
from trueup.core.ids import ResourceId
from trueup.spec.groups import groups_of
from trueup.spec.references import CIRCLES
from trueup.spec.resource import Resource, content_digest

HEADER = "h"
_GAP, _LINE = "\x1f", "\n"

Get = Callable[[str], str | None]
"""Returns the text of a name; None when there is none."""


class NotToldError(Exception):
    """The index cannot answer: something may be wrong, or be of a kind that it does not hold."""


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A declared file of which nothing is to be said.

    Attributes:
        path: From the repository root.
        blob: Its blob.
        resources: What it declares.
        included: Files whose text it takes in, by their path from the root.
        packed: What `pack` makes of it, where it takes in others; else its blob says it.
    """

    path: str
    blob: BlobId
    resources: tuple[Resource, ...]
    included: tuple[str, ...] = ()
    packed: str = ""


@dataclass(frozen=True, slots=True)
class FileRow:
    """What the index says of a file."""

    blob: BlobId
    ids: tuple[ResourceId, ...]
    included: tuple[str, ...] = ()
    packed: str = ""


@dataclass(frozen=True, slots=True)
class IdRow:
    """What the index says of an id: its file, whether it was merged as it is, where fields that must end lead."""

    path: str
    is_merged: bool
    leads_to: tuple[ResourceId, ...] = ()


def file_name(path: str) -> str:
    """Return the name of what is kept of the file at *path*."""
    return f"f{path}"


def id_name(id_: ResourceId) -> str:
    """Return the name of what is kept of *id_*."""
    return f"i{_spelled(id_)}"


def group_name(group: str) -> str:
    """Return the name of the members of *group*."""
    return f"g{group}"


def users_name(id_: ResourceId) -> str:
    """Return the name of those who name *id_*."""
    return f"u{_spelled(id_)}"


def seen_name(id_: ResourceId) -> str:
    """Return the name of the first content of a version that is declared otherwise now, or no more."""
    return f"s{_spelled(id_)}"


def takers_name(path: str) -> str:
    """Return the name of the files that take in the one at *path*."""
    return f"t{path}"


INCLUDED = "x"
"""Name of the list of all files that others take in."""


def file_row(text: str) -> FileRow:
    """Read what is kept of a file."""
    blob, ids, included, packed = text.split(_LINE, 3)
    return FileRow(BlobId(blob), ids_in(ids), paths_in(included), packed)


def id_row(text: str) -> IdRow:
    """Read what is kept of an id."""
    path, merged, leads_to = text.split(_LINE, 2)
    return IdRow(path, merged == "1", ids_in(leads_to))


def ids_in(text: str) -> tuple[ResourceId, ...]:
    """Read a list of ids."""
    return tuple(_id(part) for part in _parts(text, "\0"))


def paths_in(text: str | None) -> tuple[str, ...]:
    """Read a list of paths; none where there is no list."""
    return tuple(_parts(text or ""))


def index_of(
    files: Iterable[IndexedFile], seen: Mapping[ResourceId, Digest], merged: Callable[[Resource], bool]
) -> dict[str, str]:
    """Return the index of *files*, but for its header.

    Args:
        files: All declared files; every reference in them leads to one of them.
        seen: First contents of versions, as far as they had to be read.
        merged: Tells whether the default branch has had a version as it is.

    Raises:
        NotToldError: A name has signs that the index cannot hold.
    """
    texts: dict[str, str] = {}
    lists: dict[str, list[str]] = defaultdict(list)
    takers: dict[str, list[str]] = defaultdict(list)
    for file in files:
        texts[file_name(file.path)] = _file_text(file)
        for path in file.included:
            takers[path].append(file.path)
        for resource in file.resources:
            spelled = _spelled(resource.id)
            is_merged = bool(resource.id.version) and (resource.id in seen or merged(resource))
            texts[id_name(resource.id)] = _id_text(file.path, resource, is_merged)
            for name in _lists(resource):
                lists[name].append(spelled)
    texts.update((name, "\0".join(sorted(found))) for name, found in lists.items())
    texts.update((takers_name(path), _GAP.join(sorted(found))) for path, found in takers.items())
    if takers:
        texts[INCLUDED] = _GAP.join(sorted(takers))
    for id_, digest in seen.items():
        if id_name(id_) not in texts:
            texts[seen_name(id_)] = digest
    return texts


@dataclass
class Revision:
    """A change of an index, while it is found out.

    Attributes:
        get: Texts of the index as it was.
        file_at: Returns a file of the index as it was, by its path; None when it cannot be had.
        changes: Texts that are others now; None for those that are gone.
    """

    get: Get
    file_at: Callable[[str], IndexedFile | None]
    changes: dict[str, str | None] = field(default_factory=dict)

    def now(self, name: str) -> str | None:
        """Return a text as it is now."""
        return self.changes[name] if name in self.changes else self.get(name)

    def apply(
        self, old: Sequence[IndexedFile], new: Sequence[IndexedFile], merged: Mapping[ResourceId, Digest]
    ) -> None:
        """Take *new* in place of *old* files, with what the default branch took in meanwhile.

        Args:
            old: The files that changed or are gone, as they were.
            new: The files that changed or are new, with nothing wrong in any of them.
            merged: First contents of the versions that the default branch took in.

        Raises:
            NotToldError: Something may be wrong.
        """
        before, after = _by_id(old), _by_id(new)
        first = {id_: self._first(id_, before, merged) for id_ in {*before, *after, *merged} if id_.version}
        self._refuse(before, after)
        for id_, resource in after.items():
            held_to = first.get(id_)
            if held_to is not None and held_to != content_digest(resource):
                raise NotToldError
        for file in old:
            self._forget(file, after)
        for file in new:
            self._take(file, first)
        self._remember(before, after, first, merged)
        self._refuse_circles(after)

    def _first(
        self, id_: ResourceId, before: Mapping[ResourceId, Resource], merged: Mapping[ResourceId, Digest]
    ) -> Digest | None:
        """Return the first content that the default branch had of a version; None when it has had none."""
        seen, text = self.get(seen_name(id_)), self.get(id_name(id_))
        if seen is not None:
            return Digest(seen)
        row = id_row(text) if text is not None else None
        return self._content(id_, row, before) if row is not None and row.is_merged else merged.get(id_)

    def _content(self, id_: ResourceId, row: IdRow, before: Mapping[ResourceId, Resource]) -> Digest:
        """Return the content that a version had in the index."""
        found = before.get(id_)
        if found is None:
            file = self.file_at(row.path)
            found = _by_id([file]).get(id_) if file is not None else None
        if found is None:
            raise NotToldError
        return content_digest(found)

    def _refuse(self, before: Mapping[ResourceId, Resource], after: Mapping[ResourceId, Resource]) -> None:
        """Raise when an id is declared twice, or a reference leads nowhere."""
        if any(id_ not in before and self.get(id_name(id_)) is not None for id_ in after):
            raise NotToldError
        gone = before.keys() - after.keys()
        for id_ in gone:
            if any(user not in before for user in ids_in(self.get(users_name(id_)) or "")):
                raise NotToldError
        targets = {r.target for resource in after.values() for r in resource.references}
        for target in targets - after.keys():
            if target in gone or self.get(id_name(target)) is None:
                raise NotToldError

    def _forget(self, file: IndexedFile, after: Collection[ResourceId]) -> None:
        self.changes[file_name(file.path)] = None
        for included in file.included:
            self._drop(takers_name(included), file.path, _GAP)
            if self.now(takers_name(included)) is None:
                self._drop(INCLUDED, included, _GAP)
        for resource in file.resources:
            if resource.id not in after:
                self.changes[id_name(resource.id)] = None
            for name in _lists(resource):
                self._drop(name, _spelled(resource.id), "\0")

    def _take(self, file: IndexedFile, first: Mapping[ResourceId, Digest | None]) -> None:
        self.changes[file_name(file.path)] = _file_text(file)
        for included in file.included:
            self._add(takers_name(included), file.path, _GAP)
            self._add(INCLUDED, included, _GAP)
        for resource in file.resources:
            self.changes[id_name(resource.id)] = _id_text(file.path, resource, first.get(resource.id) is not None)
            for name in _lists(resource):
                self._add(name, _spelled(resource.id), "\0")
            if resource.id.version and self.get(seen_name(resource.id)) is not None:
                self.changes[seen_name(resource.id)] = None

    def _remember(
        self,
        before: Mapping[ResourceId, Resource],
        after: Mapping[ResourceId, Resource],
        first: Mapping[ResourceId, Digest | None],
        merged: Iterable[ResourceId],
    ) -> None:
        """Keep first contents of what is declared no more, and hold what did not change to what was merged now."""
        for id_ in {*before, *merged} - after.keys():
            text = None if id_ in before else self.get(id_name(id_))
            if text is None:
                if first.get(id_) is not None:
                    self.changes[seen_name(id_)] = first[id_]
                continue
            row = id_row(text)
            if first[id_] != self._content(id_, row, before):
                raise NotToldError
            self.changes[id_name(id_)] = _row_text(replace(row, is_merged=True))

    def _refuse_circles(self, after: Mapping[ResourceId, object]) -> None:
        """Raise when a resource leads to itself."""
        for start in after:
            waiting, met = list(self._leads_to(start)), set[ResourceId]()
            while waiting:
                id_ = waiting.pop()
                if id_ == start:
                    raise NotToldError
                if id_ not in met:
                    met.add(id_)
                    waiting.extend(self._leads_to(id_))

    def _leads_to(self, id_: ResourceId) -> tuple[ResourceId, ...]:
        text = self.now(id_name(id_))
        return id_row(text).leads_to if text is not None else ()

    def _add(self, name: str, part: str, gap: str) -> None:
        found = set(_parts(self.now(name) or "", gap))
        self.changes[name] = gap.join(sorted(found | {part}))

    def _drop(self, name: str, part: str, gap: str) -> None:
        found = set(_parts(self.now(name) or "", gap)) - {part}
        self.changes[name] = gap.join(sorted(found)) if found else None


def _by_id(files: Iterable[IndexedFile]) -> dict[ResourceId, Resource]:
    return {resource.id: resource for file in files for resource in file.resources}


def _lists(resource: Resource) -> Iterator[str]:
    """Yield the names of the lists that *resource* is in: of those who name an id, and of groups."""
    yield from {users_name(r.target) for r in resource.references}
    yield from map(group_name, groups_of(resource))


def _parts(text: str, gap: str = _GAP) -> Iterator[str]:
    return iter(text.split(gap)) if text else iter(())


def _spelled(id_: ResourceId) -> str:
    return _GAP.join(_id_parts(id_))


def _id(text: str) -> ResourceId:
    return ResourceId(*text.split(_GAP))


def _file_text(file: IndexedFile) -> str:
    ids = "\0".join(_spelled(r.id) for r in file.resources)
    included = _GAP.join(file.included)
    held = (file.path, file.blob, *file.included, *(part for r in file.resources for part in _id_parts(r.id)))
    # A path with a sign that is escaped is spelled as another one may be.
    if not all(part.isprintable() and "\\" not in part for part in held):
        raise NotToldError
    return _LINE.join((file.blob, ids, included, file.packed))


def _id_parts(id_: ResourceId) -> tuple[str, ...]:
    return (id_.kind, id_.name, id_.version, id_.environment)


def _id_text(path: str, resource: Resource, is_merged: bool) -> str:
    field_ = CIRCLES.get(resource.id.kind)
    leads_to = tuple(r.target for r in resource.references if field_ and r.path[: len(field_)] == field_)
    return _row_text(IdRow(path, is_merged, leads_to))


def _row_text(row: IdRow) -> str:
    return _LINE.join((row.path, "1" if row.is_merged else "0", "\0".join(map(_spelled, row.leads_to))))
