"""Verdicts in words: numbers with their units, new against stable."""

from trueup.core.conditions import ANY, PER_SECOND, SECONDS, SHARE, TOKENS, Condition
from trueup.desired.takeover import Watched
from trueup.rollout.verdicts import Outcome, Verdict
from trueup.spec.traffic_metrics import TRAFFIC_METRICS

_ENDS = {
    Outcome.PASS: "holds",
    Outcome.FAIL: "does not hold",
    Outcome.UNDECIDED: "undecided",
    Outcome.ERROR: "unknown",
}


def unit_of(watched: Watched) -> str:
    """Return the unit of a metric; `ANY` where nobody knows."""
    known = None if watched.query else TRAFFIC_METRICS.get(watched.name)
    return known.unit if known else ANY


def value_text(value: float, unit: str) -> str:
    """Spell a value in its unit: `1.2 %`, `830 ms`, `2.1 s`, `41 tokens/s`, `212 tokens`."""
    value += 0.0  # no minus before nothing
    match unit:
        case _ if unit == SHARE:
            return f"{_digits(value * 100)} %"
        case _ if unit == SECONDS:
            return f"{_digits(value)} s" if abs(value) >= 1 else f"{_digits(value * 1000)} ms"
        case _ if unit in {PER_SECOND, TOKENS}:
            return f"{_digits(value)} {unit}"
        case _:
            return _digits(value)


def count_text(count: int) -> str:
    """Spell how many."""
    return f"{count:,}"


def condition_text(condition: Condition, unit: str) -> str:
    """Spell a condition as it could have been declared, with units for people."""
    if condition.relation == "*":
        return f"{condition.op} stable * {condition.bound:g}"
    if condition.relation:
        sign = "-" if condition.bound < 0 else "+"
        added = f" {sign} {value_text(abs(condition.bound), unit)}" if condition.bound else ""
        return f"{condition.op} stable{added}"
    return f"{condition.op} {value_text(condition.bound, unit)}"


def sentence(watched: Watched, verdict: Verdict, why: str) -> str:
    """Return what *verdict* says, in one sentence; *why* where there was nothing to judge."""
    unit = unit_of(watched)
    if why:
        return f"{watched.name}: {why}"
    found = _value(verdict.new, verdict.n_new, unit)
    if verdict.stable is not None:
        found += f" against {_value(verdict.stable, verdict.n_stable, unit)} of the stable release"
    end = f"{condition_text(watched.condition, unit)} {_ENDS[verdict.outcome]}"
    span = _span(watched.condition, verdict, unit)
    more = f", about {count_text(verdict.more)} more answers would decide it" if verdict.more else ""
    return f"{watched.name}: {found}; {end}{span}{more}"


def _value(value: float | None, count: int, unit: str) -> str:
    shown = "nothing" if value is None else value_text(value, unit)
    return f"{shown} of {count_text(count)}" if count else shown


def _span(condition: Condition, verdict: Verdict, unit: str) -> str:
    if verdict.low is None and verdict.high is None:
        return ""
    if verdict.low == verdict.high:
        return ""
    ends = [_end(end, condition, unit) for end in (verdict.low, verdict.high)]
    about = {"": "it is", "+": "the difference is", "*": "the ratio is"}[condition.relation]
    return f" ({about} between {ends[0]} and {ends[1]})"


def _end(end: float | None, condition: Condition, unit: str) -> str:
    if end is None:
        return "nobody knows what"
    return f"{end:.3g}" if condition.relation == "*" else value_text(end, unit)


def _digits(value: float) -> str:
    """Spell *value* with three significant digits, none of them behind a number of hundreds."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
