"""Exceptions as text, markdown and JSON."""

import json
from collections.abc import Iterator, Sequence

from trueup.cli.output import Format, Style
from trueup.cli.views.exception_notes import expiry_of
from trueup.cli.views.markup import cell, cell_code, prose, table
from trueup.cli.views.text import Piece, person, visible, wrapped, wrapped_pieces
from trueup.core.json import Json
from trueup.core.json_schema import COUNT, FORMAT_1, TEXT, TIME, list_of, nullable, object_of, published
from trueup.policy.waiver_list import LastUse, ListedWaiver, WaiverState

FORMAT_VERSION = "1.0"
_COLOURS = {
    WaiverState.EXPIRED: "red",
    WaiverState.INVALID: "red",
    WaiverState.NO_RULE: "yellow",
    WaiverState.EXPIRING: "yellow",
    WaiverState.IN_FORCE: "green",
}
_HEAD = ("state", "exception", "rule", "resource", "until", "approved by", "owner", "last used")


def render(listed: Sequence[ListedWaiver], output: Format, style: Style, width: int = 100) -> str:
    """Return the exceptions in the format asked for."""
    match output:
        case Format.TEXT:
            return "\n".join(_text(listed, style, width))
        case Format.MARKDOWN:
            return "\n".join(_markdown(listed))
        case _:
            document: Json = {"format_version": FORMAT_VERSION, "exceptions": [_json(e) for e in listed]}
            return json.dumps(document, indent=2, ensure_ascii=False)


def summary(listed: Sequence[ListedWaiver]) -> str:
    """Return the line that says it all: `3 exceptions: 1 expired, 2 in force`."""
    if not listed:
        return "No exceptions."
    counts = [(sum(e.state is state for e in listed), state) for state in WaiverState]
    said = ", ".join(f"{count} {state.value}" for count, state in counts if count)
    return f"{'1 exception' if len(listed) == 1 else f'{len(listed)} exceptions'}: {said}"


def exceptions_schema() -> dict[str, Json]:
    """Return the schema of the JSON form."""
    text_or_none: Json = {"type": ["string", "null"]}
    texts = ("address", "rule", "resource", "owner", "approved_by", "reason", "compensating_control", "expires")
    use = object_of({"environment": TEXT, "at": TIME, "record": COUNT})
    exception = {
        **dict.fromkeys(texts, TEXT),
        "state": {"enum": [state.value for state in WaiverState]},
        "problem": text_or_none,
        "path": text_or_none,
        "expires_in_days": {"type": ["integer", "null"]},
        "last_used": nullable(use),
        "span": nullable(object_of({"path": TEXT, "line": COUNT, "column": COUNT})),
    }
    document = {"format_version": FORMAT_1, "exceptions": list_of(object_of(exception))}
    return published("trueup policy exceptions", object_of(document))


def _text(listed: Sequence[ListedWaiver], style: Style, width: int) -> Iterator[str]:
    for one in listed:
        waiver = one.waiver
        pieces: list[Piece] = [
            (f"{one.state.value:<8}", ("bold", _COLOURS[one.state])),
            (visible(f"  {waiver.address}"), ("bold",)),
            (visible(f"  {waiver.rule} on {waiver.resource}{f' at {waiver.path}' if waiver.path else ''}"), ()),
        ]
        yield from wrapped_pieces(pieces, width, "", style, "          ")
        for line in _lines(one):
            yield from wrapped(line, width, "          ", style, "dim")
    yield style.paint(summary(listed), "bold")


def _lines(one: ListedWaiver) -> Iterator[str]:
    waiver = one.waiver
    if one.problem:
        yield f"{one.span}: {one.problem}" if one.span else one.problem
    if one.state.holds:
        yield f"{expiry_of(waiver.expires_in_days or 0)}, {waiver.expires}"
    yield f"approved by {person(waiver.approved_by) or 'nobody'}, owner {waiver.owner or 'nobody'}, {_used(one)}"


def _used(one: ListedWaiver) -> str:
    use = one.last_use
    return f"last used {use.at:%Y-%m-%d} in {use.environment} (record {use.record})" if use else "never used"


def _markdown(listed: Sequence[ListedWaiver]) -> Iterator[str]:
    yield f"**{prose(summary(listed))}**"
    if listed:
        yield ""
        yield from table(_HEAD, (_row(e) for e in listed))


def _row(one: ListedWaiver) -> list[str]:
    waiver = one.waiver
    state = f"{one.state.value}: {one.problem}" if one.problem else one.state.value
    days = "" if waiver.expires_in_days is None else f" ({waiver.expires_in_days} days)"
    return [
        cell(state),
        cell_code(waiver.address),
        cell(waiver.rule),
        cell_code(f"{waiver.resource}{f' {waiver.path}' if waiver.path else ''}"),
        cell(f"{waiver.expires}{days}"),
        cell(person(waiver.approved_by)),
        cell(waiver.owner),
        cell(_used(one)),
    ]


def _json(one: ListedWaiver) -> Json:
    waiver = one.waiver
    span = one.span
    return {
        "address": waiver.address,
        "state": one.state.value,
        "problem": one.problem or None,
        "rule": waiver.rule,
        "resource": waiver.resource,
        "path": waiver.path or None,
        "owner": waiver.owner,
        "approved_by": waiver.approved_by,
        "reason": waiver.reason,
        "compensating_control": waiver.compensating_control,
        "expires": waiver.expires,
        "expires_in_days": waiver.expires_in_days,
        "last_used": _use_json(one.last_use),
        "span": {"path": span.path, "line": span.line, "column": span.column} if span else None,
    }


def _use_json(use: LastUse | None) -> Json:
    return {"environment": use.environment, "at": use.at.isoformat(), "record": use.record} if use else None
