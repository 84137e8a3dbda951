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
    "share": "shared traffic",
    "analyse": "analysed",
    "abort": "aborted",
    "resume": "taken up",
    "take-over": "took over",
    "hold-requests": "made room",
    "make-room": "made room",
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
            shown = ", ".join(filter(None, map(_measurement, _decisive(measurements, facts.get("gates")))))
            return f"  {shown}: {_verdict(facts)}"
        case _:
            return _compared(facts)


def _decisive(measurements: list[Json], gates: Json) -> list[Json]:
    """Return what thresholds are about; what is of all data where there is none. The report and the record have all."""
    named = {_place(g) for g in gates} if isinstance(gates, list) else set()
    over_all = [m for m in measurements if not mapping_of(m).get("slice")]
    return [m for m in measurements if _place(m) in named] or over_all


def _place(value: Json) -> tuple[Json, Json]:
    found = mapping_of(value)
    return found.get("metric"), found.get("slice") or ""


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
            unit, part = others.get("unit", ""), others.get("slice", "")
            of = f" in {part}" if part else ""
            return (
                f"{metric}{of} {number:.3g}{f' {unit}' if unit not in (*_PLAIN_UNITS, metric) else ''} over {samples}"
            )
        case _:
            return ""
