"""How often rollouts are judged wrongly: no more often than they say, and as often as docs/rollouts.md says."""

import math
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
RUNS = 100
"""Steps that are drawn of each case."""

DEVIATIONS = 4.0
"""Of the binomial distribution: a right rate is further off in one of 16,000 rows."""


@pytest.fixture(scope="module")
def rollout_errors() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import rollout_errors
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    return rollout_errors


def tolerance(rate: float, *runs: int) -> float:
    """Return how far a simulated rate may be from *rate*, when one or both were simulated."""
    spread = max(rate * (1 - rate), 0.5 / min(runs))
    return DEVIATIONS * math.sqrt(spread * sum(1 / n for n in runs))


@pytest.mark.slow
def test_rollouts_are_judged_wrongly_no_more_often_than_they_say(rollout_errors: ModuleType) -> None:
    page = rollout_errors.read(rollout_errors.PAGE.read_text(encoding="utf-8"))
    found = list(rollout_errors.rows(RUNS, seed=2))
    assert {row.case.name for row in found} == set(page)
    for row in found:
        written, runs = page[row.case.name]
        simulated = (row.aborted, row.passed, row.undecided)
        for rate, documented, most in zip(simulated, written, (*row.case.most, None), strict=True):
            assert rate == pytest.approx(documented, abs=tolerance(documented, row.runs, runs)), row
            if most is not None:
                assert rate <= most + tolerance(most, row.runs), row
                assert documented <= most + tolerance(most, runs), row


def test_a_worse_release_is_found_and_an_equal_one_is_not_aborted_by_the_page(rollout_errors: ModuleType) -> None:
    page = rollout_errors.read(rollout_errors.PAGE.read_text(encoding="utf-8"))
    aborted = {case.truth: page[case.name][0][0] for case in rollout_errors.CASES[:5]}
    assert aborted["equal releases"] <= 0.05
    assert aborted["errors 1 % to 6 %"] >= 0.9
    assert aborted["p95 + 50 %"] >= 0.9


def test_a_new_table_takes_the_place_of_the_old_one(rollout_errors: ModuleType) -> None:
    page = (
        f"before\n{rollout_errors.BEGIN}\n\n| g | t | 10 | 5/9 | 1.0 % | 2.0 % | 97.0 % | 50 |\n\n"
        f"{rollout_errors.END}\nafter\n"
    )
    assert rollout_errors.read(page) == {("g", "t", "10"): ((0.01, 0.02, 0.97), 50)}
    again = rollout_errors.written(page, "table")
    assert again == f"before\n{rollout_errors.BEGIN}\n\ntable\n\n{rollout_errors.END}\nafter\n"
