"""Which records are asked for: by resource, environment, time and kind.

Apart from what history says, so that a command that lists records need not load what reads their bodies.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import field
from datetime import datetime

from trueup.core.frozen import dataclass
from trueup.core.ids import parse_address
from trueup.ledger.record import Record, RecordKind


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records are wanted; what is empty does not filter.

    Attributes:
        resource: An address (`Prompt/support@2`), one without version or environment (`Prompt/support`), or a
            bare name.
        environment: The environment's name.
        since: Not older than this.
        until: Older than this.
        kinds: Only these kinds.
    """

    resource: str = ""
    environment: str = ""
    since: datetime | None = None
    until: datetime | None = None
    kinds: Collection[RecordKind] = field(default=())


def filter_records(records: Iterable[Record], wanted: Filter) -> Iterator[Record]:
    """Yield the records that *wanted* asks for, newest first.

    Time does not end the search early: a record written offline takes its place when it reaches the remote, so
    an older one can stand after a newer one.
    """
    is_meant = matcher(wanted.resource)
    for record in records:
        draft = record.draft
        if (
            (not wanted.environment or draft.environment == wanted.environment)
            and (not wanted.kinds or draft.kind in wanted.kinds)
            and (wanted.since is None or draft.at >= wanted.since)
            and (wanted.until is None or draft.at < wanted.until)
            and (not wanted.resource or any(map(is_meant, draft.resources)))
        ):
            yield record


def matcher(wanted: str) -> Callable[[str], bool]:
    """Return what tells whether an address is one that *wanted* means."""
    id_ = parse_address(wanted)

    def matches(address: str) -> bool:
        have = parse_address(address)
        if address == wanted or have is None:
            return address == wanted
        if id_ is None:
            return wanted in {have.name, have.short}
        return (
            (have.kind, have.name) == (id_.kind, id_.name)
            and id_.version in {"", have.version}
            and id_.environment in {"", have.environment}
        )

    return matches
