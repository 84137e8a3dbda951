"""Approvals of a plan in every format."""

import json
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator

from trueup.cli.output import Format, Style
from trueup.cli.views.approvals import approvals_schema, render, summary
from trueup.core.digests import Digest, Revision
from trueup.plan.plan import Inputs, Plan
from trueup.policy.approval_list import ListedApproval, Standing

PLAN = Plan("prod", Revision("c" * 40), Inputs(Digest("d"), Digest("o"), Digest("p"), "t"), (), datetime.now(UTC))
TAG = ListedApproval("g@x.org", "tag", "trueup/approve/a/g", ("risk-owner",), "SHA256:k", "", "g@x.org")
BAD = ListedApproval("Bob\x1b[31m <b@x.org>", "trailer", "f" * 40, why="approvals do not come from trailers")
SOME = Standing(2, (("risk-owner", 1),), (TAG, BAD))


def test_text_tells_what_counts_why_not_and_what_is_missing() -> None:
    shown = render(PLAN, SOME, Format.TEXT, Style(), 200)
    assert shown.splitlines()[1:] == [
        "  counts  g@x.org (risk-owner), tag trueup/approve/a/g, key SHA256:k",
        "  does not count  Bob\\x1b[31m, trailer ffffffffffff: approvals do not come from trailers",
        "1 approval counts; missing: 1 of 2.",
    ]


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing(), "0 approvals count; the environment asks for no more."),
        (Standing(1, (), (TAG,)), "1 approval counts; the environment asks for no more."),
        (Standing(is_known=False), "Which approvals there are is not known"),
    ],
)
def test_one_line_says_it_all(standing: Standing, said: str) -> None:
    assert summary(standing).startswith(said)


@pytest.mark.parametrize("standing", [Standing(), SOME])
def test_json_has_its_schema(standing: Standing) -> None:
    document = json.loads(render(PLAN, standing, Format.JSON, Style()))
    Draft202012Validator(approvals_schema()).validate(document)
    assert document["approvals"] == [] or [a["counts"] for a in document["approvals"]] == [True, False]
