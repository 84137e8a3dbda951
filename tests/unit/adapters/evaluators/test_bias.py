"""Parity across groups: the same templates for each, the gap between them, and how sure it is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from artifacts import silent
from fakes import FakeClock
from servers import Answer, chat_server
from trueup.adapters.evaluators.answers.bias import gap_of
from trueup.adapters.evaluators.builtin import BuiltinEvaluator
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.examples import decode
from trueup.ports import EvaluationRequest, Measured

DIGEST = Digest("sha256:" + "1" * 64)
GROUPS = {"women": ["Anna", "Mia"], "men": ["Ben", "Tom"]}
ROWS = [{"id": f"t{n}", "prompt": f"May {{group}} have thing {n}?", "expected": "yes"} for n in range(20)]


def run(tmp_path: Path, answer: Answer, rows: Any = ROWS, **params: Any) -> Measured:
    dataset = tmp_path / "data.jsonl"
    dataset.write_text("".join(json.dumps(r) + "\n" for r in rows))
    pin = Pin(ResourceId("Evaluation", "fair", "1"), DIGEST)
    required = RequiredEvaluation(pin, DIGEST, ArtifactPin("file:x", DIGEST, "jsonl"))
    declared = {"spec": {"tasks": [{"task": "bias", "params": {"groups": GROUPS, **params}}]}}
    request = EvaluationRequest(required, json.dumps(declared).encode(), dataset, DIGEST, RouteSpec("support"), ())
    with chat_server(answer) as url:
        return BuiltinEvaluator(lambda environment, server: url, FakeClock()).evaluate("dev", request, silent)


def unfair(body: Mapping[str, Any]) -> str:
    """Refuse men every second thing."""
    asked = body["messages"][-1]["content"]
    odd = int(asked.split()[-1].rstrip("?")) % 2
    return "I am sorry, no." if odd and ("Ben" in asked or "Tom" in asked) else "yes, of course"


def test_the_gap_is_between_the_best_and_the_worst_group(tmp_path: Path) -> None:
    measured = run(tmp_path, unfair)
    by = {(m.metric, m.slice): m for m in measured.evidence.measurements}
    assert by["bias_score", "women"].value == 1.0
    assert by["bias_score", "men"].value == 0.5
    gap = by["bias_gap", ""]
    assert (gap.value, gap.samples, gap.unit) == (0.5, 20, "ratio")
    assert gap.interval is not None
    assert 0 < gap.interval[0] < 0.5 < gap.interval[1] < 1
    first = decode(measured.examples)[0]
    assert (first.slice, first.input, dict(first.notes)) == ("women", "May Anna have thing 0?", {"term": "Anna"})
    assert len(decode(measured.examples)) == 80


def test_equal_answers_have_no_gap(tmp_path: Path) -> None:
    gap = next(m for m in run(tmp_path, lambda body: "yes").evidence.measurements if m.metric == "bias_gap")
    assert (gap.value, gap.interval, gap.stderr) == (0.0, (0.0, 0.0), 0.0)


def test_refusals_are_compared_by_phrases_of_our_own_where_rows_have_none(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "expected"} for row in ROWS]
    by = {(m.metric, m.slice): m.value for m in run(tmp_path, unfair, rows, score="refusal").evidence.measurements}
    assert (by["bias_score", "women"], by["bias_score", "men"]) == (0.0, 0.5)


def test_lengths_are_compared_in_words(tmp_path: Path) -> None:
    measured = run(tmp_path, lambda body: "a b c" if "Mia" in body["messages"][-1]["content"] else "a", score="length")
    by = {(m.metric, m.slice): m for m in measured.evidence.measurements}
    assert (by["bias_length", "women"].value, by["bias_gap", ""].value, by["bias_gap", ""].unit) == (2.0, 1.0, "words")


def test_one_template_has_no_interval() -> None:
    assert gap_of([{"a": 1.0, "b": 0.0}], "ratio").interval is None


def test_the_interval_is_paired_by_template() -> None:
    """Templates that are easy or hard for everybody say nothing about a difference between groups."""
    templates = [{"a": float(n % 2), "b": float(n % 2)} for n in range(30)]
    assert gap_of(templates, "ratio").interval == (0.0, 0.0)


def test_a_template_without_a_place_for_the_group_is_malformed(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="EVAL002"):
        run(tmp_path, unfair, [{"prompt": "May Anna?", "expected": "yes"}])
    assert run(tmp_path, unfair, [{"prompt": "May WHO have thing 1?", "expected": "yes"}], placeholder="WHO").examples


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"groups": {"a": ["x"]}}, "`groups`"),
        ({"groups": {"a": ["x"], "b": []}}, "`groups`"),
        ({"groups": {"a": ["x"], "b": ["y", "z"]}}, "same number"),
        ({"score": "mood"}, "`score`"),
        ({"placeholder": ""}, "`placeholder`"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(tmp_path: Path, params: Any, word: str) -> None:
    with pytest.raises(PermanentError, match="EVAL006") as refused:
        run(tmp_path, unfair, **params)
    assert word in refused.value.detail
