#!/usr/bin/env python3
"""How often rollouts are judged wrongly: aborted although the release is as good as its bounds, or passed although not.

Releases whose truth is known answer drawn requests, and are judged by the function that judges real ones, as often as
a step looks at them. Prints the table; `--write` puts it into docs/rollouts.md, and a test holds that page to a
simulation of its own.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from trueup.core.conditions import Condition, read_condition
from trueup.core.digests import Digest
from trueup.desired.takeover import Checks, Watched
from trueup.observed.traffic import Answered, Traffic
from trueup.rollout.analysis import analyse
from trueup.rollout.verdicts import Outcome, together
from trueup.spec.traffic_metrics import TRAFFIC_METRICS

PAGE = Path(__file__).parents[1] / "docs" / "rollouts.md"
BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"
STABLE, NEW = Digest("sha256:stable"), Digest("sha256:new")
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Truth:
    """What a release is really like: share of failures, and what its times, lengths and marks are multiplied by."""

    errors: float = 0.01
    slower: float = 1.0
    longer: float = 1.0
    liked: float = 0.8


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        conditions: What is watched.
        truth: In words.
        new, stable: The releases.
        answers: Of the new release and of the stable one, at the end of the step.
        looks: How often it is judged.
        most: What aborts and passes may reach; None where nothing is promised.
    """

    conditions: tuple[str, ...]
    truth: str
    new: Truth
    stable: Truth
    answers: tuple[int, int] = (500, 1500)
    looks: int = 10
    most: tuple[float | None, float | None] = (0.05, None)

    @property
    def name(self) -> tuple[str, str, str]:
        """What the table tells it by."""
        return ", ".join(f"`{c}`" for c in self.conditions), self.truth, f"{self.looks}"


USUAL = ("error_rate <= stable + 1%", "latency_p95 <= stable * 1.2", "output_tokens <= stable * 1.25")
_EQUAL = Truth()
_SPARSE = Truth(errors=0.002)

CASES = (
    Case(USUAL, "equal releases", _EQUAL, _EQUAL),
    Case(USUAL, "equal releases, five times the answers", _EQUAL, _EQUAL, (2500, 7500)),
    Case(USUAL, "each at its bound", Truth(0.02, 1.2, 1.25), _EQUAL, most=(0.05, 0.05)),
    Case(USUAL, "errors 1 % to 6 %", Truth(errors=0.06), _EQUAL, most=(None, 0.05)),
    Case(USUAL, "p95 + 50 %", Truth(slower=1.5), _EQUAL, most=(None, 0.05)),
    Case(USUAL, "answers twice as long", Truth(longer=2.0), _EQUAL, most=(None, 0.05)),
    Case(("error_rate <= 1%",), "at its bound", _EQUAL, _EQUAL, most=(0.05, 0.05)),
    Case(("error_rate <= stable",), "equal, few errors", _SPARSE, _SPARSE, (100, 1900), most=(0.05, 0.05)),
    Case(("error_rate <= stable",), "equal, few errors", _SPARSE, _SPARSE, (100, 1900), 1, (0.05, 0.05)),
    Case(("error_rate <= stable * 2",), "at its bound", Truth(errors=0.02), _EQUAL, most=(0.05, 0.05)),
    Case(("latency_p95 <= stable",), "equal releases", _EQUAL, _EQUAL, most=(0.05, 0.05)),
    Case(("latency_p95 <= stable",), "equal releases", _EQUAL, _EQUAL, looks=1, most=(0.05, 0.05)),
    Case(("output_tokens <= stable",), "equal releases", _EQUAL, _EQUAL, most=(0.05, 0.05)),
    Case(("feedback >= stable - 0.1",), "at its bound", Truth(liked=0.7), _EQUAL, most=(0.05, 0.05)),
)


@dataclass(frozen=True)
class Row:
    """How often a case ended how, in [0, 1]."""

    case: Case
    aborted: float
    passed: float
    undecided: float
    runs: int


def watched(condition: str) -> Watched:
    """Return what `metric <= bound` watches."""
    name, _, rest = condition.partition(" ")
    read = read_condition(rest, TRAFFIC_METRICS[name].unit)
    assert isinstance(read, Condition)
    return Watched(name, read)


def answers(generator: np.random.Generator, truth: Truth, count: int) -> tuple[Answered, ...]:
    """Return drawn answers: times and lengths have long tails, one in five users says what they think."""
    failed = generator.random(count) < truth.errors
    seconds = truth.slower * generator.lognormal(0.0, 0.5, count)
    tokens = truth.longer * generator.lognormal(4.0, 0.6, count)
    liked, said = generator.random(count) < truth.liked, generator.random(count) < 0.2
    return tuple(
        Answered(0.0, 500 if f else 200, bool(f), float(s), None, 10, max(1, int(t)), False, float(k) if w else None)
        for f, s, t, k, w in zip(failed, seconds, tokens, liked, said, strict=True)
    )


def ending(generator: np.random.Generator, case: Case) -> Outcome:
    """Return how one step ends: it is left when everything passes, and aborted when anything fails."""
    checks = Checks(tuple(watched(c) for c in case.conditions), min_requests=1)
    new = answers(generator, case.new, case.answers[0])
    stable = answers(generator, case.stable, case.answers[1])
    found = Outcome.UNDECIDED
    for look in range(1, case.looks + 1):
        until = [len(a) * look // case.looks for a in (new, stable)]
        traffic = Traffic(_SINCE, {NEW: new[: until[0]], STABLE: stable[: until[1]]})
        found = together(analyse(checks, traffic, STABLE, NEW, looks=case.looks))
        if found in {Outcome.PASS, Outcome.FAIL}:
            break
    return found


def rows(runs: int, seed: int) -> Iterator[Row]:
    """Yield each case's row, from *runs* steps that are drawn."""
    for number, case in enumerate(CASES):
        generator = np.random.default_rng((seed, number))
        ends = Counter(ending(generator, case) for _ in range(runs))
        aborted, passed, undecided = (ends[o] / runs for o in (Outcome.FAIL, Outcome.PASS, Outcome.UNDECIDED))
        yield Row(case, aborted, passed, undecided, runs)


def table(found: Iterator[Row]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| watched | truth | looks | answers new/stable | aborted | passed | undecided | runs |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in found:
        shares = " | ".join(f"{100 * share:.1f} %" for share in (row.aborted, row.passed, row.undecided))
        size = "/".join(f"{n:,}" for n in row.case.answers)
        lines.append(f"| {' | '.join(row.case.name)} | {size} | {shares} | {row.runs} |")
    return "\n".join(lines)


def read(page: str) -> dict[tuple[str, ...], tuple[tuple[float, ...], int]]:
    """Return the rates and runs that *page* says, by the name of the case."""
    found = {}
    for line in page.partition(BEGIN)[2].partition(END)[0].splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("|") and cells[-1].isdigit():
            found[tuple(cells[:3])] = (tuple(float(c.rstrip(" %")) / 100 for c in cells[4:7]), int(cells[-1]))
    return found


def written(page: str, text: str) -> str:
    """Return *page* with *text* between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Simulate, print, and write when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the table into docs/rollouts.md")
    arguments = parser.parse_args()
    text = table(rows(arguments.runs, arguments.seed))
    print(text)
    if arguments.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
