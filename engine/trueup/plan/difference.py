"""What differs between two plans of one environment: the answer to "why is my plan stale?"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trueup.core.digests import short
from trueup.diff.masks import masked

if TYPE_CHECKING:
    from trueup.core.json import Json
    from trueup.desired.state import DesiredState
    from trueup.observed.state import ObservedState
    from trueup.plan.plan import Inputs


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The states a plan was made from, as far as a difference is explained by them. Secrets are masked.

    Attributes:
        desired: Digest of every document, by deployment and address.
        observed: `ObservedState.to_json`.
    """

    desired: Json = None
    observed: Json = None


def snapshot_of(desired: DesiredState, observed: ObservedState) -> Snapshot:
    """Return what a saved plan keeps of the states it was made from."""
    documents: dict[str, Json] = {
        str(d.id): {"digest": d.digest, "documents": {str(r.id): r.digest for r in d.resources}}
        for d in desired.deployments
    }
    exceptions: dict[str, Json] = {str(e.id): e.digest for e in desired.exceptions}
    return Snapshot({"deployments": documents, "exceptions": exceptions}, masked(observed.to_json()))


def difference(before: Inputs, after: Inputs, was: Snapshot | None = None, now: Snapshot | None = None) -> str:
    """Say in one sentence per input what makes the plan of *after* another one than the plan of *before*.

    With both snapshots the sentences name what changed; without, only which input did.
    """
    was, now = was or Snapshot(), now or Snapshot()
    has_both = was.desired is not None and now.desired is not None
    sentences = [
        _sentence("desired state", before.desired, after.desired, _desired(was, now) if has_both else ()),
        _sentence("observed state", before.observed, after.observed, _observed(was, now) if has_both else ()),
        _sentence("policies", before.policy, after.policy, ()),
    ]
    if before.tool != after.tool:
        sentences.append(f"trueup changed: {before.tool} -> {after.tool}")
    else:
        sentences.append("trueup unchanged")
    if before.targets != after.targets:
        sentences.append(f"targets changed: {_listed(before.targets)} -> {_listed(after.targets)}")
    changed = [s for s in sentences if not s.endswith("unchanged")]
    return "; ".join([*changed, *(s for s in sentences if s.endswith("unchanged"))]) + "."


def _sentence(name: str, before: str, after: str, details: Iterator[str] | tuple[str, ...]) -> str:
    if before == after:
        return f"{name} unchanged"
    said = ", ".join(details)
    return f"{name} changed: {said}" if said else f"{name} changed ({short(before)} -> {short(after)})"


def _desired(was: Snapshot, now: Snapshot) -> Iterator[str]:
    old, new = _at(was.desired, "deployments"), _at(now.desired, "deployments")
    edited: dict[str, None] = {}
    for address, word in _keys(old, new):
        if word != "changed":
            yield f"{address} {word}"
            continue
        left, right = _at(old.get(address), "documents"), _at(new.get(address), "documents")
        documents = [f"{a} {w}" for a, w in _keys(left, right)]
        edited.update(dict.fromkeys(documents or [f"{address} resolves otherwise"]))
    yield from edited
    for address, word in _keys(_at(was.desired, "exceptions"), _at(now.desired, "exceptions")):
        yield f"{address} {word}"


def _observed(was: Snapshot, now: Snapshot) -> Iterator[str]:
    old, new = _mapping(was.observed), _mapping(now.observed)
    if old.get("gateway") != new.get("gateway"):
        yield f"the gateway was {old.get('gateway')} and is {new.get('gateway')}"
    yield from _servers(old.get("servers"), new.get("servers"))
    for address, word in _keys(_mapping(old.get("routes")), _mapping(new.get("routes"))):
        yield f"the route of {address} {word}"
    yield from _listed_changes("artifact", old.get("artifacts"), new.get("artifacts"), "in the store")
    yield from _listed_changes("evidence", old.get("evidence"), new.get("evidence"), "known")
    for name, what in (("verified", "verified release"), ("upstream", "release verified upstream"), ("holds", "hold")):
        yield from _tuples(what, old.get(name), new.get(name))


def _servers(before: Json, after: Json) -> Iterator[str]:
    old, new = _server_states(before), _server_states(after)
    for server in sorted({*old, *new}):
        was, now = old.get(server), new.get(server)
        if was != now:
            yield f"server {server} {_became(was, now)}"


def _server_states(servers: Json) -> dict[str, str]:
    items = servers if isinstance(servers, list | tuple) else []
    states = {}
    for item in items:
        match item:
            case [str(key), int(replica), str(health)]:
                states[f"{short(key)} (replica {replica})"] = health
            case _:
                continue
    return states


def _became(was: str | None, now: str | None) -> str:
    if was is None:
        return f"appeared ({now})"
    if now is None:
        return f"is gone (was {was})"
    return f"was {was} and is {now}"


def _listed_changes(what: str, before: Json, after: Json, where: str) -> Iterator[str]:
    old, new = _texts(before), _texts(after)
    yield from (f"{what} {short(d)} is now {where}" for d in sorted(new - old))
    yield from (f"{what} {short(d)} is no longer {where}" for d in sorted(old - new))


def _tuples(what: str, before: Json, after: Json) -> Iterator[str]:
    """Compare lists of [deployment, release, ...]."""
    old, new = _rows(before), _rows(after)
    for row in sorted(new - old):
        yield f"{what} {_row(row)} is new or changed"
    for address, release in sorted({r[:2] for r in old} - {r[:2] for r in new}):
        yield f"{what} {_row((address, release))} is gone"


def _rows(value: Json) -> set[tuple[str, ...]]:
    items = value if isinstance(value, list | tuple) else []
    rows = (tuple(str(v) for v in i) for i in items if isinstance(i, list | tuple))
    return {r for r in rows if len(r) > 1}


def _row(row: tuple[str, ...]) -> str:
    return f"{short(row[1])} of {row[0]}"


def _keys(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for key in sorted({*before, *after}):
        if key not in before:
            yield key, "added"
        elif key not in after:
            yield key, "removed"
        elif before[key] != after[key]:
            yield key, "changed"


def _at(value: Json, key: str) -> Mapping[str, Json]:
    return _mapping(_mapping(value).get(key))


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _texts(value: Json) -> set[str]:
    return {str(v) for v in value} if isinstance(value, list | tuple) else set()


def _listed(targets: tuple[str, ...]) -> str:
    return ", ".join(targets) or "all"
