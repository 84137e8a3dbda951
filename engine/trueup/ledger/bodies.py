"""The bodies of records: what serves, evidence and holds, between JSON and their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from trueup.core.digests import Digest, short
from trueup.core.errors import PermanentError
from trueup.core.fields import Fields, MalformedError, fields_of
from trueup.core.ids import ResourceId, parse_address
from trueup.evidence.codec import evidence_from_json
from trueup.ledger.codec import place_of
from trueup.ledger.codes import BODY_MALFORMED
from trueup.observed.state import Hold

if TYPE_CHECKING:
    from trueup.core.json import Json
    from trueup.evidence.evidence import Evidence
    from trueup.ledger.record import Record

_T = TypeVar("_T")


class MalformedBodyError(PermanentError):
    """A record's body is not what its kind needs; reading on could overlook a hold or a release."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What an apply left serving for one deployment; `verified` when its checks passed."""

    deployment: ResourceId
    release: Digest
    manifest: Json
    verified: bool


@dataclass(frozen=True, slots=True)
class Pinned:
    """The parts of a release that people ask for, as addresses; empty where the manifest names none."""

    model: str = ""
    prompt: str = ""
    build: str = ""


def serving_of(record: Record) -> tuple[Serving, ...]:
    """Return what *record* says serves, sorted by deployment; nothing when its body says nothing of it."""
    return _read(record, _serving)


def removed_of(record: Record) -> tuple[ResourceId, ...]:
    """Return the deployments that *record* says are gone."""
    return _read(record, _removed)


def evidence_of(record: Record) -> Evidence:
    """Return the evidence an EVIDENCE record keeps."""
    return _read(record, lambda body: evidence_from_json(_inner(body, "evidence")))


def statement_of(record: Record) -> Digest:
    """Return the digest of the statement that an EVIDENCE record keeps beside it; empty for one without."""
    body = record.draft.body
    statement = body.get("statement") if isinstance(body, Mapping) else None
    return Digest(statement) if isinstance(statement, str) else Digest("")


def hold_of(record: Record) -> Hold:
    """Return the hold a HOLD record keeps, or the one a LIFT record lifts."""
    return _read(record, lambda body: hold_from_json(_inner(body, "hold")))


def policies_of(record: Record) -> tuple[str, ...]:
    """Return the digests of the policy bundles behind the record's decisions, in their order."""
    from trueup.policy.recorded import bundle_of

    return tuple(dict.fromkeys(b for b in map(bundle_of, record.draft.decisions) if b))


def pinned_of(manifest: Json) -> Pinned:
    """Read from a deployment's manifest which model, prompt and build its release is made of."""
    deployment = manifest.get("deployment", manifest) if isinstance(manifest, Mapping) else None
    release = deployment.get("release") if isinstance(deployment, Mapping) else None
    if not isinstance(release, Mapping):
        return Pinned()
    return Pinned(_address(release.get("model")), _address(release.get("prompt")), _build(release.get("build")))


def hold_from_json(value: Json) -> Hold:
    """Read `Hold.to_json`.

    Raises:
        MalformedError: It is no hold.
    """
    fields = fields_of(value)
    return Hold(
        environment=fields.text("environment"),
        deployment=_resource(fields.text("deployment")),
        release=fields.digest("release"),
        reason=fields.text("reason"),
        author=fields.text("author"),
        since=fields.time("since"),
        expires=None if fields.values.get("expires") is None else fields.time("expires"),
    )


def _read(record: Record, reader: Callable[[Json], _T]) -> _T:
    try:
        return reader(record.draft.body)
    except MalformedError as error:
        name = f"Record {record.sequence} ({record.draft.kind.value}, {short(record.digest)})"
        raise MalformedBodyError(
            BODY_MALFORMED, f"{name} cannot be understood: {error}.", span=place_of(record.commit)
        ) from error


def _serving(body: Json) -> tuple[Serving, ...]:
    if not isinstance(body, Mapping) or "serving" not in body:
        return ()
    serving = fields_of(body).fields("serving")
    return tuple(_serving_entry(address, serving.fields(address)) for address in sorted(serving.values))


def _serving_entry(address: str, fields: Fields) -> Serving:
    verified = "verified" in fields.values and fields.boolean("verified")
    return Serving(_resource(address), fields.digest("release"), fields.value("manifest"), verified)


def _removed(body: Json) -> tuple[ResourceId, ...]:
    if not isinstance(body, Mapping) or "removed" not in body:
        return ()
    return tuple(_resource(address) for address in fields_of(body).texts("removed"))


def _inner(body: Json, key: str) -> Json:
    """Return what stands under *key*, or the body itself when it is the value."""
    return body[key] if isinstance(body, Mapping) and key in body else body


def _resource(address: str) -> ResourceId:
    resource = parse_address(address)
    if resource is None:
        raise MalformedError(f"`{address}` is not an address")
    return resource


def _address(pin: Json) -> str:
    address = pin.get("address") if isinstance(pin, Mapping) else None
    return address if isinstance(address, str) else ""


def _build(build: Json) -> str:
    """Name a build by its address if it has one, else by its mode and the first digits of its key."""
    if not isinstance(build, Mapping):
        return ""
    key = build.get("key")
    return _address(build) or f"{build.get('mode', '')} {short(key) if isinstance(key, str) else ''}".strip()
