"""What holds of every declared document, right or wrong."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trueup.core.digests import BlobId
from trueup.core.json import canonical
from trueup.spec import kinds
from trueup.spec.fields import dotted, find
from trueup.spec.kinds import KINDS
from trueup.spec.parse import parse
from trueup.spec.resource import Parsed, SourceFile
from trueup.spec.schema import combined_schema

SCHEMA = Draft202012Validator(combined_schema())

PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 200), st.floats(-2, 200, allow_nan=False).map(lambda x: round(x, 2))
)
TEXT = st.sampled_from(
    ["", "a", "tiny@1", "support", "gguf", "dev", "1h", "30d", "p95", "file:a", "file:../a", "env:A", "Q8_0", "x y"]
)
JSON = st.recursive(
    PLAIN | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.just("file"), inner, max_size=3),
    max_leaves=8,
)

VALID = {
    "System": {"intendedPurpose": "Answers.", "operatorRole": "deployer", "riskClass": "minimal", "users": ["all"]},
    "Model": {
        "source": {"uri": "hf://a/b", "revision": "main", "credentials": "env:TOKEN"},
        "format": "safetensors",
        "licenses": ["Apache-2.0"],
        "baseModel": ["base@1"],
        "lifecycle": {"phase": "active"},
        "capabilities": {"inputTypes": ["text"], "languages": ["en"]},
        "card": "A card.",
    },
    "Adapter": {"baseModel": "base@1", "source": {"uri": "file:a"}, "method": "lora", "rank": 8, "dropout": 0.1},
    "Dataset": {
        "source": {"uri": "file:a"},
        "purpose": "eval",
        "personalData": {"present": False, "retention": "30d"},
        "checks": [{"type": "unique", "params": {"columns": ["a"]}}],
    },
    "Prompt": {
        "type": "chat",
        "messages": [{"role": "system", "content": "Hello."}, {"role": "user", "content": {"file": "a.txt"}}],
        "variables": [{"name": "question", "schema": {"type": "string"}}],
        "modelConfig": {"temperature": 0.2, "max_tokens": 10, "stop": ["\n"]},
        "tests": [{"vars": {"question": "?"}, "assert": [{"type": "contains", "value": "a"}]}],
    },
    "Evaluation": {
        "category": "quality",
        "dataset": "facts@1",
        "tasks": [{"task": "exact_match", "seed": 7}],
        "metrics": [{"name": "m", "unit": "ratio"}],
        "metricDecisionThreshold": [{"metric": "m", "op": ">=", "value": 0.6}],
        "maxAge": "30d",
    },
    "Build": {"mode": "gguf", "quantization": "Q8_0", "parity": {"logits": {"maxKl": 0.1, "minTop1": 0.9}}},
    "Environment": {
        "tier": "production",
        "upstream": "staging",
        "target": {"type": "process", "port": 8080},
        "budget": {"maxBudget": 10, "budgetDuration": "30d", "currency": "EUR"},
        "quota": {"memory": "16Gi"},
        "evaluations": {"required": ["facts@1"], "run": "before"},
        "freezeWindows": [{"schedule": "0 18 * * 5", "duration": "62h"}],
        "policy": {"rules": {"SC-01": "warn"}},
    },
    "Deployment": {
        "system": "support",
        "environment": "dev",
        "release": {"model": "tiny@1", "adapters": ["a@1"], "prompt": "p@1"},
        "runtime": {"engine": "llama.cpp", "slots": 2, "args": {"n_gpu_layers": 0}},
        "replicas": 1,
        "gateway": {"keys": ["env:KEY"], "limits": {"maxTokens": 10}},
        "rollout": {"strategy": "canary", "steps": [{"setWeight": 5}, {"pause": {"duration": "1h"}}]},
        "monitors": [{"name": "drift", "signal": "drift", "baseline": "facts@1"}],
    },
    "PolicyException": {
        "rule": "SC-04",
        "resource": "Model/*",
        "reason": "Old.",
        "compensatingControl": "Scanned.",
        "approvedBy": "someone",
        "expires": "2026-12-24",
    },
    "Project": {"specs": ["spec"], "policies": {"paths": ["policies"]}},
}


def document(kind: str, spec) -> dict:
    metadata = {"name": "a", "owner": "b", **({"version": "1"} if KINDS[kind].versioned else {})}
    return {"apiVersion": "trueup/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def paths(value, path=()):
    """Every place of a document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


def changed(value, path, how: str, new):
    """Return a copy with the place at *path* replaced, dropped, or given an unknown neighbour."""
    copy = json.loads(json.dumps(value))
    above = copy
    for key in path[:-1]:
        above = above[key]
    if how == "drop":
        del above[path[-1]]
    elif how == "add" and isinstance(above, dict):
        above[f"{path[-1]}x"] = new
    else:
        above[path[-1]] = new
    return copy


def read(value) -> Parsed:
    content = json.dumps(value).encode()
    return parse([SourceFile("a.yaml", BlobId("b"), content)], lambda _: b"Text.")


def shape_codes(parsed: Parsed) -> set[str]:
    return {d.code.id for d in parsed.diagnostics if d.code.id < "SPEC200"}


@st.composite
def damaged(draw):
    kind = draw(st.sampled_from(list(KINDS)))
    value = document(kind, VALID[kind])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(value))))
        value = changed(value, path, draw(st.sampled_from(["drop", "add", "replace"])), draw(JSON))
    return value


def test_the_examples_of_these_laws_are_right():
    for kind, spec in VALID.items():
        assert shape_codes(read(document(kind, spec))) == set()
        assert SCHEMA.is_valid(document(kind, spec))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damaged())
def test_a_damaged_document_is_accepted_or_told_with_its_place(value):
    parsed = read(value)
    assert parsed.resources or parsed.diagnostics
    for d in parsed.diagnostics:
        assert d.detail
        assert d.hint
        assert d.span.path == "a.yaml"
        assert (d.span.line, d.span.column) > (0, 0)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damaged())
def test_what_the_models_accept_the_published_schema_accepts(value):
    parsed = read(value)
    if not shape_codes(parsed) and parsed.resources:
        assert [e.message for e in SCHEMA.iter_errors(value)] == []


STRUCTURAL = {"SPEC143", "SPEC144", "SPEC146", "SPEC147"}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damaged())
def test_what_the_models_refuse_for_its_shape_the_published_schema_refuses(value):
    if shape_codes(read(value)) & STRUCTURAL:
        assert not SCHEMA.is_valid(value)


@given(st.sampled_from(list(KINDS)))
def test_a_resource_read_back_from_its_canonical_form_is_the_same(kind):
    (found,) = read(document(kind, VALID[kind])).resources.values()
    again = read(json.loads(json.dumps(json.loads(found.canonical)).replace('"content": "Text.", ', "")))
    assert [r.digest for r in again.resources.values()] == [found.digest]
    assert canonical(json.loads(found.canonical)) == found.canonical
    assert kinds.model_of(found).metadata.name == "a"


@given(damaged())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_every_name_that_is_found_stands_where_it_is_said_to(value):
    if not isinstance(value, dict) or value.get("kind") not in list(KINDS):
        return
    for path, _, text in find(value["kind"], value).names:
        at = value
        for key in path:
            at = at[key]
        assert at == text
        assert dotted(path).startswith("spec")


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(content):
    parsed = parse([SourceFile("a.yaml", BlobId("b"), content)], lambda _: b"")
    assert not parsed.resources


@given(JSON)
def test_no_value_crashes_the_reader(value):
    read(value)
    read({"apiVersion": "trueup/v1alpha1", "kind": "Model", "metadata": value, "spec": value})
    read({"apiVersion": value, "kind": value})
