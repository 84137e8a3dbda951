"""Policy data is held to the schema beside it."""

import json
from typing import Any

import pytest

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.core.diagnostics import Diagnostic
from trueup.policy.results import LIBRARY, PolicyFile

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["most"],
    "properties": {
        "most": {"type": "integer", "minimum": 0},
        "names": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/name"}},
        "by": {"type": "object", "additionalProperties": {"type": "object", "required": ["day"]}},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}]},
        "never": False,
    },
    "$defs": {"name": {"type": "string", "pattern": "^[A-Z]"}},
}


def data(text: str, root: str = "policies", name: str = "data.yaml") -> PolicyFile:
    return PolicyFile(f"{root}/parameters/x/{name}", text.encode(), root)


def schema(content: Any, root: str = "policies") -> PolicyFile:
    text = content if isinstance(content, str) else json.dumps(content)
    return data(text, root, "schema.json")


def found(engine: EmbeddedEngine, *bundle: PolicyFile) -> list[tuple[str, str]]:
    return [(d.code.id, str(d.span)) for d in engine.check(bundle)]


def details(problems: tuple[Diagnostic, ...]) -> list[str]:
    return [d.detail for d in problems]


def test_data_that_fits_is_fine_and_rules_do_not_see_the_schema(engine: EmbeddedEngine) -> None:
    text = "most: 3\nnames: [Ada]\nby: {a: {day: 1}}\n"
    rule = 'package a\ndeny contains "x" if count(data.parameters.x) != 3\n'
    bundle = (data(text), schema(SCHEMA), PolicyFile("policies/a.rego", rule.encode(), "policies"))
    assert engine.check(bundle) == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("names: [Ada]\n", "1:1", '"most" is a required property'),
        ("most: 3\nmots: 4\n", "1:1", "'mots'"),
        ("most: three\n", "1:7", '`most`: "three" is not of type "integer"'),
        ("most: -1\n", "1:7", "`most`: -1 is less than the minimum of 0"),
        ("most: 3\nnames: [Ada,\n  bob]\n", "3:3", '`names.1`: "bob" does not match "^[A-Z]"'),
        ("most: 3\nnames: []\n", "2:8", "`names`: [] has less than 1 item"),
        ("most: 3\nby:\n  a: {day: 1}\n  b: {}\n", "4:6", '`by.b`: "day" is a required property'),
        ("most: 3\npair: [1]\n", "2:7", '`pair`: 1 is not of type "string"'),
        ("most: 3\nnever: 1\n", "2:8", "`never`: False schema does not allow 1"),
    ],
)
def test_data_that_does_not_fit_is_told_at_its_line(engine: EmbeddedEngine, text: str, line: str, said: str) -> None:
    problems = engine.check([data(text), schema(SCHEMA)])
    assert [(d.code.id, str(d.span)) for d in problems] == [("POL038", f"policies/parameters/x/data.yaml:{line}")]
    assert said in problems[0].detail
    assert "policies/parameters/x/schema.json says" in problems[0].detail


def test_all_problems_are_told_and_at_most_twenty(engine: EmbeddedEngine) -> None:
    two = found(engine, data("most: -1\nnames: [a, B, c]\n"), schema(SCHEMA))
    assert [place.rsplit(":", 2)[1:] for _, place in two] == [["1", "7"], ["2", "9"], ["2", "15"]]
    many = engine.check([data(f"most: 3\nnames: [{', '.join('a' * 1 for _ in range(90))}]\n"), schema(SCHEMA)])
    assert len(many) == 21
    assert any("there are more problems" in d for d in details(many))


def test_data_that_replaces_the_librarys_is_held_to_the_librarys_schema(engine: EmbeddedEngine) -> None:
    library = (data("most: 1\n", LIBRARY), schema(SCHEMA, LIBRARY))
    assert found(engine, *library, data("most: many\n")) == [("POL038", "policies/parameters/x/data.yaml:1:7")]
    assert found(engine, *library, data("most: 3\n")) == []
    own = schema({"properties": {"most": {"maximum": 2}}})
    assert found(engine, *library, data("most: 3\n"), own) == [("POL038", "policies/parameters/x/data.yaml:1:7")]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "1:2"),
        ("[" * 9000, ""),
        ("[]", "1:1"),
        ('{"type": "strin"}', "1:1"),
        ('{"$ref": "https://example.org/schema.json"}', "1:1"),
        ('{"$ref": "file:///etc/passwd"}', "1:1"),
        ('{"properties": {"most": {"$ref": "#/$defs/none"}}}', "1:1"),
    ],
)
def test_a_schema_that_is_none_is_refused(engine: EmbeddedEngine, text: str, place: str) -> None:
    expected = [("POL039", f"policies/parameters/x/schema.json{':' if place else ''}{place}")]
    assert found(engine, schema(text), data("most: 3\n")) == expected


def test_a_file_of_that_name_beside_no_data_may_be_anything(engine: EmbeddedEngine) -> None:
    assert found(engine, schema("{")) == []


def test_a_pattern_that_would_take_for_ever_is_answered(engine: EmbeddedEngine) -> None:
    bomb = {"properties": {"a": {"pattern": "^(a+)+$"}}}
    assert found(engine, schema(bomb), data(f"a: {'a' * 60}!\n")) == [("POL038", "policies/parameters/x/data.yaml:1:4")]


def test_a_schema_that_refers_to_itself_is_followed_as_far_as_the_data_goes(engine: EmbeddedEngine) -> None:
    tree = {"$ref": "#/$defs/n", "$defs": {"n": {"additionalProperties": {"$ref": "#/$defs/n"}, "type": "object"}}}
    assert found(engine, schema(tree), data("a: {b: {c: {}}}\n")) == []
    assert found(engine, schema(tree), data("a: {b: {c: 3}}\n")) == [("POL038", "policies/parameters/x/data.yaml:1:12")]


def test_a_schema_whose_parts_refer_to_each_other_is_obeyed(engine: EmbeddedEngine) -> None:
    parts = {"properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}}}
    assert found(engine, schema(parts), data("b: x\n")) == []
    assert found(engine, schema(parts), data("b: 3\n")) == [("POL038", "policies/parameters/x/data.yaml:1:1")]


def test_json_data_has_lines_too(engine: EmbeddedEngine) -> None:
    file = data('{\n  "most": "x"\n}', name="data.json")
    assert found(engine, file, schema(SCHEMA)) == [("POL038", "policies/parameters/x/data.json:2:11")]
