"""The evaluations that a change has to run, as text or JSON: what is due and why, and what it will take."""

import json
from collections.abc import Iterator, Mapping, Sequence

from trueup.cli.output import Format, Style
from trueup.cli.views.plan_effects import LOOSENED, loosened_line
from trueup.cli.views.plan_report import duration_of
from trueup.cli.views.text import wrapped
from trueup.core.digests import short
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    DIGEST,
    FLAG,
    FORMAT_1,
    TEXT,
    TIME,
    list_of,
    nullable,
    object_of,
    published,
    said,
)
from trueup.diff.changes import Impact
from trueup.evidence.costs import RunEstimate
from trueup.evidence.staleness import State
from trueup.plan.effects import Loosened
from trueup.plan.work import Work, WorkTotal, total_of

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class EnvironmentReport:
    """One environment: its name, its work, and what the change makes easier to pass there."""

    environment: str
    work: tuple[Work, ...]
    loosened: tuple[Loosened, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkReport:
    """What a change has to run.

    Attributes:
        revision: The commit; empty for a work tree with uncommitted changes.
        base: What it is compared with; empty when everything counts as changed.
        environments: Those with a deployment that differs.
        measured: What ran, by name, with whether it passed; None when nothing was to run.
        failed: What could not be run, with why.
    """

    revision: str
    base: str
    environments: tuple[EnvironmentReport, ...]
    measured: Mapping[str, bool] | None = None
    failed: Mapping[str, str] | None = None

    @property
    def work(self) -> tuple[Work, ...]:
        """The work of all environments."""
        return tuple(w for e in self.environments for w in e.work)


def render(report: WorkReport, output: Format, style: Style, width: int = 100) -> str:
    """Return *report* in the format asked for."""
    match output:
        case Format.TEXT:
            return "\n".join(_text(report, style, width))
        case Format.NDJSON:
            lines: list[Json] = [{"type": "work", **_work_json(w)} for w in report.work]
            return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        case _:
            return json.dumps(document(report), indent=2, ensure_ascii=False)


def _text(report: WorkReport, style: Style, width: int) -> Iterator[str]:
    total = total_of(report.work)
    yield from wrapped(summary(report, total), width, "", style, "bold")
    compared = f"compared with {short(report.base)}" if report.base else "compared with nothing: all counts as changed"
    yield from wrapped(f"revision {short(report.revision) or 'the work tree'}, {compared}", width, "", style, "dim")
    for environment in report.environments:
        yield ""
        yield from wrapped(f"environment {environment.environment}", width, "", style, "bold")
        for one in environment.loosened:
            yield from wrapped(f"~ {LOOSENED} {loosened_line(one)}", width, "  ", style, "yellow")
        shown = ""
        for work in environment.work:
            if str(work.deployment) != shown:
                shown = str(work.deployment)
                yield from wrapped(f"{shown}{_impact(work.impacts)}", width, "  ", style)
            yield from _item(work, style, width)
        if not environment.work:
            yield from wrapped("no evaluation is required", width, "  ", style, "dim")


def _item(work: Work, style: Style, width: int) -> Iterator[str]:
    sign, colour = ("+", "yellow") if work.is_due else ("=", "green")
    yield from wrapped(f"{sign} {work.evaluation}: {work.staleness.reason}", width, "    ", style, colour)
    if work.is_due:
        yield from wrapped(f"takes {takes(work.estimate)}", width, "      ", style, "dim")


def _impact(impacts: Sequence[Impact]) -> str:
    return f" (impact: {', '.join(impacts)})" if impacts else ""


def summary(report: WorkReport, total: WorkTotal) -> str:
    """Say how much there is to do: `3 evaluations to run, 2 fresh, in 2 environments; about 4 min, 0.31 EUR`."""
    if not report.environments:
        return "No deployment differs: nothing to evaluate."
    if not total.due:
        return f"Nothing to evaluate: every required evaluation is fresh ({total.fresh})."
    said = f"{_counted(total.due, 'evaluation')} to run, {total.fresh} fresh"
    known = total.due - total.unknown
    if not known:
        return f"{said}; nobody knows what that takes"
    parts = [f"about {_time(total.seconds)}"]
    parts += [f"{total.tokens:,} tokens"] if total.tokens else []
    parts += [f"{amount:.2f} {currency}" for currency, amount in total.costs]
    more = f", and {_counted(total.unknown, 'evaluation')} that nobody measured yet" if total.unknown else ""
    return f"{said}; {', '.join(parts)}{more}"


def takes(estimate: RunEstimate | None) -> str:
    """Say what a run will take, by what an earlier one took: `59 examples, 4,120 tokens, 12 s, 0.02 EUR`."""
    if estimate is None:
        return "an unknown time: nobody has measured it yet"
    parts = [_counted(estimate.examples, "example")]
    parts += [f"{estimate.tokens:,} tokens"] if estimate.tokens is not None else []
    parts.append(_time(estimate.seconds))
    parts += [f"{estimate.gpu_hours:.3f} GPU hours"] if estimate.gpu_hours is not None else []
    parts += [f"{estimate.cost:.2f} {estimate.currency}"] if estimate.cost is not None else []
    return f"{', '.join(parts)} (as on {estimate.measured_at:%Y-%m-%d})"


def _time(seconds: float) -> str:
    return duration_of(round(seconds)) if seconds >= 1 else "1 s"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def document(report: WorkReport) -> dict[str, Json]:
    """Return the work as JSON."""
    total = total_of(report.work)
    return {
        "format_version": FORMAT_VERSION,
        "revision": report.revision,
        "base": report.base,
        "environments": [
            {
                "environment": e.environment,
                "work": [_work_json(w) for w in e.work],
                "evaluation_loosened": [one.to_json() for one in e.loosened],
            }
            for e in report.environments
        ],
        "total": {
            "due": total.due,
            "fresh": total.fresh,
            "unknown": total.unknown,
            "tokens": total.tokens,
            "seconds": total.seconds,
            "costs": dict(total.costs),
            "unpriced": total.unpriced,
            "text": summary(report, total),
        },
        "measured": None if report.measured is None else dict(report.measured),
        "failed": dict(report.failed or {}),
    }


def _work_json(work: Work) -> dict[str, Json]:
    known = work.staleness
    return {
        "environment": work.deployment.environment,
        "deployment": str(work.deployment),
        "evaluation": str(work.evaluation),
        "key": work.key,
        "state": known.state.value,
        "due": work.is_due,
        "changed": list(known.changed),
        "reason": known.reason,
        "measured_at": known.measured_at.isoformat() if known.measured_at is not None else None,
        "impacts": [i.value for i in work.impacts],
        "estimate": _estimate_json(work.estimate),
    }


def _estimate_json(estimate: RunEstimate | None) -> Json:
    if estimate is None:
        return None
    return {
        "examples": estimate.examples,
        "tokens": estimate.tokens,
        "seconds": estimate.seconds,
        "gpu_hours": estimate.gpu_hours,
        "cost": estimate.cost,
        "currency": estimate.currency or None,
        "measured_at": estimate.measured_at.isoformat(),
    }


def work_schema() -> dict[str, Json]:
    """Return the schema of `evaluate --changed --output json`."""
    number: Json = {"type": "number"}
    estimate = {"examples": COUNT, "tokens": nullable(COUNT), "seconds": number, "gpu_hours": nullable(number)}
    estimate |= {"cost": nullable(number), "currency": nullable(TEXT), "measured_at": TIME}
    work = {
        **dict.fromkeys(("environment", "deployment", "evaluation", "reason"), TEXT),
        "key": DIGEST,
        "state": {"enum": [s.value for s in State]},
        "due": said(FLAG, "it has to be run"),
        "changed": said(list_of(TEXT), "named inputs in which the closest older result differs"),
        "measured_at": said(nullable(TIME), "when that result was measured"),
        "impacts": list_of({"enum": [i.value for i in Impact]}),
        "estimate": said(nullable(object_of(estimate)), "what an earlier run took; null when there was none"),
    }
    loosened: dict[str, Json] = {"address": TEXT, "kind": TEXT, "before": {}, "after": {}}
    environment = {
        "environment": TEXT,
        "work": said(list_of(object_of(work)), "by deployment, the cheapest first"),
        "evaluation_loosened": said(list_of(object_of(loosened)), "what the change makes easier to pass"),
    }
    total = {**dict.fromkeys(("due", "fresh", "unknown", "tokens", "unpriced"), COUNT), "seconds": number}
    document_: dict[str, Json] = {
        "format_version": FORMAT_1,
        "revision": TEXT,
        "base": said(TEXT, "what it is compared with; empty when everything counts as changed"),
        "environments": list_of(object_of(environment)),
        "total": object_of({**total, "costs": {"type": "object", "additionalProperties": number}, "text": TEXT}),
        "measured": said(nullable({"type": "object", "additionalProperties": FLAG}), "null with `--list`"),
        "failed": said({"type": "object", "additionalProperties": TEXT}, "deployments that could not be evaluated"),
    }
    return published("trueup evaluate --changed", object_of(document_))
