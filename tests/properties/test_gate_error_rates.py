"""How often gates are wrong: no more often than they say, and as often as docs/gates.md says."""

import math
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
RUNS = 1000
"""Releases that are drawn for each threshold, and half as many metrics for each comparison."""

DEVIATIONS = 4.0
"""Of the binomial distribution: a right rate is further off in one of 16,000 rows."""


@pytest.fixture(scope="module")
def gate_errors() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import gate_errors
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    return gate_errors


def tolerance(rate: float, *runs: int) -> float:
    """Return how far a simulated rate may be from *rate*, when one or both were simulated."""
    spread = max(rate * (1 - rate), 0.5 / min(runs))
    return DEVIATIONS * math.sqrt(spread * sum(1 / n for n in runs))


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a hundred thousand draws, on a machine that may be busy
def test_gates_are_wrong_no_more_often_than_they_say(gate_errors: ModuleType) -> None:
    page = gate_errors.read(gate_errors.PAGE.read_text(encoding="utf-8"))
    rows = [*gate_errors.thresholds(RUNS, seed=2), *gate_errors.regressions(RUNS // 10, seed=2)]
    assert {(row.gate, row.truth) for row in rows} == set(page)
    for row in rows:
        written, runs = page[row.gate, row.truth]
        for simulated, documented, most in zip(row.rates, written, (*row.most, None), strict=True):
            assert simulated == pytest.approx(documented, abs=tolerance(documented, row.runs, runs)), row
            if most is not None:
                assert simulated <= most + tolerance(most, row.runs), row
                assert documented <= most + tolerance(most, runs), row


def test_the_page_has_the_numbers_of_examples_that_are_asked_for(gate_errors: ModuleType) -> None:
    assert gate_errors.sizes() in gate_errors.PAGE.read_text(encoding="utf-8")


def test_new_tables_take_the_place_of_the_old_ones(gate_errors: ModuleType) -> None:
    page = f"before\n{gate_errors.BEGIN}\n\n| g | t | 1.0 % | 2.0 % | 97.0 % | 50 |\n\n{gate_errors.END}\nafter\n"
    assert gate_errors.read(page) == {("g", "t"): ((0.01, 0.02, 0.97), 50)}
    again = gate_errors.written(page, "tables")
    assert again == f"before\n{gate_errors.BEGIN}\n\ntables\n\n{gate_errors.END}\nafter\n"
