"""Commits and the files that each of them changed, as two runs of git tell them."""

import hashlib
from collections.abc import Iterator, Sequence

from trueup.adapters.git.repository import Repository, error_from
from trueup.adapters.git.trees import shown
from trueup.core.frozen import dataclass

_REGULAR = (b"100644", b"100755", b"100664")


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit; its date is that of the committer, in seconds."""

    id: str
    tree: str
    parents: tuple[str, ...]
    date: int


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file between two trees; an empty blob means that there is no regular file."""

    path: str
    before: str
    after: str


def commits_between(repository: Repository, head: str, known: Sequence[str]) -> list[Committed]:
    """Return the commits up to *head* that none of *known* has, parents first; known ones may be gone."""
    options = ("--topo-order", "--reverse", "--no-show-signature", "--format=%H %T %ct %P", "--ignore-missing")
    arguments = ("log", *options, head, *(f"^{commit}" for commit in known))
    output = repository.run(*arguments).decode()
    fields = (line.split() for line in output.splitlines() if line)
    return [Committed(id_, tree, tuple(parents), int(date)) for id_, tree, date, *parents in fields]


def changed_files(repository: Repository, pairs: Sequence[tuple[str, str]]) -> Iterator[list[FileChange]]:
    """Yield for each pair of trees the files that differ, in order; an empty first tree is one without files."""
    if not pairs:
        return
    empty = _empty_tree(len(pairs[0][1]))
    question = "".join(f"{before or empty} {after}\n" for before, after in pairs).encode()
    options = ("--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "-O/dev/null")
    output = repository.run("diff-tree", *options, stdin=question)
    yield from _parsed(output, len(pairs))


def _parsed(output: bytes, count: int) -> Iterator[list[FileChange]]:
    current: list[FileChange] | None = None
    change = b""
    told = 0
    for token in output.split(b"\0"):
        if change:
            assert current is not None  # noqa: S101 - a heading came first
            current.append(_file_change(change, token))
            change = b""
            continue
        rest = token
        while rest and not rest.startswith(b":"):
            _, _, rest = rest.partition(b"\n")  # the heading of a pair
            if current is not None:
                yield current
                told += 1
            current = []
        change = rest
    if current is not None:
        yield current
        told += 1
    if told != count:
        raise error_from(("diff-tree",), f"it told of {told} pairs of trees, and {count} were asked for")


def _file_change(meta: bytes, path: bytes) -> FileChange:
    before_mode, after_mode, before, after, _ = meta[1:].split(b" ")
    return FileChange(
        shown(path),
        before.decode() if before_mode in _REGULAR else "",
        after.decode() if after_mode in _REGULAR else "",
    )


def _empty_tree(digits: int) -> str:
    return (hashlib.sha1 if digits == 40 else hashlib.sha256)(b"tree 0\0").hexdigest()
