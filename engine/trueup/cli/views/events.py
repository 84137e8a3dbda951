"""Events of apply, a line each: for people on a terminal, for logs in CI, as JSON for programs."""

import json

from trueup.cli.output import Format, Style
from trueup.core.json import Json, mapping_of
from trueup.rollout.events import Event, Status

_WORDS = {
    "commit": "committed",
    "hold": "held",
    "recover": "recovered",
    "fetch": "fetched",
    "build": "built",
    "start": "started",
    "evaluate": "evaluated",
    "parity": "compared",
    "gate": "passed the gate",
    "route": "moved traffic",
    "verify": "verified",
    "scale": "scaled",
    "stop": "stopped",
    "record": "recorded",
}


_PLAIN_UNITS = ("", "ratio", "count")
"""Units that a number has without saying so."""


def render(event: Event, output: Format, style: Style) -> str:
    """Return one line for *event*; empty for the start of a step, which only progress shows."""
    if output in (Format.JSON, Format.NDJSON):
        return json.dumps({"type": "event", **event.to_json()}, ensure_ascii=False)
    match event.status:
        case Status.STARTED:
            return ""
        case Status.WAITING:
            return _undone(".", "waits", event, style, "yellow")
        case Status.FAILED:
            return _undone("!", "failed", event, style, "red", "bold")
        case Status.SKIPPED:
            return _undone(".", "not started", event, style, "yellow")
        case Status.DONE:
            return _done(event, style)


def _undone(mark: str, word: str, event: Event, style: Style, *attributes: str) -> str:
    said = f"{mark:<2} {event.step} {word}"
    return f"  {style.paint(f'{said:<19}', *attributes)} {event.address}  {event.detail}".rstrip()


def _done(event: Event, style: Style) -> str:
    facts = dict(event.facts)
    word = _WORDS.get(event.step, event.step)
    if facts.get("removed") is True:
        word = "removed the route"
    elif facts.get("kept") is True:
        word = "kept the server"
    mark = style.paint("! ", "red", "bold") if facts.get("passed") is False else style.paint("ok", "green")
    line = f"  {mark} {word:<16} {event.address}"
    line += f"  {event.detail}" if event.detail else ""
    line += _measured(facts)
    seconds = facts.get("seconds")
    if isinstance(seconds, int | float) and seconds >= 0.1:
        line += style.paint(f"  ({seconds:.1f} s)", "dim")
    return line


def _measured(facts: dict[str, Json]) -> str:
    match facts.get("measurements"):
        case [*measurements]:
            # Slices are shown with the result; here their names would hide it.
            over_all = [m for m in measurements if not mapping_of(m).get("slice")]
            shown = ", ".join(_measurement(m) for m in over_all)
            return f"  {shown}: {_verdict(facts)}"
        case _:
            return _compared(facts)


def _verdict(facts: dict[str, Json]) -> str:
    if facts.get("passed") is True:
        return "passed"
    return "NOT ENOUGH EVIDENCE" if facts.get("undecided") is True else "FAILED"


def _compared(facts: dict[str, Json]) -> str:
    said = facts.get("parity")
    return f"  {said}: {'passed' if facts.get('passed') is True else 'FAILED'}" if isinstance(said, str) else ""


def _measurement(value: Json) -> str:
    match value:
        case {"metric": str(metric), "value": int() | float() as number, "samples": int(samples), **others}:
            unit = others.get("unit", "")
            return f"{metric} {number:.3g}{f' {unit}' if unit not in _PLAIN_UNITS else ''} over {samples}"
        case _:
            return ""
