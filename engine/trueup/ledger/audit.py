"""What an audit answers, as values that views show and tests compare."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, Revision
from trueup.core.frozen import dataclass
from trueup.ledger.record import Record

if TYPE_CHECKING:
    from trueup.ledger.history import ServedAt


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A commit that changed what a resource declares.

    Attributes:
        revision: The commit.
        at: When it was committed.
        author: Who wrote it, `Name <e-mail>`.
        subject: First line of its message.
        address: The resource.
        did: `create`, `update`, `move` (to another file) or `delete`.
        path: Its file; the one it was in when it was deleted.
        former: The file it was in before, where that is another.
        fields: Names of the fields that differ, shortened.
    """

    revision: Revision
    at: datetime
    author: str
    subject: str
    address: str
    did: str
    path: str
    former: str = ""
    fields: str = ""


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Records that were asked for, newest first, and the commits that changed the resource that was asked for.

    Attributes:
        records: The records.
        more: There are older ones beyond the limit.
        hint: What to do when the ledger has no records at all; empty otherwise.
        changes: Commits that changed the resource, newest first; none when no resource was asked for.
        more_changes: There are older ones beyond the limit.
    """

    records: tuple[Record, ...]
    more: bool = False
    hint: str = ""
    changes: tuple[ResourceChange, ...] = ()
    more_changes: bool = False


@dataclass(frozen=True, slots=True)
class AuditAt:
    """What was serving at a time, in one environment or (empty) in all."""

    time: datetime
    environment: str
    serving: tuple[ServedAt, ...]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Newest:
    """The end of the ledger: what to compare with another clone's."""

    sequence: int
    digest: Digest
    commit: Revision
    at: datetime


@dataclass(frozen=True, slots=True)
class DecisionAudit:
    """How it ended to make recorded decisions again.

    Attributes:
        count: Decisions that were looked at.
        equal: Those that came out the same.
        by_results: Those of an older judge, of which what the rules gave was compared; by format of the judge.
        not_kept: Those recorded before policies were kept, whose policies nobody has any more.
        engines: Engines that evaluated then, with the number of decisions.
        engine: Engine that evaluated now; empty when none was asked.
        problems: Every difference.
    """

    count: int = 0
    equal: int = 0
    by_results: tuple[tuple[int, int], ...] = ()
    not_kept: int = 0
    engines: tuple[tuple[str, int], ...] = ()
    engine: str = ""
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """How verification ended.

    Attributes:
        count: Records looked at.
        newest: The last of them; None when there is none or it cannot be read.
        problems: Every break.
        hint: What to do when the ledger has no records at all; empty otherwise.
        decisions: How it ended to make the decisions again; None when nobody asked for that.
    """

    count: int
    newest: Newest | None
    problems: tuple[Diagnostic, ...]
    hint: str = ""
    decisions: DecisionAudit | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.all_problems

    @property
    def all_problems(self) -> tuple[Diagnostic, ...]:
        """Every break and every decision that differs."""
        return (*self.problems, *(self.decisions.problems if self.decisions else ()))
