"""Finds what commits did to resources: the slow half of the index, and the only one that reads YAML."""

from collections.abc import Iterator, Sequence

from trueup.adapters.git.objects import blobs
from trueup.adapters.git.repository import Repository
from trueup.adapters.git.trees import folder_arguments
from trueup.adapters.history.commits import Committed, FileChange, changed_files
from trueup.adapters.history.documents import Documents, fields_between

SUFFIXES = (".yaml", ".yml")

Change = tuple[str, str, str, str, str, str]
"""Commit, address, what was done (`create`, `update`, `move`, `delete`), file, former file, names of fields."""

_Documents = list[tuple[str, bytes]]
"""Documents that declare one resource, each with its file."""
_Delta = dict[str, tuple[_Documents, _Documents]]
"""By address, what a commit took away and what it brought, where the two differ."""


class Adding:
    """One pass over commits of one repository, parents first."""

    def __init__(self, repository: Repository, folders: Sequence[str]) -> None:
        self._repository = repository
        self._prefixes = tuple(f"{folder}/" for folder in folder_arguments(folders))
        self._is_shallow = repository.is_shallow()
        self._documents = Documents.of(lambda ids: blobs(repository, ids))

    def changes(self, commits: Sequence[tuple[Committed, tuple[str, ...]]]) -> Iterator[Change]:
        """Yield what *commits* did; each comes with the trees of its parents."""
        # The first commits of a shallow clone seem to bring every file.
        known = [(commit, trees) for commit, trees in commits if trees or not self._is_shallow]
        pairs = [(before, commit.tree) for commit, trees in known for before in (trees or ("",))]
        told = changed_files(self._repository, pairs)
        changed = [(commit, self._own([next(told) for _ in trees or ("",)])) for commit, trees in known]
        self._documents.load(b for _, files in changed for some in files for f in some for b in (f.before, f.after))
        for commit, files in changed:
            for address, (before, after) in self._deltas(files).items():
                yield (commit.id, address, *_told(before, after))
        self._documents.forget()

    def _own(self, by_parent: list[list[FileChange]]) -> list[list[FileChange]]:
        """Leave the declared files that differ from every parent."""
        paths = set.intersection(*({f.path for f in files if self._is_declared(f.path)} for files in by_parent))
        return [[f for f in files if f.path in paths] for files in by_parent]

    def _is_declared(self, path: str) -> bool:
        return path.endswith(SUFFIXES) and (not self._prefixes or path.startswith(self._prefixes))

    def _deltas(self, by_parent: list[list[FileChange]]) -> _Delta:
        """Return what differs from the first parent, for the resources that differ from all of them."""
        first, *others = (self._delta(files) for files in by_parent)
        return {address: both for address, both in first.items() if all(address in other for other in others)}

    def _delta(self, files: Sequence[FileChange]) -> _Delta:
        found: _Delta = {}
        for file in files:
            for side, blob in enumerate((file.before, file.after)):
                for address, documents in self._documents.of_blob(blob).items():
                    found.setdefault(address, ([], []))[side].extend((file.path, d) for d in documents)
        return {address: both for address, both in found.items() if sorted(both[0]) != sorted(both[1])}


def _told(before: _Documents, after: _Documents) -> tuple[str, str, str, str]:
    """Say what was done, where, where it was before, and to which fields."""
    if not before:
        return "create", after[0][0], "", ""
    if not after:
        return "delete", before[0][0], "", ""
    path, former = after[0][0], before[0][0]
    old, new = ([document for _, document in side] for side in (before, after))
    did = "move" if sorted(old) == sorted(new) else "update"
    return did, path, former if former != path else "", fields_between(old, new)
