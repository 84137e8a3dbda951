"""What a run took: tokens, accelerator hours and money, as measurements of its own, and what the next one may take."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from trueup.core.frozen import dataclass
from trueup.evidence.evidence import Evidence, Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.prices import Rates

PROMPT_TOKENS, COMPLETION_TOKENS = "prompt_tokens", "completion_tokens"
GPU_HOURS, COST = "gpu_hours", "cost"
"""Measurements of a run as a whole; their samples are the examples that were counted."""


def run_cost(
    examples: Sequence[ExampleResult], accelerators: int, rates: Rates, wall_seconds: float | None = None
) -> tuple[Measurement, ...]:
    """Return what the run that gave *examples* took; what cannot be told is left out.

    Args:
        examples: What came of each example, and how many tokens and seconds it took.
        accelerators: Accelerators that served meanwhile; 0 for none, and for a provider's.
        rates: What is paid (`Prices.rates`).
        wall_seconds: Time from the first question to the last answer. Without it, the examples are taken to have been
            asked one after the other, which is the most that it can have taken.

    The cost is in whole units of the currency, which is its unit.
    """
    count = len(examples)
    if not count:
        return ()
    read = _total([e.prompt_tokens for e in examples])
    written = _total([e.completion_tokens for e in examples])
    seconds = wall_seconds if wall_seconds is not None else _total([e.seconds for e in examples])
    found = [
        Measurement(name, float(value), "tokens", count)
        for name, value in ((PROMPT_TOKENS, read), (COMPLETION_TOKENS, written))
        if value is not None
    ]
    if seconds is not None and accelerators:
        found.append(Measurement(GPU_HOURS, seconds / 3600 * accelerators, "h", count))
    cost = _cost(rates, read, written, seconds, accelerators)
    if cost is not None:
        found.append(Measurement(COST, float(cost / 100), rates.currency, count))
    return tuple(found)


def _total(counted: Sequence[float | None]) -> float | None:
    """Return the sum; None when a part of it was not counted, or is no number."""
    known = [value for value in counted if value is not None and math.isfinite(value)]
    return sum(known) if len(known) == len(counted) else None


def _cost(
    rates: Rates, read: float | None, written: float | None, seconds: float | None, accelerators: int
) -> Fraction | None:
    if rates.by_tokens:
        if read is None or written is None:
            return None
        return rates.for_tokens(Fraction(read), Fraction(written))
    if seconds is None or rates.hour is None:
        return None
    return Fraction(seconds) / 3600 * max(accelerators, 1) * rates.hour


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What the next run may take, by what an earlier one of the same evaluation took.

    Attributes:
        examples: Examples that are asked.
        tokens: Tokens read and written; None when nobody counted them.
        seconds: From start to end.
        gpu_hours: Accelerator hours; None when there were none, or nobody knows.
        cost: In whole units of `currency`; None when nothing had a price.
        currency: Empty without a cost.
        measured_at: When that run ended.
    """

    examples: int
    tokens: int | None
    seconds: float
    gpu_hours: float | None
    cost: float | None
    currency: str
    measured_at: datetime


def estimate_of(evidence: Evidence, rates: Rates | None = None, accelerators: int = 0) -> RunEstimate:
    """Return what the next run may take, by what the one that gave *evidence* took.

    Args:
        evidence: What that run measured.
        rates: What is paid now; what that run paid when they price nothing.
        accelerators: Accelerators that will serve meanwhile.
    """
    whole: Mapping[str, Measurement] = {m.metric: m for m in evidence.measurements if not m.slice}
    read, written, hours = (
        whole[name].value if name in whole else None for name in (PROMPT_TOKENS, COMPLETION_TOKENS, GPU_HOURS)
    )
    tokens = [count for count in (read, written) if count is not None]
    seconds = max((evidence.completed_at - evidence.started_at).total_seconds(), 0.0)
    now = _cost(rates, read, written, seconds, accelerators) if rates is not None else None
    paid = whole.get(COST)
    cost, currency = (None, "") if paid is None else (paid.value, paid.unit)
    if now is not None and rates is not None:
        cost, currency = float(now / 100), rates.currency
    return RunEstimate(
        examples=max((m.samples for m in evidence.measurements), default=0),
        tokens=round(sum(tokens)) if tokens else None,
        seconds=seconds,
        gpu_hours=seconds / 3600 * accelerators if accelerators else hours,
        cost=cost,
        currency=currency,
        measured_at=evidence.completed_at,
    )


def mean_tokens(evidence: Evidence) -> tuple[Fraction, Fraction] | None:
    """Return the mean tokens read and written for one example; None when nobody counted them."""
    whole = {m.metric: m for m in evidence.measurements if not m.slice and m.samples > 0}
    if PROMPT_TOKENS not in whole or COMPLETION_TOKENS not in whole:
        return None
    read, written = (Fraction(whole[name].value) / whole[name].samples for name in (PROMPT_TOKENS, COMPLETION_TOKENS))
    return read, written
