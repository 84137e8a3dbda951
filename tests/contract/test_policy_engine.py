"""What every policy engine does, in the subset of Rego that all of them have."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import oracle
from fakes import FakePolicyEngine
from opa_server import OpaServer, running
from trueup.adapters.policy.both import BothEngines
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.later import LaterEngine
from trueup.adapters.policy.opa.engine import OpaEngine
from trueup.adapters.policy.opa.settings import OpaSettings
from trueup.policy.results import Evaluation, PolicyFile, RuleTest
from trueup.ports import PolicyEngine

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

RULES = b"""package demo
deny contains {"id": "D-01", "msg": "blocked"} if input.blocked
violation_named contains "plain text" if input.blocked
warn contains {"id": "D-02", "msg": "old"} if input.old
"""
OTHER = b"""package other.rules
deny contains {"id": "O-01", "msg": "never enough"}
"""


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine(timeout_seconds=60) as engine:
        yield engine


@pytest.fixture(scope="module")
def opa(embedded: EmbeddedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpaEngine]:
    if reason := oracle.available():
        pytest.skip(f"no OPA: {reason}")
    with oracle.Oracle() as engine, running(OpaServer(engine)) as url:
        yield OpaEngine(OpaSettings(url, timeout_seconds=60), embedded, tmp_path_factory.mktemp("opa"))


@pytest.fixture(params=["embedded", "opa", "both", "fake"])
def engine(request: pytest.FixtureRequest, embedded: EmbeddedEngine) -> PolicyEngine:
    match request.param:
        case "embedded":
            return LaterEngine(lambda: embedded)  # as plans ask it
        case "fake":
            return FakePolicyEngine()
        case "opa":
            return request.getfixturevalue("opa")  # type: ignore[no-any-return]  # pytest has no types for these
        case _:
            return BothEngines(embedded, request.getfixturevalue("opa"))


@pytest.fixture(params=["embedded", "fake"])
def workbench(request: pytest.FixtureRequest, embedded: EmbeddedEngine) -> EmbeddedEngine | FakePolicyEngine:
    return embedded if request.param == "embedded" else FakePolicyEngine()


def bundle(*contents: bytes) -> list[PolicyFile]:
    return [PolicyFile(f"policies/{n}.rego", content, "policies") for n, content in enumerate(contents)]


def evaluate(engine: PolicyEngine, document: bytes, *contents: bytes) -> Evaluation:
    (evaluation,) = engine.evaluate(bundle(*contents), [document], NOW)
    return evaluation


def test_sound_policies_have_no_problems(engine: PolicyEngine) -> None:
    assert engine.check(bundle(RULES, OTHER)) == ()


def test_a_problem_has_a_code_and_the_line(engine: PolicyEngine) -> None:
    (problem,) = engine.check(bundle(RULES, OTHER + b"x { this is no rego\n"))
    assert problem.code.id == "POL003"
    assert problem.span
    assert (problem.span.path, problem.span.line) == ("policies/1.rego", 3)


def test_every_deny_violation_and_warn_of_every_package_is_asked(engine: PolicyEngine) -> None:
    evaluation = evaluate(engine, b'{"blocked": true, "old": true}', RULES, OTHER)
    assert evaluation.errors == ()
    assert sorted((r.package, r.entry, str(r.raw)) for r in evaluation.results) == [
        ("demo", "deny", "{'id': 'D-01', 'msg': 'blocked'}"),
        ("demo", "violation_named", "plain text"),
        ("demo", "warn", "{'id': 'D-02', 'msg': 'old'}"),
        ("other.rules", "deny", "{'id': 'O-01', 'msg': 'never enough'}"),
    ]
    assert evaluation.rules == ("demo/deny", "demo/violation_named", "demo/warn", "other/rules/deny")


def test_a_result_names_the_place_of_its_rule(engine: PolicyEngine) -> None:
    (result,) = evaluate(engine, b'{"old": true}', RULES).results
    assert result.span
    assert (result.span.path, result.span.line) == ("policies/0.rego", 4)


def test_a_document_that_breaks_nothing_has_no_results(engine: PolicyEngine) -> None:
    evaluation = evaluate(engine, b"{}", RULES)
    assert evaluation.results == ()
    assert evaluation.errors == ()
    assert evaluation.rules != ()


def test_documents_are_answered_one_by_one_in_order(engine: PolicyEngine) -> None:
    documents = [b'{"old": true}', b'{"\\ud800": 1}', b"{}", b'{"old": true, "blocked": true}']
    answers = engine.evaluate(bundle(RULES), documents, NOW)
    assert [len(a.results) for a in answers] == [1, 0, 0, 3]
    assert [[d.code.id for d in a.errors] for a in answers] == [[], ["POL033"], [], []]


def test_policies_with_problems_are_never_evaluated(engine: PolicyEngine) -> None:
    evaluation = evaluate(engine, b'{"blocked": true}', RULES, b"package broken\nx { y }\n")
    assert evaluation.results == ()
    assert [d.code.id for d in evaluation.errors] == ["POL003"]


def test_no_policies_have_no_rules(engine: PolicyEngine) -> None:
    assert evaluate(engine, b"{}").rules == ()


def test_the_order_of_files_does_not_matter(engine: PolicyEngine) -> None:
    one, two = bundle(RULES, OTHER)
    first = engine.evaluate([one, two], [b'{"blocked": true}'], NOW)[0]
    second = engine.evaluate([two, one], [b'{"blocked": true}'], NOW)[0]
    assert {(r.package, str(r.raw)) for r in first.results} == {(r.package, str(r.raw)) for r in second.results}
    assert first.rules == second.rules


def test_the_engine_names_itself(engine: PolicyEngine) -> None:
    assert evaluate(engine, b"{}", RULES).engine


def test_test_rules_pass_or_fail_by_name(workbench: EmbeddedEngine | FakePolicyEngine) -> None:
    tests = PolicyFile(
        "policies/demo_test.rego", b"package demo_test\ntest_good if true\ntest_bad if false\n", "policies"
    )
    results = workbench.test([*bundle(RULES), tests])
    assert [(t.package, t.name, t.passed) for t in results if isinstance(t, RuleTest)] == [
        ("demo_test", "test_good", True),
        ("demo_test", "test_bad", False),
    ]


def test_tests_of_policies_with_problems_are_not_run(workbench: EmbeddedEngine | FakePolicyEngine) -> None:
    results = workbench.test(bundle(b"package demo\ntest_a if true\nx { y }\n"))
    assert not any(isinstance(r, RuleTest) for r in results)
    assert len(results) == 1


@pytest.fixture(params=["embedded", "opa", "both"])
def rego(request: pytest.FixtureRequest) -> PolicyEngine:
    """Return an engine of the whole language."""
    embedded: EmbeddedEngine = request.getfixturevalue("embedded")
    if request.param == "embedded":
        return embedded
    opa: OpaEngine = request.getfixturevalue("opa")
    return opa if request.param == "opa" else BothEngines(embedded, opa)


def test_the_clock_is_what_was_given(rego: PolicyEngine) -> None:
    text = b"package demo\ndeny contains time.format(time.now_ns()) if true\n"
    assert [r.raw for r in evaluate(rego, b"{}", text).results] == ["2026-03-14T12:00:00Z"]


def test_a_rule_that_ends_with_an_error_is_told_and_others_answer(rego: PolicyEngine) -> None:
    text = b'package demo\ndeny contains 1 / input.n if true\nwarn contains "seen" if input.n == 0\n'
    evaluation = evaluate(rego, b'{"n": 0}', text, OTHER)
    assert sorted((r.package, r.entry) for r in evaluation.results) == [("demo", "warn"), ("other.rules", "deny")]
    assert [(e.code.id, e.span and (e.span.path, e.span.line)) for e in evaluation.errors] == [
        ("POL030", ("policies/0.rego", 2))
    ]


def test_data_files_appear_at_their_folders(rego: PolicyEngine) -> None:
    rule = PolicyFile("policies/r.rego", b"package demo\ndeny contains data.limits.most if input.n > 1\n", "policies")
    table = PolicyFile("policies/limits/data.yaml", b"most: 3\n", "policies")
    (evaluation,) = rego.evaluate([rule, table], [b'{"n": 2}'], NOW)
    assert [r.raw for r in evaluation.results] == [3]


def test_rules_say_what_their_metadata_says(rego: PolicyEngine) -> None:
    text = (
        b"# METADATA\n# title: Of the package\npackage demo\n\n# METADATA\n# title: Of the rule\n"
        b"deny contains [link.annotations.title | some link in rego.metadata.chain()] if true\n"
    )
    assert [r.raw for r in evaluate(rego, b"{}", text).results] == [["Of the rule", "Of the package"]]


def test_rules_say_of_themselves_what_they_are(rego: PolicyEngine) -> None:
    text = b'# METADATA\n# title: A title\n# custom:\n#   id: X-01\npackage demo\ndeny contains "x" if input.x\n'
    evaluation = evaluate(rego, b"{}", text)
    assert (evaluation.rules, [r.title for r in evaluation.described]) == (("X-01",), ["A title"])


def test_values_of_every_type_come_through(rego: PolicyEngine) -> None:
    document = b'{"v": [null, true, 1, 1.5, "\xc3\xa9\xf0\x9f\x98\x80", {"a": []}, 9007199254740993, -1]}'
    evaluation = evaluate(rego, document, b"package demo\ndeny contains input.v if true\n")
    assert evaluation.errors == ()
    assert [r.raw for r in evaluation.results] == [[None, True, 1, 1.5, "é😀", {"a": []}, 9007199254740993, -1]]
