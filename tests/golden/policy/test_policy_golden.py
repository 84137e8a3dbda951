"""What the library says of whole plans: documents and decisions as files."""

import json
from pathlib import Path

import jsonschema
import pytest
from policy_cases import CASES, DIGEST, LIBRARY, prepared

from states import NOON
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.core.diagnostics import Span
from trueup.core.json import canonical
from trueup.policy.judge import judge
from trueup.policy.schema import SCHEMA

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_plan_gives_its_document_and_decision(name: str, update_golden: bool) -> None:
    document = CASES[name]()
    with EmbeddedEngine(timeout_seconds=60) as engine:
        (evaluation,) = engine.evaluate(LIBRARY, [canonical(document)], NOON)
    decision = judge(evaluation, document, DIGEST, lambda address, _path: Span(f"spec/{address}.yaml", 1, 1))
    # The bundle's digest changes with every rule, and the engine with every release: they are not what is looked at.
    said = decision.to_json() | {"bundle": "", "engine": ""}
    for file, value in (("document.json", document), ("decision.json", said)):
        path = HERE / name / file
        spelled = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        if update_golden:
            path.parent.mkdir(exist_ok=True)
            path.write_text(spelled)
        assert path.read_text() == spelled


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_document_has_the_published_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(canonical(CASES[name]())), SCHEMA)


@pytest.mark.parametrize("is_double", [True, False])
def test_the_library_denies_what_a_double_built_and_only_that(is_double: bool) -> None:
    document = prepared(is_double=is_double)
    with EmbeddedEngine(timeout_seconds=60) as engine:
        (evaluation,) = engine.evaluate(LIBRARY, [canonical(document)], NOON)
    decision = judge(evaluation, document, DIGEST, lambda _address, _path: None)
    said = [v.message for v in decision.violations if v.rule == "SC-10" and "double" in v.message]
    assert bool(said) is is_double
    assert all(v.denies for v in decision.violations if v.message in said)
