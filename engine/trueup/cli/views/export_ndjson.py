"""An audit report as JSON Lines: the head, a line for each record, and the end; `trueup schema audit-export`."""

import json
from collections.abc import Iterable, Iterator

from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    DIGEST,
    DIGEST_OR_NONE,
    FLAG,
    FORMAT_1,
    TEXT,
    TIME,
    list_of,
    object_of,
    published,
    said,
)
from trueup.ledger.export.entry import Broken, Entry, Line
from trueup.ledger.export.header import Header
from trueup.ledger.record import RecordKind, RunOutcome

FORMAT_VERSION = "1.0"


def lines(header: Header, found: Iterable[Line]) -> Iterator[str]:
    """Yield the lines, each with its end; the last one tells how many there were and whether they are all."""
    yield _line("export", header.to_json())
    count, broken = 0, ""
    for line in found:
        match line:
            case Entry():
                count += 1
                yield _line("entry", line.to_json())
            case Broken(detail):
                broken = detail
    yield _line("end", {"entries": count, "complete": not broken, "problem": broken})


def _line(type_: str, about: dict[str, Json]) -> str:
    # ASCII alone: no line separator of Unicode can cut a line in two for a reader that knows those.
    return json.dumps({"type": type_, "format_version": FORMAT_VERSION, **about}, ensure_ascii=True) + "\n"


def export_schema() -> dict[str, Json]:
    """Return the schema of one line."""
    return published("trueup audit export", {"oneOf": [_head(), _entry(), _end()]})


def _of(type_: str, properties: dict[str, Json]) -> Json:
    return object_of({"type": {"const": type_}, "format_version": FORMAT_1, **properties})


def _head() -> Json:
    ledger: dict[str, Json] = {
        "sound": said(FLAG, "the whole ledger verified when the export was made"),
        "count": said(COUNT, "records of the ledger"),
        "head": said(DIGEST_OR_NONE, "digest of its newest record; empty for none that can be read"),
        "sequence": COUNT,
        "commit": TEXT,
        "problems": list_of(object_of({"code": TEXT, "detail": TEXT})),
    }
    scope: Json = said({"type": "object", "additionalProperties": TEXT}, "what was asked for; empty for everything")
    about: dict[str, Json] = {"project": TEXT, "tool": TEXT, "made_at": TIME, "scope": scope}
    return _of("export", {**about, "ledger": object_of(ledger)})


def _entry() -> Json:
    approval = object_of(
        {
            **dict.fromkeys(("by", "source", "reference"), TEXT),
            "roles": list_of(TEXT),
            "key": said(TEXT, "fingerprint of the key that signed; empty for none"),
            "signed": FLAG,
            "is_author": said(FLAG, "wrote a part of the change"),
            "why": said(TEXT, "why it does not count; empty for one that was counted"),
        }
    )
    findings = dict.fromkeys(("rule", "severity", "enforcement", "address", "message", "excepted_by"), TEXT)
    excuses = ("address", "rule", "resource", "reason", "compensating_control", "approved_by", "expires")
    proof: dict[str, Json] = {
        **dict.fromkeys(("subject", "completed_at", "tool"), TEXT),
        "key": said(TEXT, "what the result depends on; a measurement and what rests on it have the same"),
        "digest": said(DIGEST_OR_NONE, "of the evidence; empty where a decision repeats it"),
        "passed": FLAG,
        "simulated": FLAG,
        "measured": list_of(TEXT),
    }
    served: dict[str, Json] = dict.fromkeys(("deployment", "model", "prompt", "build"), TEXT)
    return _of(
        "entry",
        {
            "sequence": {"type": "integer", "minimum": 1},
            "digest": DIGEST,
            "commit": TEXT,
            "at": TIME,
            "environment": TEXT,
            "kind": {"enum": [k.value for k in RecordKind]},
            "outcome": {"enum": [o.value for o in RunOutcome]},
            "actor": said(TEXT, "who ran the command"),
            "revision": TEXT,
            "plan": DIGEST_OR_NONE,
            "deployments": list_of(TEXT),
            "resources": said(list_of(TEXT), "the others"),
            "note": said(TEXT, "reason or cause; empty for none"),
            "authors": said(list_of(TEXT), "who wrote the change; empty where nobody says"),
            "approvals": list_of(approval),
            "is_documented": said(FLAG, "it is known who approved; else nobody says"),
            "policies": list_of(object_of({"name": TEXT, "revision": TEXT, "digest": TEXT})),
            "decisions": said(list_of(TEXT), "`plan allow`, `gate deny`, ... in order"),
            "findings": list_of(object_of(findings)),
            "excuses": said(list_of(object_of(dict.fromkeys(excuses, TEXT))), "exceptions that lifted something"),
            "proofs": said(list_of(object_of(proof)), "what was measured, or what decisions rested on"),
            "served": list_of(object_of({**served, "release": TEXT, "verified": FLAG})),
            "removed": list_of(TEXT),
            "failed": said({"type": "object", "additionalProperties": TEXT}, "by deployment, why"),
        },
    )


def _end() -> Json:
    complete = said(FLAG, "no record that was asked for is missing")
    return _of("end", {"entries": COUNT, "complete": complete, "problem": TEXT})
