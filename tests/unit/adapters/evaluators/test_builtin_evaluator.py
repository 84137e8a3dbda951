"""The built-in evaluator: what is asked, how it is scored, and that nothing passes by accident."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from artifacts import TINY, silent
from fakes import FakeClock
from servers import Answer, chat_server
from trueup.adapters.evaluators.answers.rows import Needs, read_examples
from trueup.adapters.evaluators.builtin import BuiltinEvaluator, Options
from trueup.adapters.evaluators.client import WAITS_SECONDS
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TransientError
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.evidence import Evidence
from trueup.ports import EvaluationRequest

DIGEST = Digest("sha256:" + "1" * 64)
ROWS: tuple[Mapping[str, Any], ...] = (
    {"id": "paris", "slice": "capital", "prompt": "capital of France?", "expected": "Paris"},
    {"id": "rome", "slice": "capital", "prompt": "capital of Italy?", "expected": ["Rome", "Roma"]},
    {"id": "sky", "slice": "colour", "prompt": "colour of the sky?", "expected": "blue"},
    {"id": "sea", "slice": "colour", "messages": [{"role": "user", "content": "sea?"}], "expected": "blue"},
)


def knows(body: Mapping[str, Any]) -> str:
    """Answer three of the four rows right."""
    question = body["messages"][-1]["content"]
    known = {"capital of France?": "Paris", "capital of Italy?": " Roma\n", "colour of the sky?": "blue"}
    return known.get(question, "I do not know")


def evaluation(task: str = "exact_match", **spec: Any) -> dict[str, Any]:
    metric = {"name": task}
    threshold = {"metric": task, "op": ">=", "value": 0.75, "confidence": 0.5}
    declared = {"tasks": [{"task": task}], "metrics": [metric], "metricDecisionThreshold": [threshold]}
    return {"spec": {**declared, **spec}}


def request_of(tmp_path: Path, declared: Mapping[str, Any], rows: Any = ROWS, route: RouteSpec | None = None) -> Any:
    dataset = tmp_path / "data.jsonl"
    dataset.write_text(rows if isinstance(rows, str) else "".join(json.dumps(r) + "\n" for r in rows))
    pin = Pin(ResourceId("Evaluation", "facts", "1"), DIGEST)
    required = RequiredEvaluation(pin, DIGEST, ArtifactPin("file:x", DIGEST, "jsonl"))
    route = route or RouteSpec("support")
    return EvaluationRequest(required, json.dumps(declared).encode(), dataset, DIGEST, route, (("release", DIGEST),))


def run(request: EvaluationRequest, answer: Answer = knows, seen: Any = None, **options: Any) -> Evidence:
    with chat_server(answer, seen) as url:
        evaluator = BuiltinEvaluator(lambda environment, server: url, FakeClock(), Options(**options))
        return evaluator.evaluate("dev", request, silent).evidence


def values(evidence: Evidence, slice_name: str = "") -> dict[str, float]:
    found = [m for m in evidence.measurements if not m.metric.startswith("latency") and m.slice == slice_name]
    return {m.metric: m.value for m in found}


def test_the_share_of_right_answers_is_measured_and_judged(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "slice"} for row in ROWS]
    evidence = run(request_of(tmp_path, evaluation(), rows))
    assert values(evidence) == {"exact_match": 0.75}
    assert evidence.measurements[0].samples == 4
    assert evidence.passed


@pytest.mark.parametrize("concurrency", [1, 4])
def test_the_result_does_not_depend_on_how_many_are_asked_at_a_time(tmp_path: Path, concurrency: int) -> None:
    assert values(run(request_of(tmp_path, evaluation()), concurrency=concurrency)) == {"exact_match": 0.75}


def test_percent_and_other_aggregations_are_given_as_declared(tmp_path: Path) -> None:
    metrics = [{"name": "exact_match", "unit": "percent", "aggregation": "min"}]
    assert values(run(request_of(tmp_path, evaluation(metrics=metrics)))) == {"exact_match": 0.0}
    metrics = [{"name": "exact_match", "unit": "percent"}]
    assert values(run(request_of(tmp_path, evaluation(metrics=metrics)))) == {"exact_match": 75.0}


def test_a_slice_is_measured_on_its_own_examples(tmp_path: Path) -> None:
    thresholds = [
        {"metric": "exact_match", "op": ">=", "value": 0.9, "slice": s} for s in ("capital", "colour", "none")
    ]
    evidence = run(request_of(tmp_path, evaluation(metricDecisionThreshold=thresholds)))
    assert [values(evidence, name) for name in ("", "capital", "colour", "none")] == [
        {"exact_match": 0.75},
        {"exact_match": 1.0},
        {"exact_match": 0.5},
        {},
    ]
    assert [m.samples for m in evidence.measurements if m.metric == "exact_match"] == [4, 2, 2]
    # Of a slice without examples nothing is known, and what is not known does not pass.
    assert (evidence.gates[2].passed, evidence.gates[2].value) == (False, None)
    assert not evidence.passed


def test_latency_is_measured_beside_and_can_be_judged(tmp_path: Path) -> None:
    thresholds = [{"metric": "latency_p95", "op": "<=", "value": 60_000, "confidence": 0.5}]
    declared = evaluation(metrics=[], metricDecisionThreshold=thresholds)
    evidence = run(request_of(tmp_path, declared))
    assert {m.metric: m.unit for m in evidence.measurements} == {
        "exact_match": "ratio",
        "latency_p50": "ms",
        "latency_p95": "ms",
    }
    assert evidence.passed


def test_without_thresholds_nothing_is_proved(tmp_path: Path) -> None:
    assert not run(request_of(tmp_path, evaluation(metricDecisionThreshold=[]))).passed


def test_a_release_is_asked_as_it_is_served(tmp_path: Path) -> None:
    route = RouteSpec(
        "support",
        messages=(("system", "Shop of {{owner}}."),),
        variables=({"name": "owner", "required": True},),
        decoding=(("max_tokens", 48), ("temperature", 0)),
        limits=(("maxTokens", 32),),
    )
    rows = [{"prompt": "hi", "expected": "x", "variables": {"owner": "Ann"}}]
    seen: list[dict[str, Any]] = []
    run(request_of(tmp_path, evaluation(), rows, route), seen=seen)
    assert seen == [
        {
            "model": "listed",
            "messages": [{"role": "system", "content": "Shop of Ann."}, {"role": "user", "content": "hi"}],
            "temperature": 0,
            "max_tokens": 32,
            "stream": False,
        }
    ]


def test_the_evaluations_own_decoding_wins_over_the_prompts(tmp_path: Path) -> None:
    route = RouteSpec("support", decoding=(("temperature", 1), ("top_p", 0.5)))
    declared = evaluation(modelConfig={"temperature": 0}, tasks=[{"task": "exact_match", "seed": 7}])
    seen: list[dict[str, Any]] = []
    run(request_of(tmp_path, declared, route=route), seen=seen)
    assert {(b["temperature"], b["top_p"], b["seed"]) for b in seen} == {(0, 0.5, 7)}


def test_a_limit_draws_the_same_examples_for_the_same_seed(tmp_path: Path) -> None:
    drawn = []
    for _ in range(2):
        seen: list[dict[str, Any]] = []
        tasks = [{"task": "exact_match", "limit": 2, "seed": 3}]
        evidence = run(request_of(tmp_path, evaluation(tasks=tasks)), seen=seen)
        drawn.append([b["messages"][-1]["content"] for b in seen])
        assert evidence.measurements[0].samples == 2
    assert drawn[0] == drawn[1]


def test_each_question_is_asked_once_for_all_tasks_and_once_an_epoch(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    tasks = [{"task": "exact_match", "epochs": 2}, {"task": "contains"}]
    evidence = run(request_of(tmp_path, evaluation(tasks=tasks)), seen=seen)
    assert len(seen) == 8
    assert {m.metric: m.samples for m in evidence.measurements if m.unit == "ratio" and not m.slice} == {
        "exact_match": 4,
        "contains": 4,
    }


def test_an_example_in_quarantine_does_not_count_until_its_day_is_over(tmp_path: Path) -> None:
    request = request_of(tmp_path, evaluation(quarantine=[{"case": "sea", "expires": "2026-03-14"}]))
    assert values(run(request)) == {"exact_match": 1.0}
    with chat_server(knows) as url:
        later = FakeClock(datetime(2026, 3, 15, tzinfo=UTC))
        evidence = BuiltinEvaluator(lambda environment, server: url, later).evaluate("dev", request, silent)
    assert values(evidence.evidence) == {"exact_match": 0.75}


def refusal(request: EvaluationRequest, answer: Answer = knows) -> PermanentError:
    with pytest.raises(PermanentError) as refused:
        run(request, answer)
    return refused.value


@pytest.mark.parametrize("rows", ["", "\n \n"])
def test_an_empty_data_set_is_an_error(tmp_path: Path, rows: str) -> None:
    assert refusal(request_of(tmp_path, evaluation(), rows)).code.id == "EVAL001"


def test_a_data_set_all_in_quarantine_is_an_error(tmp_path: Path) -> None:
    declared = evaluation(quarantine=[{"case": r["id"], "expires": "2026-12-31"} for r in ROWS])
    assert refusal(request_of(tmp_path, declared)).code.id == "EVAL001"


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no JSON object"),
        ('{"expected": "x"}', "one of `prompt` and `messages`"),
        ('{"prompt": "x", "messages": [], "expected": "x"}', "one of `prompt` and `messages`"),
        ('{"prompt": "", "expected": "x"}', "`prompt` must be a text"),
        ('{"prompt": 1, "expected": "x"}', "`prompt` must be a text"),
        ('{"messages": [], "expected": "x"}', "`messages` must be"),
        ('{"messages": [{"role": "user"}], "expected": "x"}', "`messages` must be"),
        ('{"prompt": "x"}', "`expected` must be"),
        ('{"prompt": "x", "expected": []}', "`expected` must be"),
        ('{"prompt": "x", "expected": ""}', "`expected` must be"),
        ('{"prompt": "x", "expected": [1]}', "`expected` must be"),
        ('{"prompt": "x", "expected": "x", "forbidden": 1}', "`forbidden` must be"),
        ('{"prompt": "x", "expected": "x", "variables": []}', "`variables` an object"),
        ('{"prompt": "x", "expected": "x", "answer": "x"}', "unknown field `answer`"),
    ],
)
def test_a_malformed_row_is_named_by_its_line(tmp_path: Path, row: str, word: str) -> None:
    rows = json.dumps(ROWS[0]) + "\n\n" + row + "\n"
    error = refusal(request_of(tmp_path, evaluation(), rows))
    assert error.code.id == "EVAL002"
    assert "data.jsonl:3: " in error.detail
    assert word in error.detail


def test_all_malformed_rows_are_told_at_once(tmp_path: Path) -> None:
    detail = refusal(request_of(tmp_path, evaluation(), "{\n" * 25)).detail
    assert "data.jsonl:1:" in detail
    assert "data.jsonl:20:" in detail
    assert "and 5 more" in detail


def test_bytes_that_are_no_text_are_a_malformed_row(tmp_path: Path) -> None:
    request = request_of(tmp_path, evaluation())
    request.dataset.write_bytes(b'{"prompt": "\xff", "expected": "x"}\n')
    assert refusal(request).code.id == "EVAL002"


def test_a_broken_pattern_is_found_before_anything_is_asked(tmp_path: Path) -> None:
    rows = [{"prompt": "x", "expected": "("}]
    assert "no regular expression" in refusal(request_of(tmp_path, evaluation("regex"), rows)).detail


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, b"too long"), "EVAL004"),
        ((200, b"{"), "EVAL005"),
        ((200, b'{"choices": []}'), "EVAL005"),
        ((200, b'{"choices": [{"message": {"content": null}}]}'), "EVAL005"),
        ((200, b'{"choices": [{"message": {"tool_calls": []}}]}'), "EVAL005"),
    ],
)
def test_an_answer_that_is_none_is_an_error_and_no_score(tmp_path: Path, answer: tuple[int, bytes], code: str) -> None:
    assert refusal(request_of(tmp_path, evaluation()), lambda body: answer).code.id == code


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_a_transient_error(tmp_path: Path, status: int) -> None:
    with pytest.raises(TransientError, match="EVAL004"):
        run(request_of(tmp_path, evaluation()), lambda body: (status, b"busy"))


def test_a_connection_that_breaks_is_tried_again_and_then_an_error(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    with pytest.raises(TransientError, match="EVAL003"):
        run(request_of(tmp_path, evaluation(), ROWS[:1]), lambda body: (0, b""), seen)
    assert len(seen) == 1 + len(WAITS_SECONDS)


def test_an_empty_answer_is_a_wrong_answer(tmp_path: Path) -> None:
    assert values(run(request_of(tmp_path, evaluation()), lambda body: "")) == {"exact_match": 0.0}


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"suite": {"tool": "lm-eval"}}, "`lm-eval`"),
        ({"tasks": []}, "no `tasks`"),
        ({"tasks": [{"task": "exactmatch"}]}, "did you mean `exact_match`?"),
        ({"tasks": [{"task": "regex", "numFewshot": 1}]}, "numFewshot"),
        ({"tasks": [{"task": "exact_match", "chatTemplate": False}]}, "chat template"),
        ({"tasks": [{"task": "exact_match", "params": {"ignorecase": True}}]}, "did you mean `ignoreCase`?"),
        ({"tasks": [{"task": "exact_match", "params": {"ignoreCase": "yes"}}]}, "'yes'"),
        ({"tasks": [{"task": "bleu", "params": {"tokenize": "mecab"}}]}, "'mecab'"),
        ({"tasks": [{"task": "json_schema", "params": {"schema": {"type": "text"}}}]}, "schema"),
        ({"metrics": [{"name": "bleu"}]}, "`bleu`"),
        ({"metrics": [{"name": "exact_match", "unit": "ms"}]}, "`ms`"),
        ({"metrics": [{"name": "exact_match", "aggregation": "mode"}]}, "`mode`"),
        ({"metricDecisionThreshold": [{"metric": "rouge", "op": ">=", "value": 0}]}, "`rouge`"),
    ],
)
def test_what_is_not_built_in_is_refused_and_never_left_out(tmp_path: Path, spec: Any, word: str) -> None:
    error = refusal(request_of(tmp_path, evaluation(**spec)))
    assert error.code.id == "EVAL006"
    assert word in error.detail


def test_a_prompt_that_cannot_be_filled_in_is_an_error(tmp_path: Path) -> None:
    route = RouteSpec("support", messages=(("system", "{{owner}}"),), variables=({"name": "owner"},))
    error = refusal(request_of(tmp_path, evaluation(), route=route))
    assert error.code.id == "EVAL007"
    assert "paris" in error.detail


def test_the_repositorys_own_data_sets_can_be_read() -> None:
    assert len(read_examples(TINY / "facts.jsonl", Needs())) == 59
    attacks = read_examples(TINY / "injections.jsonl", Needs())
    assert len(attacks) == 15
    assert all(a.forbidden for a in attacks)


def test_a_folder_of_data_is_read_in_the_order_of_its_files(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"prompt": name, "expected": "x"}) + "\n")
    assert [e.messages[0]["content"] for e in read_examples(tmp_path, Needs())] == ["a", "b"]


def test_the_servers_limit_of_time_is_the_routes(tmp_path: Path) -> None:
    """A route may grant less time than an answer takes; then there is no answer, and no evidence."""
    import threading

    release = threading.Event()

    def slow(body: Mapping[str, Any]) -> str:
        release.wait(30)
        return "late"

    request = request_of(tmp_path, evaluation(), ROWS[:1], RouteSpec("support", limits=(("timeoutSeconds", 0.2),)))
    with chat_server(slow) as url:
        evaluator = BuiltinEvaluator(lambda environment, server: url, FakeClock())
        with pytest.raises(TransientError, match=r"EVAL003.*took longer than 0\.2 s"):
            evaluator.evaluate("dev", replace(request), silent)
        release.set()
