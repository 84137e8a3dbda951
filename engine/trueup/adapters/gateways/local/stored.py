"""The stored form of a route table: JSON with its own digest, so that a restart serves exactly what was applied."""

from collections.abc import Mapping
from datetime import datetime

from trueup.adapters.gateways.local import codes
from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.errors import PermanentError
from trueup.core.ids import parse_address
from trueup.core.json import Json, mapping_of
from trueup.desired.state import RouteSpec
from trueup.ports import Candidate, Route, RouteTable, Split

_PLAIN, _SHARED = 1, 2
"""Formats: without and with shared or held requests. A gateway that is older than the second refuses it, and does not
serve everything by one release in silence."""


def document_of(table: RouteTable, keys: Mapping[str, str]) -> dict[str, Json]:
    """Return the stored form of *table*; `keys` is what `keys.resolve` made of its references, never a key."""
    body: dict[str, Json] = {"table": _table_json(table), "keys": dict(keys)}
    is_plain = all(r.split is None and not r.held for r in table.routes)
    return {"format": _PLAIN if is_plain else _SHARED, "digest": digest_of(body), **body}


def read_document(document: Json) -> tuple[RouteTable, dict[str, str]]:
    """Return the table and the resolved keys of a stored document.

    Raises:
        PermanentError: It has another format, or does not have its own digest.
    """
    if not isinstance(document, Mapping) or document.get("format") not in {_PLAIN, _SHARED}:
        raise PermanentError(codes.TABLE_UNREADABLE, "it has no known format")
    body = {k: document.get(k) for k in ("table", "keys")}
    try:
        if digest_of(body) != document.get("digest"):
            raise PermanentError(codes.TABLE_UNREADABLE, "its content does not have the digest written beside it")
        keys = body["keys"]
        table = _table(body["table"])
    except (KeyError, TypeError, ValueError) as error:
        raise PermanentError(codes.TABLE_UNREADABLE, f"it is damaged: {error}") from error
    return table, {k: str(v) for k, v in keys.items()} if isinstance(keys, Mapping) else {}


def digest_in(document: Json) -> Digest:
    """Return the digest that *document* names for itself; empty when it names none."""
    return Digest(str(document.get("digest") or "")) if isinstance(document, Mapping) else Digest("")


def _table_json(table: RouteTable) -> dict[str, Json]:
    return {"host": table.host, "port": table.port, "routes": [_route_json(r) for r in table.routes]}


def _route_json(route: Route) -> dict[str, Json]:
    more: dict[str, Json] = {"split": _split_json(route.split)} if route.split else {}
    if route.held:
        more["held"] = True
    return {"deployment": str(route.deployment), **_release_json(route), **more}


def _release_json(release: Route | Candidate) -> dict[str, Json]:
    return {
        "release": release.release,
        "server": release.server,
        "spec": release.spec.to_json(),
        "manifest": release.manifest,
        "revision": release.revision,
        "appliedAt": release.applied_at.isoformat(),
    }


def _split_json(split: Split) -> dict[str, Json]:
    candidates: list[Json] = [
        {"name": c.name, "weight": c.weight, "mirror": c.mirror, **_release_json(c)} for c in split.candidates
    ]
    return {"candidates": candidates, "sticky": split.sticky, "progress": split.progress}


def _table(value: Json) -> RouteTable:
    match value:
        case {"host": str(host), "port": int(port), "routes": [*routes]}:
            return RouteTable(host, port, tuple(_route(r) for r in routes))
        case _:
            raise ValueError("not a route table")


def _route(value: Json) -> Route:
    match value:
        case {"deployment": str(deployment)}:
            address = parse_address(deployment)
            if address is None:
                raise ValueError(f"`{deployment}` is no address")
            more = mapping_of(value)
            split = _split(more["split"]) if "split" in more else None
            return Route(address, *_release(value), split=split, held=more.get("held") is True)
        case _:
            raise ValueError("not a route")


def _release(value: Json) -> tuple[Digest, Digest, RouteSpec, Json, Revision, datetime]:
    match value:
        case {
            "release": str(release),
            "server": str(server),
            "spec": spec,
            "manifest": manifest,
            "revision": str(revision),
            "appliedAt": str(applied_at),
        }:
            at = datetime.fromisoformat(applied_at)
            return Digest(release), Digest(server), RouteSpec.from_json(spec), manifest, Revision(revision), at
        case _:
            raise ValueError("not a release")


def _split(value: Json) -> Split:
    match value:
        case {"candidates": [*candidates], "sticky": str(sticky), "progress": progress}:
            return Split(tuple(_candidate(c) for c in candidates), sticky, progress)
        case _:
            raise ValueError("not a split")


def _candidate(value: Json) -> Candidate:
    match value:
        case {"name": str(name), "weight": int() | float() as weight, "mirror": int() | float() as mirror}:
            return Candidate(name, *_release(value), weight=weight, mirror=mirror)
        case _:
            raise ValueError("not a candidate")
