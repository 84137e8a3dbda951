"""What a rule read: found, absent, masked and bounded."""

import json

from hypothesis import given
from hypothesis import strategies as st

from trueup.core.diagnostics import Span
from trueup.core.json import Json
from trueup.policy.rule_explanation import LONGEST_VALUE, facts_of, narrowed, spelled
from trueup.policy.tracing import Read

HERE = Span("rule.rego", 3, 1)
DOCUMENT: dict[str, Json] = {
    "environment": {"tier": "production"},
    "resources": {"Model/tiny@2": {"spec": {"source": {"uri": "file:x"}, "token": "hunter2hunter2hunter2"}}},
    "deployments": [
        {"address": "Deployment/prod/a", "resources": ["Model/tiny@2"], "changed": True},
        {"address": "Deployment/prod/b", "resources": []},
        {"address": "Deployment/prod/c"},
        "odd",
    ],
}


def facts(address: str, inputs: list[str] = [], fields: list[str] = []) -> dict[str, str | None]:  # noqa: B006
    def reads(paths: list[str]) -> list[Read]:
        return [Read(tuple(p.split(".")), HERE) for p in paths]

    found = facts_of(DOCUMENT, address, reads(inputs), reads(fields))
    return {".".join(map(str, f.path)): f.value if f.found else None for f in found}


def test_paths_below_input_are_resolved_and_absent_ones_are_told() -> None:
    assert facts("x", ["environment.tier", "environment.name"]) == {
        "environment.name": None,
        "environment.tier": '"production"',
    }


def test_fields_are_looked_up_in_the_address_and_only_where_they_can_be() -> None:
    assert facts("Model/tiny@2", [], ["spec.source.uri", "spec.source.digest", "address", "unrelated.x"]) == {
        "resources.Model/tiny@2.spec.source.digest": None,
        "resources.Model/tiny@2.spec.source.uri": '"file:x"',
    }
    assert facts("Deployment/prod/a", [], ["changed"]) == {"deployments.0.changed": "true"}


def test_a_value_is_left_out_when_one_inside_it_is_shown_and_an_absent_one_below_an_absent_one() -> None:
    assert facts("Model/tiny@2", ["environment", "environment.tier", "gone", "gone.far"]) == {
        "environment.tier": '"production"',
        "gone": None,
    }
    assert facts("Model/tiny@2", ["environment", "environment.name"]) == {"environment.name": None}


def test_a_secret_is_masked() -> None:
    (value,) = facts("Model/tiny@2", [], ["spec.token"]).values()
    assert value is not None
    assert "hunter2" not in value


def test_a_place_in_a_list_that_is_too_short_is_absent() -> None:
    (fact,) = facts_of({"a": [1]}, "x", [Read(("a", 1), HERE)], [])
    assert not fact.found
    (fact,) = facts_of({"a": [1]}, "x", [Read(("a", 0), HERE)], [])
    assert fact.value == "1"
    (fact,) = facts_of({"a": "text"}, "x", [Read(("a", "b"), HERE)], [])
    assert not fact.found


def test_a_long_value_is_told_by_its_size() -> None:
    assert spelled(["x" * 50] * 10) == "a list of 10"
    keys = {f"key{n}": "x" * 50 for n in range(10)}
    assert spelled(keys) == "an object of 10 keys: key0, key1, key2, key3, key4, key5, key6, key7, ..."
    assert spelled({"a": "x" * 500}) == "an object of 1 keys: a"
    assert spelled("y" * 500).endswith("... (500 characters)")
    assert spelled(10**300).endswith("...")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_value_is_spelled_without_bounds(value: Json) -> None:
    assert len(spelled(value)) <= LONGEST_VALUE + 200 or max(map(len, value if isinstance(value, dict) else [""])) > 20


def test_only_deployments_that_reach_the_address_are_kept() -> None:
    kept, names = narrowed(DOCUMENT, "Model/tiny@2")
    assert names == ("Deployment/prod/a",)
    assert json.loads(json.dumps(kept))["environment"] == DOCUMENT["environment"]
    assert narrowed(DOCUMENT, "Deployment/prod/c")[1] == ("Deployment/prod/c",)
    assert narrowed({}, "x") == ({"deployments": []}, ())


def test_odd_documents_have_no_facts_about_the_address() -> None:
    assert facts_of({"resources": [], "deployments": {}}, "x", [], [Read(("spec",), HERE)]) == []
