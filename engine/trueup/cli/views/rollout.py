"""A rollout under way as a picture: steps with weights, new against old, what it waits for; never wider than told.

A picture is a value. Events of apply make it (`taken`), and so does what `status` sees (`seen`); nothing is decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from trueup.cli.output import Style
from trueup.cli.progress import duration
from trueup.cli.views.status import summary
from trueup.cli.views.text import visible, width_of
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.desired.takeover import Takeover
from trueup.diff.status import DeploymentStatus
from trueup.diff.status import Status as EnvironmentStatus
from trueup.rollout.events import Event, Status
from trueup.rollout.machine import progress_of, weight_of
from trueup.rollout.under_way import UnderWay
from trueup.rollout.verdicts import Verdict
from trueup.spec.traffic_metrics import TRAFFIC_METRICS

_ENDS = ("route", "record", "verify", "stop")
_OUTCOMES = {
    "pass": ("ok", "green"),
    "fail": ("FAILED", "red"),
    "undecided": ("not decided yet", "yellow"),
    "error": ("could not be found out", "yellow"),
}
_WIDEST = 100
_METRIC_COLUMN = 20
_NUMBER_COLUMN = 10
_COMPARES_FROM = 56
"""Columns from which old and new stand beside each other in a table."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of one rollout.

    Attributes:
        address: The deployment.
        weights: Share of the new release in each step; empty when only the step now is known.
        stage: Index of the step now.
        weight, mirror: In force, in percent.
        verdicts: What was measured last, as JSON of `Verdict`.
        waits: What it waits for.
        until: When the wait is over; None when nobody knows.
        said: What ended it, or is ending it.
        requests, failures: Answered so far by the deployment; None when unknown.
    """

    address: str
    weights: tuple[float, ...] = ()
    stage: int = 0
    weight: float = 0.0
    mirror: float = 0.0
    verdicts: tuple[Mapping[str, Json], ...] = ()
    waits: str = ""
    until: datetime | None = None
    said: str = ""
    requests: int | None = None
    failures: int = 0


def weights_of(takeover: Takeover) -> tuple[float, ...]:
    """Return the share of the new release in each step."""
    return tuple(weight_of(takeover, number) for number in range(len(takeover.stages)))


def taken(picture: Picture | None, event: Event, weights: tuple[float, ...] = ()) -> Picture | None:
    """Return the picture after *event*; None when no rollout is under way."""
    facts = dict(event.facts)
    if event.step == "share" and event.status is Status.DONE:
        return Picture(
            event.address, weights, int(_number(facts, "stage")), _number(facts, "weight"), _number(facts, "mirror")
        )
    if picture is None or event.address != picture.address:
        return picture
    match event.step:
        case "analyse":
            found = facts.get("verdicts")
            rows = tuple(map(mapping_of, found)) if isinstance(found, list | tuple) else ()
            return replace(picture, verdicts=rows, waits="", until=None)
        case "wait":
            until = facts.get("until")
            why = event.detail.rpartition(", ")[0] if isinstance(until, str) else event.detail
            return replace(
                picture,
                waits=why.removeprefix("waits "),
                until=datetime.fromisoformat(until) if isinstance(until, str) else None,
            )
        case "abort" if event.status is Status.STARTED:
            return replace(picture, said=f"aborts: {event.detail}", waits="", until=None)
        case "abort":
            return None
        case step if step in _ENDS or event.status is Status.FAILED:
            return None
        case _:
            return picture


def seen(row: DeploymentStatus, takeover: Takeover | None, verdicts: Sequence[Verdict] = ()) -> Picture | None:
    """Return the picture of what `status` sees of a deployment; None when no rollout is under way."""
    if row.rollout is None or not row.rollout.candidates:
        return None
    new, progress = row.rollout.candidates[0], progress_of(row.rollout.progress)
    stage = max(progress.stage, 0) if progress else 0
    waits, until = progress.waits if progress else "", None
    if not waits and progress and progress.began and takeover and stage < len(takeover.stages):
        pause = takeover.stages[stage].pause
        until = progress.began + pause if pause else None
        waits = "until someone says go" if takeover.stages[stage].until_told else "pause" if pause else "measurement"
    return Picture(
        address=str(row.id),
        weights=weights_of(takeover) if takeover else (),
        stage=stage,
        weight=new.weight,
        mirror=new.mirror,
        verdicts=tuple(v.to_json() for v in verdicts),
        waits=waits,
        until=until,
        requests=row.requests,
        failures=row.failures,
    )


def render(picture: Picture, now: datetime, style: Style, width: int, height: int = 24) -> list[str]:
    """Return at most *height* lines of at most *width* columns."""
    room = max(1, min(width, _WIDEST))
    # The steps and what is waited for say most; metrics give way first where there is no room.
    head, tail = list(_head(picture, room)), list(_tail(picture, now))
    space = max(0, height - len(head) - len(tail))
    lines = [*head, *list(_metrics(picture, room))[:space], *tail][: max(1, height)]
    return [_painted(line, room, style) for line in lines]


_Line = tuple[str, str, str]
"""Text in front, text that is painted, and its colour."""


def _head(picture: Picture, room: int) -> Iterator[_Line]:
    yield "", f"rollout of {picture.address}", "bold"
    total = f" of {len(picture.weights)}" if picture.weights else ""
    copies = f", copies of {picture.mirror:g} %" if picture.mirror else ""
    said = f"  step {picture.stage + 1}{total}  "
    yield said, f"{picture.weight:g} % of the requests{copies}", "cyan"
    if picture.weights:
        yield "  steps  " + _steps(picture, room - 9), "", ""
    if picture.requests is not None:
        yield f"  answered  {picture.requests} requests, {picture.failures} failed", "", ""


def _steps(picture: Picture, room: int) -> str:
    """Return the weights: those that are done with a mark, the one now in brackets; about the one now if many."""
    marks = [_step(number, weight, picture.stage) for number, weight in enumerate([*picture.weights, 100.0])]
    first, last = 0, len(marks)
    while last - first > 1 and len(_joined(marks, first, last)) > room:
        if last - 1 > picture.stage and (last - 1 - picture.stage >= picture.stage - first):
            last -= 1
        else:
            first += 1
    return _joined(marks, first, last)


def _step(number: int, weight: float, stage: int) -> str:
    if number == stage:
        return f"[{weight:g} %]"
    return f"{weight:g} % ok" if number < stage else f"{weight:g} %"


def _joined(marks: Sequence[str], first: int, last: int) -> str:
    before = ".. " if first else ""
    return before + " > ".join(marks[first:last]) + (" .." if last < len(marks) else "")


def _metrics(picture: Picture, room: int) -> Iterator[_Line]:
    if not picture.verdicts:
        return
    is_wide = room >= _COMPARES_FROM
    if is_wide:
        names = f"{'old':>{_NUMBER_COLUMN}}{'new':>{_NUMBER_COLUMN}}"
        yield f"  {'metric':<{_METRIC_COLUMN}}{names}  ", "verdict", "bold"
    for verdict in picture.verdicts:
        outcome, color = _OUTCOMES.get(str(verdict.get("outcome")), ("unknown", "yellow"))
        more = verdict.get("more")
        outcome += f", about {more} more" if isinstance(more, int) and more else ""
        name, old, new = str(verdict.get("metric")), _value(verdict, "stable"), _value(verdict, "new")
        if is_wide:
            name = name if len(name) < _METRIC_COLUMN else name[: _METRIC_COLUMN - 2] + "~"
            yield f"  {name:<{_METRIC_COLUMN}}{old:>{_NUMBER_COLUMN}}{new:>{_NUMBER_COLUMN}}  ", outcome, color
        else:
            yield f"  {name} {old} > {new} ", outcome, color


def _tail(picture: Picture, now: datetime) -> Iterator[_Line]:
    if picture.said:
        yield "  ", picture.said, "red"
    elif picture.waits:
        left = (picture.until - now).total_seconds() if picture.until else 0.0
        yield "  waits  ", f"{duration(left)} left: {picture.waits}" if left > 0 else picture.waits, "yellow"


def _painted(line: _Line, room: int, style: Style) -> str:
    front, text, color = (_cut(visible(line[0]), room), line[1], line[2])
    text = _cut(visible(text), room - width_of(front))
    return front + style.paint(text, *([color] if color else []))


def _cut(text: str, room: int) -> str:
    if width_of(text) <= room:
        return text
    while text and width_of(text) > room - 1:
        text = text[:-1]
    return f"{text}~" if room > 0 else ""


def _value(verdict: Mapping[str, Json], name: str) -> str:
    value = verdict.get(name)
    if not isinstance(value, int | float):
        return "-"
    metric = TRAFFIC_METRICS.get(str(verdict.get("metric")))
    match metric.unit if metric else "":
        case "shares":
            return f"{value * 100:.3g} %"
        case "seconds":
            return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"
        case _:
            return f"{value:.3g}"


def _number(facts: Mapping[str, Json], name: str) -> float:
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def watched(
    found: EnvironmentStatus,
    under_way: Sequence[UnderWay],
    now: datetime,
    style: Style,
    size: tuple[int, int],
) -> list[str]:
    """Return the pictures of all rollouts under way below the line that says how the environment stands."""
    width, height = size
    lines = [_painted(("", summary(found), "bold"), max(1, width), style)]
    lines += [_painted(("", f"! {said}", "red"), max(1, width), style) for said in found.pending]
    for one in under_way:
        picture = seen(one.row, one.takeover, one.verdicts)
        lines += render(picture, now, style, width, height - len(lines)) if picture else []
    if not under_way:
        lines.append(_painted(("", "no rollout is under way", "dim"), max(1, width), style))
    return lines[: max(1, height)]


def plain(found: EnvironmentStatus, under_way: Sequence[UnderWay]) -> str:
    """Return one line that stays the same as long as nothing new can be said."""
    said = [summary(found), *found.pending]
    for one in under_way:
        picture = seen(one.row, one.takeover, one.verdicts)
        if picture is not None:
            total = f" of {len(picture.weights)}" if picture.weights else ""
            verdicts = ", ".join(f"{v.metric} {v.outcome.value}" for v in one.verdicts)
            line = f"{picture.address} step {picture.stage + 1}{total}, {picture.weight:g} % of the requests"
            line += f", {verdicts}" if verdicts else ""
            said.append(f"{line}, waits: {picture.waits}" if picture.waits else line)
    return visible("; ".join(said))
