"""Judges a release by what was answered: each metric on its own, against a number or against the stable release.

A metric passes when its whole interval is on the side that passes, fails when it is wholly on the other, and is
undecided in between. The ends of the interval are one-sided limits:

- the end that makes it fail errs with a chance of `(1 - confidence) / (looks * metrics)`, so that a release which is
  as good as its bounds is aborted by chance at most with `1 - confidence`, however many metrics are looked at however
  often;
- the end that makes it pass errs with `(1 - confidence) / looks`: all metrics have to pass, so that more of them make a
  false pass no likelier.

Source: Bonferroni's inequality (Dunn, J. Amer. Statist. Assoc. 56, 1961) for looks and failures; for passes the
intersection-union test (Berger, Technometrics 24, 1982).
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from trueup.core.conditions import Condition
from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.desired.takeover import Checks, Watched
from trueup.evidence.statistics.bounds import samples_needed, trials_needed
from trueup.evidence.statistics.limits import Contrast, Sample, fewest_for, ratio_limits
from trueup.observed.traffic import Answered, Traffic
from trueup.rollout.metric_words import count_text, sentence
from trueup.rollout.samples import counted, sample_of, values_of
from trueup.rollout.verdicts import Outcome, Verdict
from trueup.spec.traffic_metrics import ONLY_OF_COPIES, TRAFFIC_METRICS


@dataclass(frozen=True, slots=True)
class Queried:
    """What was measured elsewhere: by a query, or by an evaluation of the release's own endpoint.

    Attributes:
        value: Of the new release; None where the source has none.
        stable: Of the stable release; None where it has none or nobody compares.
        error: Why nobody could find out; empty when someone did.
        interval, stable_interval: How sure the values are; None takes them as they are.
    """

    value: float | None = None
    stable: float | None = None
    error: str = ""
    interval: tuple[float, float] | None = None
    stable_interval: tuple[float, float] | None = None


_Pair = tuple[Sample | None, Sample | None]
"""The new release's sample and the stable one's."""


@dataclass(frozen=True, slots=True)
class _Errors:
    """Chance that each end of an interval errs."""

    failing: float
    passing: float


def analyse(  # noqa: PLR0913 all of them decide, and none belongs to another
    checks: Checks,
    traffic: Traffic,
    stable: Digest,
    new: Digest,
    *,
    looks: int = 1,
    queried: Mapping[str, Queried] | None = None,
    copied: bool = False,
) -> tuple[Verdict, ...]:
    """Return a verdict for each metric of *checks*, in their order.

    Args:
        checks: What is watched.
        traffic: What was answered in the window.
        stable: The release that is compared with.
        new: The release that is judged.
        looks: How often this step is judged in all, at least 1.
        queried: By metric, what is not the gateway's to count.
        copied: Judge what the new release answered to copies.
    """
    mine = counted((traffic.copied if copied else traffic.served).get(new, ()))
    other = counted(traffic.served.get(stable, ()))
    error = (1 - checks.confidence) / max(1, looks)
    errors = _Errors(error / max(1, len(checks.watched)), error)
    if len(mine) < checks.min_requests:
        return tuple(_too_few(w, len(mine), len(other), checks.min_requests) for w in checks.watched)
    return tuple(
        _of_traffic(watched, mine, other, errors)
        if not watched.query and watched.name in TRAFFIC_METRICS
        else _of_query(watched, (queried or {}).get(watched.name), errors)
        for watched in checks.watched
    )


def _too_few(watched: Watched, count: int, stable: int, wanted: int) -> Verdict:
    missing = wanted - count
    said = (
        f"{watched.name}: {count_text(count)} of {count_text(wanted)} requests answered, {count_text(missing)} missing"
    )
    return Verdict(watched.name, Outcome.UNDECIDED, said, n_new=count, n_stable=stable, more=missing)


def _of_traffic(watched: Watched, mine: list[Answered], other: list[Answered], errors: _Errors) -> Verdict:
    name = watched.name
    values = values_of(name, mine)
    others = [] if name in ONLY_OF_COPIES else values_of(name, other)
    most = max((*values, *others), default=1.0)
    new, stable = sample_of(name, values, most), sample_of(name, others, most)
    if new is None or (watched.condition.relation and stable is None):
        whose = "the new release" if new is None else "the stable release"
        return _verdict(watched, Outcome.UNDECIDED, (new, stable), f"no answer of {whose} has it yet")
    return _judged(watched, new, stable, errors)


def _of_query(watched: Watched, found: Queried | None, errors: _Errors) -> Verdict:
    if found is None:
        return _verdict(watched, Outcome.UNDECIDED, (None, None), "not measured yet")
    if found.error:
        return _verdict(watched, Outcome.ERROR, (None, None), f"could not be found out: {found.error}")
    new = _given(found.value, found.interval)
    stable = _given(found.stable, found.stable_interval)
    if new is None or (watched.condition.relation and stable is None):
        whose = "the new release" if new is None else "the stable release"
        return _verdict(watched, Outcome.UNDECIDED, (new, stable), f"the source has no value of {whose}")
    return _judged(watched, new, stable, errors)


def _given(value: float | None, interval: tuple[float, float] | None) -> Sample | None:
    if value is None:
        return None
    low, high = interval or (value, value)
    return Sample(value, 0, lambda _: low, lambda _: high)


def _judged(watched: Watched, new: Sample, stable: Sample | None, errors: _Errors) -> Verdict:
    condition = watched.condition
    judged: Sample | Contrast = new
    bound = condition.bound
    if condition.relation and stable is not None:
        judged, bound = _contrast(condition, new, stable), 0.0
    ends = (errors.failing, errors.passing) if condition.wants_less else (errors.passing, errors.failing)
    low, high = judged.lower(ends[0]), judged.upper(ends[1])
    best, worst = (low, high) if condition.wants_less else (high, low)
    if condition.holds(worst, bound):
        outcome, more = Outcome.PASS, 0
    elif not condition.holds(best, bound):
        outcome, more = Outcome.FAIL, 0
    else:
        outcome, more = Outcome.UNDECIDED, _more(watched, new, judged.value, bound, (low, high), errors)
    return _verdict(
        watched, outcome, (new, stable), span=_shown(condition, (low, high), (new, stable), ends), more=more
    )


def _contrast(condition: Condition, new: Sample, stable: Sample) -> Contrast:
    if condition.relation == "*":
        return Contrast(new, stable, condition.bound, 0.0)
    return Contrast(new, stable, 1.0, condition.bound)


def _shown(
    condition: Condition, span: tuple[float, float], pair: _Pair, errors: tuple[float, float]
) -> tuple[float, float] | None:
    """Return the interval as people compare it with the condition: the value, the difference, or the ratio."""
    new, stable = pair
    match condition.relation:
        case "+":
            return span[0] + condition.bound, span[1] + condition.bound
        case "*" if new is not None and stable is not None:
            if stable.value <= 0:
                return None
            low, high = ratio_limits(new, stable, *errors)
            # What may be luck is within.
            return (
                min(low, condition.bound) if span[0] <= 0 else low,
                max(high, condition.bound) if span[1] >= 0 else high,
            )
        case _:
            return span


def _more(watched: Watched, new: Sample, value: float, bound: float, span: tuple[float, float], errors: _Errors) -> int:
    """Return about how many more answers would decide it; 0 when nobody can tell."""
    if not new.count:
        return 0
    metric = TRAFFIC_METRICS[watched.name]
    if metric.quantile and not all(map(math.isfinite, span)):
        return max(1, fewest_for(metric.quantile, errors.failing) - new.count)
    confidence = 1 - (errors.passing if watched.condition.holds(value, bound) else errors.failing)
    if new.is_share and not watched.condition.relation:
        needed = trials_needed(value, bound, confidence, new.count)
    else:
        needed = samples_needed(value, bound, span, new.count)
    return 0 if needed is None else max(1, math.ceil(needed) - new.count)


def _verdict(
    watched: Watched,
    outcome: Outcome,
    pair: _Pair,
    why: str = "",
    span: tuple[float, float] | None = None,
    more: int = 0,
) -> Verdict:
    new, stable = pair
    low, high = (_finite(end) for end in span) if span else (None, None)
    verdict = Verdict(
        watched.name,
        outcome,
        "",
        new=new.value if new else None,
        stable=stable.value if stable else None,
        low=low,
        high=high,
        n_new=new.count if new else 0,
        n_stable=stable.count if stable else 0,
        more=more,
    )
    return replace(verdict, said=sentence(watched, verdict, why))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
