"""Laws of the policy document: whatever is planned, it fits its schema, keeps its secrets and is one value."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from states import NOON, REVISION, Want, applied, desired, nothing, resource
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json, canonical, canonical_by_parts
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.observed.state import Health, ObservedState
from trueup.plan.build import build_plan
from trueup.policy.document import Surroundings, policy_document
from trueup.policy.facts.base import BaseResources
from trueup.policy.facts.change import ChangedFile, ChangeFacts, Commit, Signature
from trueup.policy.facts.evaluation_changes import evaluation_changes
from trueup.policy.facts.lineage import lineage
from trueup.policy.facts.prompts import prompt_findings
from trueup.policy.facts.reviews import PolicyFacts
from trueup.policy.results import RuleInfo
from trueup.policy.schema import SCHEMA
from trueup.spec.resource import Resource

SECRET = "hf_abcdefghijklmnopqrstuv"

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from([SECRET, f"x {SECRET}"])
json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)
wants = st.builds(
    Want,
    name=st.sampled_from(["chat", "support", "search"]),
    environment=st.just("prod"),
    model=st.sampled_from(["tiny@1", "tiny@2"]),
    text=st.sampled_from(["", "Be kind.", f"The key is {SECRET}."]),
    quantization=st.sampled_from([None, "Q8_0"]),
    threads=st.integers(1, 2),
    replicas=st.integers(1, 3),
    evaluations=st.sampled_from([(), ("facts@1",)]),
)
states = st.lists(wants, max_size=3, unique_by=lambda w: w.name).map(lambda w: desired(*w) if w else desired())
specs = st.fixed_dictionaries(
    {},
    optional={
        "baseModel": st.sampled_from(["tiny@1", ["tiny@1", "gone@1"], SECRET]),
        "datasets": st.just(["facts@1"]),
        "generatedBy": st.sampled_from(["tiny@1", SECRET]),
        "licenses": st.lists(words, max_size=2),
        "license": words,
        "purposeCategories": st.lists(words, max_size=2),
        "toolchain": st.fixed_dictionaries({}, optional={"image": words, "tensorrtLlm": words}),
        "suite": st.fixed_dictionaries({}, optional={"tool": words, "version": words}),
        "source": st.fixed_dictionaries({}, optional={"uri": words, "files": st.lists(words, max_size=2)}),
    },
)
kinds = st.sampled_from(["Model", "Adapter", "Dataset", "System", "Build", "Evaluation", "Prompt"])
documents = st.builds(
    lambda kind, spec: resource(ResourceId(kind, "odd", "1"), {"kind": kind, "spec": spec}), kinds, specs
)
changes = st.builds(
    ChangeFacts,
    st.just(REVISION),
    st.just("b" * 40),
    words,
    st.dictionaries(words, st.tuples(words), max_size=2),
    words,
    st.builds(Signature, st.sampled_from(["good", "bad", "unknown", "none"]), words),
    st.none()
    | st.lists(
        st.builds(Commit, st.just(REVISION), words, trailers=st.just((("Approved-by", f"G <{SECRET}@x.org>"),)))
    ).map(tuple),
    st.none() | st.lists(st.builds(ChangedFile, words, st.sampled_from(["added", "modified", "deleted"]))).map(tuple),
)
settings_of = st.fixed_dictionaries(
    {"tier": st.just("production")},
    optional={
        "freezeWindows": st.lists(
            st.fixed_dictionaries({}, optional={"schedule": words, "duration": words, "start": words, "reason": words}),
            max_size=2,
        ),
        "quota": st.fixed_dictionaries({}, optional={"cpu": words, "replicas": st.integers(0, 9)}),
        "budget": st.fixed_dictionaries(
            {}, optional={"maxBudget": st.floats(0, 1e9), "budgetDuration": st.just("30d")}
        ),
        "accelerators": st.lists(
            st.fixed_dictionaries({"sku": words}, optional={"count": st.integers(1, 8)}), max_size=2
        ),
        "approvals": st.just({"roles": [{"role": SECRET, "members": [f"{SECRET}@x.org"]}]}),
        "soakTime": st.sampled_from(["24h", None]),
    },
)
infos = st.builds(
    RuleInfo,
    st.sampled_from(["A-01", "B-01"]),
    st.just("p"),
    st.sampled_from(["deny", "warn"]),
    last_reviewed=st.sampled_from(["", "soon", "2026-01-01"]),
)


@st.composite
def observations(draw: st.DrawFn) -> ObservedState:
    state = applied(draw(states))
    routes = [replace(r, manifest=draw(st.sampled_from([r.manifest, None, {}]))) for r in state.target.routes]
    target = replace(
        state.target, gateway=draw(st.sampled_from(list(Health))), routes=tuple(routes), environment="prod"
    )
    return replace(state, target=target) if draw(st.booleans()) else nothing("prod")


@st.composite
def documents_of_plans(draw: st.DrawFn) -> dict[str, Json]:
    state: DesiredState = draw(states)
    more = draw(st.lists(documents, max_size=3, unique_by=lambda r: r.id))
    items = tuple(replace(d, resources=(*d.resources, *more)) for d in state.deployments)
    state = replace(
        desired(settings=draw(settings_of), upstream=draw(st.sampled_from(["", "staging"]))), deployments=items
    )
    state = replace(state, environment=replace(state.environment, name="prod"))
    observed = draw(observations())
    plan = build_plan(state, observed, diff(state, observed), digest_of("p"), "trueup 0.1.0", NOON, ())
    now: dict[ResourceId, Resource] = {r.id: r for d in items for r in d.resources}
    paths = frozenset(r.origin.path for r in now.values() if draw(st.booleans()))
    base = draw(st.sampled_from([None, BaseResources(now, paths, {})]))
    rules = draw(st.none() | st.lists(infos, max_size=3).map(tuple))
    return policy_document(
        plan,
        state,
        observed,
        draw(changes),
        NOON,
        gate=draw(st.booleans()),
        policies=PolicyFacts(rules=rules, changed=draw(st.none() | st.lists(words, max_size=2).map(tuple))),
        around=Surroundings(declared=now, base=base, installed={"xllamacpp": "2026.8.0"}),
    )


@cache
def validator() -> Any:
    return jsonschema.Draft202012Validator(SCHEMA)


@settings(deadline=None, max_examples=60)
@given(documents_of_plans())
def test_any_plan_gives_a_document_that_fits_the_schema(document: dict[str, Json]) -> None:
    errors = [
        f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator().iter_errors(json.loads(canonical(document)))
    ]
    assert errors == []


@settings(deadline=None, max_examples=60)
@given(documents_of_plans())
def test_no_secret_is_in_any_document(document: dict[str, Json]) -> None:
    assert SECRET.encode() not in canonical(document)


@settings(deadline=None, max_examples=30)
@given(documents_of_plans())
def test_a_document_is_canonical_json_however_it_is_spelled(document: dict[str, Json]) -> None:
    spelled = canonical_by_parts(document)
    assert spelled == canonical(document) == canonical(json.loads(spelled))


@given(st.dictionaries(st.sampled_from(["Model/a@1", "Dataset/b@1", "Adapter/c@1"]), json_values))
def test_lineage_of_any_documents_ends(documents: dict[str, Json]) -> None:
    assert lineage(documents).keys() == documents.keys()


@given(json_values, json_values)
def test_any_two_evaluations_can_be_compared(before: Json, after: Json) -> None:
    documents = {"Environment/e": {"spec": {"evaluations": {"required": ["x@1"]}}}}
    was, now = (documents | {"Evaluation/x@1": {"spec": value}} for value in (before, after))
    evaluation_changes("Environment/e", was.get, now.get)
    assert evaluation_changes("Environment/e", was.get, was.get) == []


@given(words)
def test_what_a_prompt_is_found_to_hold_is_never_told(text: str) -> None:
    found = prompt_findings({"Prompt/p@1": {"spec": {"template": f"{text} ada@analytical.org"}}}, {})
    assert "analytical" not in str(found)
