"""What a run took, and what the next one may take."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from states import NOON, Want, desired, passing
from trueup.evidence.costs import estimate_of, mean_tokens, run_cost
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.prices import Rates

PROVIDER = Rates("EUR", by_tokens=True, input_token=Fraction(1, 100), output_token=Fraction(4, 100))
MACHINE = Rates("USD", hour=Fraction(360))


def example(name: str, read: int | None = 90, written: int | None = 10, seconds: float | None = 5.0) -> ExampleResult:
    return ExampleResult(name, 0, "", (), prompt_tokens=read, completion_tokens=written, seconds=seconds)


TWO = (example("a"), example("b", 110, 30, 15.0))


def told(measurements: tuple[Measurement, ...]) -> dict[str, tuple[float, str, int]]:
    return {m.metric: (m.value, m.unit, m.samples) for m in measurements}


def test_tokens_hours_and_money_are_measurements_over_the_examples() -> None:
    assert told(run_cost(TWO, 2, MACHINE)) == {
        "prompt_tokens": (200.0, "tokens", 2),
        "completion_tokens": (40.0, "tokens", 2),
        "gpu_hours": (pytest.approx(40 / 3600), "h", 2),
        "cost": (pytest.approx(0.04), "USD", 2),
    }


def test_a_machine_without_accelerators_is_paid_and_has_no_gpu_hours() -> None:
    found = told(run_cost(TWO, 0, MACHINE))
    assert found["cost"] == (pytest.approx(0.02), "USD", 2)
    assert "gpu_hours" not in found


def test_the_time_by_the_wall_goes_before_that_of_single_examples() -> None:
    assert told(run_cost(TWO, 1, MACHINE, wall_seconds=10))["cost"] == (pytest.approx(0.01), "USD", 2)


def test_a_provider_is_paid_by_the_token_whatever_the_time() -> None:
    assert told(run_cost(TWO, 0, PROVIDER))["cost"] == (pytest.approx(0.036), "EUR", 2)
    assert told(run_cost((example("a", seconds=None),), 0, PROVIDER))["cost"][0] == pytest.approx(0.013)


@pytest.mark.parametrize(
    ("spoiled", "rates", "left"),
    [
        (example("x", read=None), PROVIDER, {"completion_tokens", "gpu_hours"}),
        (example("x", written=None), PROVIDER, {"prompt_tokens", "gpu_hours"}),
        (example("x", seconds=None), MACHINE, {"prompt_tokens", "completion_tokens"}),
        (example("x", seconds=float("nan")), MACHINE, {"prompt_tokens", "completion_tokens"}),
        (example("x"), Rates(), {"prompt_tokens", "completion_tokens", "gpu_hours"}),
        (example("x"), replace(PROVIDER, input_token=None), {"prompt_tokens", "completion_tokens", "gpu_hours"}),
        (example("x"), replace(PROVIDER, output_token=None), {"prompt_tokens", "completion_tokens", "gpu_hours"}),
    ],
)
def test_what_one_example_does_not_tell_is_left_out(spoiled: ExampleResult, rates: Rates, left: set[str]) -> None:
    assert set(told(run_cost((*TWO, spoiled), 1, rates))) == left


def test_no_examples_cost_nothing_that_could_be_measured() -> None:
    assert run_cost((), 8, MACHINE) == ()


REQUIRED = desired(Want(evaluations=("facts@1",))).deployments[0].evaluations[0]
RUN = replace(passing(REQUIRED), completed_at=NOON + timedelta(seconds=90))


def test_the_next_run_is_taken_to_be_like_the_last() -> None:
    took = replace(RUN, measurements=(*RUN.measurements, *run_cost(TWO, 2, MACHINE)))
    found = estimate_of(took)
    assert (found.examples, found.tokens, found.seconds) == (59, 240, 90.0)
    assert (found.gpu_hours, found.cost, found.currency) == (
        pytest.approx(40 / 3600),
        pytest.approx(0.04),
        "USD",
    )
    assert found.measured_at == RUN.completed_at


def test_the_next_run_is_paid_by_the_prices_of_now() -> None:
    took = replace(RUN, measurements=(*RUN.measurements, *run_cost(TWO, 2, MACHINE)))
    found = estimate_of(took, Rates("EUR", hour=Fraction(4000)), 1)
    # 90 seconds of an hour at 40.00.
    assert (found.cost, found.currency, found.gpu_hours) == (pytest.approx(1.0), "EUR", pytest.approx(90 / 3600))
    by_tokens = estimate_of(took, PROVIDER)
    assert (by_tokens.cost, by_tokens.currency) == (pytest.approx(0.036), "EUR")
    unpriced = estimate_of(took, Rates("EUR"))
    assert (unpriced.cost, unpriced.currency) == (pytest.approx(0.04), "USD")


def test_what_the_last_run_did_not_count_is_unknown_of_the_next() -> None:
    found = estimate_of(replace(RUN, measurements=(), completed_at=NOON - timedelta(seconds=1)))
    assert (found.examples, found.tokens, found.seconds, found.gpu_hours) == (0, None, 0.0, None)
    assert (found.cost, found.currency) == (None, "")


def test_a_request_has_the_mean_tokens_of_an_example() -> None:
    took = replace(RUN, measurements=run_cost(TWO, 0, MACHINE))
    assert mean_tokens(took) == (100, 20)
    assert mean_tokens(RUN) is None
    assert mean_tokens(replace(RUN, measurements=took.measurements[:1])) is None
    of_a_slice = tuple(replace(m, slice="de") for m in took.measurements)
    assert mean_tokens(replace(RUN, measurements=of_a_slice)) is None
