"""Exceptions on every path: what lifts a rule at one place lifts it at all, and what has expired lifts it nowhere."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from trueup.adapters.policy import codes as policy_codes
from trueup.core.diagnostics import Diagnostic, Severity
from trueup.core.digests import BlobId
from trueup.core.json import Json
from trueup.policy.decision import Outcome
from trueup.policy.waiver_list import ListedWaiver, WaiverState
from trueup.spec.parse import parse
from trueup.spec.resource import SourceFile
from trueup.workflows.exceptions import exceptions, last_uses, new_exception, stray_rule
from trueup.workflows.explain import explain
from trueup.workflows.loading import Invalid
from trueup.workflows.planning import Planned, make_plan
from trueup.workflows.rollback import Proposal, propose
from workspaces import Declared, FakeWorkspace, document

OLD, NEW = Declared(model="smol@1"), Declared(model="smol@2")


def forbidden(facts: Mapping[str, Json]) -> Iterator[Json]:
    """Nothing may be rolled out."""
    for deployment in facts["deployments"]:  # type: ignore[union-attr]
        if deployment["changed"]:  # type: ignore[index, call-overload]
            yield {"id": "SC-04", "severity": "critical", "msg": "forbidden", "address": deployment["address"]}  # type: ignore[index, call-overload]


def excuse(workspace: FakeWorkspace, expires: str = "2026-03-20", approver: str = "Bob <bob@example.com>") -> None:
    spec: dict[str, Json] = {
        "rule": "SC-04",
        "resource": "Deployment/*/*",
        "reason": "No other weights exist.",
        "compensatingControl": "Scanned by hand.",
        "approvedBy": approver,
        "expires": expires,
    }
    workspace.files["spec/exceptions/weights.yaml"] = document("PolicyException", "weights", spec)
    workspace.commit()
    workspace.engine.rules.append(forbidden)


def planned(workspace: FakeWorkspace) -> Planned:
    found = make_plan(workspace, "dev")
    assert isinstance(found, Planned)
    return found


def outcome(workspace: FakeWorkspace) -> Outcome:
    return planned(workspace).judged.decision.outcome


def test_one_that_is_in_force_lets_a_plan_and_its_apply_through(make) -> None:
    workspace = make(OLD)
    excuse(workspace)
    assert [e.state for e in planned(workspace).judged.decision.exceptions] == ["used"]
    applied = workspace.apply()
    assert [str(a) for a in applied.result.done] == ["Deployment/dev/support"]


def test_an_expired_one_denies_a_plan(make) -> None:
    workspace = make(OLD)
    excuse(workspace, expires="2026-03-13")
    assert outcome(workspace) is Outcome.DENY


def test_one_that_expires_between_review_and_apply_denies_the_very_plan_that_was_reviewed(make) -> None:
    workspace = make(OLD)
    excuse(workspace)
    reviewed = planned(workspace)
    assert reviewed.judged.decision.outcome is Outcome.ALLOW
    workspace.clock.time += timedelta(days=7)
    applied = workspace.apply(expected=reviewed.plan.inputs)
    assert applied.denied is not None
    assert [e.state for e in applied.denied.exceptions] == ["expired"]
    assert workspace.served() == {}


def test_one_that_expires_while_apply_works_is_denied_at_the_gate(make) -> None:
    workspace = make(OLD)
    excuse(workspace, expires="2026-03-14")

    def midnight(facts: Mapping[str, Json]) -> tuple[Json, ...]:
        workspace.clock.time += timedelta(days=0 if facts["gate"] else 1)
        return ()

    workspace.engine.rules.append(midnight)
    applied = workspace.apply()
    assert applied.denied is None
    assert [e.code.id for e in applied.result.failed.values()] == ["APP005"]
    assert workspace.served() == {}


def test_an_expired_one_denies_a_rollback(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    workspace.apply()
    excuse(workspace)
    proposal = propose(workspace, "dev", "support")
    assert isinstance(proposal, Proposal)
    assert proposal.denied is None
    workspace.clock.time += timedelta(days=7)
    late = propose(workspace, "dev", "support")
    assert isinstance(late, Proposal)
    assert late.denied is not None


@pytest.mark.parametrize("approver", ["Ada <ada@example.com>", "ADA@example.com", "Ada"])
def test_an_author_who_approves_their_own_is_not_let_through(make, approver: str) -> None:
    workspace = make(OLD)
    excuse(workspace, approver=approver)
    assert outcome(workspace) is Outcome.DENY


def test_who_wrote_the_exception_may_not_be_its_approver_when_somebody_else_changes_the_rest(make) -> None:
    workspace = make(OLD)
    excuse(workspace)
    workspace.written_by = "Bob <bob@example.com>"
    assert outcome(workspace) is Outcome.DENY
    workspace.written_by = ""
    assert outcome(workspace) is Outcome.DENY


def test_the_list_tells_state_and_last_use(make) -> None:
    workspace = make(OLD)
    excuse(workspace)
    (before,) = listed(workspace)
    # `EV` is in no METADATA: only its results have the id.
    assert (before.state, before.last_use) == (WaiverState.NO_RULE, None)
    workspace.apply()
    (after,) = listed(workspace)
    assert after.last_use is not None
    assert (after.last_use.environment, after.last_use.record) == ("dev", 1)
    workspace.written_by = "Bob <bob@example.com>"
    (own,) = listed(workspace)
    assert (own.state, own.problem) == (
        WaiverState.INVALID,
        "`Bob <bob@example.com>` approves what they wrote themselves",
    )


def test_a_new_exception_for_a_rule_that_nobody_has_is_warned_of(make) -> None:
    workspace = make(OLD)
    (warning,) = stray_rule(workspace, "nothing_on_hodl")
    assert warning.severity is Severity.WARNING
    assert warning.hint == "did you mean `nothing_on_hold`?"
    assert stray_rule(workspace, "nothing_on_hold") == stray_rule(workspace, "TU-01") == ()
    workspace.engine.broken = (Diagnostic(policy_codes.SYNTAX, "no rule"),)
    assert stray_rule(workspace, "nobody") == (), "nobody can tell"


def test_without_exceptions_nothing_is_listed_and_no_record_is_read(make) -> None:
    assert exceptions(make(OLD), timedelta(days=14)) == ()
    assert last_uses(iter([None]), ()) == {}  # type: ignore[list-item]


def test_what_cannot_be_read_is_told_and_not_listed(make) -> None:
    workspace = make(OLD)
    excuse(workspace)
    workspace.engine.broken = (Diagnostic(policy_codes.SYNTAX, "no rule"),)
    assert isinstance(exceptions(workspace, timedelta(days=14)), Invalid)
    workspace.files["trueup.yaml"] = b"?"
    assert isinstance(exceptions(workspace, timedelta(days=14)), Invalid)


def test_a_new_exception_is_refused_until_somebody_has_completed_it(make) -> None:
    workspace = make(OLD)
    text = new_exception(workspace, "SC-04", "Model/legacy@1")
    assert "expires: 2026-04-13" in text
    assert "name: sc-04-model-legacy-1" in text
    parsed = parse([SourceFile("a.yaml", BlobId(""), text.encode())], lambda _path: b"")
    wrong = {
        word for d in parsed.diagnostics for word in d.detail.split("`") if word.startswith(("metadata.", "spec."))
    }
    assert wrong == {"metadata.owner", "spec.reason", "spec.compensatingControl", "spec.approvedBy"}
    filled = "\n".join(line.split("#")[0].rstrip() + " x" if ":  " in line else line for line in text.splitlines())
    assert not parse([SourceFile("a.yaml", BlobId(""), filled.encode())], lambda _path: b"").diagnostics


def listed(workspace: FakeWorkspace) -> tuple[ListedWaiver, ...]:
    found = exceptions(workspace, timedelta(days=14))
    assert isinstance(found, tuple)
    return found


def test_explain_tells_what_lifts_and_what_softens(make) -> None:
    workspace = make(OLD)
    excuse(workspace)
    (line,) = [line for line in policy_lines(workspace) if "SC-04" in line]
    assert line.startswith("excepted SC-04 ")
    assert line.endswith(", lifted by PolicyException/weights")
    del workspace.files["spec/exceptions/weights.yaml"]
    environment = json.loads(workspace.files["spec/environments/dev.yaml"])
    environment["spec"]["policy"] = {"rules": {"SC-04": "dryrun"}}
    workspace.files["spec/environments/dev.yaml"] = json.dumps(environment).encode()
    workspace.commit()
    (line,) = [line for line in policy_lines(workspace) if "SC-04" in line]
    assert line.startswith("dryrun SC-04 ")
    assert line.endswith(", softened by policy.rules.SC-04")


def policy_lines(workspace: FakeWorkspace) -> tuple[str, ...]:
    found = explain(workspace, "Deployment/dev/support")
    assert not isinstance(found, Invalid)
    return next(s.lines for s in found.sections if s.title == "Policy")
