"""Records to bytes and back, whatever their format version; each version has a module of its own."""

import json
from typing import NoReturn

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import Digest, Revision, short
from trueup.core.fields import MalformedError, fields_of
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical
from trueup.ledger import codec_v1
from trueup.ledger.codes import FORMAT_UNKNOWN, RECORD_UNREADABLE
from trueup.ledger.record import Place, Record

FILE = "record.json"
"""The record's file in its commit's tree."""

FOLDER = "attachments"
"""The attachments' folder in its commit's tree; a file there is named by the hexadecimal digits of its digest."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is there and cannot be read: its commit, and why."""

    commit: Revision
    diagnostic: Diagnostic


def encode(record: Record) -> bytes:
    """Spell *record* the one way the ledger keeps it: canonical JSON and a line end."""
    return canonical(codec_v1.to_json(record)) + b"\n"


def to_json(record: Record) -> dict[str, Json]:
    """Return *record* as JSON with its commit, for outputs."""
    return {**codec_v1.to_json(record), "commit": record.commit}


def computed_digest(record: Record) -> Digest:
    """Return the digest that the record's content has."""
    return codec_v1.digest_at(Place(record.sequence, record.previous), record.formerly, record.draft)


def former_digests(record: Record) -> tuple[Digest, ...]:
    """Return the digests the record had at its former places, oldest first."""
    places = record.formerly
    return tuple(codec_v1.digest_at(place, places[:i], record.draft) for i, place in enumerate(places))


def decode(content: bytes, commit: Revision) -> Record | Unreadable:
    """Read the record that *commit* holds; bytes that `encode` would spell otherwise are refused."""
    try:
        value: Json = json.loads(content, parse_constant=_refuse_constant)
        version = fields_of(value).integer("formatVersion")
        if version != codec_v1.VERSION:
            return Unreadable(commit, _unknown_version(version, commit))
        record = codec_v1.from_json(value, commit)
        if encode(record) != content:
            return unreadable(commit, "its bytes are not spelled the way the ledger spells a record")
    except RecursionError:
        return unreadable(commit, "it is nested too deeply")
    except MalformedError as error:
        return unreadable(commit, str(error))
    except ValueError as error:
        return unreadable(commit, f"it is not JSON ({error})")
    return record


def unreadable(commit: Revision, why: str) -> Unreadable:
    """Return what stands for a record of *commit* that cannot be read because of *why*."""
    detail = f"The record in ledger commit {short(commit)} cannot be read: {why}."
    return Unreadable(commit, Diagnostic(RECORD_UNREADABLE, detail, place_of(commit), RECORD_UNREADABLE.remedy))


def place_of(commit: Revision) -> Span | None:
    """Return where the record lies, spelled so that `git show` prints it."""
    return Span(f"{commit}:{FILE}") if commit else None


def _unknown_version(version: int, commit: Revision) -> Diagnostic:
    detail = (
        f"The record in ledger commit {short(commit)} has format version {version}; this trueup reads "
        f"version {codec_v1.VERSION}."
    )
    return Diagnostic(FORMAT_UNKNOWN, detail, place_of(commit), FORMAT_UNKNOWN.remedy)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is not JSON")
