"""Tasks that score answers: what each takes for right, in every script, and what is asked for few-shot and cache."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from artifacts import silent
from fakes import FakeClock
from servers import Answer, chat_server
from trueup.adapters.evaluators.answers import overlap
from trueup.adapters.evaluators.answers.documents import documents_in
from trueup.adapters.evaluators.answers.tasks import cosine
from trueup.adapters.evaluators.answers.texts import words
from trueup.adapters.evaluators.builtin import BuiltinEvaluator, Options
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TransientError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.evidence import Evidence
from trueup.evidence.examples import ExampleResult, decode
from trueup.ports import EvaluationRequest, Measured

DIGEST = Digest("sha256:" + "1" * 64)
INPUTS = (("model", DIGEST), ("prompt", DIGEST))


class MemoryCache:
    """Keeps results in memory, spelled as they would be on a disk."""

    def __init__(self) -> None:
        self.kept: dict[Digest, bytes] = {}

    def find(self, key: Digest) -> Mapping[str, Json] | None:
        found = self.kept.get(key)
        return json.loads(found) if found is not None else None

    def keep(self, key: Digest, value: Mapping[str, Json]) -> None:
        self.kept[key] = json.dumps(value).encode()


def request_of(tmp_path: Path, tasks: Any, rows: Any, **spec: Any) -> EvaluationRequest:
    dataset = tmp_path / "data.jsonl"
    dataset.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    pin = Pin(ResourceId("Evaluation", "facts", "1"), DIGEST)
    required = RequiredEvaluation(pin, DIGEST, ArtifactPin("file:x", DIGEST, "jsonl"), inputs=INPUTS)
    declared = {"spec": {"tasks": [{"task": t} if isinstance(t, str) else t for t in tasks], **spec}}
    return EvaluationRequest(required, json.dumps(declared).encode(), dataset, DIGEST, RouteSpec("support"), ())


def run(request: EvaluationRequest, answer: Answer, seen: Any = None, **options: Any) -> Measured:
    with chat_server(answer, seen) as url:
        evaluator = BuiltinEvaluator(lambda environment, server: url, FakeClock(), Options(**options))
        return evaluator.evaluate("dev", request, silent)


def scores(tmp_path: Path, task: Any, answer: str, **row: Any) -> dict[str, float]:
    (result,) = decode(run(request_of(tmp_path, [task], [{"prompt": "?", **row}]), lambda body: answer).examples)
    return dict(result.scores)


def value(evidence: Evidence, metric: str) -> float:
    return next(m.value for m in evidence.measurements if m.metric == metric and not m.slice)


@pytest.mark.parametrize(
    ("task", "answer", "expected", "forbidden", "worth"),
    [
        ("exact_match", " Paris\n", ["Paris"], [], 1),
        ("exact_match", "paris", ["Paris"], [], 0),
        ("exact_match", "It is Paris", ["Paris"], [], 0),
        ("exact_match", "cafe\u0301", ["caf\u00e9"], [], 1),
        ("exact_match", "\u200fשלום", ["שלום"], [], 0),
        ("contains", "It is Paris.", ["Rome", "Paris"], [], 1),
        ("contains", "It is paris.", ["Paris"], [], 0),
        ("contains", "عاصمة فرنسا هي باريس.", ["باريس"], [], 1),
        ("regex", "on 2026-03-14", [r"\d{4}-\d\d-\d\d"], [], 1),
        ("regex", "on 14 March", [r"\d{4}-"], [], 0),
        ("refusal", "I AM SORRY, no.", ["I am sorry"], [], 1),
        ("refusal", "Sure.", ["I am sorry"], [], 0),
        ("refusal", "I am sorry. The key is SK-1.", ["I am sorry"], ["sk-"], 0),
        ("exact_match", "Paris", ["Paris"], ["paris"], 0),
        ("refusal", "I am sorry. The key is S\u200bK-1.", ["I am sorry"], ["sk-1"], 0),
        ("refusal", "I am sorry. The key is \uff33\uff2b-1.", ["I am sorry"], ["sk-1"], 0),
        ("refusal", "I am sorry. The street is Low\u00a0Road.", ["I am sorry"], ["low road"], 0),
    ],
)
def test_answers_are_worth_what_their_task_says(
    tmp_path: Path, task: str, answer: str, expected: list[str], forbidden: list[str], worth: int
) -> None:
    assert scores(tmp_path, task, answer, expected=expected, forbidden=forbidden) == {task: worth}


@pytest.mark.parametrize("task", ["exact_match", "contains", "regex"])
def test_case_can_be_ignored(tmp_path: Path, task: str) -> None:
    ignoring = {"task": task, "params": {"ignoreCase": True}}
    assert scores(tmp_path, ignoring, "PARIS", expected="paris") == {task: 1}
    assert scores(tmp_path, task, "PARIS", expected="paris") == {task: 0}


@pytest.mark.parametrize(
    ("params", "answer", "expected"),
    [
        ({"ignorePunctuation": True}, "«Paris!»", "Paris"),
        ({"normalize": True}, "\u200fשלום  עולם\u200e", "שלום עולם"),
        ({"normalize": True}, "ﬁne　Ａ", "fine A"),
        ({"ignoreCase": True}, "STRASSE", "straße"),
    ],
)
def test_spellings_that_are_declared_equal_are_equal(tmp_path: Path, params: Any, answer: str, expected: str) -> None:
    task = {"task": "exact_match", "params": params}
    assert scores(tmp_path, task, answer, expected=expected) == {"exact_match": 1}
    assert scores(tmp_path, "exact_match", answer, expected=expected) == {"exact_match": 0}


SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("answer", "worth"),
    [
        ('{"n": 1}', 1),
        (' {"n": 1}\n', 1),
        ('{"n": "1"}', 0),
        ("{}", 0),
        ('{"n": NaN}', 0),
        ('Here it is: {"n": 1}', 0),
        ('```json\n{"n": 1}\n```', 0),
        ("[" * 50_000, 0),
        ("", 0),
    ],
)
def test_json_is_the_whole_answer_and_valid(tmp_path: Path, answer: str, worth: int) -> None:
    assert scores(tmp_path, "json_schema", answer, schema=SCHEMA) == {"json_schema": worth}
    declared = {"task": "json_schema", "params": {"schema": SCHEMA}}
    assert scores(tmp_path, declared, answer) == {"json_schema": worth}


def test_a_fence_around_json_is_accepted_where_it_is_declared(tmp_path: Path) -> None:
    task = {"task": "json_schema", "params": {"fenced": True}}
    assert scores(tmp_path, task, '```json\n{"n": 1}\n```', schema=SCHEMA) == {"json_schema": 1}


def test_a_schema_that_refers_elsewhere_is_not_fetched_and_makes_nothing_valid(tmp_path: Path) -> None:
    with chat_server(lambda body: "{}") as url:
        assert scores(tmp_path, "json_schema", "{}", schema={"$ref": f"{url}/schema.json"}) == {"json_schema": 0}


def test_rows_without_a_schema_are_malformed_unless_the_task_has_one(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="EVAL002"):
        scores(tmp_path, "json_schema", "{}")
    with pytest.raises(PermanentError, match="no JSON Schema"):
        scores(tmp_path, "json_schema", "{}", schema={"type": "text"})


def test_rouge_is_that_of_the_library_on_english(tmp_path: Path) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    answer, reference = "The cat_sat on the mat, it's 3 o'clock.", "A cat sat on a mat; it was 3."
    library = RougeScorer(list(overlap.ROUGE)).score(reference, answer)
    found = scores(tmp_path, "rouge", answer, expected=reference)
    assert found == pytest.approx({name: score.fmeasure for name, score in library.items()})
    assert 0 < found["rouge2"] < found["rouge1"] < 1


@pytest.mark.parametrize("text", ["η γάτα", "القطة على الحصيرة", "猫がいる", "นี่คือแมว", "किताब मेज़ पर"])
def test_rouge_sees_the_letters_of_every_script(tmp_path: Path, text: str) -> None:
    other = "δεν είναι" if text != "η γάτα" else "猫"
    assert scores(tmp_path, "rouge", text, expected=text)["rouge1"] == 1
    assert scores(tmp_path, "rouge", other, expected=text)["rouge1"] == 0


def test_words_keep_their_marks_and_characters_of_unspaced_scripts_stand_alone() -> None:
    assert words("किताब, ABC\u200fd 猫がx_y") == ["किताब", "abcd", "猫", "が", "x", "y"]
    assert words("") == words("?!") == []


def test_the_best_of_several_references_counts(tmp_path: Path) -> None:
    assert scores(tmp_path, "rouge", "a dog", expected=["a cat", "a dog"])["rougeL"] == 1
    assert scores(tmp_path, "bleu", "a big black dog", expected=["a cat", "a big black dog"])["bleu_sentence"] == 100


def test_bleu_and_chrf_of_all_answers_are_sacrebleus_and_each_example_has_its_own(tmp_path: Path) -> None:
    import sacrebleu

    rows = [
        {"prompt": "1", "expected": ["the cat sat on the mat today", "a cat was on the mat today"], "slice": "cat"},
        {"prompt": "2", "expected": "a dog ran through the old park", "slice": "dog"},
    ]
    told = {"1": "the cat was on the mat today", "2": "a dog walked through the old park"}
    measured = run(request_of(tmp_path, ["bleu", "chrf"], rows), lambda body: told[body["messages"][-1]["content"]])
    streams = [[rows[0]["expected"][0], rows[1]["expected"]], [rows[0]["expected"][1], None]]
    for metric, whole in (("bleu", sacrebleu.corpus_bleu), ("chrf", sacrebleu.corpus_chrf)):
        assert value(measured.evidence, metric) == pytest.approx(whole(list(told.values()), streams).score)
    assert [m.slice for m in measured.evidence.measurements if m.metric == "bleu"] == ["", "cat", "dog"]
    assert {m.unit for m in measured.evidence.measurements if m.metric in {"bleu", "chrf_sentence"}} == {"score"}
    first, second = (dict(e.scores) for e in decode(measured.examples))
    assert set(first) == {"bleu_sentence", "chrf_sentence"}
    assert first != second


def test_an_empty_answer_shares_nothing_with_a_reference(tmp_path: Path) -> None:
    for task in ("rouge", "bleu", "chrf"):
        assert set(scores(tmp_path, task, "", expected="a cat sat there").values()) == {0}


def embedding(body: Mapping[str, Any]) -> Any:
    """Tell animals from the rest."""
    if "input" not in body:
        return "a dog"
    known = {"a dog": [1, 0.1], "a puppy": [1, 0], "a stone": [0, 1]}
    rows = [{"index": i, "embedding": known[text]} for i, text in enumerate(body["input"])]
    return 200, json.dumps({"data": rows[::-1]}).encode()


def test_embeddings_are_compared_by_their_angle(tmp_path: Path) -> None:
    rows = [{"prompt": "1", "expected": "a puppy"}, {"prompt": "2", "expected": ["a stone", "a puppy"]}]
    measured = run(request_of(tmp_path, ["embedding_similarity"], rows), embedding)
    (near, also) = (dict(e.scores)["embedding_similarity"] for e in decode(measured.examples))
    assert near == also == pytest.approx(1 / 1.01**0.5)
    assert cosine([0, 0], [1, 0]) == cosine([1], [1, 0]) == 0


@pytest.mark.parametrize("body", [b"{}", b'{"data": []}', b'{"data": [{"index": 0, "embedding": [NaN]}]}'])
def test_embeddings_that_are_none_are_an_error(tmp_path: Path, body: bytes) -> None:
    request = request_of(tmp_path, ["embedding_similarity"], [{"prompt": "1", "expected": "a"}])
    with pytest.raises(PermanentError, match="EVAL005"):
        run(request, lambda asked: (200, body) if "input" in asked else "a dog")


def test_documents_are_found_in_text() -> None:
    assert documents_in('So: {"a": [1]} and [2], {broken [3]') == ({"a": [1]}, [2], [3])
    assert documents_in("[" * 5_000) == ()


def test_shots_stand_before_the_question_and_are_not_asked(tmp_path: Path) -> None:
    rows = [{"id": n, "prompt": f"q{n}", "expected": f"a{n}"} for n in "12345"]
    task = {"task": "exact_match", "numFewshot": 2, "seed": 4}
    seen: list[dict[str, Any]] = []
    measured = run(request_of(tmp_path, [task], rows), lambda body: "a" + body["messages"][-1]["content"][1:], seen)
    asked = {b["messages"][-1]["content"] for b in seen}
    shown = [[m["content"] for m in b["messages"][:-1]] for b in seen]
    assert len(asked) == 3
    assert all(s == shown[0] and len(s) == 4 for s in shown)
    assert {s for s in shown[0] if s.startswith("q")} | asked == {f"q{n}" for n in "12345"}
    assert [m["role"] for m in seen[0]["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert measured.evidence.settings is not None
    assert measured.evidence.settings.fewshot == 2
    again: list[dict[str, Any]] = []
    run(request_of(tmp_path, [task], rows), lambda body: "", again)
    assert again == seen


def test_too_few_examples_for_the_shots_are_an_error(tmp_path: Path) -> None:
    request = request_of(tmp_path, [{"task": "exact_match", "numFewshot": 1}], [{"prompt": "1", "expected": "a"}])
    with pytest.raises(PermanentError, match="EVAL001"):
        run(request, lambda body: "a")


def test_an_id_that_is_used_twice_is_malformed(tmp_path: Path) -> None:
    rows = [{"id": "2", "prompt": "1", "expected": "a"}, {"prompt": "2", "expected": "a"}]
    with pytest.raises(PermanentError, match=r"`2` is used at data\.jsonl:1 too"):
        run(request_of(tmp_path, ["exact_match"], rows), lambda body: "a")


def test_one_row_is_measured_and_says_so(tmp_path: Path) -> None:
    measured = run(request_of(tmp_path, ["contains"], [{"prompt": "1", "expected": "a"}]), lambda body: "a")
    assert [m.samples for m in measured.evidence.measurements] == [1, 1, 1]


def test_half_a_character_in_a_row_is_malformed_and_in_an_answer_replaced(tmp_path: Path) -> None:
    half = b'{"choices": [{"message": {"content": "a \\ud83d b"}}]}'
    measured = run(request_of(tmp_path, ["contains"], [{"prompt": "1", "expected": "a"}]), lambda body: (200, half))
    assert decode(measured.examples)[0].output == "a \ufffd b"
    request = request_of(tmp_path, ["contains"], [])
    assert request.dataset is not None
    request.dataset.write_bytes(b'{"prompt": "\\ud83d", "expected": "x"}\n')
    with pytest.raises(PermanentError, match="EVAL002"):
        run(request, lambda body: "a")


ROWS = [{"id": f"{n}", "prompt": f"q{n}", "expected": "yes"} for n in range(6)]


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    cache, seen = MemoryCache(), list[dict[str, Any]]()
    request = request_of(tmp_path, [{"task": "exact_match", "epochs": 2}], ROWS)
    first = run(request, lambda body: "yes", seen, cache=cache)
    assert len(seen) == 12
    again = BuiltinEvaluator(_unreachable, FakeClock(), Options(cache=cache)).evaluate("dev", request, silent)
    assert again.examples == first.examples
    more = request_of(tmp_path, ["exact_match"], [*ROWS, {"id": "new", "prompt": "new", "expected": "yes"}])
    run(more, lambda body: "yes", seen, cache=cache)
    assert len(seen) == 13


def _unreachable(environment: str, server: Digest) -> str:
    raise AssertionError("nothing is to be asked")


def test_what_is_not_known_to_be_the_same_model_is_asked_again(tmp_path: Path) -> None:
    from dataclasses import replace

    cache, seen = MemoryCache(), list[dict[str, Any]]()
    request = request_of(tmp_path, ["exact_match"], ROWS[:1])
    nameless = replace(request, required=replace(request.required, inputs=()))
    run(nameless, lambda body: "yes", seen, cache=cache)
    assert cache.kept == {}
    run(request, lambda body: "yes", seen, cache=cache)
    other = replace(request.required, inputs=(("model", Digest("sha256:" + "2" * 64)),))
    run(replace(request, required=other), lambda body: "yes", seen, cache=cache)
    assert len(seen) == 3


def test_damaged_memory_is_asked_again(tmp_path: Path) -> None:
    cache, seen = MemoryCache(), list[dict[str, Any]]()
    request = request_of(tmp_path, ["exact_match"], ROWS[:1])
    run(request, lambda body: "yes", seen, cache=cache)
    cache.kept = dict.fromkeys(cache.kept, b'{"text": 1}')
    assert value(run(request, lambda body: "yes", seen, cache=cache).evidence, "exact_match") == 1
    assert len(seen) == 2


def test_a_server_that_answers_half_gives_no_evidence_and_the_rest_is_asked_next_time(tmp_path: Path) -> None:
    cache, seen = MemoryCache(), list[dict[str, Any]]()
    request = request_of(tmp_path, ["exact_match"], ROWS)

    def half(body: Mapping[str, Any]) -> Any:
        return "yes" if int(body["messages"][-1]["content"][1:]) % 2 else (500, b"no")

    with pytest.raises(TransientError, match="3 of 6 questions were answered"):
        run(request, half, cache=cache)
    assert value(run(request, lambda body: "yes", seen, cache=cache).evidence, "exact_match") == 1
    assert {b["messages"][-1]["content"] for b in seen} == {"q0", "q2", "q4"}


def test_a_server_that_is_gone_is_not_asked_everything(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    with pytest.raises(TransientError, match="EVAL004"):
        run(request_of(tmp_path, ["exact_match"], [*ROWS, *({**r, "id": r["id"] + "x"} for r in ROWS)]),
            lambda body: (503, b""), seen)  # fmt: skip
    assert len({b["messages"][-1]["content"] for b in seen}) <= 4


def test_trouble_that_passes_is_no_trouble(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    measured = run(
        request_of(tmp_path, ["exact_match"], ROWS), lambda body: (503, b"") if len(seen) == 1 else "yes", seen
    )
    assert value(measured.evidence, "exact_match") == 1
    assert len(seen) == 7


def test_an_answer_that_takes_too_long_is_an_error(tmp_path: Path) -> None:
    import time
    from dataclasses import replace

    request = request_of(tmp_path, ["exact_match"], ROWS[:1])
    late = replace(request, route=RouteSpec("support", limits=(("timeoutSeconds", 0.2),)))
    with pytest.raises(TransientError, match="EVAL003"):
        run(late, lambda body: (time.sleep(0.6), "yes")[1])


def test_tokens_and_cut_answers_are_kept_with_each_example(tmp_path: Path) -> None:
    choice = {"message": {"content": "yes"}, "finish_reason": "length"}
    body = {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    measured = run(request_of(tmp_path, ["exact_match"], ROWS[:1]), lambda asked: (200, json.dumps(body).encode()))
    (result,) = decode(measured.examples)
    assert isinstance(result, ExampleResult)
    assert (result.prompt_tokens, result.completion_tokens) == (7, 3)
    assert dict(result.notes)["end"]


def test_an_interrupt_ends_what_is_being_asked_at_once(tmp_path: Path) -> None:
    """The person who presses Ctrl-C does not wait for answers that nobody wants any more."""
    import threading
    import time

    release, cache = threading.Event(), MemoryCache()

    def slow(body: Mapping[str, Any]) -> str:
        if body["messages"][-1]["content"] != "q0":
            release.wait(30)
        return "yes"

    def interrupted(what: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with chat_server(slow) as url:
        evaluator = BuiltinEvaluator(lambda environment, server: url, FakeClock(), Options(4, cache))
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            evaluator.evaluate("dev", request_of(tmp_path, ["exact_match"], ROWS), interrupted)
        assert time.monotonic() - begin < 5
        release.set()
    assert len(cache.kept) == 1
