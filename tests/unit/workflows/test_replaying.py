"""Other policies asked about the past of a repository."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from trueup.adapters.policy import codes as policy_codes
from trueup.core.diagnostics import Diagnostic, Severity
from trueup.core.digests import digest_of_bytes
from trueup.core.errors import PermanentError
from trueup.core.json import Json, canonical
from trueup.policy.replayed import Effect, Replay, Source
from trueup.workflows.loading import Invalid
from trueup.workflows.policy import PolicySource
from trueup.workflows.replay import Replaying, ReplayRequest, replay
from workspaces import Declared, FakeWorkspace, Stage, evidence_passes, nothing_on_hold

TINY1, TINY2 = Declared(model="tiny@1"), Declared(model="tiny@2")
UNMEASURED = Stage(evaluations=("facts@1",), run="before")


def no_tiny_2(facts: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """Deny `tiny@2`."""
    for deployment in facts["deployments"]:  # type: ignore[union-attr]  # a list
        if deployment["release"]["model"]["address"] == "Model/tiny@2":  # type: ignore[call-overload,index]  # objects
            yield {"id": "NO-2", "severity": "high", "address": deployment["address"], "msg": "tiny@2 is not liked"}  # type: ignore[call-overload,index,misc]


def replayed(workspace: FakeWorkspace, rules: Iterable[Any], **asked: Any) -> Replay:
    workspace.engine.rules = list(rules)
    now = workspace.clock.now() + timedelta(seconds=1)
    request = ReplayRequest(PolicySource(), now - timedelta(days=90), now)
    replaying = Replaying()
    assert replay(workspace, replace(request, **asked), replaying) is None
    assert replaying.done == replaying.total
    return replaying.replay


OWN = (evidence_passes, nothing_on_hold)


def applied(make, *declared: Declared) -> FakeWorkspace:
    workspace = make(declared[0])
    workspace.apply()
    for one in declared[1:]:
        workspace.declare(one)
        workspace.apply()
    return workspace


def test_the_same_policies_decide_the_same(make) -> None:
    found = replayed(applied(make, TINY1, TINY2), OWN)
    assert found.is_same
    assert found.by_source == {Source.RECORD: 4}


def test_what_would_have_been_blocked_is_told_by_rule(make) -> None:
    found = replayed(applied(make, TINY1, TINY2), (*OWN, no_tiny_2))
    (rule,) = found.rules
    assert (rule.rule, rule.blocks, rule.lets_through) == ("NO-2", 2, 0)
    assert str(rule.examples[0].place) == "record 4"
    assert rule.examples[0].message == "tiny@2 is not liked"
    assert found.effects[Effect.BLOCKS] == 2


def test_what_would_have_been_let_through_is_told(make) -> None:
    workspace = make(TINY1, dev=UNMEASURED)
    assert workspace.apply().denied is not None
    found = replayed(workspace, (nothing_on_hold,))
    assert found.effects == {Effect.LETS_THROUGH: 1}
    assert [(r.rule, r.lets_through) for r in found.rules] == [("EV", 1)]


def test_a_time_and_an_environment_narrow_it(make) -> None:
    workspace = applied(make, TINY1)
    workspace.clock.sleep(86_400)
    workspace.declare(TINY2)
    workspace.apply()
    now = workspace.clock.now()
    assert replayed(workspace, OWN, since=now - timedelta(hours=1)).by_source == {Source.RECORD: 2}
    assert replayed(workspace, OWN, until=now - timedelta(hours=1)).by_source == {Source.RECORD: 2}
    with pytest.raises(PermanentError, match="`prod` is not declared"):
        replayed(workspace, OWN, environment="prod")


def test_the_plan_of_a_commit_that_nothing_was_recorded_for_is_built_again(make) -> None:
    workspace = make(TINY1)
    workspace.declare(TINY2)
    workspace.declare(replace(TINY2, threads=2))
    found = replayed(workspace, OWN)
    assert found.by_source == {Source.COMMIT: 2}
    assert found.is_same


def candidate(workspace: FakeWorkspace, rules: Iterable[Any]) -> None:
    """Let the folder `candidate` have *rules*; the project keeps its own."""
    own = list(workspace.engine.rules)
    chosen = list(rules)
    policies = workspace.policies

    def of_folder(folder: str, *, library: bool) -> Any:
        workspace.engine.rules = chosen
        found = policies(workspace.tree(""), library=True, folders=())
        workspace.engine.rules = own
        return found

    evaluate = workspace.engine.evaluate

    def by_bundle(bundle: Any, documents: Any, now: Any) -> Any:
        asked = {f.content.decode() for f in bundle}
        workspace.engine.rules = [r for r in {*own, *chosen} if r.__name__ in asked]
        try:
            return evaluate(bundle, documents, now)
        finally:
            workspace.engine.rules = own

    workspace.policy_folder = of_folder
    workspace.engine.evaluate = by_bundle


def replayed_folder(workspace: FakeWorkspace, rules: Iterable[Any]) -> Replay:
    candidate(workspace, rules)
    now = workspace.clock.now() + timedelta(seconds=1)
    request = ReplayRequest(PolicySource(folder="candidate"), now - timedelta(days=90), now)
    replaying = Replaying()
    assert replay(workspace, request, replaying) is None
    return replaying.replay


def test_a_commit_is_compared_with_the_policies_of_its_parent(make) -> None:
    workspace = make(TINY1)
    workspace.declare(TINY2)
    found = replayed_folder(workspace, (*OWN, no_tiny_2))
    assert found.effects == {Effect.BLOCKS: 1}
    assert found.changed[0].place.revision == workspace.head
    assert [(r.rule, r.blocks) for r in found.rules] == [("NO-2", 1)]


def test_evidence_that_nobody_knows_blocks_on_both_sides_alike(make) -> None:
    workspace = make(TINY1, dev=UNMEASURED)
    workspace.declare(TINY2)
    assert replayed_folder(workspace, OWN).is_same
    assert [b.rule for c in replayed_folder(workspace, (nothing_on_hold,)).changed for b in c.gone] == ["EV"]


def test_a_commit_of_a_time_without_policies_is_asked_about_all_the_same(make) -> None:
    workspace = make(TINY1)
    workspace.engine.rules = []
    workspace.declare(TINY2)
    found = replayed_folder(workspace, (no_tiny_2,))
    assert found.effects == {Effect.BLOCKS: 1}


def test_to_ask_nobody_lets_everything_through(make) -> None:
    workspace = make(TINY1, dev=UNMEASURED)
    workspace.apply()
    found = replayed_folder(workspace, ())
    assert found.effects == {Effect.LETS_THROUGH: 1}


def test_the_commit_that_adopts_trueup_is_planned_from_nothing(make) -> None:
    workspace = make(TINY1)
    first = workspace.history_of_main[0].revision
    workspace._commits[first].contents.clear()
    workspace.declare(TINY2)
    found = replayed(workspace, OWN)
    assert found.by_source == {Source.COMMIT: 1}


def test_a_commit_is_not_planned_where_its_decision_is_recorded(make) -> None:
    workspace = applied(make, TINY1, TINY2)
    workspace.declare(replace(TINY2, threads=2))
    assert replayed(workspace, OWN).by_source == {Source.RECORD: 4, Source.COMMIT: 1}


@pytest.mark.parametrize("which", ["head", "parent"])
def test_a_commit_that_cannot_be_planned_is_told(make, which: str) -> None:
    workspace = make(TINY1)
    workspace.declare(TINY2)
    revision = workspace.history_of_main[-1 if which == "head" else 0].revision
    workspace._commits[revision].contents["spec/broken.yaml"] = b"{"
    if which == "head":
        workspace.files.pop("spec/broken.yaml", None)
    found = replayed(workspace, OWN)
    (passed,) = found.passed
    assert passed.why.startswith("it is not valid" if which == "head" else "its parent is not valid")


def test_a_commit_whose_environment_cannot_be_resolved_is_told(make) -> None:
    workspace = make(TINY1)
    workspace.declare(Declared(model="tiny@1", name="a", model_name="x"), Declared(name="b", model_name="x"))
    found = replayed(workspace, OWN)
    (passed,) = found.passed
    assert (passed.place.environment, found.judged) == ("dev", 0)
    assert "`x`" in passed.why


def test_policies_that_cannot_be_had_pass_a_commit_over(make) -> None:
    workspace = make(TINY1)
    workspace.declare(TINY2)
    policies = workspace.policies

    def refused(tree: Any, **asked: Any) -> Any:
        if tree.revision == workspace.history_of_main[0].revision:
            raise PermanentError(policy_codes.FOLDER, "the bundle is not here")
        return policies(tree, **asked)

    workspace.policies = refused
    found = replayed(workspace, OWN)
    assert [p.why for p in found.passed] == [f"{policy_codes.FOLDER.id} the bundle is not here"]


def rewritten(workspace: FakeWorkspace, change: Any) -> None:
    """Change the documents that the newest record's decisions stand on."""
    draft = next(workspace.ledger.records()).draft
    attachments, decisions = dict(draft.attachments), []
    attachments = {d: workspace.ledger.attachments[d] for d in attachments}
    for decision in draft.decisions:
        document = canonical(change(json.loads(attachments[decision["input_digest"]])))
        attachments[digest_of_bytes(document)] = document
        decisions.append({**decision, "input_digest": digest_of_bytes(document)})
    workspace.ledger.stored.clear()
    workspace.ledger.append(replace(draft, decisions=tuple(decisions), attachments=tuple(attachments.items())))


@pytest.mark.parametrize(("version", "counted"), [(1, 1), ("next", 0)])
def test_documents_of_another_format_are_counted_and_not_judged(make, version: Json, counted: int) -> None:
    workspace = applied(make, TINY1)
    rewritten(workspace, lambda d: d | {"formatVersion": version})
    found = replayed(workspace, (no_tiny_2,))
    assert (found.judged, found.older) == (0, {counted: 2})


def test_decisions_of_a_time_without_policies_have_no_document(make) -> None:
    workspace = make(TINY1)
    workspace.engine.rules = []
    workspace.apply()
    found = replayed(workspace, OWN)
    assert (found.unasked, found.judged) == (2, 0)


def test_a_decision_whose_document_is_gone_is_told(make) -> None:
    workspace = applied(make, TINY1)
    first = next(workspace.ledger.records()).draft.decisions[0]
    del workspace.ledger.attachments[first["input_digest"]]
    found = replayed(workspace, OWN)
    assert found.judged == 1
    assert "is not kept" in found.passed[0].why


def test_policies_that_are_wrong_are_not_asked(make) -> None:
    workspace = applied(make, TINY1)
    workspace.engine.broken = (Diagnostic(policy_codes.SYNTAX, "it is no rule"),)
    replaying = Replaying()
    now = workspace.clock.now()
    found = replay(workspace, ReplayRequest(PolicySource(), now - timedelta(days=1), now), replaying)
    assert found == Invalid(workspace.engine.broken)
    assert replaying.replay.judged == 0


def test_warnings_of_the_candidate_are_told_and_keep_nobody_from_asking(make) -> None:
    workspace = applied(make, TINY1)
    warning = Diagnostic(policy_codes.SYNTAX, "a little odd", severity=Severity.WARNING)
    check, workspace.engine.check = workspace.engine.check, lambda bundle: (warning,)
    now = workspace.clock.now()
    replaying = Replaying()
    assert replay(workspace, ReplayRequest(PolicySource(), now - timedelta(days=1), now), replaying) is None
    assert replaying.warnings == (warning,)
    assert check


@pytest.mark.parametrize("source", [PolicySource(), PolicySource(in_project=False, folder="candidate")])
def test_a_project_that_is_wrong_is_told(make, source: PolicySource) -> None:
    workspace = make(TINY1)
    candidate(workspace, OWN)
    workspace.files["trueup.yaml"] = b"{"
    now = workspace.clock.now()
    found = replay(workspace, ReplayRequest(source, now - timedelta(days=1), now), Replaying())
    assert isinstance(found, Invalid)


def test_whoever_interrupts_it_can_be_told_how_far_it_came(make) -> None:
    workspace = applied(make, TINY1, TINY2)
    told = 0

    def progress(what: str, done: int, total: int) -> None:
        nonlocal told
        told += 1
        if done == 3:
            raise KeyboardInterrupt

    workspace.progress = progress
    replaying = Replaying()
    now = workspace.clock.now() + timedelta(seconds=1)
    with pytest.raises(KeyboardInterrupt):
        replay(workspace, ReplayRequest(PolicySource(), now - timedelta(days=1), now), replaying)
    assert (replaying.done, replaying.total, told) == (3, 5, 3)
