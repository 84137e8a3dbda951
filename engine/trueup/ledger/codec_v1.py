"""Ledger format 1: a record as JSON. Once released, this module is not edited; a change is a new version.

The digest of a record is taken over the canonical JSON of everything but itself. The commit is not part of it,
because the commit's id depends on the record.
"""

from datetime import UTC

from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.fields import Fields, MalformedError, fields_of
from trueup.core.json import Json
from trueup.ledger.record import Draft, Place, Record, RecordKind, RunOutcome

VERSION = 1

_KEYS = frozenset(
    {
        "formatVersion",
        "sequence",
        "previous",
        "formerly",
        "digest",
        "kind",
        "environment",
        "at",
        "actor",
        "revision",
        "plan",
        "outcome",
        "resources",
        "decisions",
        "events",
        "body",
        "attachments",
    }
)


def content(place: Place, formerly: tuple[Place, ...], draft: Draft) -> dict[str, Json]:
    """Return what the digest of *draft* at *place* is taken over.

    Raises:
        MalformedError: The draft's time has no offset, so that it is no point in time.
    """
    if draft.at.tzinfo is None:
        raise MalformedError("`at` is not a time with its offset from UTC")
    return {
        "formatVersion": VERSION,
        "sequence": place.sequence,
        "previous": place.previous,
        "formerly": [{"sequence": p.sequence, "previous": p.previous} for p in formerly],
        "kind": draft.kind.value,
        "environment": draft.environment,
        "at": draft.at.astimezone(UTC).isoformat(),
        "actor": draft.actor,
        "revision": draft.revision,
        "plan": draft.plan,
        "outcome": draft.outcome.value,
        "resources": list(draft.resources),
        "decisions": list(draft.decisions),
        "events": list(draft.events),
        "body": draft.body,
        "attachments": [digest for digest, _ in draft.attachments],
    }


def digest_at(place: Place, formerly: tuple[Place, ...], draft: Draft) -> Digest:
    """Return the digest *draft* has at *place*."""
    return digest_of(content(place, formerly, draft))


def to_json(record: Record) -> dict[str, Json]:
    """Return *record* as JSON, its digest included; attachments by digest only."""
    place = Place(record.sequence, record.previous)
    return {**content(place, record.formerly, record.draft), "digest": record.digest}


def from_json(value: Json, commit: Revision) -> Record:
    """Read a record; its digest is what it says and is not checked here.

    Raises:
        MalformedError: It is not a record of this format.
    """
    fields = fields_of(value)
    fields.only(_KEYS)
    place = _place(fields)
    return Record(
        sequence=place.sequence,
        previous=place.previous,
        digest=fields.digest("digest"),
        commit=commit,
        draft=_draft(fields),
        formerly=tuple(_place(p) for p in fields.items("formerly")),
        format_version=VERSION,
    )


def _place(fields: Fields) -> Place:
    return Place(fields.integer("sequence"), fields.digest("previous", or_empty=True))


def _draft(fields: Fields) -> Draft:
    return Draft(
        kind=_kind(fields),
        environment=fields.text("environment"),
        at=fields.time("at"),
        actor=fields.text("actor"),
        revision=Revision(fields.text("revision")),
        plan=Digest(fields.text("plan")),
        outcome=_outcome(fields),
        resources=fields.texts("resources"),
        decisions=tuple(fields.sequence("decisions")),
        events=tuple(fields.sequence("events")),
        body=fields.value("body"),
        attachments=tuple((Digest(d), b"") for d in fields.texts("attachments")),
    )


def _kind(fields: Fields) -> RecordKind:
    text = fields.text("kind")
    try:
        return RecordKind(text)
    except ValueError:
        raise MalformedError(f"`kind` is `{text}`, which format {VERSION} does not know") from None


def _outcome(fields: Fields) -> RunOutcome:
    text = fields.text("outcome")
    try:
        return RunOutcome(text)
    except ValueError:
        raise MalformedError(f"`outcome` is `{text}`, which format {VERSION} does not know") from None
