"""How many pairs a test needs: so many, and no more, find the loss in four of five tries."""

import numpy as np
import pytest
from scipy import stats

from trueup.evidence.statistics.power import pairs_for_mean, pairs_for_share
from trueup.evidence.statistics.regression import (
    Differences,
    PairedTest,
    pairs_needed,
    pairs_that_rule_out,
    pairs_that_show,
)

MCNEMAR = PairedTest("mcnemar", 0.0, 99, 0)


@pytest.mark.parametrize(("discordant", "effect"), [(0.0, 0.05), (0.1, 0.05), (0.3, 0.1), (0.2, 0.02)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_so_many_pairs_give_mcnemars_test_its_power(discordant: float, effect: float, alpha: float) -> None:
    pairs = round(pairs_for_share(discordant, 0.0, effect, alpha))
    differing = max(discordant, effect)
    generator = np.random.default_rng(1)
    numbers = generator.binomial(pairs, differing, 20_000)
    worse = generator.binomial(numbers, (differing + effect) / 2 / differing)
    found = np.mean(stats.binom.sf(worse - 1, numbers, 0.5) <= alpha)
    assert 0.76 < found < 0.93


def test_a_margin_moves_the_loss_that_has_to_be_seen() -> None:
    assert pairs_for_share(0.1, 0.02, 0.05, 0.05) == pytest.approx(
        ((1.6449 * (0.1 - 0.0004) ** 0.5 + 0.8416 * (0.1 - 0.0049) ** 0.5) / 0.05) ** 2 + 20, rel=1e-3
    )


@pytest.mark.parametrize("effect", [0.1, 0.3])
def test_so_many_pairs_give_students_test_its_power(effect: float) -> None:
    pairs = round(pairs_for_mean(1.0, effect, 0.05))
    edge = stats.t.ppf(0.05, pairs - 1)
    assert stats.nct.cdf(edge, pairs - 1, -effect * pairs**0.5) == pytest.approx(0.8, abs=0.01)


def test_where_few_differ_the_spread_is_that_of_a_few_who_lose_all() -> None:
    quiet = Differences([0.0] * 96 + [0.01] * 4, 1.0, are_shares=False)
    lively = Differences([0.0] * 95 + [0.01] * 5, 1.0, are_shares=False)
    assert quiet.variance(0.05) == pytest.approx(0.05 * 0.95)
    assert lively.variance(0.05) < 1e-5


def test_no_number_of_pairs_rules_out_what_was_found_or_what_cannot_be() -> None:
    lost = Differences([-1.0] * 20 + [0.0] * 80, 1.0, are_shares=True)
    assert pairs_that_rule_out(lost, 0.2, 0.05) == float("inf")
    assert pairs_that_rule_out(lost, 1.0, 0.05) == float("inf")
    assert pairs_that_rule_out(lost, 0.3, 0.05) < 150


def test_the_quicker_way_counts() -> None:
    equal = Differences([0.0] * 100, 1.0, are_shares=True)
    assert pairs_that_show(equal, MCNEMAR, 0.05, 0.05) > 100
    assert pairs_needed(equal, MCNEMAR, 0.05, (0.05, 0.05)) == pytest.approx(58.4, abs=0.1)


def test_ranks_need_a_few_more_pairs_than_students_test() -> None:
    varied = Differences([(-1) ** i * 0.2 for i in range(40)], 1.0, are_shares=False)
    ranks, mean = (pairs_that_show(varied, PairedTest(n, 0.0, 99, 0), 0.05, 0.05) for n in ("wilcoxon", "paired-t"))
    assert ranks / mean == pytest.approx(3.14159 / 3)
