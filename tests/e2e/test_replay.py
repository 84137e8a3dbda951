"""Decisions of real applies: made again on a clone, and asked again with other policies."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator
from scratch import Scratch

from repositories import git
from trueup.cli.views.schemas import OUTPUTS

LEDGER = "refs/trueup/ledger:refs/trueup/ledger"
STRICTER = """package candidate

# METADATA
# title: Nothing moves on that day
# custom:
#   id: DAY-01
#   severity: high
deny contains {"id": "DAY-01", "msg": "a deployment moves", "address": deployment.address} if {
	some deployment in input.deployments
	deployment.changed
}
"""


def test_the_past_is_decided_again_and_asked_again_on_a_clone(served: Scratch, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(served.folder), "clone")
    clone = Scratch(tmp_path / "clone")
    clone.git("fetch", "--quiet", "origin", LEDGER)
    assert not (clone.folder / ".trueup").exists()

    verified = json.loads(clone.trueup("audit", "verify", "--decisions", "-o", "json").out)
    Draft202012Validator(OUTPUTS["audit-verification"].schema()).validate(verified)
    decisions = verified["decisions"]
    assert decisions["count"] >= 2
    assert (decisions["equal"], decisions["problems"]) == (decisions["count"], 0)

    same = json.loads(clone.trueup("policy", "replay", "-o", "json").out)
    Draft202012Validator(OUTPUTS["policy-replay"].schema()).validate(same)
    assert same["judged"]["record"] == decisions["count"]
    assert same["effects"]["same"] == sum(same["judged"].values())

    (tmp_path / "candidate").mkdir()
    (tmp_path / "candidate" / "rule.rego").write_text(STRICTER)
    words = ("policy", "replay", "--policies", str(tmp_path / "candidate"))
    for _ in range(2):  # once evaluated, once remembered
        told = json.loads(clone.trueup(*words, "-o", "json").out)
        assert told["effects"]["blocks"] == decisions["count"]
        assert [(r["rule"], r["blocks"]) for r in told["rules"]] == [("DAY-01", decisions["count"])]
    assert (clone.folder / ".git/trueup/policy-cache").is_dir(), "a pull request could bring what lies elsewhere"
    assert "DAY-01: blocks" in clone.trueup(*words, "--fail-on-change", code=3).out


def test_a_candidate_that_cannot_be_read_is_shown_as_policy_check_shows_it(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "broken.rego").write_text("package candidate\n\ndeny contains\n")
    refused = scratch.trueup("policy", "replay", "--policies", str(tmp_path), code=8)
    assert "broken.rego:4" in refused.err
