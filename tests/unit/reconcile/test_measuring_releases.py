"""What is measured of a release and of the one it replaces, what is compared, and whose signature counts."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from fakes import FakeSeal
from trueup.core.json import Json
from trueup.evidence.comparison import Outcome
from trueup.ledger.record import RecordKind
from trueup.observed.state import ObservedState
from trueup.reconcile.observe import observe
from trueup.workflows.evaluate import Evaluated, EvaluateRequest, evaluate
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage, document

OLD = Declared(model="tiny@1")
NEW = Declared(model="tiny@2")
MEASURED = Stage(evaluations=("facts@1",))
SPEC: dict[str, Json] = {
    "category": "quality",
    "dataset": "facts@1",
    "tasks": [{"task": "exact_match"}],
    "metrics": [{"name": "exact_match"}],
    "metricDecisionThreshold": [{"metric": "exact_match", "op": ">=", "value": 0.6}],
}


def declare_evaluation(workspace: FakeWorkspace, *declared: Declared, **spec: Json) -> None:
    """Have the repository declare *declared*, and the evaluation `facts` with more than it has."""
    workspace.declare(*declared)
    workspace.files["spec/evaluations/facts.yaml"] = document("Evaluation", "facts", {**SPEC, **spec}, version="1")
    workspace.commit()


def plan(workspace: FakeWorkspace) -> Planned:
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    return planned


def observed(workspace: FakeWorkspace) -> ObservedState:
    return plan(workspace).observed


def document_of(workspace: FakeWorkspace) -> Mapping[str, Json]:
    plan(workspace)
    return workspace.engine.documents[-1]


def evidence_records(workspace: FakeWorkspace) -> list[Mapping[str, Json]]:
    return [r.draft.body for r in workspace.ledger.records() if r.draft.kind is RecordKind.EVIDENCE]  # type: ignore[misc]


def test_results_of_examples_and_a_statement_are_kept_beside_the_evidence(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    workspace.apply()
    (body,) = evidence_records(workspace)
    evidence = body["evidence"]
    assert isinstance(evidence, dict)
    assert workspace.ledger.attachment(evidence["examples"]).startswith(b'{"format":"trueup-examples/1"}')
    statement = json.loads(workspace.ledger.attachment(body["statement"]))
    assert statement["predicate"]["evidence"] == json.loads(json.dumps(evidence))


def test_a_new_release_is_compared_with_the_one_that_serves(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    declare_evaluation(workspace, OLD, regression={"margin": 0.02})
    workspace.apply()
    declare_evaluation(workspace, NEW, regression={"margin": 0.02})
    workspace.apply()
    assert len(evidence_records(workspace)) == 2, "what serves was measured when it was applied"
    declare_evaluation(workspace, OLD, regression={"margin": 0.02})
    (compared,) = observed(workspace).comparisons
    assert compared.comparison.outcome is Outcome.NO_WORSE
    assert compared.comparison.samples == 400


def test_what_serves_is_measured_when_nobody_has(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=()))
    workspace.apply()
    workspace.declare(NEW, dev=MEASURED)
    workspace.files["spec/evaluations/facts.yaml"] = document(
        "Evaluation", "facts", {**SPEC, "regression": {}}, version="1"
    )
    workspace.commit()
    before = workspace.running()
    workspace.apply()
    asked = [r.server for r in workspace.measuring.asked]
    assert len(asked) == 2
    assert asked[0] not in before
    assert {asked[1]} == before


def test_a_worse_release_is_seen_and_handed_to_policy(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    declare_evaluation(workspace, OLD, regression={})
    workspace.apply()
    workspace.measuring.scores["facts"] = 0.7
    declare_evaluation(workspace, NEW, regression={})
    evaluated = Evaluated()
    list(evaluate(workspace, EvaluateRequest("dev"), evaluated))
    (compared,) = observed(workspace).comparisons
    assert compared.comparison.outcome is Outcome.REGRESSED
    (item,) = [e for e in document_of(workspace)["evidence"] if e["type"] == "evaluation"]  # type: ignore[union-attr]
    assert item["comparison"]["regressed"] is True
    assert item["comparison"]["baseline"] == compared.baseline
    assert item["comparison"]["baselineSettings"]["tool"] == "fake"
    assert item["settings"]["task"] == "exact_match"


def test_a_server_that_does_not_answer_leaves_the_comparison_out(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=()))
    workspace.apply()
    workspace.declare(NEW, dev=MEASURED)
    declare_evaluation(workspace, NEW, regression={})
    workspace.declare(NEW, dev=MEASURED)
    workspace.files["spec/evaluations/facts.yaml"] = document(
        "Evaluation", "facts", {**SPEC, "regression": {}}, version="1"
    )
    workspace.commit()
    only_new = workspace.measuring
    before = {s.key for s in workspace.work.observe("dev").servers}
    original = only_new.evaluate

    def evaluate_new_alone(environment: str, request: object, progress: object) -> object:
        if request.server in before:  # type: ignore[attr-defined]
            only_new.fails = True
        try:
            return original(environment, request, progress)  # type: ignore[arg-type]
        finally:
            only_new.fails = False

    only_new.evaluate = evaluate_new_alone  # type: ignore[method-assign,assignment]
    workspace.apply()
    assert observed(workspace).comparisons == ()
    assert len(evidence_records(workspace)) == 1


def test_changed_inputs_make_a_result_stale_and_say_which(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    workspace.apply()
    workspace.declare(replace(OLD, prompt="support@2"))
    (item,) = document_of(workspace)["deployments"]  # type: ignore[misc]
    (evaluation,) = item["evaluations"]
    assert evaluation["stale"]["changed"] == ["prompt"]


def test_a_result_that_is_too_old_is_stale_without_a_change(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    declare_evaluation(workspace, OLD, maxAge="30d")
    workspace.apply()
    workspace.clock.time += timedelta(days=31)
    (item,) = document_of(workspace)["deployments"]  # type: ignore[misc]
    (evaluation,) = item["evaluations"]
    assert evaluation["status"] == "planned"
    assert evaluation["stale"]["changed"] == []


def signed_only(workspace: FakeWorkspace) -> None:
    settings: dict[str, Json] = {
        "tier": "dev",
        "target": {"type": "process", "port": 0},
        "evaluations": {"required": ["facts@1"], "run": "during", "signed": True},
    }
    workspace.files["spec/environments/dev.yaml"] = document("Environment", "dev", settings)
    workspace.commit()


def test_evidence_that_a_trusted_key_signed_counts(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    signed_only(workspace)
    workspace.seal = FakeSeal("ci", ["ci"])
    applied = workspace.apply()
    assert applied.result is not None
    assert not applied.result.failed
    assert [name for _, name in observed(workspace).signed] == ["ci"]


def test_evidence_that_nobody_trusted_signed_does_not(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    signed_only(workspace)
    workspace.seal = FakeSeal("mallory", ["ci"])
    workspace.apply()
    assert workspace.served() == {}
    assert observed(workspace).signed == ()
    (item,) = workspace.engine.documents[-1]["evidence"]  # type: ignore[misc]
    assert item["signed"] is False


def test_a_baseline_counts_only_when_it_is_signed_too(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    declare_evaluation(workspace, OLD, regression={})
    signed_only(workspace)
    workspace.seal = FakeSeal("ci", ["ci"])
    workspace.apply()
    declare_evaluation(workspace, NEW, regression={})
    signed_only(workspace)
    list(evaluate(workspace, EvaluateRequest("dev"), Evaluated()))
    assert len(observed(workspace).comparisons) == 1
    old, new = sorted(evidence_records(workspace), key=lambda b: b["evidence"]["completedAt"])  # type: ignore[index,call-overload]
    kept = workspace.ledger.attachments[old["statement"]]  # type: ignore[index]
    workspace.ledger.attachments[old["statement"]] = kept.replace(b"0.9", b"0.1")  # type: ignore[index]
    assert observed(workspace).comparisons == ()
    assert len(observed(workspace).signed) == 1, f"the new result is signed still: {new['statement']}"


def test_a_signature_over_another_result_does_not_count(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    workspace.seal = FakeSeal("ci", ["ci"])
    workspace.apply()
    (body,) = evidence_records(workspace)
    kept = workspace.ledger.attachments[body["statement"]]  # type: ignore[index]
    workspace.ledger.attachments[body["statement"]] = kept.replace(b"0.9", b"0.8")  # type: ignore[index]
    assert observed(workspace).signed == ()


def test_without_a_seal_no_signature_counts(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    workspace.seal = FakeSeal("ci", ["ci"])
    workspace.apply()
    planned = plan(workspace)
    seen = observe(planned.desired, workspace.work, workspace.store, workspace.ledger, workspace.clock.now())
    assert seen.signed == ()
