"""Reads the ledger's commits: one `rev-list` for the order, one `cat-file --batch` for everything else."""

import subprocess
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO

from trueup.adapters.git.ledger_git import LedgerGit, complaint
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, Revision, short
from trueup.core.errors import PermanentError
from trueup.ledger.chain import Entry, mistrust
from trueup.ledger.codec import FILE, FOLDER, Unreadable, decode, place_of, unreadable
from trueup.ledger.codes import COMMIT_CONTENT, COMMIT_ORDER, LEDGER_SHALLOW, LEDGER_UNREADABLE, RECORD_MISSING
from trueup.ledger.record import Draft, Record

TRAILER = "Trueup-Record"
"""Trailer of a commit that names a record by digest: the ledger's own commits, and commits made because of one."""

_WINDOW = 64
"""Names asked for ahead of the answers. Together they stay below the smallest pipe buffer, so that writing them
never waits for answers to be read."""


class LedgerUnreadableError(PermanentError):
    """git could not read the ledger."""


class UnreadableRecordError(PermanentError):
    """A record cannot be read; what it says cannot be left out of a decision."""


class ForgedRecordError(PermanentError):
    """A record is not what was written; nothing that stands on the ledger may go on."""


class ShallowLedgerError(PermanentError):
    """Older records are wanted and were not fetched."""


class Batch:
    """A conversation with `git cat-file --batch`."""

    __slots__ = ("_answers", "_process", "_questions")

    def __init__(self, process: "subprocess.Popen[bytes]", questions: IO[bytes], answers: IO[bytes]) -> None:
        self._process = process
        self._questions = questions
        self._answers = answers

    def ask(self, *names: str) -> None:
        """Ask for objects; as many answers must be read."""
        with suppress(BrokenPipeError):  # git ended; reading the answer finds out why
            self._questions.write("".join(f"{name}\n" for name in names).encode())
            self._questions.flush()

    def answer(self) -> bytes | None:
        """Return the next object, None when it is not there."""
        header = self._answers.readline()
        if not header.endswith(b"\n"):
            raise LedgerUnreadableError(LEDGER_UNREADABLE, f"`git cat-file` ended early: {self._said()}")
        words = header.split()
        if len(words) != 3 or not words[2].isdigit():
            return None
        size = int(words[2])
        content = self._answers.read(size + 1)
        if len(content) != size + 1:
            raise LedgerUnreadableError(LEDGER_UNREADABLE, f"`git cat-file` ended early: {self._said()}")
        return content[:-1]

    def read(self, name: str) -> bytes | None:
        """Return one object, None when it is not there."""
        self.ask(name)
        return self.answer()

    def _said(self) -> str:
        errors = self._process.stderr
        return complaint(errors.read()) if errors else ""


@contextmanager
def batch(git: LedgerGit) -> Iterator[Batch]:
    """Hold a conversation with `git cat-file --batch`; it ends with the context."""
    with git.converse("cat-file", "--batch") as process:
        if process.stdin is None or process.stdout is None:  # pragma: no cover - they are pipes
            raise LedgerUnreadableError(LEDGER_UNREADABLE, "`git cat-file` has no pipes.")
        yield Batch(process, process.stdin, process.stdout)


def commits(git: LedgerGit, *arguments: str) -> Generator[str, None, None]:
    """Yield the commits that `git rev-list` lists for *arguments*, as it finds them."""
    with git.converse("rev-list", "--topo-order", *arguments) as process:
        for line in process.stdout or ():
            yield line.decode().strip()
        said = complaint(process.stderr.read()) if process.stderr else ""
        if process.wait():
            raise LedgerUnreadableError(LEDGER_UNREADABLE, f"`git rev-list` failed: {said}")


def records(git: LedgerGit, tip: str) -> Generator[Record, None, None]:
    """Yield the records from *tip* back to the first, without attachments' bytes, each held to its digest and place.

    Raises:
        UnreadableRecordError: A record on the way cannot be read.
        ForgedRecordError: A record on the way was changed, or does not stand where it was written.
        ShallowLedgerError: All that was fetched has been yielded, and there are older ones.
    """
    with batch(git) as objects, closing(commits(git, tip)) as listed:
        window = 1
        last = ""
        newer: Record | None = None
        while chunk := list(islice(listed, window)):
            objects.ask(*(f"{commit}:{FILE}" for commit in chunk))
            answers = [objects.answer() for _ in chunk]
            for answer, commit in zip(answers, chunk, strict=True):
                newer = _believed(readable(entry_of(answer, commit)), newer)
                yield newer
            last = chunk[-1]
            window = min(2 * window, _WINDOW)
        if _parents(objects.read(last) or b""):
            detail = f"The ledger was fetched only back to commit {short(last)}; older records are needed."
            raise ShallowLedgerError(LEDGER_SHALLOW, detail)
        if newer is not None and newer.sequence != 1:
            detail = f"The ledger begins with record {newer.sequence}; the records before it are gone."
            raise ForgedRecordError(RECORD_MISSING, detail, span=place_of(newer.commit))


def _believed(record: Record, newer: Record | None) -> Record:
    problem = mistrust(record, newer)
    if problem is not None:
        raise ForgedRecordError(problem.code, problem.detail, span=problem.span, hint=problem.hint)
    return record


def entry_of(content: bytes | None, commit: str) -> Entry:
    """Return the record that *commit* holds as *content*."""
    if content is None:
        return unreadable(Revision(commit), f"the commit has no {FILE}")
    return decode(content, Revision(commit))


def readable(entry: Entry) -> Record:
    """Return *entry* as a record.

    Raises:
        UnreadableRecordError: It is none.
    """
    match entry:
        case Unreadable(diagnostic=problem):
            raise UnreadableRecordError(problem.code, problem.detail, span=problem.span, hint=problem.hint)
        case Record():
            return entry


def read_record(objects: Batch, commit: str) -> Record:
    """Return the record of *commit*, without attachments' bytes."""
    return readable(entry_of(objects.read(f"{commit}:{FILE}"), commit))


def draft_with_bytes(objects: Batch, record: Record) -> Draft:
    """Return the record's draft with the bytes of its attachments; an absent one has none."""
    names = [attachment_path(digest) for digest, _ in record.draft.attachments]
    contents = [objects.read(f"{record.commit}:{name}") or b"" for name in names]
    pairs = zip(record.draft.attachments, contents, strict=True)
    return replace(record.draft, attachments=tuple((digest, content) for (digest, _), content in pairs))


def attachment_path(digest: Digest) -> str:
    """Return where a commit's tree keeps the attachment."""
    return f"{FOLDER}/{digest.removeprefix('sha256:')}"


@dataclass(slots=True)
class Audit:
    """Reads the whole ledger for verification, oldest first, and notes what is wrong with the commits themselves.

    Attributes:
        count: Records and what stands for one, so far.
        problems: What is wrong with the commits, whatever their records say.
    """

    objects: Batch
    commits: Sequence[str]
    count: int = 0
    problems: tuple[Diagnostic, ...] = ()
    _before: Mapping[str, bytes] = field(default_factory=dict)
    """Attachments of the record before, by the id of their blob: neighbours mostly have the same policies."""

    def is_cut(self) -> bool:
        """Tell whether the oldest commit that is here has a parent that is not."""
        return bool(self.commits) and bool(_parents(self.objects.read(self.commits[0]) or b""))

    def entries(self, *, cut: bool) -> Iterator[Entry]:
        """Yield every record with the bytes of its attachments."""
        parents: list[str] = []
        for commit in self.commits:
            self.objects.ask(commit, f"{commit}:{FILE}", f"{commit}^{{tree}}", f"{commit}:{FOLDER}")
            raw, content, tree, folder = (self.objects.answer() or b"" for _ in range(4))
            entry = entry_of(content or None, commit)
            name = _name(entry)
            if _parents(raw) != parents and not (cut and not parents):
                self._note_order(name, commit, _parents(raw), parents)
            if isinstance(entry, Record):
                attached = _names(folder, len(commit))
                self._note_content(entry, raw, set(_names(tree, len(commit))), set(attached))
                entry = replace(entry, draft=self._whole(entry, attached))
            self.count += 1
            parents = [commit]
            yield entry

    def _whole(self, record: Record, attached: Mapping[str, str]) -> Draft:
        """Return the record's draft with the bytes of its attachments; an absent one has none."""
        found: dict[str, bytes] = {}
        contents = []
        for digest, _ in record.draft.attachments:
            blob = attached.get(attachment_path(digest).split("/")[1], "")
            if blob and blob not in found:
                found[blob] = self._before[blob] if blob in self._before else self.objects.read(blob) or b""
            contents.append((digest, found.get(blob, b"")))
        self._before = found
        return replace(record.draft, attachments=tuple(contents))

    def _note_order(self, name: str, commit: str, actual: list[str], expected: list[str]) -> None:
        has = " and ".join(short(p) for p in actual) or "no commit"
        should = short(expected[0]) if expected else "no commit"
        detail = f"{name} follows {has}; it must follow {should}."
        self._note(Diagnostic(COMMIT_ORDER, detail, place_of(Revision(commit)), COMMIT_ORDER.remedy))

    def _note_content(self, record: Record, raw: bytes, files: set[str], attached: set[str]) -> None:
        named = {attachment_path(digest).split("/")[1] for digest, _ in record.draft.attachments}
        wrong = [
            *(f"it holds `{f}`, which no record has" for f in sorted(files - {FILE, FOLDER})),
            *(f"it holds the attachment {short(a)}, which the record does not name" for a in sorted(attached - named)),
        ]
        if f"\n{TRAILER}: {record.digest}\n".encode() not in raw + b"\n":
            wrong.append(f"its `{TRAILER}` trailer is not the record's digest")
        for what in wrong:
            detail = f"{_name(record)}: the commit is not what was written: {what}."
            self._note(Diagnostic(COMMIT_CONTENT, detail, place_of(record.commit), COMMIT_CONTENT.remedy))

    def _note(self, problem: Diagnostic) -> None:
        self.problems = (*self.problems, problem)


def _name(entry: Entry) -> str:
    number = f"Record {entry.sequence}" if isinstance(entry, Record) else "The record"
    return f"{number} (commit {short(entry.commit)})"


def _parents(commit: bytes) -> list[str]:
    """Read the parents from a raw commit, which a shallow clone still has there."""
    header = commit.split(b"\n\n", 1)[0]
    return [line[7:].decode() for line in header.split(b"\n") if line.startswith(b"parent ")]


def _names(tree: bytes, id_digits: int) -> dict[str, str]:
    """Read names and ids of the entries of a raw tree: mode, space, name, NUL, id, and again."""
    names = {}
    at, id_bytes = 0, id_digits // 2
    while at < len(tree):
        end = tree.index(b"\0", at)
        name = tree[at:end].split(b" ", 1)[1].decode("utf-8", "replace")
        at = end + 1 + id_bytes
        names[name] = tree[end + 1 : at].hex()
    return names
