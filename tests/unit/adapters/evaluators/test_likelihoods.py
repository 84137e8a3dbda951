"""Perplexity, choices and divergence of the tiny models: from the weights, remembered, and never by accident."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts import TINY, broken_tiny, silent
from fakes import FakeClock
from families import make_family
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.gguf.builder import GgufBuilder
from trueup.adapters.evaluators.builtin import BuiltinEvaluator, Options
from trueup.adapters.evaluators.cache import FolderCache
from trueup.adapters.networks.decoder import hidden_states, output_head
from trueup.adapters.networks.opening import open_network
from trueup.adapters.networks.vocabulary import vocabulary_of
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.evidence import Evidence
from trueup.evidence.examples import ExampleResult, decode
from trueup.ports import EvaluationRequest

DIGEST, OTHER = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
TEXTS = tuple(
    {"id": str(n), "slice": "odd" if n % 2 else "even", "text": t.strip("\n")}
    for n, t in enumerate((TINY / "heldout.txt").read_text().split("<|endoftext|>")[:12])
)
FACTS = tuple(json.loads(line) for line in (TINY / "facts.jsonl").read_text().splitlines())
QUESTIONS = tuple(
    {"id": str(n), "prompt": row["prompt"], "choices": [row["expected"], other["expected"]], "answer": 0}
    for n, (row, other) in enumerate(pairwise(FACTS[:9]))
)


def request(tmp_path: Path, *tasks: Any, rows: Any = TEXTS, artifact: Path = TINY / "v2", **more: Any) -> Any:
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(r) + "\n" for r in rows))
    named = [t if isinstance(t, dict) else {"task": t} for t in tasks]
    spec = {"tasks": named, "metricDecisionThreshold": more.pop("thresholds", []), **more.pop("spec", {})}
    required = RequiredEvaluation(
        Pin(ResourceId("Evaluation", "e", "1"), DIGEST), DIGEST, ArtifactPin("file:x", DIGEST, "jsonl")
    )
    made = EvaluationRequest(
        required,
        json.dumps({"spec": spec}).encode(),
        data,
        DIGEST,
        RouteSpec("chat"),
        (("artifact", DIGEST), ("source", OTHER)),
        artifact=artifact,
        runtime="llama.cpp",
    )
    return replace(made, **more)


def run(asked: EvaluationRequest, cache: FolderCache | None = None) -> tuple[Evidence, tuple[ExampleResult, ...]]:
    options = Options(cache=cache) if cache else Options()
    measured = BuiltinEvaluator(lambda *_: pytest.fail("no server is asked"), FakeClock(), options).evaluate(
        "dev", asked, silent
    )
    return measured.evidence, decode(measured.examples)


def values(evidence: Evidence, part: str = "") -> Mapping[str, float]:
    return {m.metric: m.value for m in evidence.measurements if m.slice == part}


def loss_of(text: str, model: Path = TINY / "v2") -> tuple[float, int]:
    """Return summed loss and tokens of a text, by the other forward pass."""
    network, vocabulary = open_network(model), vocabulary_of(model)
    tokens = [vocabulary.prefix, *vocabulary.encode(text)]
    states = hidden_states(network.decoder, network, np.array([tokens[:-1]]), silent, "")[0]
    logits = (states @ output_head(network).T).astype(np.float64)
    normed = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -float(normed[np.arange(len(tokens) - 1), tokens[1:]].sum()), len(tokens) - 1


def test_perplexity_weighs_tokens_and_says_how_sure_it_is(tmp_path: Path) -> None:
    evidence, examples = run(request(tmp_path, "perplexity"))
    sums = [loss_of(str(t["text"])) for t in TEXTS]
    loss, tokens = sum(s for s, _ in sums), sum(n for _, n in sums)
    found = values(evidence)
    assert found["perplexity"] == pytest.approx(math.exp(loss / tokens), rel=1e-5)
    size = sum(len(str(t["text"]).encode()) for t in TEXTS)
    assert found["bits_per_byte"] == pytest.approx(loss / math.log(2) / size, rel=1e-5)
    assert [dict(e.scores)["nll"] for e in examples] == pytest.approx([s / n for s, n in sums], rel=1e-4)
    measured = next(m for m in evidence.measurements if m.metric == "perplexity" and not m.slice)
    assert measured.samples == len(TEXTS)
    assert measured.stderr is not None
    assert measured.interval is not None
    assert measured.interval[0] < measured.value < measured.interval[1]


def test_slices_have_perplexities_of_their_own(tmp_path: Path) -> None:
    evidence, _ = run(request(tmp_path, "perplexity"))
    odd, _ = run(request(tmp_path, "perplexity", rows=[t for t in TEXTS if t["slice"] == "odd"]))
    assert values(evidence, "odd")["perplexity"] == pytest.approx(values(odd)["perplexity"], rel=1e-5)
    assert values(evidence, "even")["perplexity"] != values(odd)["perplexity"]


def test_one_text_has_a_perplexity_and_nobody_knows_how_sure_it_is(tmp_path: Path) -> None:
    evidence, _ = run(request(tmp_path, "perplexity", rows=TEXTS[:1]))
    assert {m.stderr for m in evidence.measurements} == {None}
    assert {m.interval for m in evidence.measurements} == {None}


def test_better_models_foresee_more_and_noise_foresees_nothing(tmp_path: Path) -> None:
    noisy = broken_tiny(tmp_path / "noisy", "noisy")
    found = [
        values(run(request(tmp_path, "perplexity", artifact=m))[0])["perplexity"]
        for m in (TINY / "v2", TINY / "v1", noisy)
    ]
    assert found[0] < found[1] < 4 < 50 < found[2]


def test_what_is_no_number_is_an_error_and_no_measurement(tmp_path: Path) -> None:
    broken = broken_tiny(tmp_path / "nan", "nan")
    for task, rows in (("perplexity", TEXTS), ("choice_accuracy", QUESTIONS)):
        with pytest.raises(PermanentError, match="LIK001"):
            run(request(tmp_path, task, rows=rows, artifact=broken))
    for task in ("kl", "top1"):
        with pytest.raises(PermanentError, match="LIK001"):
            run(request(tmp_path, task, artifact=broken, source=TINY / "v2"))


def test_a_cut_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PermanentError):
        run(request(tmp_path, "perplexity", artifact=broken_tiny(tmp_path / "short", "short")))


def test_a_served_file_is_measured_as_it_was_quantized(tmp_path: Path) -> None:
    file = GgufBuilder().build(BuildTask(TINY / "v2", tmp_path, {"quantization": "Q4_0"}), silent).path
    whole, cut = (values(run(request(tmp_path, "perplexity", artifact=a))[0]) for a in (TINY / "v2", file))
    # Perplexity may even fall by it; that is why divergence is what a build is bounded by.
    assert whole["perplexity"] != cut["perplexity"] == pytest.approx(whole["perplexity"], rel=0.02)


def test_windows_are_as_declared(tmp_path: Path) -> None:
    text = " ".join(str(t["text"]) for t in TEXTS[:4])
    found = []
    for params in ({}, {"context": 64}, {"context": 64, "stride": 16}):
        _, examples = run(request(tmp_path, {"task": "perplexity", "params": params}, rows=[{"text": text}]))
        found.append(dict(examples[0].scores)["nll"])
    loss, tokens = loss_of(text)
    assert found[0] == pytest.approx(loss / tokens, rel=1e-4)
    assert len(set(found)) == 3
    task = {"task": "perplexity", "params": {"maxTokens": 10}}
    assert run(request(tmp_path, task, rows=[{"text": text}]))[1][0].prompt_tokens == 10


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", [1, 5, 64])
def test_how_much_is_computed_at_once_changes_no_digit_that_is_shown(tmp_path: Path, threads: int, batch: int) -> None:
    task = {"task": "perplexity", "params": {"batchSize": batch, "threads": threads}}
    found = values(run(request(tmp_path, task))[0])
    assert found == pytest.approx(values(run(request(tmp_path, "perplexity"))[0]), rel=1e-6)


def test_choices_are_told_apart_by_likelihood(tmp_path: Path) -> None:
    evidence, examples = run(request(tmp_path, "choice_accuracy", rows=QUESTIONS))
    network_share = values(evidence)["choice_accuracy"]
    right = []
    for row in QUESTIONS:
        before = loss_of(row["prompt"])[0]
        losses = [loss_of(f"{row['prompt']} {c}")[0] - before for c in row["choices"]]
        right.append(losses[0] < losses[1])
    assert [dict(e.scores)["choice_accuracy"] for e in examples] == [float(r) for r in right]
    assert network_share == sum(right) / len(right)
    assert dict(examples[0].notes)["expected"] == QUESTIONS[0]["choices"][0]


def test_the_wrong_answer_to_the_same_questions_is_wrong(tmp_path: Path) -> None:
    right = values(run(request(tmp_path, "choice_accuracy", rows=QUESTIONS))[0])["choice_accuracy"]
    turned = [{**q, "answer": 1} for q in QUESTIONS]
    assert values(run(request(tmp_path, "choice_accuracy", rows=turned))[0])["choice_accuracy"] == 1 - right


def test_a_conversation_is_read_as_it_is_served(tmp_path: Path) -> None:
    task = {"task": "choice_accuracy", "params": {"chatTemplate": True}}
    plain, chat = (run(request(tmp_path, t, rows=QUESTIONS)) for t in ("choice_accuracy", task))
    # The tiny model was trained on conversations: asked in words of its own it knows what plain text does not show.
    assert values(chat[0])["choice_accuracy"] > values(plain[0])["choice_accuracy"]
    prompted = RouteSpec("chat", messages=(("system", "Be {{tone}}."),), variables=({"name": "tone"},))
    with pytest.raises(PermanentError, match="EVAL007"):
        run(request(tmp_path, task, rows=QUESTIONS, route=prompted))


def test_examples_before_the_question_are_other_rows(tmp_path: Path) -> None:
    task = {"task": "choice_accuracy", "numFewshot": 2}
    found = [run(request(tmp_path, t, rows=QUESTIONS))[1] for t in (task, "choice_accuracy")]
    assert [e.notes for e in found[0]] != [e.notes for e in found[1]]
    with pytest.raises(PermanentError, match="8 examples are to be shown"):
        run(request(tmp_path, {"task": "choice_accuracy", "numFewshot": 8}, rows=QUESTIONS))


def test_a_build_is_compared_with_its_source(tmp_path: Path) -> None:
    files = []
    for quantization in ("Q8_0", "Q4_0"):
        folder = tmp_path / quantization
        folder.mkdir()
        files.append(GgufBuilder().build(BuildTask(TINY / "v2", folder, {"quantization": quantization}), silent).path)
    fine, coarse = (values(run(request(tmp_path, "kl", "top1", artifact=f, source=TINY / "v2"))[0]) for f in files)
    assert 0 < 10 * fine["kl"] < coarse["kl"]
    assert 0.9 < coarse["top1"] < fine["top1"] <= 1
    assert fine["perplexity_ratio"] == pytest.approx(1, abs=0.001)
    same = values(run(request(tmp_path, "kl", "top1", artifact=TINY / "v2", source=TINY / "v2"))[0])
    assert (same["kl"], same["top1"], same["perplexity_ratio"]) == (0.0, 1.0, 1.0)


def test_only_what_was_added_is_computed(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    evaluator = BuiltinEvaluator(lambda *_: "", FakeClock(), Options(cache=FolderCache(tmp_path / "cache")))

    def began() -> tuple[int, int]:
        return told[0][1], told[0][2]

    def ask(rows: Any, **more: Any) -> Any:
        told.clear()
        return evaluator.evaluate("dev", request(tmp_path, "perplexity", rows=rows, **more), lambda *t: told.append(t))

    first = ask(TEXTS[:6])
    assert began() == (0, 6)
    again = ask(TEXTS[:6])
    assert began() == (6, 6)
    assert again.evidence.measurements == first.evidence.measurements
    assert again.examples == first.examples
    ask(TEXTS[:7])
    assert began() == (6, 7)
    ask(TEXTS[:7], subject=(("artifact", OTHER),))
    assert began() == (0, 7)
    told.clear()
    other = {"task": "perplexity", "params": {"context": 32}}
    evaluator.evaluate("dev", request(tmp_path, other, rows=TEXTS[:6]), lambda *t: told.append(t))
    assert began() == (0, 6)


def test_nothing_is_opened_when_nothing_changed(tmp_path: Path) -> None:
    model, cache = make_family("llama", tmp_path / "model"), FolderCache(tmp_path / "cache")
    first = run(request(tmp_path, "perplexity", artifact=model), cache)
    for file in model.iterdir():
        file.write_bytes(b"")
    assert run(request(tmp_path, "perplexity", artifact=model), cache)[0].measurements == first[0].measurements


def test_what_has_no_digest_is_not_remembered(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path / "cache")
    run(request(tmp_path, "perplexity", subject=()), cache)
    run(request(tmp_path, "kl", source=TINY / "v1", subject=(("artifact", DIGEST),)), cache)
    assert not (tmp_path / "cache").exists()


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path / "cache")
    seen: list[int] = []

    class KilledError(Exception):
        pass

    def killing(what: str, done: int, total: int) -> None:
        seen.append(done)
        if done == 4:
            raise KilledError

    task = {"task": "perplexity", "params": {"batchSize": 2}}
    evaluator = BuiltinEvaluator(lambda *_: "", FakeClock(), Options(cache=cache))
    with pytest.raises(KilledError):
        evaluator.evaluate("dev", request(tmp_path, task), killing)
    seen.clear()
    evaluator.evaluate("dev", request(tmp_path, task), lambda what, done, total: seen.append(done))
    assert seen[0] == 4
    assert seen[-1] == len(TEXTS)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"task": "perplexity", "params": {"context": 513}}, "reads 512 tokens"),
        ({"task": "perplexity", "params": {"context": -1}}, "whole number"),
        ({"task": "perplexity", "params": {"context": "long"}}, "whole number"),
        ({"task": "perplexity", "params": {"stride": True}}, "whole number"),
        ({"task": "perplexity", "params": {"threads": 0}}, "whole number"),
        ({"task": "perplexity", "params": {"separator": 3}}, "a text"),
        ({"task": "perplexity", "params": {"backend": "gpu"}}, "endpoint, numpy"),
        ({"task": "perplexity", "params": {"stride_": 3}}, "unknown parameter"),
        ({"task": "perplexity", "epochs": 2}, "leave `epochs` out"),
        ({"task": "choice_accuracy", "params": {"chatTemplate": "yes"}}, "true or false"),
        ({"task": "kl", "params": {"backend": "endpoint"}}, "unknown parameter"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, task: Any, said: str) -> None:
    rows = QUESTIONS if task["task"] == "choice_accuracy" else TEXTS
    with pytest.raises(PermanentError, match="EVAL006") as error:
        run(request(tmp_path, task, rows=rows, source=TINY / "v2"))
    assert said in error.value.detail


def test_a_task_is_declared_once(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="declared twice"):
        run(request(tmp_path, "perplexity", {"task": "perplexity", "params": {"context": 32}}))


@pytest.mark.parametrize("missing", ["artifact", "source"])
def test_without_weights_there_is_no_likelihood(tmp_path: Path, missing: str) -> None:
    with pytest.raises(PermanentError, match="LIK002"):
        run(replace(request(tmp_path, "kl", source=TINY / "v2"), **{missing: None}))


def test_without_data_there_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="EVAL001"):
        run(replace(request(tmp_path, "perplexity"), dataset=None))
    quarantine = [{"case": "0", "expires": "2999-01-01"}]
    with pytest.raises(PermanentError, match="in quarantine"):
        run(request(tmp_path, "perplexity", rows=TEXTS[:1], spec={"quarantine": quarantine}))


def test_tasks_on_the_same_rows_give_one_result_a_row(tmp_path: Path) -> None:
    rows = [{**q, "text": q["prompt"]} for q in QUESTIONS]
    evidence, examples = run(request(tmp_path, "choice_accuracy", {"task": "perplexity", "limit": 3}, rows=rows))
    assert len(examples) == len(rows)
    assert sum("nll" in dict(e.scores) for e in examples) == 3
    assert all("choice_accuracy" in dict(e.scores) for e in examples)
    assert {m.metric for m in evidence.measurements} >= {"nll", "perplexity", "choice_accuracy"}


def test_vocabularies_that_differ_are_not_compared(tmp_path: Path) -> None:
    source = make_family("llama", tmp_path / "other")
    config = json.loads((source / "config.json").read_text())
    assert config["vocab_size"] == 768
    evidence, _ = run(request(tmp_path, "kl", source=source))
    # Another network of the same vocabulary can be compared, and is far away.
    assert values(evidence)["kl"] > 1
