"""How the end of an apply reads: where it answers, and what is done, failed and not started."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import ended
from trueup.core.digests import Revision
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.reconcile import codes
from trueup.reconcile.apply import Result
from trueup.rollout.events import Status
from trueup.workflows.apply import Applied, ApplyRequest, apply, require_committed
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace

A, B, C = (ResourceId("Deployment", name, environment="dev") for name in "abc")


def ending(applied: Applied, columns: int = 80) -> tuple[ExitCode, str]:
    stderr = io.StringIO()
    code = ended(applied, Console(io.StringIO(), stderr, {"COLUMNS": str(columns)}))
    return code, stderr.getvalue()


def test_an_apply_says_where_it_answers_and_under_which_name(tmp_path: Path) -> None:
    workspace = FakeWorkspace(tmp_path, (Declared("a"),), None)
    applied = Applied()
    assert list(apply(workspace, ApplyRequest("dev"), applied))
    assert applied.address
    code, said = ending(applied)
    assert code is ExitCode.DONE
    assert f"It answers at {applied.address}/v1 (OpenAI API, model: a)." in said


def test_what_is_done_failed_and_not_started_is_told_apart() -> None:
    error = PermanentError(codes.GATE_DENIED, "EV-01: " + "refusal is 0, and >= 0.9 is wanted; " * 5)
    applied = Applied(result=Result(done=[A], failed={B: error}, not_started=[C]))
    code, said = ending(applied)
    assert code is ExitCode.PARTIAL
    lines = said.splitlines()
    assert lines[0].startswith("  failed       Deployment/dev/b: APP005")
    assert "  done         Deployment/dev/a" in lines
    assert "  not started  Deployment/dev/c" in lines
    assert max(map(len, lines)) <= 80
    assert error.detail.strip() in " ".join(said.split())


@pytest.mark.parametrize(
    ("code", "expected"), [(codes.GATE_DENIED, ExitCode.DENIED), (codes.NOT_VERIFIED, ExitCode.ERROR)]
)
def test_a_gate_that_said_no_ends_like_a_plan_that_was_denied(code, expected) -> None:  # type: ignore[no-untyped-def]
    applied = Applied(result=Result(failed={B: PermanentError(code, "")}))
    ended_with, said = ending(applied)
    assert ended_with is expected
    assert "What served before still serves." in said


def test_a_plan_of_what_no_commit_holds_is_refused(tmp_path: Path) -> None:
    workspace = FakeWorkspace(tmp_path, (Declared("a"),), None)
    planned = make_plan(workspace, "dev", "HEAD")
    assert isinstance(planned, Planned)
    require_committed(planned)
    with pytest.raises(PermanentError) as refused:
        require_committed(replace(planned, plan=replace(planned.plan, revision=Revision(""))))
    assert refused.value.code is codes.DIRTY


def test_a_new_prompt_keeps_the_server_and_says_so(tmp_path: Path) -> None:
    workspace = FakeWorkspace(tmp_path, (Declared(),), None)

    def started() -> bool:
        (event,) = [
            e for e in apply(workspace, ApplyRequest("dev"), Applied()) if (e.step, e.status) == ("start", Status.DONE)
        ]
        return "kept" not in dict(event.facts)

    assert started()
    workspace.declare(Declared(prompt="support@2"))
    assert not started()
    workspace.declare(Declared(prompt="support@2", replicas=2))
    assert started()
