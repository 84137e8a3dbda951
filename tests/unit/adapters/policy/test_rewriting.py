"""What the engine is given in place of a policy's text."""

import json
from typing import Any

import pytest

from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.policies import load
from trueup.adapters.policy.embedded.rewriting import Rewriter


def rewritten(*texts: str) -> list[str]:
    loaded = load([(f"{n}.rego", "", text) for n, text in enumerate(texts)])
    assert loaded.problems == ()
    rewriter = Rewriter(Names(loaded.modules))
    return [rewriter.rewrite(module) for module in loaded.modules]


def value(text: str, document: str = "{}", query: str = "data.a.x", **more: str) -> Any:
    loaded = load([("a.rego", "", text), *[(f"{path}.rego", "", other) for path, other in more.items()]])
    assert loaded.problems == ()
    engine = loaded.engine.clone()
    engine.set_input_json(document)
    found = json.loads(engine.eval_query_as_json(query)).get("result")
    return found[0]["expressions"][0]["value"] if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("some v in input.xs", "v := input.xs[_]  "),
        ("some [a, b] in f(input.xs)", "[a, b] := f(input.xs)[_]  "),
        ("some k, v in input.xs", "v := input.xs[k]     "),
        ("some _, v in input.xs", "v := input.xs[_]     "),
        ("some v in\n\t\tinput.xs", "v := input.xs[_]   \n"),
        ("some v in [1, 2]", "some v in [1, 2]"),
        ("some 1, v in input.xs", "some 1, v in input.xs"),
        ('some {"a": v} in input.xs', 'some {"a": v} in input.xs'),
        (
            "ys := {k | some k, v in input.xs}; zs := {k | some k, v in ys}",
            "ys := {k | v := input.xs[k]     }; zs := {k | v := ys[k]     }",
        ),
        ("some v in f([w | some w in input.xs])", "v := f([w | w := input.xs[_]  ])[_]  "),
        ("m := rego.metadata.rule()", "m := rego_metadata(0    )"),
        ("m := rego.metadata.rule(\n)", "m := rego_metadata(0    \n)"),
    ],
)
def test_a_statement_becomes_another_of_its_length(text: str, expected: str) -> None:
    template = "package a\nf(y) := y\ng := 1\nx if { %s }\n"
    (given,) = rewritten(template % text)
    assert given == template % expected
    assert len(given) == len(template % text)


@pytest.mark.parametrize("body", ["some g, v in input.xs", "k := 1; ys := {k | some k, v in input.xs}"])
def test_a_key_that_is_named_elsewhere_is_not_taken_for_that(body: str) -> None:
    """The engine refuses to shadow names; written without `some`, the key would be the other thing."""
    (problem,) = load([("a.rego", "", f"package a\ng := 1\nx if {{ {body} }}\n")]).problems
    assert problem.code.id == "POL004"


def test_a_function_of_the_bundle_that_is_named_like_a_builtin_stays() -> None:
    assert "sprintf(" in rewritten("package a\nsprintf(y, z) := y + z\nx := sprintf(1, 2)\n")[0]


@pytest.mark.parametrize("odd", ["null", "1", '"text"', "true", "[]", "{}"])
def test_over_what_has_no_members_nothing_is_iterated(odd: str) -> None:
    assert value("package a\nx contains v if some v in input.xs\n", f'{{"xs": {odd}}}') == []
    assert value("package a\nx contains k if some k, v in input.xs\n", f'{{"xs": {odd}}}') == []


def test_members_and_keys_are_those_of_arrays_objects_and_sets() -> None:
    rule = "package a\nx contains [k, v] if some k, v in input.xs\n"
    assert value(rule, '{"xs": ["a"]}') == [[0, "a"]]
    assert value(rule, '{"xs": {"k": "a"}}') == [["k", "a"]]
    sets = "package a\ns := {y | some y in input.xs}\nx contains [k, v] if some k, v in s\n"
    assert value(sets, '{"xs": ["a"]}') == [["a", "a"]]


def test_an_error_keeps_its_place() -> None:
    loaded = load([("a.rego", "", 'package a\nx contains v if { some v in input.xs; sprintf("%d", v) }\n')])
    loaded.engine.set_input_json('{"xs": [1]}')
    with pytest.raises(Exception, match=r"a\.rego:2:46"):
        loaded.engine.eval_query_as_json("data.a.x")


RULE = """# METADATA
# title: Of the package
# authors: [Ada <ada@example.com>, Bob]
# related_resources: [https://example.com]
package a

# METADATA
# title: Of the rule
# custom: {severity: high}
x contains [rego.metadata.rule().title, rego.metadata.chain()] if true

x contains [rego.metadata.rule(), count(rego.metadata.chain())] if true
"""


def test_metadata_is_that_of_the_rule_and_of_what_it_is_in() -> None:
    about = {
        "title": "Of the package",
        "scope": "package",
        "authors": [{"name": "Ada", "email": "ada@example.com"}, {"name": "Bob"}],
        "related_resources": [{"ref": "https://example.com"}],
    }
    own = {"title": "Of the rule", "scope": "rule", "custom": {"severity": "high"}}
    chain = [{"path": ["a", "x"], "annotations": own}, {"path": ["a"], "annotations": about}]
    assert sorted(value(RULE), key=str) == [["Of the rule", chain], [{}, 2]]


def test_metadata_of_outer_packages_is_in_the_chain_when_it_says_so() -> None:
    outer = "# METADATA\n# title: All below\n# scope: subpackages\npackage a\n"
    inner = "package a.b\n# METADATA\n# scope: document\n# title: Every definition\nx := rego.metadata.chain()\n"
    found = value(inner, query="data.a.b.x", outer=outer)
    assert [(link["path"], link.get("annotations", {}).get("title")) for link in found] == [
        (["a", "b", "x"], None),
        (["a", "b", "x"], "Every definition"),
        (["a"], "All below"),
    ]
