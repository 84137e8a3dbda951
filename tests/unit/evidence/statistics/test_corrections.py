"""Corrections for several tests at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trueup.evidence.statistics.corrections import bonferroni, holm

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_is_the_published_one() -> None:
    # Holm's step-down by hand: 4 x 0.01, 3 x 0.02 and then no less than before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()


@given(VALUES)
def test_a_correction_never_makes_a_loss_surer(values: list[float]) -> None:
    for raw, stepped, plain in zip(values, holm(values), bonferroni(values), strict=True):
        assert raw <= stepped <= plain <= 1.0


@given(VALUES)
def test_holm_keeps_the_order_and_corrects_the_least_in_full(values: list[float]) -> None:
    adjusted = holm(values)
    least = min(range(len(values)), key=values.__getitem__)
    assert adjusted[least] == pytest.approx(min(1.0, values[least] * len(values)))
    assert sorted(values) == [values[i] for i in sorted(range(len(values)), key=lambda i: (adjusted[i], values[i]))]


def test_bonferroni_and_holm_agree_with_the_false_discovery_rate_only_for_one() -> None:
    assert holm([0.03]) == bonferroni([0.03]) == (stats.false_discovery_control([0.03])[0],)
