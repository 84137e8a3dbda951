#!/usr/bin/env python3
"""Perplexity and choices from the weights, against lm-evaluation-harness on the same model, data and batch size.

lm-evaluation-harness runs in an interpreter of its own (`--lm-eval-python`, with `lm-eval[hf]` in it), loads the model
once and then takes its turns; so does trueup. Both have one thread, compute in float32 and turn text into tokens
within the time that counts. Values must agree: log-likelihoods to 1e-3 of themselves, choices on every row.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import measure

REPOSITORY = Path(__file__).resolve().parents[1]
TINY = REPOSITORY / "models" / "tiny"
SEPARATOR = "<|endoftext|>"

HARNESS = """
import json, sys, time
import torch
torch.set_num_threads(1)
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
place, batch, dtype = sys.argv[1], int(sys.argv[2]), sys.argv[3]
model = HFLM(pretrained=place, dtype=dtype, batch_size=batch, device="cpu")
for line in sys.stdin:
    kind, arguments = json.loads(line)
    requests = [Instance(kind, {}, tuple(a), i) for i, a in enumerate(arguments)]
    begin = time.perf_counter()
    if kind == "loglikelihood":
        values = [float(v) for v, _ in model.loglikelihood(requests, disable_tqdm=True)]
    else:
        values = [float(v) for v in model.loglikelihood_rolling(requests, disable_tqdm=True)]
    print(json.dumps({"seconds": time.perf_counter() - begin, "values": values}), flush=True)
"""


class Harness:
    """lm-evaluation-harness in a process that is told what to compute."""

    def __init__(self, python: str, model: Path, batch: int, dtype: str) -> None:
        quiet = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
        self._process = subprocess.Popen(
            [python, "-c", HARNESS, str(model), str(batch), dtype],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=quiet,
            text=True,
        )

    def ask(self, kind: str, arguments: Sequence[Sequence[str]]) -> tuple[float, list[float]]:
        """Return seconds and values."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([kind, arguments]) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("{"):
                answer = json.loads(line)
                return answer["seconds"], answer["values"]
        raise RuntimeError("lm-evaluation-harness ended; is `lm-eval[hf]` installed in that interpreter?")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def texts(model: Path, most: int) -> dict[str, list[str]]:
    """Return documents by the name of the set: short ones, and one that is longer than any context."""
    if (TINY / "v2").samefile(model):
        whole = (TINY / "heldout.txt").read_text(encoding="utf-8")
        short = [t.strip("\n") for t in whole.split(SEPARATOR) if t.strip()]
    else:
        pages = sorted((REPOSITORY / "docs").glob("*.md"))
        short = [p for page in pages for p in page.read_text(encoding="utf-8").split("\n\n") if 200 < len(p) < 400]
    short = short[:most]
    return {f"{len(short)} short texts": short, "one long text": ["\n\n".join(short)]}


def questions(most: int) -> list[dict[str, object]]:
    """Return the facts as questions: the right answer and those of the next three facts of the same kind."""
    rows = [json.loads(line) for line in (TINY / "facts.jsonl").read_text(encoding="utf-8").splitlines()]
    made = []
    for number, row in enumerate(rows):
        own = [r["expected"] for r in rows if r["slice"] == row["slice"]]
        at = own.index(row["expected"])
        choices = list(dict.fromkeys(own[(at + step) % len(own)] for step in range(4)))
        # The right one is not always the first.
        turn = number % len(choices)
        choices = choices[turn:] + choices[:turn]
        made.append({"id": str(number), "prompt": row["prompt"], "choices": choices, "answer": row["expected"]})
    return made[:most]


class Ours:
    """trueup's likelihoods, as the evaluator computes them."""

    def __init__(self, model: Path, batch: int) -> None:
        self._model, self._batch = model, batch
        self.scorer = self._opened()

    def _opened(self):
        from trueup.adapters.evaluators.likelihood.computing import NumpyScorer, Sizes

        return NumpyScorer(self._model, None, Sizes(self._batch, 1))

    def run(self, measure_: object) -> tuple[float, dict[str, Mapping[str, object]]]:
        """Return seconds and values by example."""
        from trueup.adapters.evaluators.likelihood.group import Backend, computed
        from trueup.adapters.networks.vocabulary import vocabulary_of

        scorer = self.scorer
        assert scorer.network
        # A tokenizer remembers words; a run begins without any.
        scorer.vocabulary = vocabulary_of(self._model)
        backend = Backend("numpy", None, lambda: scorer.vocabulary, scorer.score)
        begin = time.perf_counter()
        found = {e.id: dict(v) for e, v in computed(measure_, backend, measure_.examples)}
        return time.perf_counter() - begin, found


def compare(
    title: str, ours: Callable[[], float], theirs: Callable[[], float], tokens: int, rounds: int
) -> tuple[str, float]:
    """Run both by turns and return a row of the table with the ratio."""
    pairs = [(ours(), theirs()) for _ in range(rounds + 1)][1:]
    rates = [tokens / median(p[i] for p in pairs) for i in (0, 1)]
    ratio = median(b / a for a, b in pairs)
    verdict = "met" if ratio >= 1 else "MISSED"
    return f"| {title} | {tokens:,} | {rates[0]:,.0f} | {rates[1]:,.0f} | {ratio:.2f} | 1 {verdict} |", ratio


def perplexity(ours: Ours, harness: Harness, rounds: int, name: str, documents: list[str]) -> str:
    from trueup.adapters.evaluators.likelihood.rows import Text
    from trueup.adapters.evaluators.likelihood.tasks import Perplexity, Reading

    task = Perplexity([Text(str(n), "", t) for n, t in enumerate(documents)], Reading())
    values = ours.run(task)[1]
    given = harness.ask("loglikelihood_rolling", [[t] for t in documents])[1]
    tokens = sum(int(v["tokens"]) for v in values.values())
    worst = max(abs(float(values[str(n)]["nll"]) + g) / abs(g) for n, g in enumerate(given))
    if worst > 1e-3:
        raise SystemExit(f"log-likelihoods differ by {worst:.2g} of themselves")
    row, _ = compare(
        f"perplexity, {name}",
        lambda: ours.run(task)[0],
        lambda: harness.ask("loglikelihood_rolling", [[t] for t in documents])[0],
        tokens,
        rounds,
    )
    pair = [math.exp(x / tokens) for x in (sum(float(v["nll"]) for v in values.values()), -sum(given))]
    return f"{row} {pair[0]:.6f}, {pair[1]:.6f} |"


def choices(ours: Ours, harness: Harness, rounds: int, most: int) -> str:
    from trueup.adapters.evaluators.likelihood.choices import Scored
    from trueup.adapters.evaluators.likelihood.rows import read_questions
    from trueup.adapters.evaluators.likelihood.tasks import Choices

    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "questions.jsonl"
        data.write_text("".join(json.dumps(q) + "\n" for q in questions(most)), encoding="utf-8")
        rows = read_questions(data)
    task = Choices(rows, {}, " ", None, None, 0)
    pairs = [(str(r.messages[0]["content"]), f" {c}") for r in rows for c in r.choices]
    values, given = ours.run(task)[1], iter(harness.ask("loglikelihood", pairs)[1])
    right = [0, 0]
    for row in rows:
        own, other = values[row.id]["logLikelihoods"], [next(given) for _ in row.choices]
        lengths = tuple(len(c.encode()) for c in row.choices)
        both = [Scored(tuple(x), lengths) for x in (own, other)]
        verdicts = [(s.is_right(row.answer), s.is_right_by_length(row.answer)) for s in both]
        if verdicts[0] != verdicts[1]:
            raise SystemExit(f"question {row.id} is judged differently: {own} and {other}")
        right = [n + v for n, v in zip(right, verdicts[0], strict=True)]
    encode = ours.scorer.vocabulary.encode
    tokens = sum(len(encode(a + b)) for a, b in pairs)
    row_, _ = compare(
        f"{len(rows)} questions, {len(pairs)} choices",
        lambda: ours.run(task)[0],
        lambda: harness.ask("loglikelihood", pairs)[0],
        tokens,
        rounds,
    )
    return f"{row_} right {right[0]} and {right[1]} of {len(rows)}, as there |"


AGAIN = """
import sys
sys.path.insert(0, {benchmarks!r})
import evaluations
evaluations.evaluate(*sys.argv[1:])
"""


def evaluate(model: str, data: str, cache: str) -> None:
    """Run an Evaluation with a cache, as a process of its own does."""
    from datetime import UTC, datetime

    from trueup.adapters.evaluators.builtin import BuiltinEvaluator, Options
    from trueup.adapters.evaluators.cache import FolderCache
    from trueup.core.digests import digest_of
    from trueup.core.ids import ResourceId
    from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
    from trueup.ports import EvaluationRequest

    class Clock:
        def now(self) -> datetime:
            return datetime(2026, 1, 1, tzinfo=UTC)

        def sleep(self, seconds: float) -> None:
            pass

    key = digest_of([model])
    evaluation = Pin(ResourceId("Evaluation", "e", "1"), key)
    required = RequiredEvaluation(evaluation, key, ArtifactPin("file:x", key, "jsonl"))
    declared = {"spec": {"tasks": [{"task": "perplexity"}]}}
    request = EvaluationRequest(
        required,
        json.dumps(declared).encode(),
        Path(data),
        key,
        RouteSpec("chat"),
        (("artifact", key),),
        artifact=Path(model),
    )
    evaluator = BuiltinEvaluator(lambda *_: "", Clock(), Options(cache=FolderCache(Path(cache))))
    evaluator.evaluate("dev", request, lambda *_: None)


def again(model: Path, rows: int, rounds: int) -> str:
    """Measure a run in which nothing changed, from the start of the interpreter to its end."""
    with tempfile.TemporaryDirectory() as scratch:
        data, cache = Path(scratch) / "texts.jsonl", Path(scratch) / "cache"
        data.write_text("".join(json.dumps({"text": f"The cat number {n} sat."}) + "\n" for n in range(rows)))
        code = AGAIN.format(benchmarks=str(Path(__file__).parent))
        words = [sys.executable, "-c", code, str(model), str(data), str(cache)]
        first = measure.command(words, REPOSITORY)
        costs = measure.by_turns({"again": lambda: measure.command(words, REPOSITORY)}, rounds)["again"]
    wall = median(c.wall_seconds for c in costs)
    verdict = "met" if wall < 1 else "MISSED"
    return f"| {rows:,} | {first.wall_seconds:.2f} | {wall:.2f} | 1 {verdict} |"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lm-eval-python", help="has `lm-eval[hf]`; left out, only re-runs are timed")
    parser.add_argument("--model", type=Path, default=TINY / "v2", help="model folder in safetensors")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--dtype", default="float32", help="what lm-evaluation-harness computes in")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--examples", type=int, default=300, help="most texts and most questions")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the re-run")
    options = parser.parse_args(arguments)
    if options.lm_eval_python:
        harness = Harness(options.lm_eval_python, options.model.resolve(), options.batch, options.dtype)
        ours = Ours(options.model, options.batch)
        print(f"### {options.model.name}, batches of {options.batch}, one thread each\n")
        print("| what | tokens | trueup tokens/s | lm-eval tokens/s | ratio | bar | values |")
        print("| --- | ---: | ---: | ---: | ---: | --- | --- |")
        try:
            for name, documents in texts(options.model, options.examples).items():
                print(perplexity(ours, harness, options.rounds, name, documents), flush=True)
            print(choices(ours, harness, options.rounds, options.examples), flush=True)
        finally:
            harness.close()
    print("\n### A re-run in which nothing changed, interpreter and all\n")
    print("| rows | first run s | re-run s | bar |\n| ---: | ---: | ---: | --- |")
    print(again(options.model, options.rows, options.rounds))


if __name__ == "__main__":
    main()
