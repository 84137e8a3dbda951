"""`ChangeFinder` over git: the index names commits, and git tells who made them, when and why."""

from datetime import UTC, datetime

from trueup.adapters.git.repository import Repository
from trueup.adapters.history.changes import Asked, ChangeIndex, Found
from trueup.core.digests import Revision
from trueup.core.frozen import dataclass
from trueup.core.ids import parse_address
from trueup.ledger.audit import ResourceChange
from trueup.ledger.filters import Filter

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class GitChanges:
    """`ChangeFinder` for what is reached from *head*; nothing where that is empty."""

    repository: Repository
    index: ChangeIndex
    head: str

    def changes(self, wanted: Filter, most: int = 0) -> tuple[ResourceChange, ...]:
        """Return what commits did to the resource, newest first."""
        if not self.head or not wanted.resource:
            return ()
        asked = Asked(
            wanted.resource, _seconds(wanted.since), _seconds(wanted.until), 0 if wanted.environment else most
        )
        found = [f for f in self.index.find(self.head, asked) if _is_in(f.address, wanted.environment)]
        return self._told(found[: most or None])

    def _told(self, found: list[Found]) -> tuple[ResourceChange, ...]:
        if not found:
            return ()
        revisions = "".join(f"{revision}\n" for revision in dict.fromkeys(f.revision for f in found))
        form = "--format=%x1e%H%x1f%cI%x1f%an <%ae>%x1f%s"
        options = ("--no-walk=unsorted", "--stdin", "--no-show-signature", "--no-patch", form)
        output = self.repository.run("log", *options, stdin=revisions.encode()).decode("utf-8", "replace")
        told: dict[str, tuple[datetime, str, str]] = {}
        for line in output.split("\x1e")[1:]:
            revision, at, author, subject = line.rstrip("\n").split(_SEPARATOR, 3)
            told[revision] = (datetime.fromisoformat(at), author, subject)
        return tuple(_change(f, told[f.revision]) for f in found)


def _change(found: Found, told: tuple[datetime, str, str]) -> ResourceChange:
    at, author, subject = told
    return ResourceChange(
        Revision(found.revision),
        at.astimezone(UTC),
        author,
        subject,
        found.address,
        found.did,
        found.path,
        found.former,
        found.fields,
    )


def _is_in(address: str, environment: str) -> bool:
    id_ = parse_address(address)
    return not environment or id_ is None or id_.environment in {"", environment}


def _seconds(time: datetime | None) -> int | None:
    """Return *time* in whole seconds, rounded up, so that what is compared with whole seconds compares the same."""
    return None if time is None else -int(-time.timestamp() // 1)
