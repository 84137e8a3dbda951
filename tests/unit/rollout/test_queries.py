"""Queries, filled in for one release."""

from datetime import timedelta

import pytest

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.rollout.queries import filled_in
from trueup.spec.kinds.rollout import PLACEHOLDERS

SUPPORT = ResourceId("Deployment", "support", environment="prod")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("up", "up"),
        ("x{d='{{deployment}}',e='{{environment}}'}", "x{d='support',e='prod'}"),
        ("rate(x{r='{{release}}'}[{{window}}])", "rate(x{r='sha256:1'}[90s])"),
    ],
)
def test_placeholders_are_filled_in(query, expected):
    assert filled_in(query, SUPPORT, Digest("sha256:1"), timedelta(seconds=90)) == expected


def test_every_placeholder_that_may_be_declared_is_filled_in():
    query = " ".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
    assert "{" not in filled_in(query, SUPPORT, Digest("sha256:1"), timedelta(0))


def test_a_window_is_never_empty():
    assert filled_in("{{window}}", SUPPORT, Digest(""), timedelta(0)) == "1s"
