"""Promotion: the release that is verified and serves upstream, moved, and nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from trueup.cli.commands.promote import _report
from trueup.cli.output import Format, Style
from trueup.cli.views.promotion import Landed, render
from trueup.core.digests import Revision
from trueup.core.errors import PermanentError
from trueup.desired.codes import UNKNOWN_ENVIRONMENT
from trueup.policy.facts.approving import Given
from trueup.workflows import codes
from trueup.workflows.holding import hold_declared
from trueup.workflows.planning import Invalid
from trueup.workflows.promotion import Promotion, commit_promotion, propose, propose_on_base, publish_promotion
from workspaces import Declared, FakeWorkspace, Stage

STAGES = {
    "dev": Stage(),
    "staging": Stage(tier="staging", upstream="dev", port=8181),
    "prod": Stage(tier="production", upstream="staging", port=8182),
}
OLD = Declared(environment="prod", model="smol@1")
NEW = Declared(environment="staging", model="smol@2", prompt="support@2")


@pytest.fixture
def workspace(make: Callable[..., FakeWorkspace]) -> FakeWorkspace:
    """Production serves the old release; staging has verified a new one."""
    made = make(**STAGES)
    made.declare(replace(OLD, environment="staging"), OLD)
    made.apply("staging")
    made.apply("prod")
    made.declare(NEW, OLD)
    made.apply("staging")
    return made


def proposed(workspace: FakeWorkspace, work_out=propose) -> Promotion:
    found = work_out(workspace, "support", "staging", "prod")
    assert isinstance(found, Promotion)
    return found


def refused(workspace: FakeWorkspace, *words: str):
    with pytest.raises(PermanentError) as caught:
        propose(workspace, *(words or ("support", "staging", "prod")))
    return caught.value


def test_the_release_moves_and_nothing_else(workspace) -> None:
    promotion = proposed(workspace)
    assert promotion.before == OLD.text()
    assert promotion.after == replace(OLD, model="smol@2", prompt="support@2").text()
    assert promotion.names == (("model", "smol@1", "smol@2"), ("prompt", "support@1", "support@2"))
    assert promotion.release.release == workspace.served("staging")["support"]


def test_it_is_planned_and_judged_as_it_would_be(workspace) -> None:
    promotion = proposed(workspace)
    assert [str(c.address) for c in promotion.planned.plan.changes] == ["Deployment/prod/support"]
    assert promotion.denied is None


def test_the_way_back_is_rehearsed(workspace) -> None:
    way = proposed(workspace).way_back
    assert way is not None
    assert (way.release, way.is_cached) == (workspace.served("prod")["support"], True)
    assert way.is_declared
    assert way.restores_file


def test_without_a_verified_release_there_is_no_way_back(make) -> None:
    workspace = make(**STAGES)
    workspace.declare(NEW, OLD)
    workspace.apply("staging")
    promotion = proposed(workspace)
    assert promotion.way_back is None
    assert "no release was verified in prod" in shown(promotion)


def test_a_way_back_whose_artifact_is_gone_is_told(workspace) -> None:
    promotion = proposed(workspace)
    assert promotion.way_back is not None
    gone = replace(promotion, way_back=replace(promotion.way_back, is_cached=False))
    assert "GONE" in shown(gone)
    older = replace(promotion, way_back=replace(promotion.way_back, is_declared=False))
    assert "older than what is declared now" in shown(older)


def test_what_is_declared_upstream_and_not_verified_is_refused_with_both_named(workspace) -> None:
    workspace.declare(replace(NEW, prompt="support@1"), OLD)
    error = refused(workspace)
    assert error.code is codes.NOT_VERIFIED_UPSTREAM
    assert "declares release" in error.detail
    assert "verified and serving there is" in error.detail


def test_a_stage_that_verified_nothing_is_refused(make) -> None:
    workspace = make(**STAGES)
    workspace.declare(NEW, OLD)
    assert refused(workspace).code is codes.NOT_VERIFIED_UPSTREAM


def test_a_stage_may_not_be_left_out(workspace) -> None:
    error = refused(workspace, "support", "dev", "prod")
    assert error.code is codes.NOT_UPSTREAM
    assert "dev -> staging -> prod" in error.detail
    assert "`dev` has no upstream" in refused(workspace, "support", "prod", "dev").detail


def test_names_that_are_not_declared_are_told(workspace) -> None:
    assert refused(workspace, "support", "staging", "prud").code is UNKNOWN_ENVIRONMENT
    assert refused(workspace, "suport", "staging", "prod").code is codes.NOT_DECLARED_HERE
    workspace.declare(NEW)
    assert refused(workspace).code is codes.NOT_DECLARED_HERE


def test_a_release_on_hold_upstream_is_refused(workspace) -> None:
    hold_declared(workspace, "staging", "support", "answers got worse", None)
    error = refused(workspace)
    assert error.code is codes.HELD_UPSTREAM
    assert "answers got worse" in error.detail


def test_the_same_names_under_another_runtime_are_refused(workspace) -> None:
    built = replace(NEW, model="tiny@2")
    workspace.declare(built, replace(OLD, engine="transformers", model="tiny@1"))
    workspace.apply("staging")
    assert refused(workspace).code is codes.OTHER_RELEASE


def test_a_declaration_that_is_wrong_is_invalid(workspace) -> None:
    workspace.files["spec/prompts/support-1.yaml"] = b"kind: Prompt\n"
    workspace.commit()
    assert isinstance(propose(workspace, "support", "staging", "prod"), Invalid)


def test_the_commit_has_the_bytes_and_says_why(workspace) -> None:
    promotion = proposed(workspace)
    revision = commit_promotion(workspace, promotion)
    assert workspace.head == revision
    assert workspace.files[OLD.path] == promotion.after
    message = workspace.messages[-1]
    assert message.startswith("Promote support to prod: smol@2, support@2\n\n")
    for trailer in ("Trueup-Cause", "Trueup-Plan", "Trueup-Record", "Trueup-Release"):
        assert f"\n{trailer}: " in message
    again = proposed(workspace)
    assert not again.is_needed
    assert commit_promotion(workspace, again) == revision
    assert "Nothing to promote" in shown(again)


def test_what_is_committed_is_what_the_next_apply_serves(workspace) -> None:
    commit_promotion(workspace, proposed(workspace))
    workspace.apply("prod")
    assert workspace.served("prod") == workspace.served("staging")


def test_a_file_that_changed_after_the_preview_is_not_overwritten(workspace) -> None:
    promotion = proposed(workspace)
    workspace.declare(NEW, replace(OLD, replicas=2))
    with pytest.raises(PermanentError) as caught:
        commit_promotion(workspace, promotion)
    assert caught.value.code is codes.STALE_PROMOTION
    assert workspace.messages == []


def test_a_promotion_that_became_denied_is_not_committed(workspace) -> None:
    promotion = proposed(workspace)
    hold_declared(workspace, "prod", "support", "no", None)  # of the old release: it changes nothing
    workspace.declare(replace(NEW), replace(OLD, model="smol@2", prompt="support@2"))
    hold_declared(workspace, "prod", "support", "not here", None)
    workspace.declare(NEW, OLD)
    assert proposed(workspace).denied is not None
    with pytest.raises(PermanentError) as caught:
        commit_promotion(workspace, promotion)
    assert caught.value.code is codes.STALE_PROMOTION


def test_the_pull_request_is_made_from_the_newest_base(workspace) -> None:
    promotion = proposed(workspace, propose_on_base)
    published = publish_promotion(workspace, promotion, "body\n")
    assert published.branch == promotion.branch
    assert promotion.branch.startswith("trueup/promote/support-to-prod-")
    assert workspace.published.pushed[promotion.branch].content == promotion.after
    assert workspace.files[OLD.path] == promotion.before


def test_a_newer_release_takes_the_place_of_an_older_pull_request(workspace) -> None:
    first = publish_promotion(workspace, proposed(workspace, propose_on_base), "body\n")
    workspace.declare(replace(NEW, prompt="support@1"), OLD)
    workspace.apply("staging")
    second = publish_promotion(workspace, proposed(workspace, propose_on_base), "body\n")
    assert second.branch != first.branch
    assert second.superseded == (first.number,)


def test_soak_time_and_approvals_are_those_of_the_target(workspace) -> None:
    path = "spec/environments/prod.yaml"
    declared = json.loads(workspace.files[path])
    declared["spec"]["soakTime"] = "1h"
    declared["spec"]["approvals"] = {
        "required": 2,
        "roles": [{"role": "risk", "count": 1, "members": ["e@example.com"]}],
    }
    workspace.files[path] = json.dumps(declared).encode()
    workspace.commit()
    young = proposed(workspace)
    assert young.soak.required == timedelta(hours=1)
    assert timedelta() < young.soak.left < timedelta(hours=1)
    assert (young.approvals.required, young.approvals.roles) == (2, (("risk", 1),))
    workspace.clock.sleep(3600)
    assert proposed(workspace).soak.left == timedelta()


def test_approvals_of_the_plan_that_the_promotion_will_have_are_given_and_the_authors_own_are_not(workspace) -> None:
    plan = proposed(workspace).planned.plan.id
    workspace.given = (
        Given("tag", "t1", "grace@example.com", plan, "", "good", "SHA256:1"),
        Given("tag", "t2", workspace.actor.rpartition(" on ")[0], plan, "", "good", "SHA256:2"),
        Given("tag", "t3", "linus@example.com", f"sha256:{'0' * 64}", "", "good", "SHA256:3"),
    )
    assert proposed(workspace).approvals.given == ("grace@example.com",)


# What is shown.


def shown(promotion: Promotion, output: Format = Format.TEXT, landed: Landed | None = None) -> str:
    return render(replace(_report(promotion), landed=landed), output, Style())


def test_the_preview_says_what_moves_and_what_is_needed(workspace) -> None:
    promotion = proposed(workspace)
    text = shown(promotion)
    for words in (
        "+ model: smol@2 # the weights",
        "model smol@1 -> smol@2",
        "none is required",
        "no time is required",
        "none required",
        "at its peak 2 servers (memory not declared)",
        "its artifacts are in the store; this edit taken back gives the same bytes",
        "To promote it: the same command with `--commit` or `--pull-request`.",
    ):
        assert words in " ".join(text.split()), words
    assert "```diff" in shown(promotion, Format.MARKDOWN)
    assert '"format_version": "1.0"' in shown(promotion, Format.JSON)


@pytest.mark.parametrize(
    ("strategy", "peak"),
    [("canary, steps: [{setWeight: 10, pause: {duration: 1m}}]", "3,072"), ("inPlace", "2,048")],
)
def test_the_preview_names_the_memory_that_the_rollout_takes_at_its_peak(make, strategy: str, peak: str) -> None:
    old = replace(OLD, memory="1Gi", rollout=f"{{strategy: {strategy}}}")
    workspace = make(**STAGES)
    workspace.declare(replace(OLD, environment="staging"), old)
    workspace.apply("staging")
    workspace.apply("prod")
    # The release moves, the memory of production is what its own file declares: it grows in the same commit here.
    workspace.declare(NEW, replace(old, memory="2Gi"))
    workspace.apply("staging")
    assert f"({peak} MiB of memory)" in shown(proposed(workspace))
    assert f"({peak} MiB of memory)" in json.loads(shown(proposed(workspace), Format.JSON))["peak"]


def test_a_promotion_of_a_prompt_alone_has_no_peak(make) -> None:
    workspace = make(**STAGES)
    workspace.declare(replace(OLD, environment="staging"), OLD)
    workspace.apply("staging")
    workspace.apply("prod")
    workspace.declare(replace(OLD, environment="staging", prompt="support@2"), OLD)
    workspace.apply("staging")
    assert proposed(workspace).peak is None
    assert "at its peak" not in shown(proposed(workspace))


def test_time_and_approvals_that_are_missing_are_told(workspace) -> None:
    promotion = proposed(workspace)
    soak = replace(promotion.soak, required=timedelta(hours=24), served=timedelta(hours=20))
    asked = replace(promotion.approvals, required=2, roles=(("risk", 1),))
    text = shown(replace(promotion, soak=soak, approvals=asked))
    assert "4.0 h left of 24.0 h" in text
    assert "2 required, 1 by risk; none given" in text
    enough = replace(
        promotion, soak=replace(soak, served=timedelta(hours=25)), approvals=replace(asked, given=("Eve",))
    )
    assert "long enough (24.0 h required)" in shown(enough)
    assert "given by Eve" in shown(enough)


def test_what_became_of_it_is_told(workspace) -> None:
    promotion = proposed(workspace)
    commit = Revision("a" * 40)
    assert "Committed as aaaaaaaaaaaa" in shown(promotion, landed=Landed(commit))
    opened = Landed(commit, "b", "https://forge.test/1", is_new=True, superseded=(7,))
    assert "Opened: https://forge.test/1" in shown(promotion, landed=opened)
    assert "Closed pull request 7" in shown(promotion, landed=opened)
    by_hand = Landed(commit, "b", commands=("git push origin b",), link="https://forge.test/compare")
    assert "To go on: git push origin b" in shown(promotion, landed=by_hand)
    assert "Then open: https://forge.test/compare" in shown(promotion, landed=by_hand)
