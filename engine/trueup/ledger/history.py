"""What the records say: verified releases, holds in force, evidence, what served when.

Every function takes the records newest first, as `LedgerReader.records` yields them, reads no further than it
must, and lets the order of the ledger decide, not the clocks of the machines that wrote it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trueup.evidence.parity import OUTPUT
from trueup.ledger.bodies import (
    Pinned,
    Serving,
    evidence_of,
    hold_of,
    pinned_of,
    policies_of,
    removed_of,
    serving_of,
)
from trueup.ledger.record import Record, RecordKind, RunOutcome
from trueup.observed.state import Drill, Hold, VerifiedRelease

if TYPE_CHECKING:
    from trueup.core.digests import Digest
    from trueup.core.ids import ResourceId
    from trueup.evidence.evidence import Evidence

_RUNS = frozenset({RecordKind.APPLY, RecordKind.ROLLBACK})
_APPLIED = frozenset({RunOutcome.DONE, RunOutcome.PARTIAL})


@dataclass(frozen=True, slots=True)
class ServedAt:
    """What one deployment served at a time.

    Attributes:
        deployment: `Deployment/<environment>/<name>`.
        environment: Its environment.
        release: Digest of the release.
        pinned: Its model, prompt and build.
        revision: The commit it was applied from.
        policies: Digests of the policy bundles that allowed it.
        since: When the record that says so was written.
        record: Digest of that record.
        verified: Its checks passed.
    """

    deployment: ResourceId
    environment: str
    release: Digest
    pinned: Pinned
    revision: str
    policies: tuple[str, ...]
    since: datetime
    record: Digest
    verified: bool


def verified_releases(
    records: Iterable[Record], environment: str, deployment: ResourceId | None = None, *, limit: int = 0
) -> tuple[VerifiedRelease, ...]:
    """Return the releases that served *environment* and passed their checks, newest first, each one once.

    Args:
        records: Newest first.
        environment: Its name.
        deployment: Only this one's; None for all.
        limit: Enough after so many; 0 for all.
    """
    found: dict[tuple[ResourceId, Digest], VerifiedRelease] = {}
    for record in records:
        if not _is_applied(record, environment):
            continue
        for serving in serving_of(record):
            key = (serving.deployment, serving.release)
            if serving.verified and key not in found and deployment in {None, serving.deployment}:
                found[key] = VerifiedRelease(
                    deployment=serving.deployment,
                    release=serving.release,
                    manifest=serving.manifest,
                    revision=record.draft.revision,
                    record=record.digest,
                    verified_at=record.draft.at,
                )
        if limit and len(found) >= limit:
            break
    return tuple(found.values())[: limit or None]


def released(records: Iterable[Record], environment: str) -> Iterator[Serving]:
    """Yield what was ever applied to *environment*, verified or not, newest first."""
    for record in records:
        if _is_applied(record, environment):
            yield from serving_of(record)


@dataclass(frozen=True, slots=True)
class Service:
    """The longest time a release served without a break, and whether it serves still."""

    longest: timedelta
    is_serving: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """One deployment's time under one release, None for none that was verified; *is_last* when it has not ended."""

    release: Digest | None
    start: datetime
    end: datetime
    is_last: bool


def services(records: Iterable[Record], environment: str, now: datetime) -> dict[tuple[ResourceId, Digest], Service]:
    """Return how long releases served *environment*, by deployment and release.

    A release serves from the record that says that it was verified until a later one says something else of its
    deployment.
    """
    found: dict[tuple[ResourceId, Digest], Service] = {}
    runs: dict[ResourceId, _Run] = {}
    for record in records:
        if not _is_applied(record, environment):
            continue
        at = record.draft.at
        said: list[tuple[ResourceId, Digest | None]] = [(gone, None) for gone in removed_of(record)]
        said += [(s.deployment, s.release if s.verified else None) for s in serving_of(record)]
        for deployment, release in said:
            run = runs[deployment] = _begun(release, at, runs.get(deployment), now)
            if release is not None:
                known = found.get((deployment, release), Service(timedelta(), is_serving=False))
                longest = max(known.longest, run.end - run.start)
                found[deployment, release] = Service(longest, known.is_serving or run.is_last)
    return found


def _begun(release: Digest | None, at: datetime, later: _Run | None, now: datetime) -> _Run:
    """Return the run that a record at *at* begins, or that it lets the *later* run begin earlier."""
    if later is None:
        return _Run(release, at, now, is_last=True)
    if later.release == release:
        return _Run(release, at, later.end, later.is_last)
    return _Run(release, at, later.start, is_last=False)


def drills(records: Iterable[Record]) -> tuple[Drill, ...]:
    """Return the newest rollback that each deployment of any environment went through, sorted by deployment."""
    found: dict[ResourceId, Drill] = {}
    for record in records:
        draft = record.draft
        if draft.kind is RecordKind.ROLLBACK and draft.outcome in _APPLIED:
            for serving in serving_of(record):
                if serving.verified:
                    found.setdefault(serving.deployment, Drill(serving.deployment, draft.at, record.digest))
    return tuple(found[deployment] for deployment in sorted(found))


def holds_in_force(records: Iterable[Record], environment: str, now: datetime) -> tuple[Hold, ...]:
    """Return the holds of *environment* that nobody lifted and that have not expired, sorted by deployment."""
    return tuple(h for h in holds_placed(records, environment) if h.is_in_force(now))


def holds_placed(records: Iterable[Record], environment: str = "") -> tuple[Hold, ...]:
    """Return the holds that nobody lifted, also those that have ended by themselves, sorted by deployment.

    Without *environment*, those of all environments.
    """
    decided: dict[tuple[ResourceId, Digest], Hold | None] = {}
    for record in records:
        kind = record.draft.kind
        if kind not in {RecordKind.HOLD, RecordKind.LIFT} or environment not in {"", record.draft.environment}:
            continue
        hold = hold_of(record)
        decided.setdefault((hold.deployment, hold.release), hold if kind is RecordKind.HOLD else None)
    holds = (hold for hold in decided.values() if hold is not None)
    return tuple(sorted(holds, key=lambda h: (h.deployment, h.release)))


def evidence(records: Iterable[Record], keys: Collection[Digest]) -> tuple[Evidence, ...]:
    """Return the newest evidence for each of *keys*; a later failure withdraws the pass before it."""
    return tuple(one for _, one in newest_evidence(records, keys)[0])


def newest_evidence(
    records: Iterable[Record], keys: Collection[Digest], evaluations: Collection[str] = ()
) -> tuple[tuple[tuple[Record, Evidence], ...], tuple[Evidence, ...]]:
    """Return the newest evidence for each of *keys* with its record, and the newest of each of *evaluations* besides.

    The second is of any key, for telling what changed since; a later failure withdraws the pass before it in both.
    """
    missing, unseen = set(keys), set(evaluations)
    found: list[tuple[Record, Evidence]] = []
    newest: list[Evidence] = []
    for record in records if missing or unseen else ():
        if record.draft.kind is not RecordKind.EVIDENCE:
            continue
        one = evidence_of(record)
        if one.key in missing:
            found.append((record, one))
            missing.discard(one.key)
        if one.evaluation in unseen:
            newest.append(one)
            unseen.discard(one.evaluation)
        if not missing and not unseen:
            break
    return tuple(found), tuple(newest)


def built_evidence(records: Iterable[Record], wanted: Mapping[Digest, Digest]) -> tuple[Evidence, ...]:
    """Return the newest parity evidence for each key of *wanted* that is about the built artifact named with it.

    Another machine may have built other bytes under the same key: what was measured of those says nothing here.
    """
    missing = dict(wanted)
    found = []
    for record in records if missing else ():
        if record.draft.kind is not RecordKind.EVIDENCE:
            continue
        one = evidence_of(record)
        output = missing.get(one.key)
        if output is not None and dict(one.subject).get(OUTPUT) == output:
            found.append(one)
            del missing[one.key]
            if not missing:
                break
    return tuple(found)


def serving_at(records: Iterable[Record], time: datetime, environment: str | None = None) -> tuple[ServedAt, ...]:
    """Return what every deployment served at *time*, sorted by deployment; None means all environments."""
    decided: dict[ResourceId, ServedAt | None] = {}
    for record in records:
        draft = record.draft
        if draft.kind not in _RUNS or draft.at > time or environment not in {None, draft.environment}:
            continue
        for serving in serving_of(record):
            decided.setdefault(
                serving.deployment,
                ServedAt(
                    deployment=serving.deployment,
                    environment=draft.environment,
                    release=serving.release,
                    pinned=pinned_of(serving.manifest),
                    revision=draft.revision,
                    policies=policies_of(record),
                    since=draft.at,
                    record=record.digest,
                    verified=serving.verified,
                ),
            )
        for deployment in removed_of(record):
            decided.setdefault(deployment, None)
    return tuple(sorted((s for s in decided.values() if s is not None), key=lambda s: s.deployment))


def _is_applied(record: Record, environment: str) -> bool:
    draft = record.draft
    return draft.kind in _RUNS and draft.outcome in _APPLIED and draft.environment == environment
