"""Why each check of parity is there: what the two engines themselves say, and that we refuse or align it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import oracle
from trueup.adapters.policy.embedded.policies import load, usable_engine

DOCUMENT: dict[str, Any] = {
    "xs": None,
    "s": "abc",
    "n": 3,
    "o": {"a": 1},
    "emoji": "😀",
    "price": 0.1,
    "rows": [{"n": 1}, {}],
    "digit": "٣",
    "html": "<a href='&'>\u2028\u2029</a>",
}
ERROR, NOTHING = "an error", "no value"

HELPERS = """package a
f(y) := y if y == "a"
total(y) := object.get({"k": y}, "k", "")
g := 1 if input.absent
some_set contains 1 if input.absent
default h := 1
h := 2 if input.absent
or_else(y) := y.n if y else := "nothing"
by_key[k] contains 1 if some k in input.absent
"""

DIFFERENT: list[tuple[str, str]] = [
    ('x if not startswith(input.absent, "a")', "POL013"),
    ('x if not startswith(lower(input.absent), "a")', "POL013"),
    ("x if not input.absent > 1", "POL013"),
    ("x if not input.absent != 1", "POL013"),
    ("x if not input.absent + 1 == 2", "POL013"),
    ("x if not input.absent in {1}", "POL013"),
    ("x if not 1 in input.absent", "POL013"),
    ("x if not input.o[input.absent]", "POL013"),
    ("x if not some_set[input.absent]", "POL013"),
    ("x if not some_set[g]", "POL013"),
    ("x if not [input.absent] == [1]", "POL013"),
    ('x if not {"a": input.absent}', "POL013"),
    ("x if not total(g)", "POL013"),
    ("x if not total(data.a.g)", "POL013"),
    ("x if not total(f(input.s))", "POL013"),
    ("x if not total(max([n | some n in input.none]))", "POL013"),
    ("x if regex.match(`^\\d$`, input.digit)", "POL014"),
    ('x if regex.match("a{", "a{")', "POL014"),
    ("x if 0.1 + 0.2 == 0.3", "POL025"),
    ("x := 18446744073709551617", "POL025"),
    ('x := count("😀")', "POL026"),
    ("x := count(lower(input.emoji))", "POL026"),
    ('x := json.match_schema(input, {"type": "array"})', "POL027"),
    ('x := json.patch({}, [{"op": "remove", "path": "/a"}])', "POL028"),
    ('y if some z in "abc"\nx := 1', "POL029"),
    ("default x := 1\ndefault x := 2", "POL010"),
    ("x := count(by_key)", "POL049"),
    ("y := nope(1)\nx := 1", "POL005"),
    ("x if { some y in [1] with input as {}; y < input.n }", "POL023"),
]

ALIGNED = [
    "x contains row.n if some row in input.rows",
    'x contains sprintf("%v", [row.n]) if some row in input.rows',
    "x := [or_else(row) | some row in input.rows]",
    'x := sprintf("%v", [1234567.5])',
    'x := sprintf("%s", [1])',
    "x if some y in input.xs",
    "x if some y in input.s",
    "x contains k if some k, _ in input.n",
    'x := sprintf("%d", [-3])',
    'x := sprintf("%5.1f|%-4s|%+d", [1.25, "a", 1])',
    'x := upper("ß")',
    'x := semver.is_valid("v1.0.0")',
    "x := semver.is_valid(1)",
    'x := strings.replace_n({"a": "b", "b": "c"}, "ab")',
    'x := net.cidr_contains("10.0.0.0/8", "::ffff:10.0.0.1")',
    'x := indexof("abc", "")',
    'x := to_number(" 1")',
    "x := json.marshal(input.html)",
    'x := json.marshal({{"<"}, ["&", {input.html: 1}]})',
    "x := json.marshal(json.marshal(input.html))",
    'x := sprintf("%v %s", [json.marshal(input.html), json.marshal([sprintf("%v", ["<"])])])',
    'x contains json.marshal(row.h) if some row in [{}, {"h": ">"}, {}]',
    'x if contains(json.marshal( "<" ), `\\u003c`)',
    'x := urlquery.encode("a/b?c=d&e~*\'()!")',
    'x := urlquery.encode_object({"b*": "~", "a": ["2", "1"], "c": {"(", "\'"}})',
]

SAME = [
    'import future.keywords.not\nx if not startswith(input.absent, "a")',
    'x if not input.absent == "a"',
    "x if not input.absent",
    "x if not input.absent.deeper",
    'x if not startswith(object.get(input, "absent", ""), "a")',
    "x if not total(h)",
    "x if not total(count(some_set)) == 1",
    "x if not some_set[h]",
    "x if not g",
    "x if not g == 1",
    "x if not {y | some y in input.absent} == {1}",
    'x if { y := input.s; not startswith(y, "b") }',
    "x if every y in input.xs { y }",
    "x := {k | some k, _ in by_key}",
    "x := {y | some y in by_key.absent}",
    "x if 0.5 + 0.25 == 0.75",
    "x := 18446744073709551615",
    'x := y if [y, _] := json.match_schema(input, {"type": "object"})',
]


@pytest.fixture(scope="module")
def opa() -> Iterator[oracle.Oracle]:
    if reason := oracle.available():
        pytest.skip(f"no OPA: {reason}")
    with oracle.Oracle() as engine:
        yield engine


def written(rule: str) -> str:
    imports = "".join(f"{line}\n" for line in rule.split("\n") if line.startswith("import "))
    rest = "\n".join(line for line in rule.split("\n") if not line.startswith("import "))
    return (
        HELPERS.replace("package a\n", f"package a\n{imports}")
        + rest.replace("[x, _] :=", "x := y if [y, _] :=")
        + "\n"
    )


def of_opa(opa: oracle.Oracle, text: str) -> Any:
    bundle = oracle.Bundle({"a.rego": text})
    answer = opa.ask(bundle, "data.a.x", json.dumps(DOCUMENT))
    opa.forget(bundle)
    return ERROR if answer.error else answer.value if answer.is_defined else NOTHING


def of_engine(engine: Any) -> Any:
    try:
        engine.set_input_json(json.dumps(DOCUMENT))
        found = json.loads(engine.eval_query_as_json("data.a.x")).get("result")
    except BaseException:  # noqa: BLE001 a panic of the engine is no Exception
        return ERROR
    return found[0]["expressions"][0]["value"] if found else NOTHING


def bare(text: str) -> Any:
    """Return what the engine itself says, without our checks and changes."""
    engine = usable_engine()()
    try:
        engine.add_policy("a.rego", text)
    except Exception:  # noqa: BLE001 the engine has no type of its own
        return ERROR
    return of_engine(engine)


@pytest.mark.parametrize(("rule", "code"), DIFFERENT)
def test_engines_differ_and_the_rule_is_refused(opa: oracle.Oracle, rule: str, code: str) -> None:
    text = written(rule)
    assert of_opa(opa, text) != bare(text)
    assert code in {problem.code.id for problem in load([("a.rego", "", text)]).problems}


@pytest.mark.parametrize("rule", ALIGNED)
def test_the_engine_differs_and_is_brought_to_say_what_opa_says(opa: oracle.Oracle, rule: str) -> None:
    text = written(rule)
    said = of_opa(opa, text)
    assert bare(text) != said
    loaded = load([("a.rego", "", text)])
    assert loaded.problems == ()
    assert of_engine(loaded.engine) == said


@pytest.mark.parametrize("rule", SAME)
def test_what_is_not_refused_is_the_same(opa: oracle.Oracle, rule: str) -> None:
    text = written(rule)
    loaded = load([("a.rego", "", text)])
    assert loaded.problems == ()
    assert of_engine(loaded.engine) == of_opa(opa, text)
