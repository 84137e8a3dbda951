"""The static check: everything an engine would notice too late, or never, has a code and a place."""

from datetime import UTC, datetime

import pytest

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.core.diagnostics import Severity, Span
from trueup.policy.results import LIBRARY, PolicyFile, RuleInfo


def files(*texts: str) -> list[PolicyFile]:
    return [PolicyFile(f"policies/{n}.rego", text.encode(), "policies") for n, text in enumerate(texts)]


def found(engine: EmbeddedEngine, *texts: str) -> list[tuple[str, str]]:
    return [(d.code.id, str(d.span).removeprefix("policies/")) for d in engine.check(files(*texts))]


A = "package a\n"


@pytest.mark.parametrize(
    "text",
    [
        'deny contains "x" if { some r in input.rs; r.a == "b" }',
        'deny contains sprintf("%v %s %d %q %x %.2f %05d %%", [1, "a", 2, "b", 3, 4.5, 6])',
        "x := y if { y := input.z with input as {} }",
        "f(x) := 1 if x == 1\nf(x) := 2 if x == 2\ny := f(1)",
        "y := z if { z := x }\nx := 1",
        'ok(r) if startswith(r.x, "a")\ndeny contains "x" if { some r in input.rs; not ok(r) }',
        'deny contains "x" if not startswith(object.get(input, "x", ""), "a")',
        'import future.keywords.not\ndeny contains "x" if not startswith(input.x, "a")',
        "x if { walk(input, [path, value]); path == value }",
        "import data.a as b\nx := 1",
        "deny := {m | some m in input.ms}",
        "default x := 1\nx := 2 if input.y",
        "x contains y if { some y in input.x }\nz := {y | some y in x}",
        "x := regex.match(`^[0-9]+\\\\$`, input.y)",
        'some_text := "\\\\d is only a text here"',
        "f(x) := y if { y := x } else := 2 if { x == 3 } else := 4\ng := f(1)",
        "import rego.v1\nx := 1",
        "default g(_) := 1\nh := g(2)",
    ],
)
def test_sound_policies_pass(engine: EmbeddedEngine, text: str) -> None:
    assert found(engine, A + text + "\n") == []


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("x := ", "POL003", "0.rego:3:1"),
        ("p { true }", "POL003", "0.rego:2:3"),
        ('x := $"{input.y}"', "POL003", "0.rego:2:6"),
        ("x := 1 if { y == 2 }", "POL004", "0.rego:2:13"),
        ("x := lookup(1)", "POL005", "0.rego:2:6"),
        ("x := data.a.f(1)", "POL005", "0.rego:2:6"),
        ("y := 1\nx := y(1)", "POL005", "0.rego:3:6"),
        ("x := regex.template_match(``, ``, ``, ``)", "POL005", "0.rego:2:6"),
        ("x := strings.count(``)", "POL006", "0.rego:2:6"),
        ("x := yaml.unmarshal(`a`)", "POL005", "0.rego:2:6"),
        ("x := count(1, 2)", "POL006", "0.rego:2:6"),
        ("f(x) := x\ny := f(1, 2)", "POL006", "0.rego:3:6"),
        ("f(x) := x\nf(x, y) := x + y", "POL006", "0.rego:3:1"),
        ('x := http.send({"url": "a"})', "POL007", "0.rego:2:6"),
        ("x := opa.runtime()", "POL007", "0.rego:2:6"),
        ('x := net.lookup_ip_addr("a")', "POL007", "0.rego:2:6"),
        ("x := y\ny := x", "POL008", "0.rego:2:1"),
        ("f(x) := f(x - 1)", "POL008", "0.rego:2:1"),
        ("f(x) := y if { some f; y := f(x) }", "POL008", "0.rego:2:1"),
        ("f(x) := y if { y := g(x) }\ng(x) := f(x)", "POL008", "0.rego:2:1"),
        ("x := count(data.a)", "POL008", "0.rego:2:1"),
        ("x := {k | data[k]}", "POL008", "0.rego:2:1"),
        ("x contains y if { y := 1; not x[2] }", "POL008", "0.rego:2:1"),
        ("default x := 1\ndefault x := 2", "POL010", "0.rego:3:1"),
        ('deny := "x" if input.y', "POL012", "0.rego:2:1"),
        ("deny if input.y", "POL012", "0.rego:2:1"),
        ("deny(x) := x", "POL012", "0.rego:2:1"),
        ("deny[x] := 1 if { some x in input.y }", "POL012", "0.rego:2:1"),
        ("violation.x contains 1", "POL012", "0.rego:2:1"),
        ('deny contains "x" if not startswith(input.x, "a")', "POL013", "0.rego:2:26"),
        ('deny contains "x" if not "a" in input.x', "POL013", "0.rego:2:27"),
        ('deny contains "x" if { some r in input.rs; not count(r.x) > 1 }', "POL013", "0.rego:2:48"),
        ("x := regex.match(`^\\d$`, input.x)", "POL014", "0.rego:2:19"),
        ('pattern := "[\\\\w]"\nx := regex.match(pattern, input.x)', "POL014", "0.rego:2:13"),
        ('x := sprintf("%*d", [1])', "POL015", "0.rego:2:15"),
        ('x := sprintf("%t", [true])', "POL015", "0.rego:2:15"),
        ('x := sprintf("%#v", [1])', "POL015", "0.rego:2:15"),
        ('x := sprintf("100%", [])', "POL015", "0.rego:2:6"),
        ('x := sprintf("%d of %d", [1])', "POL015", "0.rego:2:6"),
        ("x := data.parameters.limit", "POL022", "0.rego:2:6"),
        ("import data.lib.owner\nx := owner.name", "POL022", "0.rego:3:6"),
        ("t if { some r in input.x with input as {}; r }", "POL023", "0.rego:2:8"),
    ],
)
def test_each_mistake_has_a_code_and_a_place(engine: EmbeddedEngine, text: str, code: str, place: str) -> None:
    assert (code, place) in found(engine, A + text + "\n")


def test_all_problems_of_all_files_are_found_at_once(engine: EmbeddedEngine) -> None:
    problems = found(engine, "package a\nx := nope(1)\ny := count()\n", "package b\nx := opa.runtime()\n")
    assert problems == [("POL005", "0.rego:2:6"), ("POL006", "0.rego:3:6"), ("POL007", "1.rego:2:6")]


def test_columns_count_characters(engine: EmbeddedEngine) -> None:
    assert found(engine, A + 'x := concat("é", nope(1))\n') == [("POL005", "0.rego:2:18")]


def test_a_cycle_over_files_is_named_step_by_step(engine: EmbeddedEngine) -> None:
    (problem,) = engine.check(files("package a\nx := data.b.y\n", "package b\ny := data.a.x\n"))
    assert problem.code.id == "POL008"
    assert problem.detail in ("data.a.x -> data.b.y -> data.a.x.", "data.b.y -> data.a.x -> data.b.y.")


def test_a_chain_that_would_exhaust_the_stack_is_refused(engine: EmbeddedEngine) -> None:
    chain = "".join(f"x{n} := x{n + 1}\n" for n in range(300)) + "x300 := 1\n"
    assert found(engine, A + chain)[0][0] == "POL009"


def test_a_local_name_hides_a_rule(engine: EmbeddedEngine) -> None:
    assert found(engine, A + "msg := 1 if { x == 2 }\nx := y if { msg := 3; y := msg }\n") == []


def test_an_expression_too_deep_for_the_tree_is_refused(engine: EmbeddedEngine) -> None:
    text = A + "x := 1" + "".join(f" +\n{n}" for n in range(500)) + "\n"
    assert found(engine, text) == [("POL002", "0.rego")]


def test_one_package_may_not_lie_under_a_rule_of_another(engine: EmbeddedEngine) -> None:
    assert ("POL016", "0.rego:2:1") in found(engine, "package a\nb := 1\n", "package a.b\nx := 1\n")


def rule(id_: str, package: str = "a") -> str:
    return f'# METADATA\n# custom:\n#   id: {id_}\npackage {package}\n\ndeny contains "x" if input.x\n'


def test_two_rules_with_one_id_are_refused(engine: EmbeddedEngine) -> None:
    assert found(engine, rule("X-01"), rule("X-01", "b")) == [("POL017", "1.rego:6:1")]
    assert found(engine, rule("X-01") + 'warn contains "x" if input.y\n', rule("X-02", "b")) == []


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ("title: [", "2:11"),
        ("- a list", "1:1"),
        ("custom: text", "2:3"),
        ("custom: {severity: urgent}", "2:12"),
        ("custom: {controls: [1]}", "2:12"),
        ("title: 3", "2:3"),
        ("title: a\n# description: [b]", "3:3"),
        ("custom:\n#   severity: low\n#   effectiveFrom: 2027-13-02", "4:5"),
        ("custom: {effectiveFrom: 2027-12-02T10:00:00Z}", "2:12"),
        ("custom: {lastReviewed: yesterday}", "2:12"),
        ("custom: {lastReviewed: 3}", "2:12"),
        ("custom: {ruleSet: Supply Chain}", "2:12"),
        ("custom: {jurisdictions: EU}", "2:12"),
        ("custom: {roles: {provider: true}}", "2:12"),
        ("custom: {waivable: maybe}", "2:12"),
        ("custom: {id: two words}", "2:12"),
        ("custom: {id: TU-09}", "2:12"),
        ("custom: {remediation: 3}", "2:12"),
    ],
)
def test_wrong_metadata_is_refused_at_its_line(engine: EmbeddedEngine, block: str, place: str) -> None:
    assert found(engine, f"# METADATA\n# {block}\npackage a\nx := 1\n") == [("POL018", f"0.rego:{place}")]


@pytest.mark.parametrize(
    ("block", "place", "hint"),
    [
        ("custom: {severty: high}", "2:12", "did you mean `severity`?"),
        ("custom: {effective_from: 2027-12-02}", "2:12", "did you mean `effectiveFrom`?"),
        ("severity: high", "2:3", "it belongs below `custom`."),
        ("titel: x", "2:3", "did you mean `title`?"),
    ],
)
def test_a_field_that_nothing_reads_is_told_and_refuses_nothing(
    engine: EmbeddedEngine, block: str, place: str, hint: str
) -> None:
    bundle = files(f'# METADATA\n# {block}\npackage a\ndeny contains "x" if input.x\n')
    (warning,) = engine.check(bundle)
    assert (warning.code.id, str(warning.span)) == ("POL037", f"policies/0.rego:{place}")
    assert warning.severity is Severity.WARNING
    assert warning.detail.endswith(hint)
    assert engine.evaluate(bundle, [b'{"x": true}'], datetime(2026, 1, 1, tzinfo=UTC))[0].errors == ()


def test_fields_of_an_authors_own_and_empty_ones_are_fine(engine: EmbeddedEngine) -> None:
    block = "# scope: package\n# authors: [Ada]\n# team: x\n# custom: {weight: 3, severity: , waivable: null}"
    assert found(engine, f"# METADATA\n{block}\npackage a\nx := 1\n") == []
    assert found(engine, "# METADATA\n# title: a\n# custom:\npackage a\nx := 1\n") == []


def test_metadata_says_all_of_a_rule(engine: EmbeddedEngine) -> None:
    text = (
        "# METADATA\n# title: High risk\n# description: >-\n#   All of it\n#   is there.\n# custom:\n#   id: RG-05\n"
        "#   ruleSet: regulation\n#   jurisdictions: [EU]\n#   roles: [provider]\n#   effectiveFrom: 2027-12-02\n"
        '#   lastReviewed: "2026-11-21"\n#   waivable: false\npackage a\n\ndeny contains "x" if input.x\n'
    )
    (info,) = engine.describe(files(text))
    assert isinstance(info, RuleInfo)
    assert info.description == "All of it is there."
    assert (info.rule_set, info.jurisdictions, info.roles) == ("regulation", ("EU",), ("provider",))
    assert (info.effective_from, info.last_reviewed, info.waivable) == ("2027-12-02", "2026-11-21", False)


def test_metadata_above_a_rule_wins_over_the_packages(engine: EmbeddedEngine) -> None:
    text = (
        "# METADATA\n# title: All\n# custom:\n#   id: X-01\n#   severity: low\n#   controls: [Art. 1]\npackage a\n\n"
        '# METADATA\n# custom:\n#   severity: high\n#   remediation: Do it.\ndeny contains "x" if input.x\n\n'
        'warn contains "y" if input.y\n'
    )
    deny, warn = engine.describe(files(text))
    assert (deny.id, deny.title, deny.severity, deny.controls) == ("X-01", "All", "high", ("Art. 1",))  # type: ignore[union-attr]  # no problems
    assert deny.remediation == "Do it."  # type: ignore[union-attr]
    assert warn.severity == "low"  # type: ignore[union-attr]
    assert deny.span == Span("policies/0.rego", 13, 1)


def data(path: str, text: str, root: str = "policies") -> PolicyFile:
    return PolicyFile(path, text.encode(), root)


READS = PolicyFile("policies/r.rego", b'package a\ndeny contains "x" if input.n > data.limits.most\n', "policies")


@pytest.mark.parametrize(
    "file",
    [
        data("policies/limits/data.json", '{"most": 3}'),
        data("policies/limits/data.yaml", "most: 3\n"),
        data("policies/data.json", '{"limits": {"most": 3}}'),
        data("limits/data.json", '{"most": 3}', ""),
    ],
)
def test_a_data_file_appears_at_its_folder(engine: EmbeddedEngine, file: PolicyFile) -> None:
    assert engine.check([READS, file]) == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("policies/data.json", '{"a": {"deny": []}}'),
        ("policies/data.json", '{"a": 1}'),
        ("policies/a/data.json", '{"deny": []}'),
        ("policies/a/deny/data.json", "{}"),
        ("policies/a/data.yaml", "other: 1"),
    ],
)
def test_data_where_rules_live_is_refused(engine: EmbeddedEngine, path: str, text: str) -> None:
    limits = data("policies/limits/data.json", '{"most": 3}')
    problems = engine.check([READS, limits, data(path, text)])
    assert [(p.code.id, p.span) for p in problems] == [("POL011", Span(path))]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("policies/limits/data.json", "{"),
        ("policies/limits/data.json", "[1]"),
        ("policies/limits/data.json", "[" * 100_000),
        ("policies/limits/data.yaml", "a: [1"),
        ("policies/limits/data.yaml", "- " * 20_000),
        ("policies/limits/data.yaml", "a: " + "x" * 200_000),
        ("policies/limits/data.yaml", "[" * 50_000),
        ("policies/limits/data.yaml", "a: &a [1]\nb: *a\n"),
        ("policies/limits/data.yaml", "a: 2026-01-01\n"),
        ("policies/limits/data.yaml", "a: .nan\n"),
    ],
)
def test_data_that_is_no_object_of_json_is_refused(engine: EmbeddedEngine, path: str, text: str) -> None:
    problems = engine.check([data(path, text)])
    assert [p.code.id for p in problems] == ["POL019"]


DATA_JSON, DATA_YAML = "policies/limits/data.json", "policies/limits/data.yaml"


@pytest.mark.parametrize(
    ("path", "text", "places", "words"),
    [
        (DATA_JSON, '{\n "a": {"b": "x\\ud800"}}', ["2:13"], "surrogate"),
        (DATA_JSON, '{"\\udc00a": 1, "b": "\\\\ud800", "c": "\\ud83d\\ude00"}', ["1:2"], "surrogate"),
        (DATA_JSON, '{"a": [1,\n NaN, -Infinity], "b": 1e999}', ["2:2", "2:7", "2:24"], "no number of JSON"),
        (DATA_JSON, '{"a": 1,\n "b": {"a": 2, "a": 3}, "\\u0061": 4}', ["2:16", "2:25"], "comes twice"),
        (DATA_JSON, '{"a": 1,\n "b": [{"c": 1}, {"c": 2}], "d": ["c", "c"], "a": 3}', ["2:46"], "comes twice"),
        (DATA_JSON, '{"a": 1,\n "b": }', ["2:7"], "Expecting value"),
        (DATA_YAML, 'a: 1\nb:\n  c: 1\n  c: 2\na: 3\n', ["4:3", "5:1"], "comes twice"),
        (DATA_YAML, '1: a\n"1": b\n', ["2:1"], "comes twice"),
        (DATA_YAML, "a: [1, .nan, -.inf]\n", ["1:8", "1:14"], "no number of JSON"),
        (DATA_YAML, "a: 2026-01-01\n", ["1:4"], "timestamp to YAML"),
        (DATA_YAML, "a: 1\nb: [1\n", ["2:4"], "while parsing a flow sequence"),
        (DATA_YAML, "? [1]\n: 2\n", ["1:3"], "A key is no text"),
        (DATA_YAML, "a: &a [1]\nb: *a\n", ["2:4"], "alias"),
        (DATA_YAML, "a: \x07\n", ["1:4"], "control characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_data_file_is_told_at_its_place(
    engine: EmbeddedEngine, path: str, text: str, places: list[str], words: str
) -> None:
    problems = engine.check([data(path, text)])
    assert [p.code.id for p in problems] == ["POL019"] * len(places)
    assert [str(p.span) for p in problems] == [f"{path}:{place}" for place in places]
    assert words in problems[0].detail


def test_half_a_surrogate_pair_in_yaml_is_refused_on_its_line(engine: EmbeddedEngine) -> None:
    (problem,) = engine.check([data(DATA_YAML, 'b: 1\na: "x\\ud800"\n')])
    assert problem.code.id == "POL019"
    assert problem.span
    assert problem.span.line == 2


def test_a_table_of_ten_megabytes_is_looked_up(engine: EmbeddedEngine) -> None:
    rows = ",".join(f'"{n:09}": "a licence of some length, {n}"' for n in range(220_000))
    rule = 'package a\ndeny contains data.limits["000000007"] if input.ask\n'
    bundle = [data(DATA_JSON, f"{{{rows}}}"), PolicyFile("policies/a.rego", rule.encode(), "policies")]
    assert len(bundle[0].content) > 10_000_000
    assert engine.check(bundle) == ()
    (evaluation,) = engine.evaluate(bundle, [b'{"ask": true}'], datetime(2026, 1, 1, tzinfo=UTC))
    assert ([r.raw for r in evaluation.results], evaluation.errors) == (["a licence of some length, 7"], ())


@pytest.mark.parametrize(
    ("path", "size", "hint"),
    [
        (DATA_JSON, 16_000_001, "Keep what rules look up"),
        (DATA_YAML, 1_000_001, "`data.json` may have 16,000,000 bytes"),
        (DATA_YAML, 200_001, "`data.json` may have 16,000,000 bytes"),
        ("policies/big.rego", 1_000_001, "move tables to a `data.json`"),
    ],
)
def test_a_file_that_is_too_large_is_told_with_what_to_do_and_nothing_that_only_follows(
    engine: EmbeddedEngine, path: str, size: int, hint: str
) -> None:
    rule = "package a\ndeny contains 1 if data.limits.most < input.n\nx := data.big.f(1)\n"
    (problem,) = engine.check([data(path, "#" * size), PolicyFile("policies/a.rego", rule.encode(), "policies")])
    assert problem.code.id == ("POL019" if size == 200_001 else "POL001")
    assert hint in problem.advice


def test_two_files_for_one_place_are_refused(engine: EmbeddedEngine) -> None:
    both = [data("policies/x/data.json", '{"n": 1}'), data("policies/data.json", '{"x": {"n": 2}}')]
    assert [p.code.id for p in engine.check(both)] == ["POL019"]


def test_a_repositorys_data_file_replaces_the_librarys(engine: EmbeddedEngine) -> None:
    library = data(f"{LIBRARY}/limits/data.json", '{"most": 1, "least": 0}', LIBRARY)
    own = data("rules/limits/data.json", '{"most": 5}', "rules")
    assert engine.check([READS, library, own]) == ()


LIBRARY_RULE = PolicyFile(
    f"{LIBRARY}/licenses/rule.rego",
    b'package trueup.rules.li\n\nallowed contains "MIT"\n\ndeny contains "no" if count(allowed) == 0\n',
    LIBRARY,
)


@pytest.mark.parametrize("package", ["trueup.rules.li", "trueup.lib", "trueup"])
def test_a_repositorys_policy_may_not_add_to_a_package_of_the_library(engine: EmbeddedEngine, package: str) -> None:
    own = PolicyFile("mine/x.rego", f'package {package}\nallowed contains "Evil"\n'.encode(), "mine")
    problems = engine.check([LIBRARY_RULE, own])
    assert [(p.code.id, str(p.span)) for p in problems] == [("POL024", "mine/x.rego:1:1")]


def test_the_librarys_packages_are_free_where_the_library_takes_no_part(engine: EmbeddedEngine) -> None:
    own = PolicyFile("mine/x.rego", b'package trueup.rules.li\nallowed contains "Evil"\n', "mine")
    assert engine.check([own]) == ()


def test_tests_may_lie_in_a_package_of_the_library(engine: EmbeddedEngine) -> None:
    own = PolicyFile("mine/x_test.rego", b"package trueup.rules.li\ntest_x if count(allowed) == 1\n", "mine")
    assert engine.check([LIBRARY_RULE, own]) == ()


def test_the_library_passes_its_own_check(engine: EmbeddedEngine) -> None:
    from trueup.adapters.policy.bundle import load_library

    assert engine.check(load_library()) == ()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("policies/data.json", b'{"trueup": {"asked": {"all": []}}}'),
        ("policies/trueup/asked/data.json", b'{"all": [[]]}'),
        ("policies/trueup/asked/data.yaml", b"other: 1\n"),
        ("policies/trueup/data.json", b'{"asked": []}'),
    ],
)
def test_data_in_the_place_of_the_rule_that_asks_all_others_is_refused(
    engine: EmbeddedEngine, path: str, content: bytes
) -> None:
    bundle = [*files(A + 'deny contains "x"\n'), PolicyFile(path, content, "policies")]
    assert [(d.code.id, str(d.span)) for d in engine.check(bundle)] == [("POL011", path)]
    (evaluation,) = engine.evaluate(bundle, [b"{}"], datetime(2026, 1, 1, tzinfo=UTC))
    assert (evaluation.results, bool(evaluation.errors)) == ((), True)


@pytest.mark.parametrize("package", ["trueup.asked", "trueup.asked.all"])
def test_a_policy_in_the_place_of_the_rule_that_asks_all_others_is_refused(
    engine: EmbeddedEngine, package: str
) -> None:
    assert found(engine, f'package {package}\nall := []\ndeny contains "x"\n') == [("POL024", "0.rego:1:1")]


def test_a_builtin_of_opa_that_is_not_taken_is_told_from_a_name_that_nothing_has(engine: EmbeddedEngine) -> None:
    texts = A + 'x := yaml.unmarshal("a: 1")\ny := yaml.unmarshall("a: 1")\n'
    first, second = engine.check([PolicyFile("0.rego", texts.encode(), "")])
    assert first.detail.startswith("`yaml.unmarshal` is a builtin of OPA that is not taken here: engines read")
    assert "docs/policy/engines.md" in first.advice
    assert second.detail == "Nothing is called `yaml.unmarshall`."


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ("# title: a: b", "2:11"),
        ("# title: x\n# custom:\n#   id: [1", "4:9"),
        ("# title: 'x", "2:10"),
        ("# a: \x07", "2:6"),
        ("# - a", "1:1"),
    ],
)
def test_metadata_that_is_no_yaml_is_told_where_it_stands_in_the_file(
    engine: EmbeddedEngine, block: str, place: str
) -> None:
    (problem,) = engine.check(files(f"# METADATA\n{block}\npackage a\nx := 1\n"))
    assert (problem.code.id, str(problem.span)) == ("POL018", f"policies/0.rego:{place}")
    assert "unicode string" not in problem.detail
