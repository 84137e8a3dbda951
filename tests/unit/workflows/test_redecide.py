"""Recorded decisions made again: equal, different, or why nobody can tell."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from trueup.core.digests import Digest, digest_of, digest_of_bytes
from trueup.core.json import Json, canonical
from trueup.ledger.audit import DecisionAudit
from trueup.ledger.record import Record
from trueup.policy.judge import JUDGE_VERSION
from trueup.policy.recorded import read_decision
from trueup.workflows.audit import verify_decisions
from trueup.workflows.ledger_place import LedgerPlace
from trueup.workflows.redecide import audit_decisions, time_of
from workspaces import Declared, FakeWorkspace, Stage, nothing_on_hold

OLD = Declared()
MEASURED = Stage(evaluations=("facts@1",))


def audited(workspace: FakeWorkspace, **since: float) -> DecisionAudit:
    begin = workspace.clock.now() - timedelta(**since) if since else None
    return audit_decisions(workspace, begin, len(workspace.ledger.stored))


def newest(workspace: FakeWorkspace) -> Record:
    return next(workspace.ledger.records())


def rewritten(workspace: FakeWorkspace, change: Callable[[dict[str, Any]], Json]) -> None:
    """Record the newest record's decisions once more, changed."""
    draft = newest(workspace).draft
    kept = tuple((d, workspace.ledger.attachments[d]) for d, _ in draft.attachments)
    changed = tuple(change(json.loads(canonical(d))) for d in draft.decisions)
    workspace.ledger.stored.clear()
    workspace.ledger.append(replace(draft, decisions=changed, attachments=kept))


def details(found: DecisionAudit) -> list[str]:
    return [f"{p.code.id} {p.detail}" for p in found.problems]


def test_decisions_come_out_the_same(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    workspace.apply()
    workspace.declare(Declared(model="tiny@2"), dev=Stage(evaluations=("facts@1",), run="before"))
    assert workspace.apply().denied is not None
    found = audited(workspace)
    assert (found.count, found.equal, found.problems) == (3, 3, ())
    assert found.engines == (("python", 3),)
    assert (found.engine, found.by_results, found.not_kept) == ("python", (), 0)
    assert "Making decisions again, records" in workspace.told


def test_decisions_before_a_time_are_left_out(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.clock.sleep(7200)
    workspace.declare(Declared(model="tiny@2"))
    workspace.apply()
    assert audited(workspace, hours=1).count == 2
    assert audited(workspace).count == 4


def test_rules_are_told_the_time_of_then(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.clock.sleep(86_400)
    times = []
    evaluate = workspace.engine.evaluate
    workspace.engine.evaluate = lambda bundle, documents, now: times.append(now) or evaluate(bundle, documents, now)
    audited(workspace)
    recorded = [read_decision(d).at for d in newest(workspace).draft.decisions]
    assert times == recorded


def test_an_outcome_that_was_changed_is_told(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    rewritten(workspace, lambda d: d | {"result": d["result"] | {"outcome": "deny"}})
    found = audited(workspace)
    assert found.equal == 0
    assert len(found.problems) == 2
    assert details(found)[0].startswith("LED016 Record 1 (commit 000000000000), decision 1: it said deny, and says")


def test_rules_that_say_something_else_are_told_by_what_they_gave_and_what_was_made_of_it(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=("facts@1",), run="before"))
    workspace.apply()
    workspace.engine.rules = [nothing_on_hold]
    (said,) = details(audited(workspace))
    assert "only then: the result of `evidence_passes.deny`" in said
    assert "it said deny, and says allow now" in said
    assert "only then: EV Deployment/dev/support (deny)" in said


def test_another_engine_is_not_held_to_the_same_words(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=("facts@1",), run="before"))
    workspace.apply()

    def reworded(decision: dict[str, Any]) -> Json:
        violations = [v | {"message": "1.0 in place of 1"} for v in decision["result"]["violations"]]
        labels = decision["labels"] | {"engine": "older"}
        return decision | {"labels": labels, "result": decision["result"] | {"violations": violations}}

    rewritten(workspace, reworded)
    found = audited(workspace)
    assert found.problems == ()
    assert (found.engines, found.engine) == ((("older", 1),), "python")


def test_an_older_judge_is_held_to_what_rules_gave(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    rewritten(workspace, lambda d: d | {"judge": 1, "result": d["result"] | {"outcome": "deny"}})
    found = audited(workspace)
    assert found.problems == ()
    assert found.by_results == ((1, 2),)
    assert JUDGE_VERSION > 1


def old_format(decision: dict[str, Any]) -> dict[str, Json]:
    parts = {"bundle": decision["policies"]["digest"], "input": decision["input_digest"]}
    return {**decision["result"], **parts, "engine": decision["labels"]["engine"]}


def test_a_decision_of_format_1_is_made_again_while_its_policies_can_be_found(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    rewritten(workspace, old_format)
    found = audited(workspace)
    assert (found.equal, found.problems, found.by_results) == (2, (), ((1, 2),))


def test_a_decision_of_format_1_whose_policies_are_gone_is_counted(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    rewritten(workspace, lambda d: old_format(d) | {"bundle": digest_of("gone")})
    found = audited(workspace)
    assert (found.equal, found.not_kept, found.problems) == (0, 2, ())


@pytest.mark.parametrize("harm", ["revision", "project"])
def test_policies_of_a_commit_that_cannot_be_read_are_gone(make, harm: str) -> None:
    workspace = make(OLD)
    workspace.apply()
    rewritten(workspace, old_format)
    if harm == "revision":
        workspace._commits.clear()
    else:
        workspace._commits[workspace.head].contents["trueup.yaml"] = b"{"
    assert audited(workspace).not_kept == 2


def test_a_violation_that_format_1_has_and_nobody_finds_is_told(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    violation = {"rule": "X", "severity": "high", "enforcement": "warn", "address": "A", "path": ["b"], "message": ""}
    built_in = violation | {"rule": "TU-01", "exceptedBy": ""}
    rewritten(workspace, lambda d: old_format(d) | {"violations": [violation | {"exceptedBy": ""}, built_in]})
    assert "only then: X A b." in details(audited(workspace))[0]


Harm = Callable[[FakeWorkspace, Any], None]


def lose(workspace: FakeWorkspace, digest: Digest) -> None:
    del workspace.ledger.attachments[digest]


def change(workspace: FakeWorkspace, digest: Digest) -> None:
    workspace.ledger.attachments[digest] = b"{}"


@pytest.mark.parametrize("harm", [lose, change])
@pytest.mark.parametrize(
    ("part", "said"),
    [("input", "document"), ("kept_bundle", "bundle of policies"), ("kept_evaluation", "list of results")],
)
def test_what_a_decision_stands_on_must_be_there(make, part: str, said: str, harm: Harm) -> None:
    workspace = make(OLD)
    workspace.apply()
    recorded = read_decision(newest(workspace).draft.decisions[0])
    harm(workspace, getattr(recorded, part))
    assert any(d.startswith("LED017") and said in d for d in details(audited(workspace)))


def with_attachment(workspace: FakeWorkspace, key: Callable[[dict[str, Any], Digest], Json], content: bytes) -> None:
    digest = digest_of_bytes(content)
    workspace.ledger.attachments[digest] = content
    rewritten(workspace, lambda d: key(d, digest))


def test_kept_policies_must_be_those_that_the_decision_names(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    policies = lambda d, digest: d | {"policies": d["policies"] | {"attachment": digest}}  # noqa: E731
    with_attachment(workspace, policies, b'{"formatVersion": 1, "files": []}')
    assert "its policies are" in details(audited(workspace))[0]
    with_attachment(workspace, policies, b"[]")
    assert "its policies cannot be read" in details(audited(workspace))[0]


def test_kept_results_must_be_results(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    with_attachment(workspace, lambda d, digest: d | {"evaluation": digest}, b"[]")
    assert "its results cannot be read" in details(audited(workspace))[0]


def test_a_decision_that_cannot_be_read_is_told(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    rewritten(workspace, lambda d: d | {"format": 99})
    assert details(audited(workspace))[0].startswith("LED018 Record 1")


def test_reading_ends_where_the_ledger_cannot_be_believed(make) -> None:
    workspace = make(OLD)
    for model in ("tiny@1", "tiny@2"):
        workspace.declare(Declared(model=model))
        workspace.apply()
    workspace.ledger.stored[1] = b"{}"
    found = verify_decisions(workspace, LedgerPlace(), None)
    assert not found.is_sound
    assert found.decisions is not None
    assert found.decisions.count == 2


def test_a_project_without_policies_is_held_to_that(make) -> None:
    workspace = make(OLD)
    workspace.engine.rules = []
    workspace.apply()
    assert audited(workspace).equal == 2
    rewritten(workspace, lambda d: d | {"result": d["result"] | {"outcome": "deny"}})
    assert "it says deny, and without policies it is allow" in details(audited(workspace))[0]


def test_an_empty_ledger_has_no_decisions(make) -> None:
    found = audited(make(OLD))
    assert (found.count, found.engine) == (0, "")


def test_only_a_few_bundles_stay_in_memory(make) -> None:
    workspace = make(OLD)
    rules = workspace.engine.rules
    for number in range(6):
        extra = lambda facts: []  # noqa: E731
        extra.__name__ = f"extra_{number}"
        workspace.engine.rules = [*rules, extra]
        workspace.declare(Declared(threads=number + 1))
        workspace.apply()
    assert audited(workspace).equal == 12


@pytest.mark.parametrize(("document", "year"), [({}, 1970), ({"clock": {"now": "noon"}}, 1970)])
def test_a_document_without_a_time_is_of_the_epoch(document: dict[str, Json], year: int) -> None:
    assert time_of(document).year == year
