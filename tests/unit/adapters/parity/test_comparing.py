"""Divergence, agreement and loss of two sets of logits: the laws they keep."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from artifacts import silent
from trueup.adapters.parity.comparing import compare, compare_logits

SHAPE = (4, 7)
FOLLOWING = np.array([0, 3, 6, 2])
logits = arrays.arrays(np.float32, SHAPE, elements=st.floats(-30, 30, width=32))


@given(logits, logits)
def test_divergence_is_never_negative_and_agreement_a_share(one: np.ndarray, other: np.ndarray) -> None:
    kl, agreed, loss_one, loss_other, broken = compare_logits(one, other, FOLLOWING)
    assert kl >= 0
    assert 0 <= agreed <= 4
    assert loss_one >= 0
    assert loss_other >= 0
    assert broken == 0


@given(logits)
def test_a_network_does_not_diverge_from_itself(one: np.ndarray) -> None:
    kl, agreed, loss_one, loss_other, _ = compare_logits(one, one.copy(), FOLLOWING)
    assert kl == 0
    assert agreed == 4
    assert loss_one == loss_other


@given(logits, st.floats(-5, 5, width=32))
def test_a_constant_added_to_all_logits_changes_nothing(one: np.ndarray, constant: float) -> None:
    kl, *_ = compare_logits(one, (one + np.float32(constant)).astype(np.float32), FOLLOWING)
    assert kl < 1e-6


def test_the_divergence_is_that_of_the_definition() -> None:
    one, other = np.log(np.array([[0.5, 0.5]], np.float32)), np.log(np.array([[0.9, 0.1]], np.float32))
    kl, agreed, loss_one, loss_other, _ = compare_logits(one, other, np.array([1]))
    expected = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    np.testing.assert_allclose([kl, loss_one, loss_other], [expected, math.log(2), math.log(10)], rtol=1e-6)
    assert agreed == 1


@given(logits, st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, 3), st.integers(0, 6))
def test_what_is_no_number_is_counted(one: np.ndarray, odd: float, row: int, column: int) -> None:
    broken = one.copy()
    broken[row, column] = odd
    assert compare_logits(one, broken, FOLLOWING)[4] == 1
    assert compare_logits(broken, one, FOLLOWING)[4] == 1


def test_parts_of_a_sequence_add_up() -> None:
    states = np.random.default_rng(1).normal(size=(2, 9, 5)).astype(np.float32)
    others = (states + 0.1).astype(np.float32)
    head = np.random.default_rng(2).normal(size=(11, 5)).astype(np.float32)
    tokens = np.arange(18).reshape(2, 9) % 11
    whole = compare((states, head), (others, head), tokens, silent)
    assert [s.tokens for s in whole] == [8, 8]
    expected = [
        compare_logits(a[:-1] @ head.T, b[:-1] @ head.T, t[1:]) for a, b, t in zip(states, others, tokens, strict=True)
    ]
    for one, (kl, agreed, loss_source, loss_result, broken) in zip(whole, expected, strict=True):
        assert one.agreed == agreed
        assert one.not_finite == broken
        np.testing.assert_allclose([one.kl, one.loss_source, one.loss_result], [kl, loss_source, loss_result])
