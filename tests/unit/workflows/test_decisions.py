"""Which decisions reach the ledger, and what is kept beside them."""

import json
from dataclasses import replace

import pytest

from trueup.core.digests import digest_of_bytes
from trueup.ledger.record import Record, RecordKind, RunOutcome
from trueup.policy.bundle_files import bundle_digest, bundle_from_bytes
from trueup.policy.decision import Outcome
from trueup.policy.recorded import RecordedDecision, read_decision, read_results
from trueup.workflows.apply import Applied, ApplyRequest, refuse
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, KilledError, Stage, evidence_passes, nothing_on_hold

OLD, NEW = Declared(), Declared(model="tiny@2")
MEASURED = Stage(evaluations=("facts@1",))
UNMEASURED = Stage(evaluations=("facts@1",), run="before")


def records(workspace: FakeWorkspace) -> list[Record]:
    return list(workspace.ledger.records())


def decisions(record: Record | None) -> list[RecordedDecision]:
    assert record is not None
    return [read_decision(d) for d in record.draft.decisions]


def test_a_record_keeps_policies_document_and_what_the_rules_gave(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    found = decisions(workspace.apply().record)
    assert [d.outcome for d in found] == [Outcome.ALLOW, Outcome.ALLOW]
    for decision in found:
        document, bundle, given = (
            workspace.ledger.attachment(d) for d in (decision.input, decision.kept_bundle, decision.kept_evaluation)
        )
        assert document is not None
        assert digest_of_bytes(document) == decision.input
        assert bundle is not None
        assert bundle_digest(bundle_from_bytes(bundle)) == decision.bundle
        assert given is not None
        assert read_results(given) == ()


def test_rules_are_told_the_time_that_the_document_has(make) -> None:
    workspace = make(OLD)
    (decision,) = decisions(workspace.apply().record)[:1]
    document = json.loads(workspace.ledger.attachment(decision.input) or b"")
    assert decision.at is not None
    assert document["clock"]["now"] == decision.at.isoformat().replace("+00:00", "Z")


def test_one_bundle_is_kept_once_however_many_decisions_it_made(make) -> None:
    workspace = make(OLD, Declared(name="chat"))
    record = workspace.apply().record
    kept = {d.kept_bundle for d in decisions(record)}
    assert len(kept) == 1
    assert len(decisions(record)) == 3
    assert len({d for d, _ in record.draft.attachments}) == len(record.draft.attachments)


def test_a_denied_apply_is_recorded(make) -> None:
    workspace = make(OLD, dev=UNMEASURED)
    applied = workspace.apply(cause="a try")
    record = applied.record
    assert record is not None
    assert record.draft.outcome is RunOutcome.DENIED
    assert record.draft.resources
    (decision,) = decisions(record)
    assert decision.outcome is Outcome.DENY
    assert [v.rule for v in decision.violations] == ["EV"]
    (given,) = read_results(workspace.ledger.attachment(decision.kept_evaluation) or b"")
    assert given.package == evidence_passes.__name__
    assert applied.events[-1].detail == "record 1"


def refused(workspace: FakeWorkspace) -> Applied:
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    applied = Applied()
    applied.events += refuse(workspace, ApplyRequest("dev"), applied, planned)
    return applied


def test_a_plan_that_is_denied_before_the_lock_is_recorded_as_one_denied_under_it(make) -> None:
    before, under = make(OLD, dev=UNMEASURED), make(OLD, dev=UNMEASURED)
    applied, other = refused(before), under.apply()
    assert applied.record is not None
    assert other.record is not None
    assert (applied.record.draft.kind, applied.record.draft.outcome) == (RecordKind.APPLY, RunOutcome.DENIED)
    assert applied.record.draft.plan == other.record.draft.plan
    assert [d.outcome for d in decisions(applied.record)] == [Outcome.DENY]
    assert [e.detail for e in applied.events] == ["record 1"]
    assert before.apply().record is None, "it is the newest record already"


def test_what_no_commit_holds_is_denied_and_not_recorded(make) -> None:
    workspace = make(OLD, dev=UNMEASURED)
    workspace.files["spec/extra.yaml"] = b"\n"
    applied = refused(workspace)
    assert (applied.denied is not None, applied.record, records(workspace)) == (True, None, [])


def test_the_same_denial_again_is_not_recorded_again(make) -> None:
    workspace = make(OLD, dev=UNMEASURED)
    first = workspace.apply().record
    again = workspace.apply()
    assert first is not None
    assert (again.denied is not None, again.record) == (True, None)
    assert len(records(workspace)) == 1


def test_a_denial_for_another_reason_is_recorded(make) -> None:
    workspace = make(OLD, dev=UNMEASURED)
    workspace.apply()
    workspace.engine.rules = [nothing_on_hold, lambda facts: [{"id": "NO", "msg": "not today"}]]
    workspace.engine.rules[1].__name__ = "not_today"
    assert workspace.apply().record is not None
    assert [v.rule for d in decisions(records(workspace)[0]) for v in d.violations] == ["NO"]


def test_a_denial_is_recorded_again_once_something_else_happened(make) -> None:
    workspace = make(OLD, dev=UNMEASURED)
    workspace.apply()
    newest = records(workspace)[0].draft
    workspace.ledger.append(replace(newest, decisions=(), attachments=(), outcome=RunOutcome.DONE))
    assert workspace.apply().record is not None


def test_a_denial_whose_record_is_no_decision_is_recorded_anew(make) -> None:
    workspace = make(OLD, dev=UNMEASURED)
    workspace.apply()
    newest, document = records(workspace)[0].draft, (digest_of_bytes(b"x"), b"x")
    workspace.ledger.append(replace(newest, decisions=({"input": document[0]},), attachments=(document,)))
    assert workspace.apply().record is not None


def test_a_denial_that_does_not_reach_the_remote_is_told(make) -> None:
    workspace = make(OLD, dev=UNMEASURED)
    workspace.remote = "it is down"
    assert [e.step for e in workspace.apply().events] == ["push", "record", "push"]


def test_a_denial_says_nothing_of_what_serves(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    serving = workspace.served()
    workspace.declare(NEW, dev=UNMEASURED)
    assert workspace.apply().denied is not None
    assert workspace.served() == serving
    workspace.declare(OLD, dev=Stage())
    applied = workspace.apply()
    assert applied.result is None
    assert applied.denied is None


def killed_after(workspace: FakeWorkspace, effects: int) -> None:
    workspace.fuse.left = workspace.fuse.burnt + effects
    with pytest.raises(KilledError):
        workspace.apply()
    workspace.heal()


def test_the_decisions_of_a_killed_run_are_recorded(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    killed_after(workspace, 20)
    applied = workspace.apply()
    assert applied.recovered is not None
    interrupted = records(workspace)[-1]
    found = decisions(interrupted)
    assert found
    assert found[0].outcome is Outcome.ALLOW
    assert workspace.ledger.verify()[1] == ()


@pytest.mark.parametrize("damage", [{"attachments": {"sha256:0": "else"}}, {"attachments": 7}, {"decision": None}])
def test_a_decision_whose_document_is_not_in_the_journal_is_left_out(make, damage) -> None:
    workspace = make(OLD)
    workspace.journal.write("dev", {"type": "begin", "run": "r", "at": "2026-03-14T12:00:00+00:00"})
    workspace.journal.write("dev", {"type": "decision", "decision": {"input": digest_of_bytes(b"x")}, **damage})
    applied = workspace.apply()
    assert applied.recovered is not None
    assert records(workspace)[-1].draft.decisions == ()
    assert workspace.ledger.verify()[1] == ()


def test_a_project_without_policies_records_that_nobody_was_asked(make) -> None:
    workspace = make(OLD)
    workspace.engine.rules = []
    (decision, *_) = decisions(workspace.apply().record)
    assert decision.engine.startswith("none")
    assert bundle_from_bytes(workspace.ledger.attachment(decision.kept_bundle) or b"") == ()
