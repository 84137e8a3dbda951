"""What still needs a version: the releases that serve, those a rollback would go to, and those on hold."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.core.json import Json, mapping_of
from trueup.ledger.bodies import Serving, removed_of, serving_of
from trueup.ledger.history import holds_placed
from trueup.ledger.record import Record, RecordKind, RunOutcome
from trueup.observed.needs import GOES_BACK, HELD, SERVES, Need
from trueup.spec.lifecycle import parts_of

_RUNS = frozenset({RecordKind.APPLY, RecordKind.ROLLBACK})
_APPLIED = frozenset({RunOutcome.DONE, RunOutcome.PARTIAL})


def needs(records: Iterable[Record], now: datetime) -> dict[str, tuple[Need, ...]]:
    """Return what needs each Model, Adapter, Prompt and Build, by address; of all environments.

    Args:
        records: Newest first.
        now: The time, for holds that end.
    """
    known = tuple(records)
    held = {(h.environment, h.release) for h in holds_placed(known) if h.is_in_force(now)}
    found: dict[str, dict[Need, None]] = {}
    for need, manifest in _releases(known, held):
        release = mapping_of(mapping_of(mapping_of(manifest).get("deployment")).get("release"))
        for address in parts_of(release):
            found.setdefault(address, {})[need] = None
    return {address: tuple(listed) for address, listed in sorted(found.items())}


def _releases(records: tuple[Record, ...], held: set[tuple[str, Digest]]) -> Iterator[tuple[Need, Json]]:
    """Yield each release that something needs, with its manifest."""
    serves: dict[ResourceId, Digest | None] = {}
    goes_back: dict[ResourceId, Digest] = {}
    for record in records:
        if record.draft.kind not in _RUNS:
            continue
        for serving in serving_of(record):
            id_, release = serving.deployment, serving.release
            now = serves.setdefault(id_, release)
            if now == release:
                yield Need(id_, release, SERVES), serving.manifest
            if (id_.environment, release) in held:
                yield Need(id_, release, HELD), serving.manifest
            elif now not in {None, release} and _was_verified(record, serving):
                goes_back.setdefault(id_, release)
            if goes_back.get(id_) == release:
                yield Need(id_, release, GOES_BACK), serving.manifest
        for id_ in removed_of(record):
            serves.setdefault(id_, None)


def _was_verified(record: Record, serving: Serving) -> bool:
    return serving.verified and record.draft.outcome in _APPLIED
