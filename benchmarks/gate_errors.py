#!/usr/bin/env python3
"""How often gates are wrong: false alarms and misses of every threshold and every paired test, by simulation.

Releases whose truth is known are drawn over and over and judged by the functions that judge real ones. Prints the
tables; `--write` puts them into docs/gates.md, and a test holds that page to a simulation of its own.
"""

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trueup.evidence.comparison import ComparedMetric, Outcome, RegressionTerms, compare
from trueup.evidence.estimates import Estimand, estimate, perplexity
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.gates import VALUE_ALONE, Threshold, judge
from trueup.evidence.metrics import Shape
from trueup.evidence.statistics.bounds import trials_needed
from trueup.evidence.statistics.power import pairs_for_mean, pairs_for_share

PAGE = Path(__file__).parents[1] / "docs" / "gates.md"
BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"

Drawn = np.random.Generator


@dataclass(frozen=True)
class Row:
    """One line of a table: how often each outcome came, in [0, 1].

    `most` is what the first two outcomes may reach; None where nothing is promised.
    """

    gate: str
    truth: str
    rates: tuple[float, ...]
    most: tuple[float | None, float | None]
    runs: int


ONE, FIVE, FIVE_HOLM = "no loss beyond the margin", "the same, 5 metrics, uncorrected", "the same, 5 metrics, Holm"
LOSS = "loss of 0.05 beyond the margin"


# Thresholds: each makes a measurement whose truth is known, and is held against a threshold.


def share(generator: Drawn, examples: int, rate: float) -> Measurement | None:
    passed = generator.random(examples) < rate
    return estimate(((str(i), float(p)) for i, p in enumerate(passed)), Estimand("m", "ratio", Shape.PASS_FAIL))


def epochs(generator: Drawn, examples: int, rate: float) -> Measurement | None:
    """Four answers an example, and examples that differ: half of the variance is between them."""
    own = generator.beta(rate, 1 - rate, examples)
    scores = ((str(i), float(p)) for i, o in enumerate(own) for p in generator.random(4) < o)
    return estimate(scores, Estimand("m", "ratio", Shape.PASS_FAIL))


def score(generator: Drawn, examples: int, mean: float) -> Measurement | None:
    """Scores in [0, 1], skewed as ROUGE of a good model is."""
    scores = generator.beta(4 * mean, 4 * (1 - mean), examples)
    return estimate(((str(i), float(s)) for i, s in enumerate(scores)), Estimand("m", "ratio", Shape.SCORE))


def tokens(generator: Drawn, examples: int, mean: float) -> Measurement | None:
    """Numbers with a long tail: the standard deviation is 1.3 times the mean."""
    scores = generator.lognormal(np.log(mean) - 0.5, 1.0, examples)
    return estimate(((str(i), float(s)) for i, s in enumerate(scores)), Estimand("m", "tokens", Shape.SCORE))


def p95(generator: Drawn, examples: int, value: float) -> Measurement | None:
    """Latencies whose 95th percentile is *value*."""
    seconds = generator.lognormal(np.log(value) - 0.5 * 1.6448536, 0.5, examples)
    return estimate(((str(i), float(s)) for i, s in enumerate(seconds)), Estimand("m", "ms", Shape.WHOLE, "p95"))


def losses(generator: Drawn, examples: int, value: float) -> Measurement | None:
    """Perplexity of sequences of different length, some harder than others."""
    tokens = generator.integers(50, 250, examples)
    means = np.log(value) + generator.normal(0, 0.3, examples) + generator.normal(0, 1.5, examples) / np.sqrt(tokens)
    return perplexity([(float(m * t), int(t)) for m, t in zip(means, tokens, strict=True)], "m")


AT, GOOD, BAD = "on the threshold", "good: {}", "bad: {}"


@dataclass(frozen=True)
class Case:
    """A gate and how what it measures is drawn: with the truth on the threshold, and with others."""

    name: str
    draw: Callable[[Drawn, int, float], Measurement | None]
    shape: Shape
    threshold: Threshold
    examples: int
    good: float | None = None
    bad: float | None = None
    most: float | None = 0.05
    """Share of wrong decisions that is claimed; None where nothing is."""


SHARE, TOKENS = Threshold("m", ">=", 0.8), Threshold("m", "<=", 100.0)
ALONE = replace(SHARE, confidence=VALUE_ALONE)
CASES = (
    Case("share >= 0.8, 30 examples", share, Shape.PASS_FAIL, SHARE, 30, 0.9, 0.7),
    Case("share >= 0.8, 100 examples", share, Shape.PASS_FAIL, SHARE, 100, 0.9, 0.7),
    Case("share >= 0.8, 400 examples", share, Shape.PASS_FAIL, SHARE, 400, 0.9, 0.7),
    Case("share >= 0.97, 100 examples", share, Shape.PASS_FAIL, Threshold("m", ">=", 0.97), 100),
    Case("share >= 0.8, 100 examples, 4 epochs", epochs, Shape.PASS_FAIL, SHARE, 100, 0.9, most=0.06),
    Case("mean score >= 0.8, 30 examples", score, Shape.SCORE, SHARE, 30, 0.87, most=0.06),
    Case("mean score >= 0.8, 100 examples", score, Shape.SCORE, SHARE, 100, 0.87, most=0.06),
    Case("mean tokens <= 100, 30 examples", tokens, Shape.SCORE, TOKENS, 30, 60.0, most=0.09),
    Case("mean tokens <= 100, 100 examples", tokens, Shape.SCORE, TOKENS, 100, 60.0, most=0.09),
    Case("mean tokens <= 100, 1000 examples", tokens, Shape.SCORE, TOKENS, 1000, 85.0, most=0.07),
    Case("perplexity <= 10, 60 sequences", losses, Shape.SCORE, Threshold("m", "<=", 10.0), 60, 9.0, most=0.06),
    Case("p95 latency <= 500, 300 requests", p95, Shape.WHOLE, Threshold("m", "<=", 500.0), 300, 350.0),
    Case("value alone: share >= 0.8, 100 examples", share, Shape.PASS_FAIL, ALONE, 100, 0.83, 0.77, most=None),
)


def thresholds(runs: int, seed: int) -> Iterator[Row]:
    """Yield rows of (passes, fails, not enough evidence)."""
    for number, case in enumerate(CASES):
        generator = np.random.default_rng([seed, number])
        for truth, value, most in (
            (AT, case.threshold.value, (case.most, case.most)),
            (GOOD.format(case.good), case.good, (None, case.most)),
            (BAD.format(case.bad), case.bad, (case.most, None)),
        ):
            if value is not None:
                found = Counter(_judged(case, generator, value) for _ in range(runs))
                yield Row(case.name, truth, tuple(found[outcome] / runs for outcome in range(3)), most, runs)


def _judged(case: Case, generator: Drawn, value: float) -> int:
    measured = case.draw(generator, case.examples, value)
    assert measured is not None
    (found,) = judge([case.threshold], [measured], {"m": case.shape})
    return 2 if found.undecided else int(not found.passed)


# Regressions: two releases on the same examples.

METRICS = tuple(f"m{i}" for i in range(5))
EFFECT = 0.05
RESAMPLES = 499

Scores = np.ndarray


def passes(generator: Drawn, loss: float, examples: int = 400, changing: float = 0.1) -> tuple[Scores, Scores]:
    """Pass or fail: a share is *changing* by chance, half of it for the worse, and the loss comes on top."""
    kind = generator.random((examples, len(METRICS)))
    worse, better = kind < changing / 2 + loss, kind > 1 - changing / 2
    old = np.where(worse, 1.0, np.where(better, 0.0, generator.random(kind.shape) < 0.8))
    return np.where(worse, 0.0, np.where(better, 1.0, old)), old


def few_passes(generator: Drawn, loss: float) -> tuple[Scores, Scores]:
    """Pass or fail, of few examples that hardly change."""
    return passes(generator, loss, 60, 0.06)


def scores(generator: Drawn, loss: float) -> tuple[Scores, Scores]:
    """Scores, 100 examples: a third does not change, the others by an amount with long tails."""
    old = generator.beta(4, 2, (100, len(METRICS)))
    noise = (generator.exponential(1.0, old.shape) - generator.exponential(1.0, old.shape)) * 0.12
    return np.where(generator.random(old.shape) < 1 / 3, old, old + noise) - loss, old


def results(values: Scores) -> list[ExampleResult]:
    return [
        ExampleResult(str(i), 0, "", tuple(zip(METRICS, row, strict=True))) for i, row in enumerate(values.tolist())
    ]


GROUPS: tuple[tuple[str, Callable[[Drawn, float], tuple[Scores, Scores]], Shape, float, tuple[str, ...]], ...] = (
    ("passes, 400 examples", passes, Shape.PASS_FAIL, 0.0, ("mcnemar", "paired-bootstrap", "paired-t")),
    ("passes, 400 examples, margin 0.02", passes, Shape.PASS_FAIL, 0.02, ("mcnemar", "paired-t")),
    ("passes, 60 examples, few change", few_passes, Shape.PASS_FAIL, 0.0, ("mcnemar", "paired-bootstrap")),
    ("scores, 100 examples", scores, Shape.SCORE, 0.0, ("paired-bootstrap", "paired-t", "wilcoxon", "permutation")),
    ("scores, 100 examples, margin 0.02", scores, Shape.SCORE, 0.02, ("paired-bootstrap", "paired-t", "permutation")),
)
"""McNemar's test of passes stands for `wilcoxon` and `permutation`, which are the same test there."""


def regressions(runs: int, seed: int) -> Iterator[Row]:
    """Yield rows of (no worse, worse, not enough evidence): one metric and five, without a loss and with one.

    Each run has five metrics; where one alone is judged, each of the five is a run of its own.
    """
    for number, (name, draw, shape, margin, tests) in enumerate(GROUPS):
        generator = np.random.default_rng([seed, 100 + number])
        known = {m: ComparedMetric("ratio", True, shape) for m in METRICS}
        counts: dict[tuple[str, str], Counter[Outcome]] = defaultdict(Counter)
        for _ in range(runs):
            same, lost = (tuple(map(results, draw(generator, margin + more))) for more in (0.0, EFFECT))
            for test in tests:
                terms = RegressionTerms(
                    test=test, margin=margin, smallest_effect=EFFECT, resamples=RESAMPLES, correction="none"
                )
                alone = compare(*same, terms, known)
                counts[test, ONE].update(m.outcome for m in alone.metrics)
                counts[test, FIVE].update([alone.outcome])
                counts[test, FIVE_HOLM].update([compare(*same, replace(terms, correction="holm"), known).outcome])
                counts[test, LOSS].update(m.outcome for m in compare(*lost, terms, known).metrics)
        for test in tests:
            for truth, most in (
                (ONE, (None, 0.05)),
                (FIVE, (None, None)),
                (FIVE_HOLM, (None, 0.05)),
                (LOSS, (0.2, None)),
            ):
                found = counts[test, truth]
                total = sum(found.values())
                rates = tuple(found[o] / total for o in (Outcome.NO_WORSE, Outcome.REGRESSED, Outcome.NOT_ENOUGH))
                yield Row(f"{test}: {name}", truth, rates, most, total)


def table(rows: Sequence[Row], heads: tuple[str, ...]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * 2}{' ---: |' * (len(heads) - 2)}"]
    for row in rows:
        rates = " | ".join(f"{100 * rate:.1f} %" for rate in row.rates)
        lines.append(f"| {row.gate} | {row.truth} | {rates} | {row.runs} |")
    return "\n".join(lines)


def sizes() -> str:
    """Return how many examples it takes, by the size of what has to be seen."""
    apart = (0.2, 0.1, 0.05, 0.02, 0.01)
    lines = [f"| | {' | '.join(f'{a:g}' for a in apart)} |", "| --- |" + " ---: |" * len(apart)]

    def line(name: str, needed: Callable[[float], float | None]) -> None:
        found = (needed(a) for a in apart)
        lines.append(f"| {name} | {' | '.join('-' if n is None else f'{math.ceil(n):,}' for n in found)} |")

    for threshold in (0.5, 0.8, 0.9):
        line(
            f"share >= {threshold}: measured so much above",
            lambda a, t=threshold: trials_needed(t + a, t, 0.95, 2.0) if t + a <= 1 else None,
        )
    for discordant in (0.0, 0.1, 0.3):
        differing = f"{discordant:.0%} of examples" if discordant else "only lost examples"
        for alpha, words in ((0.05, "1 metric"), (0.01, "5 metrics")):
            line(
                f"passes: loss, when {differing} differ, {words}",
                lambda a, d=discordant, p=alpha: pairs_for_share(d, 0.0, a, p),
            )
    for deviation in (0.1, 0.3):
        line(
            f"scores: loss, when differences have a standard deviation of {deviation}",
            lambda a, d=deviation: pairs_for_mean(d * d, a, 0.05),
        )
    return "\n".join(lines)


def block(runs: int, seed: int) -> str:
    """Return all tables as Markdown."""
    one = table(list(thresholds(runs, seed)), ("threshold", "truth", "passes", "fails", "not enough", "runs"))
    two = table(list(regressions(runs // 4, seed)), ("comparison", "truth", "no worse", "worse", "not enough", "runs"))
    return f"{sizes()}\n\n{one}\n\n{two}"


def written(page: str, tables: str) -> str:
    """Return *page* with *tables* in place of those it has."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def read(page: str) -> dict[tuple[str, str], tuple[tuple[float, ...], int]]:
    """Return the rates and the number of runs of each row that *page* has, by gate and truth."""
    _, _, rest = page.partition(BEGIN)
    rows: dict[tuple[str, str], tuple[tuple[float, ...], int]] = {}
    for line in rest.partition(END)[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[2].endswith(" %"):
            rows[cells[0], cells[1]] = (tuple(float(c.removesuffix(" %")) / 100 for c in cells[2:5]), int(cells[5]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000, help="releases drawn for each threshold")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/gates.md")
    asked = parser.parse_args()
    tables = block(asked.runs, asked.seed)
    print(tables)
    if asked.write:
        PAGE.write_text(written(PAGE.read_text(), tables))


if __name__ == "__main__":
    main()
