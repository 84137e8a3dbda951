"""The ledger as a ref of this repository: a chain of commits that no branch contains.

Records are added with compare-and-swap on the ref, so that two runs can add at once: one wins, the other takes the
next place. With a remote, what others recorded goes first, records of this clone are sealed again on top of it,
and a remote that does not answer never loses a record: it waits here and goes with the next one.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from trueup.adapters.clock import SystemClock
from trueup.adapters.git import ledger_reading as reading
from trueup.adapters.git.ledger_git import LedgerGit
from trueup.adapters.git.ledger_remote import LedgerRemote, Pushed, tracking_folder
from trueup.adapters.git.ledger_writing import move, write_attachments, write_commit
from trueup.adapters.git.repository import Repository
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import Digest, Revision, digest_of_bytes, is_digest, short
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.ledger import chain
from trueup.ledger.codec import former_digests, place_of
from trueup.ledger.codes import ATTACHMENT_WRONG, LEDGER_BUSY, REF_UNUSABLE, TAIL_LOST
from trueup.ledger.record import Draft, Record
from trueup.ports import Clock

DEFAULT_REF = "refs/trueup/ledger"

_ATTEMPTS = 40
"""Races lost before giving up. In each round of a race one run wins, so this many runs can add at once."""

_FIRST_WAIT_SECONDS = 0.02
_LONGEST_WAIT_SECONDS = 1.0


_USABLE = re.compile(
    r"^refs/(?!(?:heads|tags|remotes|replace|bisect|rewritten|worktree|stash)/)[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)+$"
)
"""A ref that nothing else in git uses; narrower than what git allows, so that no name needs quoting."""


class LedgerRefError(PermanentError):
    """The ref is somebody else's, or no ref."""


class LedgerBusyError(TransientError):
    """Other runs were faster too many times."""


class GitLedger:
    """`Ledger` over a ref.

    Attributes:
        remote_problem: Why the last record, or the last refresh, did not reach the remote; None when it did or
            when there is no remote. A record that did not is safe in this clone.
    """

    def __init__(
        self, repository: Repository, ref: str = DEFAULT_REF, remote: str = "", clock: Clock | None = None
    ) -> None:
        if not _USABLE.match(ref):
            raise LedgerRefError(REF_UNUSABLE, f"`{ref}` cannot hold the ledger.")
        self.remote_problem: TrueupError | None = None
        self._git = LedgerGit(repository)
        self._ref = ref
        self._remote = LedgerRemote(self._git, ref, remote) if remote else None
        self._clock: Clock = clock or SystemClock()

    def records(self) -> Iterator[Record]:
        """Yield all records, newest first, without attachments' bytes; each is held to its digest and its place.

        Raises:
            ForgedRecordError: A record on the way was changed, or does not stand where it was written.
            UnreadableRecordError: A record on the way cannot be read.
            ShallowLedgerError: The oldest record of a shallow ledger was passed.
        """
        tip = self._tip()
        if tip:
            yield from reading.records(self._git, tip)

    def attachment(self, digest: Digest, beside: Record | None = None) -> bytes | None:
        """Return a document kept beside a record, None when no record has it.

        Without *beside*, the whole ledger is looked through.

        Raises:
            LedgerUnreadableError: It does not have the digest it is kept under.
        """
        if not is_digest(digest):
            return None
        path = reading.attachment_path(digest)
        is_named = beside is not None and any(digest == named for named, _ in beside.draft.attachments)
        added = str(beside.commit) if beside is not None and is_named else self._added(path)
        if not added:
            return None
        with reading.batch(self._git) as objects:
            content = objects.read(f"{added}:{path}")
        if content is None or digest_of_bytes(content) != digest:
            detail = f"The attachment {short(digest)} of ledger commit {short(added)} was changed."
            raise reading.LedgerUnreadableError(ATTACHMENT_WRONG, detail)
        return content

    def beside(self, wanted: Iterable[tuple[Record, Digest]]) -> Iterator[tuple[Record, bytes | None]]:
        """Yield each record with its document of that digest, None where it is not there or was changed."""
        with reading.batch(self._git) as objects:
            for record, digest in wanted:
                named = is_digest(digest) and any(digest == d for d, _ in record.draft.attachments)
                path = reading.attachment_path(digest)
                content = objects.read(f"{record.commit}:{path}") if named else None
                is_right = content is not None and digest_of_bytes(content) == digest
                yield record, content if is_right else None

    def _added(self, path: str) -> str:
        """Return the ledger commit that brought *path*, empty when none did."""
        tip = self._tip()
        if not tip:
            return ""
        return self._git.tell("log", "--format=%H", "--diff-filter=A", "--no-renames", "-1", tip, "--", path)

    def verify(self) -> tuple[int, tuple[Diagnostic, ...]]:
        """Check the whole chain, its commits, and that it has what this branch and the remote have seen in it."""
        tip = self._tip()
        commits = list(reading.commits(self._git, "--reverse", tip)) if tip else []
        with reading.batch(self._git) as objects:
            audit = reading.Audit(objects, commits)
            cut = audit.is_cut()
            # What a shallow ledger lacks cannot be told from what was cut off.
            anchors = () if cut else self._anchors()
            problems = chain.verify(audit.entries(cut=cut), anchors, cut=cut)
        return audit.count, (*problems, *audit.problems, *self._lost_tail(tip))

    def append(self, draft: Draft) -> Record:
        """Add a record at the end, here and at the remote; when another run got there first, take the next place.

        Raises:
            IncompleteRecordError: The draft would make a record that cannot be checked later.
            GitError: git cannot write here: nothing was recorded.
            LedgerBusyError: Other runs were faster too many times: nothing was recorded.
        """
        chain.seal(draft, None)  # What is wrong with the draft is said before anything is done.
        is_reached = self._fetch()
        record = self._append_here(draft)
        if self._remote is None or not is_reached:
            return record
        self._publish(self._remote)
        return self._find_again(record)

    def refresh(self) -> None:
        """Take over what others recorded, and push what waits here; `remote_problem` tells when that failed."""
        is_reached = self._fetch()
        if self._remote is not None and is_reached and self.unpushed():
            self._publish(self._remote)

    def unpushed(self) -> int:
        """Return how many records the remote, as last seen, does not have; 0 without a remote."""
        tip = self._tip()
        if self._remote is None or not tip:
            return 0
        seen = self._remote.tip()
        return int(self._git.tell("rev-list", "--count", tip, *([f"^{seen}"] if seen else [])))

    def _tip(self) -> str:
        return self._git.commit_of(self._ref)

    def _append_here(self, draft: Draft) -> Record:
        folder = write_attachments(self._git, draft)
        for attempt in range(_ATTEMPTS):
            self._wait(attempt)
            tip = self._tip()
            record = chain.seal(draft, self._record(tip))
            commit = write_commit(self._git, record, folder, tip)
            if move(self._git, self._ref, commit, tip, f"record {record.sequence}"):
                return chain.without_bytes(replace(record, commit=commit))
        raise self._busy()

    def _fetch(self) -> bool:
        """Fetch and take over; False when the remote is in no state to push to, which `remote_problem` explains."""
        self.remote_problem = None
        if self._remote is None:
            return False
        for attempt in range(_ATTEMPTS):
            self._wait(attempt)
            try:
                is_fetched = self._remote.fetch()
            except TrueupError as error:
                self.remote_problem = error
                is_fetched = True
            if is_fetched and self._take_over():
                return self.remote_problem is None
        raise self._busy()

    def _publish(self, remote: LedgerRemote) -> None:
        for attempt in range(_ATTEMPTS):
            self._wait(attempt)
            try:
                if remote.push(self._tip()) is Pushed.DONE:
                    return
            except TrueupError as error:
                self.remote_problem = error
                return
            if not self._fetch():
                return
        self.remote_problem = self._busy()

    def _take_over(self) -> bool:
        """Put what the remote has first and this clone's own records on top; False when another run was faster."""
        theirs = self._remote.tip() if self._remote else ""
        ours = self._tip()
        if not theirs or (ours and self._git.is_ancestor(theirs, ours)):
            return True
        if not ours or self._git.is_ancestor(ours, theirs):
            return move(self._git, self._ref, theirs, ours, "take over records")
        tip = theirs
        with reading.batch(self._git) as objects:
            for commit in list(reading.commits(self._git, "--reverse", ours, f"^{theirs}")):
                record = reading.read_record(objects, commit)
                draft = reading.draft_with_bytes(objects, record)
                sealed = chain.reseal(record, draft, reading.read_record(objects, tip))
                tip = write_commit(self._git, sealed, write_attachments(self._git, draft), tip)
        return move(self._git, self._ref, tip, ours, "put own records after the remote's")

    def _find_again(self, record: Record) -> Record:
        """Return *record* as it stands now: it may have a later place, given to it here or by another run."""
        for other in self.records():
            if record.digest == other.digest or record.digest in former_digests(other):
                return other
        return record

    def _record(self, commit: str) -> Record | None:
        if not commit:
            return None
        with reading.batch(self._git) as objects:
            return reading.read_record(objects, commit)

    def _wait(self, attempt: int) -> None:
        if attempt:
            self._clock.sleep(min(_FIRST_WAIT_SECONDS * attempt, _LONGEST_WAIT_SECONDS))

    def _busy(self) -> LedgerBusyError:
        lock = self._git.repository.common_dir / f"{self._ref}.lock"
        hint = f"Run again; when no git runs, remove `{lock}`." if lock.exists() else LEDGER_BUSY.remedy
        return LedgerBusyError(LEDGER_BUSY, f"`{self._ref}` was taken {_ATTEMPTS} times in a row.", hint=hint)

    def _anchors(self) -> Iterator[chain.Anchor]:
        """Yield the records that commits of the current branch name."""
        if not self._git.commit_of("HEAD"):
            return
        key = f"%H %(trailers:key={reading.TRAILER},valueonly,separator=%x20)"
        listed = self._git.tell("log", f"--format={key}", "-E", f"--grep=^{reading.TRAILER}:", "HEAD")
        for line in listed.splitlines():
            commit, *digests = line.split()
            for digest in digests:
                yield chain.Anchor(Digest(digest), f"Commit {short(commit)} of this branch", Span(commit))

    def _lost_tail(self, tip: str) -> Iterator[Diagnostic]:
        """Compare with the remotes' ledgers as last seen: each must be part of this one."""
        listed = self._git.tell(
            "for-each-ref", "--format=%(objectname) %(refname)", tracking_folder(self._ref).rstrip("/")
        )
        for seen, ref in (line.split(" ", 1) for line in listed.splitlines()):
            if tip and self._git.is_ancestor(seen, tip):
                continue
            lacking = self._git.tell("rev-list", "--count", seen, *([f"^{tip}"] if tip else []))
            detail = f"`{ref}` has {lacking} records that `{self._ref}` does not build on, up to commit {short(seen)}."
            yield Diagnostic(TAIL_LOST, detail, place_of(Revision(seen)), TAIL_LOST.remedy)
