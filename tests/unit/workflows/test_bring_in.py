"""Results of other tools: bound to one release, or refused with why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trueup.core.digests import digest_of_bytes
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.imported import ImportedRun
from trueup.workflows.bring_in import BringInRequest, BroughtIn, bring_in
from trueup.workflows.loading import Invalid
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage, document

SPEC: dict[str, Json] = {
    "suite": {"tool": "lm-eval", "version": "0.4.13"},
    "category": "quality",
    "dataset": "facts@1",
    "metrics": [{"name": "exact_match"}],
    "metricDecisionThreshold": [{"metric": "exact_match", "op": ">=", "value": 0.6}],
}
ENDED = datetime(2026, 3, 1, tzinfo=UTC)
RUN = ImportedRun(
    Settings("lm-eval", "0.4.13", "facts 1", 0, True, 7, "local-chat-completions"),
    "openai/support",
    (Measurement("exact_match", 0.9, "ratio", 200, 0.02, (0.85, 0.93)),),
    tuple(ExampleResult(str(n), 0, "", (("exact_match", 1.0),)) for n in range(3)),
    completed_at=ENDED,
)


@pytest.fixture
def workspace(tmp_path: Path) -> FakeWorkspace:
    made = FakeWorkspace(tmp_path, [Declared(model="tiny@1")], {"dev": Stage(evaluations=("facts@1",))})
    made.files["spec/evaluations/facts.yaml"] = document("Evaluation", "facts", SPEC, version="1")
    made.commit()
    return made


def brought(workspace: FakeWorkspace, run: ImportedRun = RUN, **request: object) -> BroughtIn:
    path = workspace.root / "results.json"
    path.write_bytes(b"{}")
    workspace.results = lambda tool, path, version: run  # type: ignore[attr-defined]
    made = BringInRequest("dev", path, "facts@1")
    found = bring_in(workspace, replace(made, **request))  # type: ignore[arg-type]  # fields of the dataclass
    assert isinstance(found, BroughtIn)
    return found


def test_results_become_evidence_that_the_plan_counts(workspace: FakeWorkspace) -> None:
    found = brought(workspace)
    assert found.evidence.passed
    assert (found.evidence.tool, found.evidence.completed_at) == ("lm-eval 0.4.13", ENDED)
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    assert [e.digest for e in planned.observed.evidence] == [found.evidence.digest]


def test_the_file_and_the_examples_are_kept_beside_the_record(workspace: FakeWorkspace) -> None:
    found = brought(workspace)
    record = next(workspace.ledger.records())
    assert record.draft.body["broughtIn"]["digest"] == digest_of_bytes(b"{}")  # type: ignore[call-overload,index]
    kept = {digest for digest, _ in record.draft.attachments}
    assert {found.evidence.examples, digest_of_bytes(b"{}")} < kept


def test_a_folder_is_named_and_not_kept(workspace: FakeWorkspace) -> None:
    (workspace.root / "run").mkdir()
    brought(workspace, path=workspace.root / "run")
    record = next(workspace.ledger.records())
    assert record.draft.body["broughtIn"] == {"file": "run", "digest": ""}  # type: ignore[call-overload,index]


def test_what_is_not_good_enough_is_recorded_and_does_not_pass(workspace: FakeWorkspace) -> None:
    worse = replace(RUN, measurements=(replace(RUN.measurements[0], value=0.4, interval=(0.33, 0.47)),), examples=())
    assert not brought(workspace, worse).evidence.passed


Refusal = Callable[[FakeWorkspace], object]


@pytest.mark.parametrize(
    ("code", "said", "refused"),
    [
        ("WRK011", "`openai/other`", lambda w: brought(w, replace(RUN, model="openai/other"))),
        ("WRK011", "when the run ended", lambda w: brought(w, replace(RUN, completed_at=None))),
        ("WRK011", "still to come", lambda w: brought(w, replace(RUN, completed_at=datetime(2030, 1, 1, tzinfo=UTC)))),
        ("WRK010", "Evaluation/tone@1", lambda w: brought(w, evaluation="tone@1")),
        ("WRK010", "`nobody` is none", lambda w: brought(w, deployment="nobody")),
    ],
)
def test_what_cannot_be_bound_is_refused(workspace: FakeWorkspace, code: str, said: str, refused: Refusal) -> None:
    with pytest.raises(PermanentError, match=code) as caught:
        refused(workspace)
    assert said in caught.value.detail
    assert not list(workspace.ledger.records())


def test_the_user_may_say_what_the_file_does_not(workspace: FakeWorkspace) -> None:
    silent = replace(RUN, model="the-candidate", completed_at=None)
    found = brought(workspace, silent, model="the-candidate", completed_at=ENDED)
    assert found.evidence.completed_at == ENDED


def test_results_for_two_deployments_need_the_name_of_one(workspace: FakeWorkspace) -> None:
    workspace.declare(Declared(model="tiny@1"), Declared(name="other", model="tiny@1"))
    workspace.files["spec/evaluations/facts.yaml"] = document("Evaluation", "facts", SPEC, version="1")
    workspace.commit()
    with pytest.raises(PermanentError, match="does not say for which"):
        brought(workspace)
    assert brought(workspace, replace(RUN, model="other"), deployment="other").deployment == "Deployment/dev/other"


def test_a_tool_that_measures_by_itself_takes_no_results(workspace: FakeWorkspace) -> None:
    workspace.files["spec/evaluations/facts.yaml"] = document(
        "Evaluation", "facts", {**SPEC, "suite": {"tool": "builtin"}, "tasks": [{"task": "exact_match"}]}, version="1"
    )
    workspace.commit()
    with pytest.raises(PermanentError, match="measures by itself"):
        brought(workspace)


def test_a_broken_repository_is_told_as_it_is(workspace: FakeWorkspace) -> None:
    workspace.files["spec/evaluations/facts.yaml"] = b"kind: ["
    workspace.commit()
    assert isinstance(bring_in(workspace, BringInRequest("dev", workspace.root, "facts@1")), Invalid)


def asks(workspace: FakeWorkspace, **task: Json) -> None:
    declared = document("Evaluation", "facts", {**SPEC, "tasks": [{"task": "facts", **task}]}, version="1")
    workspace.files["spec/evaluations/facts.yaml"] = declared
    workspace.commit()


@pytest.mark.parametrize(
    ("task", "measured", "said"),
    [
        ({"task": "mmlu"}, "facts@1", "the task `mmlu`, and the file is about `facts@1`"),
        ({}, "facts@1 (6 of 200 examples)", "asks for 200 examples, and the file has 6 of 200 examples"),
        ({"limit": 100}, "facts@1 (solver generate, 6 of 200 examples)", "asks for 100 examples"),
        ({"numFewshot": 5}, "facts@1", "shots `5`, and the run had `0`"),
        ({"seed": 8}, "facts@1", "the seed `8`, and the run had `7`"),
        ({"chatTemplate": False}, "facts@1", "the chat template `False`, and the run had `True`"),
    ],
)
def test_results_of_anything_else_than_is_declared_are_refused(
    workspace: FakeWorkspace, task: dict[str, Json], measured: str, said: str
) -> None:
    asks(workspace, **task)
    with pytest.raises(PermanentError, match="WRK011") as caught:
        brought(workspace, replace(RUN, settings=replace(RUN.settings, task=measured)))
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("task", "measured"),
    [
        ({}, "other@2, facts@1"),
        ({}, "suite/facts@1 (solver generate)"),
        ({"limit": 100, "numFewshot": 0, "seed": 7, "chatTemplate": True}, "facts@1 (100 of 200 examples)"),
        ({"limit": 500}, "facts@1"),
    ],
)
def test_results_of_what_is_declared_are_taken(workspace: FakeWorkspace, task: dict[str, Json], measured: str) -> None:
    asks(workspace, **task)
    assert brought(workspace, replace(RUN, settings=replace(RUN.settings, task=measured))).evidence.passed


def test_a_file_that_does_not_name_its_tasks_is_not_held_to_them(workspace: FakeWorkspace) -> None:
    asks(workspace, task="mmlu")
    settings = replace(RUN.settings, tool="promptfoo", task="6 tests")
    assert brought(workspace, replace(RUN, settings=settings)).evidence.passed


def test_an_earlier_pass_does_not_bring_back_what_a_later_run_withdrew(workspace: FakeWorkspace) -> None:
    worse = replace(RUN, measurements=(replace(RUN.measurements[0], value=0.4, interval=(0.33, 0.47)),), examples=())
    assert not brought(workspace, worse).evidence.passed
    with pytest.raises(PermanentError, match="this run ended before it"):
        brought(workspace, replace(RUN, completed_at=ENDED - timedelta(hours=1)))
    assert brought(workspace, replace(RUN, completed_at=ENDED)).evidence.passed
