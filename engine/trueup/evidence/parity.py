"""Parity of a build with its source: what is measured of the two on the same tokens, and what is accepted.

Perplexity alone is too weak: one corrupted layer moves it by 3 % and the divergence by a factor of 100. The
divergence of the next-token distributions and the share of equal likeliest tokens are what gates are about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trueup.evidence.evidence import Evidence, Measurement

if TYPE_CHECKING:
    from trueup.desired.parity import RequiredParity
    from trueup.evidence.gates import Threshold

KL, TOP1, RATIO = "kl", "top1", "perplexity_ratio"
"""The measurements that can be bounded."""
SOURCE, RESULT = "perplexity_source", "perplexity_result"
ERRORS = {name: f"{name}_stderr" for name in (KL, TOP1, RATIO)}
"""Standard errors over sequences, by what they are of."""
NOT_FINITE = "not_finite"
"""Predictions in which a network gave something that is no number."""

_MOST_NATS = 700.0
"""A loss beyond this has a perplexity that JSON cannot spell, and no network is that bad by being quantized."""

OUTPUT = "output"
"""Part of the subject of parity evidence: the digest of the built artifact that was measured."""


@dataclass(frozen=True, slots=True)
class SequenceParity:
    """Two networks on one sequence of tokens, summed over its predictions.

    Attributes:
        tokens: Predictions: one fewer than the tokens of the sequence.
        kl: Sum of KL(source || result), in nats.
        agreed: Predictions whose likeliest token is the same.
        loss_source: Sum of the source's negative log-likelihoods of the next token, in nats.
        loss_result: The same of the result.
        not_finite: Predictions left out of the sums because a network gave no number.
    """

    tokens: int
    kl: float
    agreed: int
    loss_source: float
    loss_result: float
    not_finite: int = 0


def measurements_of(sequences: Sequence[SequenceParity]) -> tuple[Measurement, ...]:
    """Return what *sequences* amount to.

    With a single prediction that is no number, nothing else is a measurement: a mean over the rest would look fine.
    """
    tokens = sum(s.tokens for s in sequences)
    spoiled = sum(s.not_finite for s in sequences)
    sums = [v for s in sequences for v in (s.kl, s.loss_source, s.loss_result)]
    if spoiled or not tokens or not all(map(math.isfinite, sums)):
        return (Measurement(NOT_FINITE, float(spoiled or tokens), "tokens", tokens),)
    source = sum(s.loss_source for s in sequences) / tokens
    result = sum(s.loss_result for s in sequences) / tokens
    if max(source, result, result - source) > _MOST_NATS:
        return (Measurement(NOT_FINITE, float(tokens), "tokens", tokens),)
    ratio = math.exp(result - source)
    found = [
        Measurement(KL, sum(s.kl for s in sequences) / tokens, "nats", tokens),
        Measurement(TOP1, sum(s.agreed for s in sequences) / tokens, "ratio", tokens),
        Measurement(SOURCE, math.exp(source), "perplexity", tokens),
        Measurement(RESULT, math.exp(result), "perplexity", tokens),
        Measurement(RATIO, ratio, "ratio", tokens),
    ]
    from trueup.evidence.statistics.means import standard_error

    errors = {
        KL: standard_error([(s.kl, s.tokens) for s in sequences]),
        TOP1: standard_error([(float(s.agreed), s.tokens) for s in sequences]),
        # The error of exp(x) is exp(x) times that of x, to first order.
        RATIO: ratio * standard_error([(s.loss_result - s.loss_source, s.tokens) for s in sequences]),
    }
    if len(sequences) > 1:
        units = {m.metric: m.unit for m in found}
        found += [Measurement(ERRORS[n], e, units[n], len(sequences)) for n, e in errors.items()]
    return tuple(found)


def thresholds_of(required: RequiredParity) -> tuple[Threshold, ...]:
    """Return the declared bounds as thresholds.

    They hold for the measured values alone: both networks see the same tokens, nothing is drawn.
    """
    from trueup.evidence.gates import VALUE_ALONE, Threshold

    bounds = [
        (KL, "<=", required.max_kl),
        (TOP1, ">=", required.min_top1),
        (RATIO, "<=", required.max_perplexity_ratio),
    ]
    return tuple(Threshold(name, op, bound, confidence=VALUE_ALONE) for name, op, bound in bounds if bound is not None)


def judged(evidence: Evidence, required: RequiredParity) -> Evidence:
    """Return *evidence* held to the bounds of *required*, whatever it was held to when it was measured."""
    from trueup.evidence.gates import judge

    return replace(evidence, gates=judge(thresholds_of(required), evidence.measurements))


def is_parity(evidence: Evidence) -> bool:
    """Tell parity from what an evaluation measured."""
    return OUTPUT in dict(evidence.subject)


def verdict(evidence: Evidence) -> str:
    """Say what was measured, and whether it is enough: `KL 0.00008, ...: passed`."""
    refused = "; ".join(refusals(evidence))
    return f"{in_words(evidence)}: {'passed' if evidence.passed else 'FAILED'}{f', {refused}' if refused else ''}"


def in_words(evidence: Evidence) -> str:
    """Say what was measured: `KL 0.00008, top-1 98.9 %, perplexity 74.88 -> 74.87 (x1.000), 4080 tokens`."""
    value = {m.metric: m.value for m in evidence.measurements}
    tokens = next((m.samples for m in evidence.measurements), 0)
    if KL not in value:
        return f"no numbers came out of it, {tokens} tokens"
    said = f"KL {shown(value[KL])}, top-1 {value[TOP1] * 100:.1f} %"
    moved = f"perplexity {value[SOURCE]:.4g} -> {value[RESULT]:.4g} (x{value[RATIO]:.3f})"
    return f"{said}, {moved}, {tokens} tokens"


def refusals(evidence: Evidence) -> tuple[str, ...]:
    """Say which declared bounds do not hold, in words."""
    return tuple(_refusal(g.metric, g.value, g.threshold) for g in evidence.gates if not g.passed)


def _refusal(metric: str, value: float | None, bound: float) -> str:
    name = {KL: "KL", TOP1: "top-1", RATIO: "the perplexity ratio"}.get(metric, metric)
    if value is None:
        return f"{name} was not measured"
    most = "least" if metric == TOP1 else "most"
    return f"{name} {shown(value)} is not at {most} {shown(bound)}"


def shown(value: float) -> str:
    """Spell a measured number with the digits a reader compares, never as `8e-05`."""
    digits = 3 if value >= 0.1 else 5
    return f"{value:.{digits}f}"


def score_threshold(reference: float, sigma: float, samples: int, alpha: float) -> float:
    """Return the lowest score that is no drop from *reference*, when both were scored on *samples* examples.

    Args:
        reference: Score of the source, in points.
        sigma: Standard deviation of one example's score, in points; 50 for right or wrong of 100.
        samples: Examples, at least 1.
        alpha: Accepted chance of a false alarm, in (0, 1).

    Source: one-sided two-sample z-test, as TensorRT-LLM's accuracy suite decides.
    """
    from statistics import NormalDist

    return reference + NormalDist().inv_cdf(alpha) * math.sqrt(2 * sigma**2 / samples)


def smallest_drop(sigma: float, samples: int, alpha: float, beta: float = 0.2) -> float:
    """Return theta, the smallest drop that `score_threshold` sees with a chance of 1 - *beta*; units as there."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf
    return -(z(alpha) + z(beta)) * math.sqrt(2 * sigma**2 / samples)
