"""Policies as users of conftest write them: taken unchanged, or refused with a word on what to write instead."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import oracle
from differential import direct_engine
from trueup.adapters.policy.both import BothEngines
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.policy.results import Evaluation, PolicyFile

HERE = Path(__file__).parent / "conftest"
CASES = sorted(path.name for path in HERE.iterdir())
NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine(timeout_seconds=60) as engine:
        yield engine


def bundle(name: str) -> list[PolicyFile]:
    files = sorted([*(HERE / name).rglob("*.rego"), *(HERE / name).rglob("data.yaml")])
    return [PolicyFile(file.relative_to(HERE).as_posix(), file.read_bytes(), name) for file in files]


def said(evaluation: Evaluation) -> dict[str, object]:
    results = [{"rule": f"{r.package}.{r.entry}", "result": r.raw} for r in evaluation.results]
    errors = [{"code": e.code.id, "place": str(e.span), "detail": e.detail, "do": e.advice} for e in evaluation.errors]
    return {"results": results, "errors": errors}


@pytest.mark.parametrize("name", CASES)
def test_a_policy_in_the_way_of_conftest(name: str, embedded: EmbeddedEngine, update_golden: bool) -> None:
    (evaluation,) = embedded.evaluate(bundle(name), [(HERE / name / "input.json").read_bytes()], NOW)
    spelled = json.dumps(said(evaluation), indent=1, ensure_ascii=False) + "\n"
    expected = HERE / name / "expected.json"
    if update_golden:
        expected.write_text(spelled)
    assert expected.read_text() == spelled
    assert bool(evaluation.errors) == name.startswith("refused_")


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("refused_")])
def test_opa_says_the_same(name: str, embedded: EmbeddedEngine) -> None:
    if reason := oracle.available():
        pytest.skip(f"no OPA: {reason}")
    with oracle.Oracle() as engine:
        both = BothEngines(embedded, direct_engine(engine, embedded))
        (evaluation,) = both.evaluate(bundle(name), [(HERE / name / "input.json").read_bytes()], NOW)
    assert evaluation.errors == ()
    assert evaluation.results != ()
