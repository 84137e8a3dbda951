"""Observes: asks target, store and ledger, and gives back one value. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from trueup.core.digests import Digest
from trueup.evidence.parity import judged
from trueup.ledger import history
from trueup.observed.state import ObservedState, VerifiedRelease
from trueup.reconcile.comparing import comparisons
from trueup.reconcile.known import known_evidence, signed_of, wants_signed

if TYPE_CHECKING:
    from trueup.core.ids import ResourceId
    from trueup.core.json import Json
    from trueup.desired.state import BuildPin, DesiredState
    from trueup.evidence.evidence import Evidence
    from trueup.ledger.record import Record
    from trueup.ports import EvidenceSeal, LedgerReader, StoreEntry, StoreReader, TargetObserver


def observe(
    desired: DesiredState,
    target: TargetObserver,
    store: StoreReader,
    ledger: LedgerReader,
    now: datetime,
    seal: EvidenceSeal | None = None,
) -> ObservedState:
    """Return what runs, exists and is known for the environment of *desired*.

    Without *seal*, no signature counts.
    """
    environment = desired.environment.name
    records: tuple[Record, ...] = tuple(ledger.records())
    known = known_evidence(desired, ledger, records, now, seal)
    verified = history.verified_releases(records, environment)
    times = history.services(records, environment, now)
    upstream: tuple[VerifiedRelease, ...] = ()
    if desired.environment.upstream:
        served_times = history.services(records, desired.environment.upstream, now)
        upstream = tuple(
            _served(v, served_times) for v in history.verified_releases(records, desired.environment.upstream)
        )
    served = {v.release: served_key(v.manifest) for v in (*verified, *upstream)}
    present = store.present([*_wanted_keys(desired), *(k for k in served.values() if k)])
    built, sources = _built_and_sources(desired, present)
    running = target.observe(environment)
    placed = history.holds_placed(records, environment)
    # What a release is compared with lets it through as much as its own result does.
    trusted = (lambda found: dict(signed_of(found, ledger, seal))) if wants_signed(desired) else None
    return ObservedState(
        target=running,
        artifacts=present & frozenset(_wanted_keys(desired)),
        evidence=(*known.evidence, *parity_evidence((d.release.build for d in desired.deployments), store, records)),
        verified=tuple(_served(replace(v, retained=served[v.release] in present), times) for v in verified),
        upstream=upstream,
        holds=tuple(h for h in placed if h.is_in_force(now)),
        ended=tuple(h for h in placed if not h.is_in_force(now)),
        drills=history.drills(records),
        simulated=frozenset(key for key in built if (entry := store.entry(key)) and entry.simulated),
        sizes=tuple((key, _size(entry)) for key in sorted(sources) if (entry := store.entry(key))),
        older=known.older,
        signed=known.signed,
        comparisons=comparisons(desired.deployments, running.routes, upstream, ledger, records, trusted),
        wants_signed=trusted is not None,
    )


def parity_evidence(builds: Iterable[BuildPin], store: StoreReader, records: Iterable[Record]) -> tuple[Evidence, ...]:
    """Return what is known of each of *builds* that the store has, under its own name and held to its own bounds.

    Two Builds of one key are one artifact and one measurement, and may accept different things.
    """
    gated = {b.id: (b, b.parity) for b in builds if b.parity is not None}
    entries = {required.key: store.entry(build.key) for build, required in gated.values()}
    wanted = {key: entry.digest for key, entry in entries.items() if entry is not None}
    measured = {e.key: e for e in history.built_evidence(records, wanted)}
    return tuple(
        replace(judged(measured[required.key], required), evaluation=str(build.id))
        for build, required in gated.values()
        if required.key in measured
    )


def _built_and_sources(desired: DesiredState, present: frozenset[Digest]) -> tuple[set[Digest], set[Digest]]:
    """Return the builds that are there, and what is there of what the others are built from."""
    releases = [d.release for d in desired.deployments if d.release.build.mode != "none"]
    built = {r.build.key for r in releases} & present
    return built, {r.artifact.digest for r in releases if r.build.key not in built} & present


def _size(entry: StoreEntry) -> int:
    return sum(size for _, size, _ in entry.files)


def _served(verified: VerifiedRelease, times: Mapping[tuple[ResourceId, Digest], history.Service]) -> VerifiedRelease:
    service = times[verified.deployment, verified.release]
    return replace(verified, served=service.longest, is_serving=service.is_serving)


def _wanted_keys(desired: DesiredState) -> Iterable[Digest]:
    for deployment in desired.deployments:
        yield deployment.release.artifact.digest
        build = deployment.release.build
        yield build.key
        yield from (pin.digest for pin in build.inputs)
        if build.parity is not None and build.parity.text is not None:
            yield build.parity.text.digest
        yield from (pin.digest for e in deployment.measured for pin in e.artifacts)


def served_key(manifest: Json) -> Digest | None:
    """Read from a deployment's manifest which store key its servers load."""
    match manifest:
        case {"deployment": {"server": server}}:
            return loaded_key(server)
        case _:
            return None


def loaded_key(server: Json) -> Digest | None:
    """Read from a server's spec which store key it loads."""
    match server:
        case {"artifact": str(key)}:
            return Digest(key)
        case _:
            return None
