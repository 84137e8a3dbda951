"""Coverage of tests, and how far one rule comes, by the real engine."""

from datetime import UTC, datetime

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.core.diagnostics import Diagnostic
from trueup.policy.results import PolicyFile
from trueup.policy.tracing import Reads, RuleTrace, TestRun

NOW = datetime(2026, 11, 21, tzinfo=UTC)

RULE = b"""# METADATA
# custom: {id: ACME-01}
package acme.small

import data.limits
import input.change as change

deny contains {"msg": msg} if {
	some model in input.models
	too_large(model)
	msg := "too large"
}

deny contains {"msg": "unknown author"} if {
	object.get(input, ["change", "author"], "") == ""
	not change.trusted
}

too_large(model) if {
	model.spec.size > limits.most
}

too_large(model) if {
	object.get(model, ["spec", "kind"], "") == "huge"
	print("huge", model.spec.size)
}
"""
DATA = b"most: 10\n"
TESTS = b"""package acme.small_test

import data.acme.small

test_a_large_model_is_denied if {
	results := small.deny with input as {"models": [{"spec": {"size": 11}}], "change": {"author": "a"}}
	count(results) == 1
}

test_that_fails if {
	results := small.deny with input as {"models": [], "change": {"author": "a"}}
	count(results) == 7
	print("never printed")
}

test_that_prints if {
	print("seen", 3)
	false
}

test_that_breaks if to_number("x") == 1

todo_test_absent if false
"""
BUNDLE = [
    PolicyFile("policies/small.rego", RULE, "policies"),
    PolicyFile("policies/limits/data.yaml", DATA, "policies"),
    PolicyFile("policies/small_test.rego", TESTS, "policies"),
]


def covered(engine: EmbeddedEngine, wanted: str = "") -> TestRun:
    run = engine.cover(BUNDLE, wanted)
    assert isinstance(run, TestRun)
    return run


def traced(engine: EmbeddedEngine, document: bytes) -> RuleTrace:
    trace = engine.trace(BUNDLE, document, NOW, "ACME-01")
    assert isinstance(trace, RuleTrace)
    return trace


def test_lines_that_no_test_reaches_are_named(engine: EmbeddedEngine) -> None:
    (file,) = covered(engine).files
    assert file.path == "policies/small.rego"
    assert {10, 20} <= set(file.reached)
    assert {25} <= set(file.missed)
    assert set(file.reached) & set(file.missed) == set()


def test_tests_themselves_are_no_lines_to_reach(engine: EmbeddedEngine) -> None:
    assert [f.path for f in covered(engine).files] == ["policies/small.rego"]


def test_a_failed_test_says_which_statement_was_not_true_and_what_it_kept_from_being_reached(
    engine: EmbeddedEngine,
) -> None:
    (case,) = covered(engine, "that_fails").cases
    assert case.has_failed
    assert case.stalled
    assert (case.stalled.span.line, case.stalled.text, case.stalled.next_line) == (12, "count(results) == 7", 13)


def test_a_test_whose_last_statement_is_false_ends_there(engine: EmbeddedEngine) -> None:
    (case,) = covered(engine, "that_prints").cases
    assert case.stalled
    assert (case.stalled.text, case.stalled.next_line) == ("false", 0)
    assert "seen 3" in case.test.output


def test_a_test_that_breaks_says_how(engine: EmbeddedEngine) -> None:
    (case,) = covered(engine, "that_breaks").cases
    assert case.has_failed
    assert case.stalled is None
    assert "policies/small_test.rego:21" in case.test.output


def test_tests_to_do_are_listed_and_not_run(engine: EmbeddedEngine) -> None:
    assert [c.test.name for c in covered(engine).cases if c.is_todo] == ["todo_test_absent"]
    assert [c.test.name for c in covered(engine, "large").cases] == ["test_a_large_model_is_denied"]


def test_of_chosen_tests_only_the_files_they_come_to_are_told(engine: EmbeddedEngine) -> None:
    other = [*BUNDLE, PolicyFile("policies/other.rego", b'package other\ndeny contains "x" if input.x\n', "policies")]
    run = engine.cover(other, "large")
    assert isinstance(run, TestRun)
    assert [f.path for f in run.files] == ["policies/small.rego"]
    whole = engine.cover(other)
    assert isinstance(whole, TestRun)
    assert [f.path for f in whole.files if not f.reached] == ["policies/other.rego"]


def test_wrong_policies_are_told_in_place_of_coverage(engine: EmbeddedEngine) -> None:
    wrong = [PolicyFile("policies/x.rego", b"package x\ndeny { true }\n", "policies")]
    for found in (engine.cover(wrong), engine.reads(wrong), engine.trace(wrong, b"{}", NOW, "X")):
        assert isinstance(found, tuple)
        assert all(isinstance(d, Diagnostic) for d in found)


def test_what_a_rule_reads_is_taken_from_it_and_its_helpers(engine: EmbeddedEngine) -> None:
    (reads,) = engine.reads(BUNDLE)
    assert isinstance(reads, Reads)
    assert {".".join(map(str, r.path)) for r in reads.inputs} == {"models", "change.author", "change.trusted"}
    assert {".".join(map(str, r.path)) for r in reads.fields} >= {"spec.size", "spec.kind"}
    assert reads.parameters == (("limits.most", 10),)
    assert reads.files == ("policies/small.rego",)


def test_a_table_too_large_to_show_is_only_named(engine: EmbeddedEngine) -> None:
    table = b'{"most": [' + b",".join([b"1000"] * 9_000) + b"]}"
    bundle = [BUNDLE[0], PolicyFile("policies/limits/data.json", table, "policies")]
    (reads,) = engine.reads(bundle)
    assert isinstance(reads, Reads)
    assert reads.parameters == (("limits.most", None),)


def test_a_rule_that_speaks_shows_what_it_gave_and_which_bodies_came_to_their_end(engine: EmbeddedEngine) -> None:
    trace = traced(engine, b'{"models": [{"spec": {"size": 11}}], "change": {"author": "a"}}')
    assert [r.raw for r in trace.results] == [{"msg": "too large"}]
    first, second, small, huge = trace.bodies
    assert (first.rule, first.is_tried, first.stalled) == ("deny", True, None)
    assert second.stalled
    assert second.stalled.text == 'object.get(input, ["change", "author"], "") == ""'
    assert small.stalled is None
    assert huge.stalled
    assert trace.errors == ()


def test_a_rule_that_is_silent_shows_where_it_ended(engine: EmbeddedEngine) -> None:
    trace = traced(engine, b'{"models": [{"spec": {"size": 3}}], "change": {"author": "a"}}')
    assert trace.results == ()
    first = trace.bodies[0]
    assert first.stalled
    assert (first.stalled.text, first.stalled.next_line) == ("too_large(model)", 11)
    (file,) = trace.coverage
    assert 11 in file.missed


def test_a_helper_that_nothing_came_to_was_not_tried(engine: EmbeddedEngine) -> None:
    trace = traced(engine, b'{"models": [], "change": {"author": "a"}}')
    assert [b.is_tried for b in trace.bodies if b.rule == "too_large"] == [False, False]


def test_what_a_rule_prints_and_what_breaks_it_is_shown(engine: EmbeddedEngine) -> None:
    trace = traced(engine, b'{"models": [{"spec": {"kind": "huge", "size": 1}}]}')
    assert "huge 1" in trace.printed
    (problem,) = traced(engine, b"{").errors
    assert problem.code.id == "POL033"


def test_a_rule_of_another_id_is_not_asked(engine: EmbeddedEngine) -> None:
    trace = engine.trace(BUNDLE, b"{}", NOW, "ACME-02")
    assert isinstance(trace, RuleTrace)
    assert (trace.results, trace.bodies, trace.reads) == ((), (), ())


def test_a_worker_that_dies_in_one_test_fails_that_one_alone() -> None:
    loop = b"[x | some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); x := a + b]"
    tests = b"package t\ntest_a if count(" + loop + b") == 0\ntest_b if true\n"
    with EmbeddedEngine(timeout_seconds=1) as impatient:
        run = impatient.cover([PolicyFile("policies/t_test.rego", tests, "policies")])
    assert isinstance(run, TestRun)
    assert [(c.test.name, c.test.passed) for c in run.cases] == [("test_a", False), ("test_b", True)]


ENDLESS = b"some i in numbers.range(1, 5000); some j in numbers.range(1, 5000); i * j == -1"


def test_a_rule_that_loops_by_itself_fails_the_test_that_asks_for_it_and_no_other() -> None:
    rules = b"package t\n\ndeny contains 1 if {\n\t" + ENDLESS + b"\n}\n\nother := 1 if input.x\n"
    tests = b'package t\ntest_a if count(deny) == 0\ntest_b if other with input as {"x": 1}\n'
    bundle = [PolicyFile("policies/t.rego", rules, "policies"), PolicyFile("policies/t_test.rego", tests, "policies")]
    with EmbeddedEngine(timeout_seconds=1) as impatient:
        run = impatient.cover(bundle)
    assert isinstance(run, TestRun)
    assert [(c.test.name, c.test.passed) for c in run.cases] == [("test_a", False), ("test_b", True)]
    assert "No answer within 1 seconds" in run.cases[0].test.output
    (file,) = run.files
    assert (file.missed, file.reached) == ((4,), (7,))


def test_a_trace_of_a_rule_that_loops_says_so() -> None:
    rules = b"# METADATA\n# custom: {id: LOOP-1}\npackage t\n\ndeny contains 1 if {\n\t" + ENDLESS + b"\n}\n"
    with EmbeddedEngine(timeout_seconds=1) as impatient:
        trace = impatient.trace([PolicyFile("policies/t.rego", rules, "policies")], b"{}", NOW, "LOOP-1")
    assert isinstance(trace, RuleTrace)
    assert [d.code.id for d in trace.errors] == ["POL031"]
    assert trace.bodies == ()


def test_a_body_whose_last_statement_was_false_is_told_from_one_that_gave_a_value(engine: EmbeddedEngine) -> None:
    rules = b"""# METADATA
# custom: {id: ACME-03}
package t

deny contains "gave" if {
	input.x == 1
}

deny contains "false at last" if {
	input.x == 1
	input.y == 2
}

deny contains "nobody knows" if input.x == 1

helper := 3 if {
	input.x == 1
}

deny contains "by a helper" if {
	helper == 3
}

deny contains msg if {
	msg := concat("", ["x"])
	input.x == 2
}
"""
    trace = engine.trace([PolicyFile("policies/t.rego", rules, "policies")], b'{"x": 1}', NOW, "ACME-03")
    assert isinstance(trace, RuleTrace)
    assert [(b.stalled.span.line if b.stalled else 0, b.has_given, b.last_line) for b in trace.bodies] == [
        (0, True, 6),
        (11, False, 11),
        (0, False, 14),
        (0, True, 21),
        (26, False, 26),
        (0, True, 17),
    ]


def test_tests_can_be_listed_without_being_run(engine: EmbeddedEngine) -> None:
    run = engine.cover(BUNDLE, "test_", run=False)
    assert isinstance(run, TestRun)
    assert [c.test.name for c in run.cases][-1] == "todo_test_absent"
    assert len(run.cases) == 5
    assert run.files == ()


def test_a_bundle_that_is_held_with_its_tests_says_the_same_of_its_rules(engine: EmbeddedEngine) -> None:
    alone = engine.describe(BUNDLE), engine.reads(BUNDLE)
    engine.cover(BUNDLE)
    assert (engine.describe(BUNDLE), engine.reads(BUNDLE)) == alone
