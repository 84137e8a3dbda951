"""What several commands report alike: problems, plans, denials, and how apply ended."""

import io
import json
from pathlib import Path

import pytest

from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format, OutputFile
from trueup.cli.reports import ended, note_denial, plan_report, publish_plan, report_invalid, show_event
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import Digest
from trueup.policy.decision import Decision, Enforcement, EngineError, Outcome, Violation
from trueup.reconcile import codes
from trueup.rollout.events import Event, Status
from trueup.workflows.apply import Applied
from trueup.workflows.planning import Invalid, Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage

PROBLEM = Diagnostic(codes.UNKNOWN_ADDRESS, "`x` is not declared.", Span("spec/a.yaml", 3, 1))
SUPPORT, CHAT = Declared(model="smol@1"), Declared(name="chat", model="smol@2")


class Screen:
    """A console and what it wrote."""

    def __init__(self, output: Format = Format.TEXT, files: tuple[OutputFile, ...] = ()) -> None:
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        self.console = Console(self.stdout, self.stderr, {"COLUMNS": "200"})
        self.console.configure(output=output, files=files)

    @property
    def out(self) -> str:
        return self.stdout.getvalue()

    @property
    def notes(self) -> str:
        return self.stderr.getvalue()


@pytest.fixture
def workspace(tmp_path: Path) -> FakeWorkspace:
    return FakeWorkspace(tmp_path, [SUPPORT, CHAT], {"dev": Stage(evaluations=("facts@1",))})


def finish(applied: Applied) -> tuple[ExitCode, str]:
    screen = Screen()
    return ended(applied, screen.console), screen.notes


def test_problems_are_notes_for_people_and_data_for_programs(tmp_path: Path) -> None:
    screen = Screen(files=(OutputFile(Format.JSON, str(tmp_path / "p.json")),))
    assert report_invalid(Invalid((PROBLEM,)), screen.console) is ExitCode.INVALID
    assert screen.out == ""
    assert "spec/a.yaml:3:1" in screen.notes
    assert json.loads((tmp_path / "p.json").read_text())
    data = Screen(Format.JSON)
    assert report_invalid(Invalid((PROBLEM,)), data.console) is ExitCode.INVALID
    assert json.loads(data.out)


def test_a_plan_is_data(workspace: FakeWorkspace) -> None:
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    screen = Screen(Format.JSON)
    publish_plan(planned, screen.console)
    assert json.loads(screen.out)
    assert screen.notes == ""
    assert plan_report(planned).summary


def test_an_event_is_a_line_of_data_only_when_asked_for(workspace: FakeWorkspace) -> None:
    event = Event(workspace.clock.now(), "route", "Deployment/dev/support", Status.DONE)
    for output in (Format.TEXT, Format.NDJSON):
        screen = Screen(output)
        show_event(event, screen.console)
        assert bool(screen.out) is (output is Format.NDJSON)
        assert bool(screen.notes) is (output is Format.TEXT)


def violation(**changes: object) -> Violation:
    facts = {"enforcement": Enforcement.DENY, "remediation": "Pin it.", "span": Span("spec/a.yaml", 2, 1), **changes}
    return Violation("SC-01", "Pinned", "high", address="Model/a@1", path=(), message="it floats", **facts)  # type: ignore[arg-type]  # fields of the dataclass


def test_a_denial_says_what_stopped_it_where_and_what_to_do() -> None:
    decision = Decision(
        Outcome.DENY,
        (
            violation(),
            violation(span=None, remediation=""),
            violation(enforcement=Enforcement.WARN),
            violation(excepted_by="PolicyException/x"),
        ),
        (EngineError("the worker died"),),
        Digest(""),
        Digest(""),
        "python",
    )
    screen = Screen()
    note_denial(decision, screen.console)
    first, second, third, fourth = screen.notes.splitlines()
    assert "spec/a.yaml:2:1: it floats" in first
    assert "Pin it." in second
    assert "SC-01 Pinned: it floats" in third
    assert "the worker died" in fourth


def test_all_done_names_what_was_done(workspace: FakeWorkspace) -> None:
    code, said = finish(workspace.apply())
    assert code is ExitCode.DONE
    assert "Applied: Deployment/dev/chat, Deployment/dev/support." in said


def test_nothing_to_do_is_done(workspace: FakeWorkspace) -> None:
    workspace.apply()
    assert finish(workspace.apply()) == (ExitCode.DONE, "Nothing to do.\n")


def test_a_declaration_that_is_wrong_is_told(workspace: FakeWorkspace) -> None:
    workspace.declare(Declared(model="nobody@1"))
    code, said = finish(workspace.apply())
    assert code is ExitCode.INVALID
    assert "nobody" in said


def test_a_denied_plan_says_that_nothing_changed(workspace: FakeWorkspace) -> None:
    workspace.declare(SUPPORT, dev=Stage(evaluations=("facts@1",), run="before"))
    code, said = finish(workspace.apply())
    assert code is ExitCode.DENIED
    assert said.startswith("Denied by policy; nothing was changed.")


def test_done_failed_and_not_started_are_told_apart(workspace: FakeWorkspace) -> None:
    workspace.apply()
    workspace.declare(SUPPORT, Declared(name="zoo", model="tiny@1"))
    workspace.store.broken_builds = True
    workspace.declare(Declared(model="smol@1", threads=2), Declared(name="zoo", model="tiny@1"))
    code, said = finish(workspace.apply())
    assert code is ExitCode.PARTIAL
    lines = said.splitlines()
    assert any(x.startswith("  failed       Deployment/dev/zoo: ") for x in lines)
    assert any(x.strip().startswith("hint: ") for x in lines)
    assert "  done         Deployment/dev/support" in lines
    assert "  not started  Deployment/dev/chat" in lines


def test_a_gate_that_denied_everything_ends_as_a_denial(workspace: FakeWorkspace) -> None:
    workspace.measuring.scores["facts"] = 0.1
    code, said = finish(workspace.apply())
    assert code is ExitCode.DENIED
    assert "Not applied. What served before still serves." in said


def test_a_failure_of_everything_is_an_error(workspace: FakeWorkspace) -> None:
    workspace.work.fail("start")
    assert finish(workspace.apply())[0] is ExitCode.ERROR


def test_nothing_done_is_not_partly_applied_although_deletions_waited(workspace: FakeWorkspace) -> None:
    workspace.apply()
    workspace.declare(Declared(model="tiny@1"))
    workspace.store.broken_builds = True
    code, said = finish(workspace.apply())
    assert code is ExitCode.ERROR
    assert "  not started  Deployment/dev/chat" in said.splitlines()
    assert "Not applied." in said


def test_a_release_that_serves_is_partly_applied_although_its_old_server_stayed(workspace: FakeWorkspace) -> None:
    workspace.apply()
    workspace.declare(Declared(model="tiny@1"), CHAT)
    workspace.work.fail("stop")
    code, said = finish(workspace.apply())
    assert code is ExitCode.PARTIAL
    assert "serves its new release" in said
