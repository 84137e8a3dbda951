"""Behaviour of planned releases, from what the ledger keeps: what is compared, and what is said when it cannot be."""

import json
from dataclasses import replace

import pytest

from runs import answer
from trueup.core.digests import Digest, digest_of_bytes
from trueup.core.json import Json
from trueup.diff.behaviour.behaviour import BehaviourDiff
from trueup.diff.behaviour.metrics import Outcome
from trueup.evidence.examples import encode
from trueup.ports import EvaluationRequest, Measured, Progress
from trueup.workflows.behaviour import behaviour
from trueup.workflows.evaluate import Evaluated, EvaluateRequest, evaluate
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage, TargetEvaluator, document

OLD, NEW = Declared(model="smol@1"), Declared(model="smol@1", prompt="support@2")
MEASURED = Stage(evaluations=("facts@1",))


class Answering(TargetEvaluator):
    """An evaluator that also gives results of examples: what the prompt's version says."""

    kept = True

    def evaluate(self, environment: str, request: EvaluationRequest, progress: Progress) -> Measured:
        evidence = super().evaluate(environment, request, progress).evidence
        said = request.route.messages[0][1]
        score = 0.0 if "version 2" in said else 1.0
        examples = encode([answer("a", said, score), answer("b", "the same")])
        digest = digest_of_bytes(examples) if self.kept else Digest("")
        return Measured(replace(evidence, examples=digest), examples if self.kept else b"")


@pytest.fixture
def served(make) -> FakeWorkspace:
    """A workspace that serves OLD, measured."""
    workspace = make(OLD, dev=MEASURED)
    workspace.measuring = Answering(workspace.work, workspace.clock, workspace.fuse)
    assert workspace.apply().result is not None
    return workspace


def measure(workspace: FakeWorkspace) -> None:
    list(evaluate(workspace, EvaluateRequest("dev"), Evaluated()))


def diffs(workspace: FakeWorkspace, *names: str, limit: int = 10) -> tuple[BehaviourDiff, ...]:
    planned = make_plan(workspace, "dev", "", names)
    assert isinstance(planned, Planned)
    return behaviour(planned, workspace.ledger, limit)


def notes(workspace: FakeWorkspace) -> str:
    (diff,) = diffs(workspace)
    assert not diff.is_complete
    return " ".join([*diff.notes, *(n for e in diff.evaluations for n in e.notes)])


def test_a_changed_prompt_shows_what_was_answered_and_what_is_answered_now(served: FakeWorkspace) -> None:
    served.declare(NEW)
    measure(served)
    (diff,) = diffs(served)
    assert [(p.name, p.old, p.new) for p in diff.parts] == [("prompt", "Prompt/support@1", "Prompt/support@2")]
    (found,) = diff.evaluations
    (change,) = found.changes
    assert (change.old.text, change.new.text) == ("Be kind, version 1.", "Be kind, version 2.")
    assert found.counts is not None
    assert (found.counts.broke, found.counts.same) == (1, 1)
    assert diff.is_complete
    assert diff.old_release != diff.new_release


def test_what_serves_as_planned_is_left_out_and_the_ledger_is_not_asked(served: FakeWorkspace) -> None:
    class Unasked:
        def records(self) -> None:
            raise AssertionError("nothing differs")

    planned = make_plan(served, "dev")
    assert isinstance(planned, Planned)
    assert behaviour(planned, Unasked(), 10) == ()  # type: ignore[arg-type]  # a ledger that nobody may read


def test_a_release_that_was_not_measured_says_which_command_measures_it(served: FakeWorkspace) -> None:
    revision = served.declare(NEW)
    said = notes(served)
    assert "The new release has not been measured by it, so nobody knows what changes." in said
    assert f"`trueup evaluate -e dev support --revision {revision[:12]}` measures it." in said
    assert "release that serves has not" not in said


def test_uncommitted_changes_are_to_be_committed_first(served: FakeWorkspace) -> None:
    served.files[NEW.path] = NEW.text()
    assert "Commit the change, then `trueup evaluate -e dev support` measures it." in notes(served)


def test_a_baseline_that_was_measured_by_another_evaluation_is_missing(served: FakeWorkspace) -> None:
    before = served.head
    served.declare(NEW, dev=Stage(evaluations=("tone@1",)))
    measure(served)
    said = notes(served)
    assert "The release that serves has not been measured by it" in said
    assert f"`trueup evaluate -e dev support --revision {before[:12]}` measures it, if" in said


def test_a_route_without_a_revision_has_no_command_that_measures_it(served: FakeWorkspace) -> None:
    served.declare(NEW, dev=Stage(evaluations=("tone@1",)))
    measure(served)
    planned = make_plan(served, "dev")
    assert isinstance(planned, Planned)
    (route,) = planned.observed.target.routes
    target = replace(planned.observed.target, routes=(replace(route, revision=""),))
    (diff,) = behaviour(replace(planned, observed=replace(planned.observed, target=target)), served.ledger, 10)
    (note,) = diff.evaluations[0].notes
    assert note.endswith("nobody knows what changes.")


def test_a_deployment_that_is_new_has_nothing_to_be_compared_with(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    (diff,) = diffs(workspace)
    assert (diff.old_release, diff.evaluations) == ("", ())
    assert any("Nothing serves Deployment/dev/support yet" in n for n in diff.notes)


def test_without_a_required_evaluation_it_is_said_that_nobody_measures(make) -> None:
    workspace = make(OLD, dev=Stage())
    workspace.apply()
    workspace.declare(NEW)
    assert "Environment/dev requires no evaluation" in notes(workspace)


def test_a_manifest_that_cannot_be_read_is_said(served: FakeWorkspace) -> None:
    served.declare(NEW)
    planned = make_plan(served, "dev")
    assert isinstance(planned, Planned)
    (route,) = planned.observed.target.routes
    target = replace(planned.observed.target, routes=(replace(route, manifest={}),))
    (diff,) = behaviour(replace(planned, observed=replace(planned.observed, target=target)), served.ledger, 10)
    assert any("does not say what it is made of" in n for n in diff.notes)
    assert not diff.evaluations[0].is_measured


@pytest.mark.parametrize("damage", ["lost", "torn", "not kept"])
def test_examples_that_cannot_be_read_are_not_at_hand(served: FakeWorkspace, damage: str) -> None:
    served.declare(NEW)
    assert isinstance(served.measuring, Answering)
    served.measuring.kept = damage != "not kept"
    measure(served)
    for digest, content in tuple(served.ledger.attachments.items()):
        if content.startswith(b'{"format":"trueup-examples') and damage != "not kept":
            served.ledger.attachments[digest] = content[:-9] if damage == "torn" else b""
    (diff,) = diffs(served)
    (found,) = diff.evaluations
    assert (found.is_measured, found.counts) == (True, None)
    assert any("are not at hand" in n for n in found.notes)
    assert found.metrics[0].delta == 0.0


def test_only_the_deployments_named_are_compared(served: FakeWorkspace) -> None:
    served.declare(NEW, Declared("other", model="smol@2"))
    assert {d.deployment for d in diffs(served)} == {"Deployment/dev/support", "Deployment/dev/other"}
    assert {d.deployment for d in diffs(served, "support")} == {"Deployment/dev/support"}


def test_no_more_examples_are_shown_than_asked_for(served: FakeWorkspace) -> None:
    served.declare(NEW)
    measure(served)
    (diff,) = diffs(served, limit=0)
    assert (diff.evaluations[0].changes, diff.evaluations[0].left_out) == ((), 1)


def test_metrics_are_compared_as_the_gate_compares_them(served: FakeWorkspace) -> None:
    served.declare(NEW)
    measure(served)
    (diff,) = diffs(served)
    (row,) = [m for m in diff.evaluations[0].metrics if m.metric == "exact_match"]
    # One example is too few for any gate, and the diff says so in its words.
    assert row.outcome is Outcome.NOT_ENOUGH
    assert row.more_samples is not None


def priced(workspace: FakeWorkspace, prices: Json) -> None:
    settings = json.loads(workspace.files["spec/environments/dev.yaml"])["spec"] | {"prices": prices}
    workspace.files["spec/environments/dev.yaml"] = document("Environment", "dev", settings)
    workspace.commit()


def test_declared_prices_of_tokens_are_used(served: FakeWorkspace) -> None:
    served.declare(NEW)
    priced(served, {"perMillionInputTokens": 1, "perMillionOutputTokens": 2})
    measure(served)
    (diff,) = diffs(served)
    assert {u.name: u.unit for u in diff.evaluations[0].usage}["cost_per_1000"] == "USD"
    assert not any("No prices" in n for n in diff.evaluations[0].notes)


def test_half_a_price_is_none(served: FakeWorkspace) -> None:
    served.declare(NEW)
    priced(served, {"perMillionInputTokens": 1})
    measure(served)
    (diff,) = diffs(served)
    assert any("No prices of tokens are declared" in n for n in diff.evaluations[0].notes)


def test_what_was_measured_last_is_what_counts(served: FakeWorkspace) -> None:
    served.declare(NEW)
    measure(served)
    served.measuring.scores["facts"] = 0.7
    list(evaluate(served, EvaluateRequest("dev", again=True), Evaluated()))
    (diff,) = diffs(served)
    assert diff.evaluations[0].metrics[0].new == 0.7
