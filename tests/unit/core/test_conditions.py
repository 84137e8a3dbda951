"""Conditions, as people write them."""

import pytest

from trueup.core.conditions import ANY, PER_SECOND, SECONDS, SHARE, Condition, Unreadable, read_condition


@pytest.mark.parametrize(
    ("text", "unit", "condition"),
    [
        ("<= 0.01", SHARE, Condition("<=", 0.01)),
        ("<0.01", SHARE, Condition("<", 0.01)),
        (" >= 1e2 ", PER_SECOND, Condition(">=", 100)),
        ("> -3", ANY, Condition(">", -3)),
        ("<= 1%", SHARE, Condition("<=", 0.01)),
        ("<= 50%", ANY, Condition("<=", 0.5)),
        ("< 800ms", SECONDS, Condition("<", 0.8)),
        ("< 2s", ANY, Condition("<", 2)),
        ("<= stable", SECONDS, Condition("<=", 0, "+")),
        ("<= stable * 1.1", SECONDS, Condition("<=", 1.1, "*")),
        ("<= stable*110%", SECONDS, Condition("<=", 1.1, "*")),
        ("<= stable + 50ms", SECONDS, Condition("<=", 0.05, "+")),
        (">= stable - 2%", SHARE, Condition(">=", -0.02, "+")),
    ],
)
def test_a_condition_is_read(text, unit, condition):
    assert read_condition(text, unit) == condition


@pytest.mark.parametrize(
    ("text", "unit", "why"),
    [
        ("0.01", SHARE, "no condition"),
        ("== 0.01", SHARE, "no condition"),
        ("<=", SHARE, "no condition"),
        ("<= fast", SHARE, "no condition"),
        ("<= 1e", SHARE, "no condition"),
        ("<= stable / 2", SHARE, "no condition"),
        ("<= stable * fast", SHARE, "no condition"),
        ("<= stable + fast", SHARE, "no condition"),
        ("<= stable * 0", SHARE, "a condition that is always or never true"),
        ("<= 10%", SECONDS, "a share, and the metric is in seconds"),
        ("<= stable + 10%", SECONDS, "a share, and the metric is in seconds"),
        ("<= 10ms", SHARE, "a time, and the metric is in shares"),
        ("<= 99999999999999w", SECONDS, "no condition"),
    ],
)
def test_what_is_no_condition_says_why_and_what_to_write(text, unit, why):
    found = read_condition(text, unit)
    assert isinstance(found, Unreadable)
    assert found.why == why
    assert found.hint.startswith(("write ", "multiply "))


@pytest.mark.parametrize(
    ("op", "below", "at", "above"),
    [("<", True, False, False), ("<=", True, True, False), (">", False, False, True), (">=", False, True, True)],
)
def test_each_operator_has_its_side(op, below, at, above):
    condition = Condition(op, 2.0)
    assert (condition.holds(1), condition.holds(2), condition.holds(3)) == (below, at, above)
    assert condition.wants_less == below
    assert condition.holds(1, bound=1) == condition.holds(2)
