"""Builtins that policies may call, one expression a line: what OPA says is written down, and every engine says it.

`--update-golden` writes what OPA says.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import oracle
from trueup.adapters.policy.embedded.policies import load

HERE = Path(__file__).parent / "builtins"
EXPRESSIONS = (HERE / "expressions.txt").read_text().splitlines()
ERROR = {"error": True}
"""Stands for an error: messages are not compared."""


@pytest.fixture(scope="module")
def opa() -> Iterator[oracle.Oracle]:
    if reason := oracle.available():
        pytest.skip(f"no OPA: {reason}")
    with oracle.Oracle() as engine:
        yield engine


def test_opa_says_what_is_written_down(opa: oracle.Oracle, update_golden: bool) -> None:
    said: dict[str, Any] = {}
    for expression in EXPRESSIONS:
        (answer,) = oracle.value_of(opa, f"x := {expression}")
        said[expression] = ERROR if answer.error else {"value": answer.value}
    if update_golden:
        lines = ",\n".join(f"{json.dumps(e)}: {json.dumps(v, sort_keys=True)}" for e, v in said.items())
        (HERE / "answers.json").write_text(f"{{\n{lines}\n}}\n")
    assert answers() == said


def test_the_embedded_engine_says_the_same() -> None:
    assert {e: embedded(e) for e in EXPRESSIONS} == answers()


def answers() -> dict[str, Any]:
    said: dict[str, Any] = json.loads((HERE / "answers.json").read_text())
    return said


def embedded(expression: str) -> dict[str, Any]:
    loaded = load([("a_test.rego", "", f"package a\nx := {expression}\n")])
    # A call that a check refuses is an error, too: it is found earlier.
    if loaded.problems:
        return ERROR
    try:
        result = json.loads(loaded.engine.eval_query_as_json("data.a.x"))["result"]
    except Exception:  # noqa: BLE001 the engine has no type of its own
        return ERROR
    return {"value": result[0]["expressions"][0]["value"]}
