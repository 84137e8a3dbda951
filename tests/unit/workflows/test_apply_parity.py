"""Apply holds what it builds against its source: measured once, kept as evidence, and nothing serves that fails."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from trueup.core.digests import Digest
from trueup.diff.changes import Build, Evaluate
from trueup.ledger.record import RecordKind
from trueup.policy.decision import Outcome
from trueup.policy.deletion_budget import mark_of
from trueup.policy.parity_gate import RULE
from trueup.workflows.apply import Applied
from trueup.workflows.evaluate import Evaluated, EvaluateRequest, evaluate
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, KilledError, Stage, document, nothing_on_hold

GATE = {"maxKl": 0.01, "minTop1": 0.95, "sequences": 4, "seqLen": 101}
DEPLOYMENT = Declared(build="gated@1")


def workspace_with(folder: Path, gate: dict[str, object] | None = None, **more: object) -> FakeWorkspace:
    workspace = FakeWorkspace(folder)
    declare(workspace, gate, **more)
    return workspace


def declare(workspace: FakeWorkspace, gate: dict[str, object] | None = None, **more: object) -> None:
    deployments = (DEPLOYMENT, Declared(name="other", build="gated@1")) if more.get("twice") else (DEPLOYMENT,)
    workspace.declare(*deployments)
    spec = {"mode": "gguf", "quantization": "Q4_0", "parity": {"logits": {**GATE, **(gate or {})}}}
    workspace.files["spec/builds/gated.yaml"] = document("Build", "gated", json.loads(json.dumps(spec)), version="1")
    if exception := more.get("exception"):
        workspace.files["spec/exception.yaml"] = document("PolicyException", "q4", json.loads(json.dumps(exception)))
    workspace.commit()


def planned(workspace: FakeWorkspace) -> Planned:
    found = make_plan(workspace, "dev", "HEAD")
    assert isinstance(found, Planned), found
    return found


def failure(applied: Applied) -> str:
    assert applied.result is not None
    return " ".join(f"{e.code.id} {e.detail}" for e in applied.result.failed.values())


def denied_by(workspace: FakeWorkspace) -> set[str]:
    return {v.rule for v in planned(workspace).judged.decision.violations if v.denies}


def evidence_records(workspace: FakeWorkspace) -> int:
    return sum(r.draft.kind is RecordKind.EVIDENCE for r in workspace.ledger.records())


def test_a_plan_says_that_the_build_will_be_compared(tmp_path: Path) -> None:
    plan = planned(workspace_with(tmp_path)).plan
    (compared,) = [c for c in plan.changes if isinstance(c, Evaluate)]
    assert (str(compared.address), compared.reason) == ("Build/gated@1", "not yet compared with its source")
    assert [c for c in plan.changes if isinstance(c, Build)]


def test_what_is_built_is_compared_before_anything_starts(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    applied = workspace.apply()
    steps = [e.step for e in applied.events if e.status.value == "done"]
    assert steps.index("build") < steps.index("parity") < steps.index("start")
    assert workspace.served()
    (request,) = workspace.parity.asked
    subject = dict(request.subject)
    assert subject["output"] == workspace.store.entry(subject["build"]).digest
    assert set(subject) == {"build", "output", "source"}
    assert evidence_records(workspace) == 1
    assert not planned(workspace).plan.changes


def test_what_could_never_be_compared_is_not_built(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    workspace.parity.context = 100
    assert "PAR001 `seqLen` is 101" in failure(workspace.apply())
    assert not workspace.store.built
    assert not workspace.parity.asked


def test_a_build_that_fails_serves_nowhere_and_the_next_plan_is_denied(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    workspace.parity.kl = 0.034
    applied = workspace.apply()
    assert "APP013 Build/gated@1: KL 0.03400 is not at most 0.01000" in failure(applied)
    assert not workspace.served()
    assert not [c for c in workspace.work.calls if c.startswith("start")]
    found = planned(workspace)
    assert not [c for c in found.plan.changes if isinstance(c, Evaluate)]
    (violation,) = [v for v in found.judged.decision.violations if v.rule == RULE]
    assert "top-1 99.0 %" in violation.message
    assert workspace.apply().denied is not None
    assert len(workspace.parity.asked) == 1


def test_numbers_that_are_none_are_never_a_pass(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, {"maxKl": 1e9, "minTop1": 0})
    workspace.parity.kl = float("nan")
    assert "KL was not measured" in failure(workspace.apply())
    assert denied_by(workspace) == {RULE}


def test_other_bounds_are_held_to_what_was_measured_already(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    workspace.parity.kl = 0.034
    workspace.apply()
    declare(workspace, {"maxKl": 0.05})
    assert denied_by(workspace) == set()
    assert workspace.apply().result is not None
    assert workspace.served()
    declare(workspace, {"maxKl": 0.05, "maxPerplexityRatio": 1.001})
    assert len(workspace.parity.asked) == 1


def test_a_tighter_bound_stops_the_next_rollout_of_what_passed(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    workspace.apply()
    mark = mark_of(DEPLOYMENT.name, workspace.served()[DEPLOYMENT.name])
    workspace.declare(dev=Stage(confirm_delete=mark))
    workspace.apply()
    assert workspace.served() == {}
    declare(workspace, {"maxKl": 0.0001})
    assert denied_by(workspace) == {RULE}


def test_a_build_of_two_deployments_is_measured_once(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, twice=True)
    workspace.apply()
    assert set(workspace.served()) == {"support", "other"}
    assert len(workspace.parity.asked) == evidence_records(workspace) == 1


def test_other_tokens_are_another_measurement(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    workspace.apply()
    declare(workspace, {"sequences": 8})
    assert [c.reason for c in planned(workspace).plan.changes if isinstance(c, Evaluate)] == [
        "not yet compared with its source"
    ]
    workspace.apply()
    assert len(workspace.parity.asked) == 2


def test_evidence_is_of_the_bytes_that_were_measured(tmp_path: Path) -> None:
    """Another build under the same key, as an engine's tactics give it, is measured anew."""
    workspace = workspace_with(tmp_path)
    workspace.apply()
    key = Digest(dict(workspace.parity.asked[0].subject)["build"])
    path = workspace.store.find(key)
    assert path is not None
    path.write_bytes(b"GGUF other bytes")
    assert [c for c in planned(workspace).plan.changes if isinstance(c, Evaluate)]
    workspace.parity.kl = 0.5
    workspace.apply()
    assert len(workspace.parity.asked) == 2


def test_the_gate_holds_without_any_policies(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    workspace.files["trueup.yaml"] = document("Project", "shop", {"specs": ["spec"], "policies": {"library": False}})
    workspace.commit()
    workspace.parity.kl = 0.034
    for _ in range(2):
        assert "APP013" in failure(workspace.apply())
        assert not workspace.served()
    assert len(workspace.parity.asked) == 1


def test_the_gate_holds_where_the_repositorys_rules_allow_everything(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    workspace.engine.rules[:] = [nothing_on_hold]
    workspace.parity.kl = 0.034
    workspace.apply()
    assert planned(workspace).judged.decision.outcome is Outcome.DENY


EXCEPTION = {
    "rule": RULE,
    "resource": "Deployment/dev/support",
    "reason": "The demo accepts it.",
    "compensatingControl": "Nobody outside sees it.",
    "approvedBy": "Grace <grace@example.com>",
    "expires": "2026-04-01",
}


def test_an_exception_lets_a_worse_build_serve(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, exception=EXCEPTION)
    workspace.parity.kl = 0.034
    applied = workspace.apply()
    assert not failure(applied)
    assert workspace.served()


def test_a_dataset_is_fetched_for_its_text(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path, {"dataset": "facts@1"})
    workspace.apply()
    (request,) = workspace.parity.asked
    assert request.text is not None
    assert "text" in dict(request.subject)
    assert "file:models/facts@1" in workspace.store.fetched
    assert not planned(workspace).plan.changes


def test_evaluating_measures_what_was_not_compared_and_starts_nothing(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    evaluated = Evaluated()
    events = list(evaluate(workspace, EvaluateRequest("dev"), evaluated))
    assert evaluated.measured == {"Deployment/dev/support Build/gated@1": True}
    assert [e.step for e in events] == ["fetch", "build", "parity"]
    assert not workspace.work.calls
    assert not [c for c in planned(workspace).plan.changes if isinstance(c, Evaluate)]


def test_an_environment_that_evaluates_before_still_compares_what_it_builds(tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path)
    workspace.declare(DEPLOYMENT, dev=Stage(run="before"))
    declare(workspace)
    assert denied_by(workspace) == set()
    workspace.apply()
    assert workspace.served()


@pytest.mark.parametrize("steps", range(1, 40, 3))
def test_killed_anywhere_it_is_measured_at_most_twice_and_serves_in_the_end(tmp_path: Path, steps: int) -> None:
    workspace = workspace_with(tmp_path)
    workspace.fuse.left = workspace.fuse.burnt + steps
    with suppress(KilledError):
        workspace.apply()
    workspace.heal()
    workspace.apply()
    assert workspace.served()
    assert len(workspace.parity.asked) <= 2


@pytest.mark.parametrize("strict", ["support", "a-first"])
def test_two_builds_of_one_artifact_are_each_held_to_their_own_bounds(tmp_path: Path, strict: str) -> None:
    loose = "a-first" if strict == "support" else "support"
    workspace = FakeWorkspace(tmp_path)
    workspace.declare(
        Declared(name=strict, build="strict@1", model_name="s"), Declared(name=loose, build="loose@1", model_name="l")
    )
    for name, bound in (("strict", 0.01), ("loose", 5.0)):
        gate = {**GATE, "maxKl": bound}
        spec = {"mode": "gguf", "quantization": "Q4_0", "parity": {"logits": gate}}
        content = document("Build", name, json.loads(json.dumps(spec)), version="1")
        workspace.files[f"spec/builds/{name}.yaml"] = content
    workspace.commit()
    workspace.parity.kl = 1.0
    workspace.apply()
    found = planned(workspace)
    denied = {str(v.address) for v in found.judged.decision.violations if v.rule == RULE}
    assert denied == {f"Deployment/dev/{strict}"}
    evidence = {e.evaluation: e.passed for e in found.observed.evidence}
    assert evidence == {"Build/strict@1": False, "Build/loose@1": True}
    assert len(workspace.parity.asked) == 1
