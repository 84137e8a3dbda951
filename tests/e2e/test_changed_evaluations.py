"""`trueup evaluate --changed`: what a branch changes is listed, then measured, and nothing else."""

import jsonschema
import pytest
from scratch import Scratch

from trueup.cli.views.work import work_schema

STAGING = "spec/deployments/staging/support.yaml"
LIST = ("evaluate", "--changed", "--list")


def branch(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "-c", "change")


def test_only_what_a_branch_changes_is_listed_for_programs_and_people(scratch: Scratch) -> None:
    branch(scratch)
    merged = scratch.look(*LIST)
    assert "compared with nothing: all counts as changed" in merged.out, merged
    scratch.change(STAGING, ("tiny@2", "tiny@1"))
    found = scratch.look(*LIST, "-o", "json", "--base", "main", "--detailed-exitcode")
    assert found.code == 2, found
    jsonschema.validate(found.json, work_schema())
    (environment,) = found.json["environments"]
    assert environment["environment"] == "staging"
    work = environment["work"]
    assert {w["deployment"] for w in work} == {"Deployment/staging/support"}
    assert {w["state"] for w in work} == {"missing"}
    assert all(w["impacts"][0] == "weights" for w in work)
    assert not (scratch.folder / ".trueup/targets/staging").exists()
    text = scratch.look(*LIST, "--base", "main")
    assert (text.code, "no evidence for this release" in text.out) == (0, True), text
    assert "environment staging" in text.out
    other = scratch.look(*LIST, "-e", "dev", "--base", "main")
    assert "No deployment differs" in other.out, other


@pytest.mark.slow
def test_only_what_is_listed_is_measured_and_then_nothing_is_left(scratch: Scratch) -> None:
    branch(scratch)
    scratch.change(STAGING, ("tiny@2", "tiny@1"))
    done = scratch.run("evaluate", "--changed", "--base", "main", "-o", "json")
    assert done.code in {0, 3}, done
    listed = {f"{w['deployment']} {w['evaluation']}" for e in done.json["environments"] for w in e["work"]}
    assert set(done.json["measured"]) == listed
    assert done.code == (0 if all(done.json["measured"].values()) else 3)
    again = scratch.look(*LIST, "--base", "main", "-o", "json").json
    states = {w["evaluation"]: w["state"] for e in again["environments"] for w in e["work"]}
    expected = {name.split(" ")[1]: "fresh" if ok else "failed" for name, ok in done.json["measured"].items()}
    assert states == expected
    assert scratch.status("staging")["deployments"][0]["observed_release"] == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("evaluate",), "`--environment` is required"),
        (("evaluate", "--list"), "`--list` goes with `--changed`"),
        (("evaluate", "--changed", "--again"), "leave `--again` or `--changed` out"),
        (("evaluate", "-e", "dev", "-o", "json"), "`-o json` goes with `--changed`"),
    ],
)
def test_words_that_do_not_go_together_are_refused(scratch: Scratch, words: tuple[str, ...], said: str) -> None:
    done = scratch.look(*words)
    assert (done.code, said in done.err) == (1, True), done


def test_what_nobody_declares_is_refused(scratch: Scratch) -> None:
    done = scratch.look(*LIST, "-e", "stagin")
    assert (done.code, "did you mean `staging`?" in done.err) == (8, True), done
