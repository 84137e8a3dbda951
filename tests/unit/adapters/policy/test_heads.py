"""Rules whose head may have no value for some turns of the body."""

import json
from typing import Any

import pytest

from trueup.adapters.policy.embedded.definedness import Definedness
from trueup.adapters.policy.embedded.expansion import expand
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.policies import load

GAPS = [
    [{"n": 1}, {}, {"n": 2}],
    [{}, {"n": 2}],
    [{"n": 1}, {}],
    [{"n": 1}, {}, {}, {"n": 3}],
    [{}],
    [],
]


def value(text: str, document: Any) -> Any:
    loaded = load([("a.rego", "", f"package a\n{text}\n")])
    assert loaded.problems == ()
    loaded.engine.set_input_json(json.dumps(document))
    found = json.loads(loaded.engine.eval_query_as_json("data.a.x")).get("result")
    return found[0]["expressions"][0]["value"] if found else None


@pytest.mark.parametrize("rows", GAPS)
@pytest.mark.parametrize(
    "rule",
    [
        "x contains y.n if { some y in input.rows }",
        "x contains y.n if some y in input.rows",
        "x contains y.n if some y in input.rows # of all rows",
        "x contains y.n if {\n\tsome y in input.rows # of all rows\n}",
        "x contains y.n if {\n\tsome y in input.rows }",
        "x contains\n\ty.n\nif some y in input.rows",
        "x contains input.rows[_].n",
    ],
)
def test_a_turn_without_a_value_takes_no_others_away(rule: str, rows: list[dict[str, int]]) -> None:
    assert value(rule, {"rows": rows}) == [row["n"] for row in rows if "n" in row]


@pytest.mark.parametrize("rows", GAPS)
def test_so_it_is_with_keys_and_values_of_objects(rows: list[dict[str, int]]) -> None:
    having = {str(place): row["n"] for place, row in enumerate(rows) if "n" in row}
    assert value("x[place] := y.n if some place, y in input.rows", {"rows": rows}) == having
    by_value = {str(n): int(place) for place, n in having.items()}
    assert value("x[y.n] := place if some place, y in input.rows", {"rows": rows}) == by_value
    sets = {str(n): [int(place)] for place, n in having.items()}
    assert value("x[y.n] contains place if some place, y in input.rows", {"rows": rows}) == (sets or None)


@pytest.mark.parametrize("rows", GAPS)
def test_heads_of_many_lines_with_comments_and_raw_texts_are_moved_whole(rows: list[dict[str, int]]) -> None:
    head = '{\n\t"n": y.n, # the number\n\t"t": `a\n# no comment`,\n\t"u": "# nor this",\n}'
    rule = f"x contains {head} if {{\n\tsome y in input.rows\n}}"
    found = value(rule, {"rows": rows})
    assert found == [{"n": row["n"], "t": "a\n# no comment", "u": "# nor this"} for row in rows if "n" in row]


def test_a_function_without_a_value_goes_on_with_its_else() -> None:
    rule = "f(y) := y.a if y.b else := y.n if { true } else := 9\nx := [f(y) | some y in input.rows]"
    assert value(rule, {"rows": [{"b": 1, "a": 5}, {"b": 1, "n": 6}, {"b": 1}, {"n": 7}]}) == [5, 6, 9, 7]


def test_two_parts_of_one_head_are_moved_in_order() -> None:
    rule = "x[y.k] := y.n if some y in input.rows"
    rows = [{"k": "a", "n": 1}, {"k": "b"}, {"n": 3}]
    assert value(rule, {"rows": rows}) == {"a": 1}


def expanded(text: str) -> str:
    loaded = load([("a.rego", "", text)])
    (module,) = loaded.modules
    names = Names([module])
    return expand(module, names, Definedness(names))[0]


@pytest.mark.parametrize(
    "text",
    [
        "package a\nx contains y if some y in input.rows\n",
        'package a\nx contains {"n": y, "all": 1} if some y in input.rows\n',
        "package a\nx contains [y, `a`] if some y in input.rows\n",
        'package a\nx contains object.get(y, "n", 0) if some y in input.rows\n',
        "package a\nx contains {z | some z in y.n} if some y in input.rows\n",
        "package a\nx := input.n\n",
        "package a\nf(y) := y.n\n",
        "package a\ndefault x := 1\n",
    ],
)
def test_heads_that_always_have_a_value_stay(text: str) -> None:
    assert "head__" not in expanded(text)


def test_lines_stay_where_they_are() -> None:
    text = 'package a\n\nx contains {\n\t"n": y.n,\n} if {\n\tsome y in input.rows\n}\n\nz := 1\n'
    lines = expanded(text).split("\n")
    assert len(lines) == len(text.split("\n"))
    assert lines[8] == "z := 1"


def test_texts_take_values_of_every_kind() -> None:
    rule = 'x := sprintf("%s %v %v %d %v", ["a, [b", {[1, "c"], [2, {"d": {3}}]}, null, 4, ["e\\"", true]])'
    assert value(rule, {}) == 'a, [b {[1, "c"], [2, {"d": {3}}]} null 4 ["e\\"", true]'


def test_values_that_are_no_array_are_an_error_of_the_rule() -> None:
    with pytest.raises(Exception, match="takes a text and an array"):
        value('x := sprintf("%v", input.s)', {"s": "[1]"})
