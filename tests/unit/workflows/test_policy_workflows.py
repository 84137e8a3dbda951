"""Workflows for authors of policies: check, list, docs, test, judge documents and plans, explain."""

from dataclasses import replace

import pytest

from trueup.adapters.policy.codes import UNREADABLE
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.json import Json
from trueup.plan.saved import save_plan
from trueup.policy.checked import Status
from trueup.policy.decision import Outcome
from trueup.policy.results import LIBRARY, PolicyFile, RuleTest
from trueup.policy.rule_explanation import RuleExplanation
from trueup.policy.tracing import TestCase, TestRun
from trueup.spec.codes import VERSION_CHANGED
from trueup.workflows.checking import InputDocument, PlanChecked, check_documents, check_plan, check_saved, subjects
from trueup.workflows.loading import Invalid
from trueup.workflows.planning import Planned, make_plan
from trueup.workflows.policy import (
    PolicySource,
    check,
    has_passed,
    listing,
    pages,
    policies_of,
    rules,
    run_tests,
    unknown_rule,
)
from trueup.workflows.rule_explaining import explain_rule
from workspaces import Declared, FakeWorkspace, PythonPolicies, Stage

OLD = Declared(model="smol@1")
CHANGED = Diagnostic(VERSION_CHANGED, "it was something else", Span("spec/a.yaml", 1))
FOLDER = PolicySource(folder="candidate")


def no_latest(facts: Json):
    """Images are pinned."""
    if isinstance(facts, dict) and "latest" in str(facts.get("image")):
        yield {"id": "IMG-01", "path": ["image"], "msg": "it is not pinned"}


def broken_everywhere(workspace: FakeWorkspace) -> tuple[object, ...]:
    return (
        rules(workspace),
        run_tests(workspace),
        listing(workspace),
        pages(workspace),
        explain_rule(workspace, "x", "Deployment/dev/support"),
    )


def test_policies_are_checked_described_and_tested(make) -> None:
    workspace = make(OLD)
    assert check(workspace) == ()
    found = rules(workspace)
    assert not isinstance(found, Invalid)
    assert [r.id for r in found] == ["evidence_passes", "nothing_on_hold"]
    run = run_tests(workspace)
    assert isinstance(run, TestRun)
    assert has_passed(run)
    wanted = run_tests(workspace, wanted="hold")
    assert isinstance(wanted, TestRun)
    assert [c.test.name for c in wanted.cases] == ["test_nothing_on_hold"]


def test_no_test_at_all_proves_nothing_nor_do_tests_that_are_still_to_do() -> None:
    todo = TestCase(RuleTest("x", "todo_test_y", passed=False, seconds=0.0))
    passed = TestCase(RuleTest("x", "test_y", passed=True, seconds=0.0))
    assert not has_passed(TestRun((), ()))
    assert not has_passed(TestRun((todo,), ()))
    assert has_passed(TestRun((todo, passed), ()))


def test_broken_policies_and_projects_are_problems_everywhere(make) -> None:
    workspace = make(OLD)
    workspace.engine.broken = (CHANGED,)
    assert check(workspace) == (CHANGED,)
    assert all(isinstance(found, Invalid) for found in broken_everywhere(workspace)[:-1])
    workspace.files = {}
    assert check(workspace)
    assert all(isinstance(found, Invalid) for found in broken_everywhere(workspace))


def test_the_table_says_what_rules_do_in_each_declared_environment(make) -> None:
    workspace = make(OLD, dev=Stage(), prod=Stage(port=8181))
    found = listing(workspace)
    assert not isinstance(found, Invalid)
    assert [name for name, _ in found[0].enforcement] == ["dev", "prod"]
    assert found[0].coverage is None
    covered = listing(workspace, coverage=True)
    assert not isinstance(covered, Invalid)
    assert covered[0].coverage is not None


def test_a_folder_stands_in_the_place_of_the_projects_policies_with_and_without_a_project(make) -> None:
    workspace = make(OLD)
    for source in (FOLDER, replace(FOLDER, in_project=False)):
        policies = policies_of(workspace, source)
        assert not isinstance(policies, Invalid)
        assert [f.path for f in policies.files] == ["candidate/own.rego"]
    found = listing(workspace, replace(FOLDER, in_project=False))
    assert not isinstance(found, Invalid)
    assert found[0].enforcement == ()


def test_a_page_has_parameters_what_is_read_and_the_text_beside_the_rule(make) -> None:
    workspace = make(OLD)
    found = pages(workspace)
    assert not isinstance(found, Invalid)
    assert found[0].parameters == (("parameters.limit", 3),)
    assert found[0].inputs == ("environment.tier",)
    assert found[0].text == ""  # the fake's rules say no place


def test_an_id_that_no_rule_has_is_told_with_the_nearest() -> None:
    assert "SC-01" in unknown_rule("SC-1", ("SC-01", "EV-01")).hint


def document(value: Json, content: bytes = b"", path: str = "pod.yaml", index: int = 0) -> InputDocument:
    return InputDocument(path, index, value, content, is_alone=index == 0)


def test_documents_are_judged_and_results_found_in_their_file(make) -> None:
    workspace = make(OLD)
    workspace.engine.rules = [no_latest]
    text = b"kind: Pod\nimage: web:latest\n---\nimage: web:1\n"
    found = check_documents(
        workspace,
        [
            document({"kind": "Pod", "gate": False, "deployments": [], "image": "web:latest"}, text),
            document({"image": "web:1", "gate": False, "deployments": []}, text, index=1),
        ],
    )
    assert not isinstance(found, Invalid)
    first, second = found
    assert (first.subject, second.subject) == ("pod.yaml", "pod.yaml (document 2)")
    (violation,) = first.decision.violations
    assert violation.span == Span("pod.yaml", 2, 8)
    assert second.decision.outcome is Outcome.ALLOW
    assert [r.status for r in second.results] == [Status.PASS]
    assert subjects(found) == "2 documents"
    assert subjects(found[:1]) == "1 document"


def test_a_result_of_a_policy_document_is_found_below_its_resource(make) -> None:
    def address(_: Json):
        yield {"id": "X", "address": "Model/tiny@2", "path": ["spec"], "msg": "no"}

    workspace = make(OLD)
    workspace.engine.rules = [address]
    value: Json = {"formatVersion": 2, "gate": False, "deployments": [], "resources": {"Model/tiny@2": {"spec": {}}}}
    text = b'{"formatVersion": 2,\n "resources": {"Model/tiny@2":\n  {"spec": {}}}}'
    found = check_documents(workspace, [document(value, text, "document.json")])
    assert not isinstance(found, Invalid)
    assert found[0].decision.violations[0].span == Span("document.json", 3, 12)
    large = check_documents(workspace, [document(value, text + b" " * 1_000_000, "document.json")])
    assert not isinstance(large, Invalid)
    assert large[0].decision.violations[0].span == Span("document.json")


def test_the_librarys_rules_are_asked_of_policy_documents_alone(make, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make(OLD)
    library = PolicyFile(f"{LIBRARY}/SC-01/rule.rego", b"x", LIBRARY)
    shared = PolicyFile(f"{LIBRARY}/lib/trueup.rego", b"x", LIBRARY)
    own = PolicyFile("policies/own.rego", b"x", "policies")
    asked = []
    evaluate = workspace.engine.evaluate

    def note(bundle, documents, now):
        asked.append([f.path for f in bundle])
        return evaluate(bundle, documents, now)

    monkeypatch.setattr(workspace.engine, "evaluate", note)
    policies = replace(policies_of(workspace), files=(library, shared, own))
    monkeypatch.setattr(workspace, "policies", lambda *_, **__: policies)
    workspace.engine.rules = []
    common: dict[str, Json] = {"gate": False, "deployments": []}
    check_documents(workspace, [document(common), document({**common, "formatVersion": 2})])
    assert asked == [[shared.path, own.path], [library.path, shared.path, own.path]]


def test_a_document_that_no_json_can_spell_is_refused(make) -> None:
    found = check_documents(make(OLD), [document({"a": float("nan")})])
    assert isinstance(found, Invalid)
    assert found.diagnostics[0].code.id == "POL083"


def test_broken_policies_judge_no_document_and_no_plan(make) -> None:
    workspace = make(OLD)
    workspace.engine.broken = (CHANGED,)
    assert check_documents(workspace, [document({})]) == Invalid((CHANGED,))
    assert check_plan(workspace, "dev", FOLDER) == Invalid((CHANGED,))
    workspace.files = {}
    assert isinstance(check_documents(workspace, []), Invalid)
    assert isinstance(check_plan(workspace, "dev"), Invalid)


def test_a_plan_is_judged_by_the_policies_in_force_or_by_a_folders(make) -> None:
    workspace = make(OLD)
    found = check_plan(workspace, "dev")
    assert isinstance(found, PlanChecked)
    assert found.checked.subject == "plan of dev"
    assert [r.id for r in found.checked.rules] == ["evidence_passes", "nothing_on_hold"]
    other = check_plan(workspace, "dev", FOLDER)
    assert isinstance(other, PlanChecked)
    assert other.checked.decision.bundle != found.checked.decision.bundle


def test_a_saved_plan_is_planned_again_with_its_revision_and_targets(make) -> None:
    workspace = make(OLD)
    planned = make_plan(workspace, "dev", workspace.head)
    assert isinstance(planned, Planned)
    saved = save_plan(planned.plan, planned.desired, planned.observed, None, workspace.clock.now())
    again = check_saved(workspace, saved)
    assert isinstance(again, PlanChecked)
    assert again.planned.plan.id == saved.plan.id


def explained(workspace: FakeWorkspace, rule: str, address: str, environment: str = "") -> RuleExplanation:
    found = explain_rule(workspace, rule, address, environment)
    assert isinstance(found, RuleExplanation), found
    return found


def test_a_rule_is_explained_with_what_it_gave_and_why_it_does_that(make) -> None:
    def denies(facts):
        yield from ({"id": "denies", "address": d["address"], "msg": "no"} for d in facts["deployments"])

    workspace = make(OLD)
    workspace.engine.rules = [denies]
    (deployment,) = [str(i) for i in workspace_addresses(workspace) if i.startswith("Deployment/")]
    found = explained(workspace, "denies", deployment)
    assert [v.message for v in found.violations] == ["no"]
    assert found.why == ("severity high, tier dev: denies",)
    assert found.deployments == (deployment,)
    assert found.is_judged
    assert found.parameters == (("parameters.limit", "3"),)
    assert [(f.path, f.value) for f in found.facts] == [(("environment", "tier"), '"dev"')]
    other = explained(workspace, "denies", "Model/smol@1")
    assert (other.violations, other.elsewhere, other.deployments) == ((), 1, (deployment,))


def workspace_addresses(workspace: FakeWorkspace) -> list[str]:
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    return [str(id_) for id_ in planned.loaded.resources]


def test_what_trueup_judges_itself_is_explained_without_a_trace(make) -> None:
    found = explained(make(OLD), "TU-01", "Environment/dev")
    assert (found.violations, found.bodies) == ((), ())
    assert found.rule.info.title == "Judged by trueup itself"


def test_a_rule_that_could_not_be_decided_is_explained_by_what_stopped_it(make) -> None:
    workspace = make(OLD)
    workspace.engine.unanswered = (Diagnostic(UNREADABLE, "It loops.", Span("lib.rego", 3, 1)),)
    (error,) = explained(workspace, "nothing_on_hold", "Environment/dev").errors
    assert error == "lib.rego:3:1: POL001 Policy file cannot be read: It loops."
    assert explained(workspace, "TU-01", "Environment/dev").errors == (), "trueup itself has judged"


def test_a_rule_that_the_plan_decided_and_the_trace_did_not_is_not_decided(make) -> None:
    workspace = make(OLD)
    workspace.tracer = PythonPolicies(unanswered=(Diagnostic(UNREADABLE, "It loops."),))
    assert explained(workspace, "nothing_on_hold", "Environment/dev").errors == (
        "POL001 Policy file cannot be read: It loops.",
    )


def test_an_unknown_rule_address_or_environment_is_told(make) -> None:
    workspace = make(OLD, dev=Stage(), prod=Stage(port=8181))
    for rule, address, code in (
        ("nothing_on_hald", "Environment/dev", "POL081"),
        ("nothing_on_hold", "Deployment/dev/nobody", "POL082"),
        ("nothing_on_hold", "Model/smol@1", "WRK003"),
    ):
        found = explain_rule(workspace, rule, address)
        assert isinstance(found, Invalid)
        assert found.diagnostics[0].code.id == code


def test_the_only_environment_need_not_be_named(make) -> None:
    assert explained(make(OLD, dev=Stage()), "nothing_on_hold", "Model/smol@1").environment == "dev"
