"""Reads declared files, but for those that are known by their blob from an earlier run."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from trueup.core.digests import BlobId
from trueup.ports import Listed, ParsedFiles, SourceTree
from trueup.spec.parse import parse
from trueup.spec.remembered import Noted, Recalled
from trueup.spec.resource import Parsed, SourceFile

_BATCH = 2_000
"""Files asked for at once: each reading of a commit starts git, and what is recalled lies in memory meanwhile."""


def parse_known(
    tree: SourceTree,
    folders: Sequence[str],
    suffixes: Sequence[str],
    known: ParsedFiles,
    also: Callable[[Noted], None] | None = None,
) -> Parsed:
    """Return what `parse` says of the files of *tree*, reading those that nothing is *known* of.

    Those that take in other files are read each time, and *also* is told of them.
    """
    new: dict[BlobId, bytes] = {}

    def note(noted: Noted) -> None:
        if noted.included:
            if also is not None:
                also(noted)
        elif noted.blob:
            new[noted.blob] = noted.packed
        if len(new) >= _BATCH:
            known.keep(new)
            new.clear()

    parsed = parse(_files(tree, tree.listed(folders, suffixes), known), tree.read, note)
    if new:
        known.keep(new)
    return parsed


def _files(tree: SourceTree, listed: Sequence[Listed], known: ParsedFiles) -> Iterator[SourceFile | Recalled]:
    for start in range(0, len(listed), _BATCH):
        batch = listed[start : start + _BATCH]
        recalled = known.recall([f.blob for f in batch if f.blob])
        unknown = [f for f in batch if f.blob not in recalled]
        contents = tree.read_listed(unknown) if unknown else iter(())
        waiting = next(contents, None)
        for file in batch:
            packed = recalled.get(file.blob)
            if packed is not None:
                yield Recalled(file.path, file.blob, packed, partial(read_one, tree, file))
            elif waiting is not None and waiting.path == file.path:
                yield waiting
                waiting = next(contents, None)


def read_one(tree: SourceTree, file: Listed) -> SourceFile | None:
    """Read one file that *tree* listed; None when it is gone."""
    return next(tree.read_listed([file]), None)
