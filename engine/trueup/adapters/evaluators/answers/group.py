"""Asks every example once, as the release is served, and has each task score the answer."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.answers.rows import Example, read_examples
from trueup.adapters.evaluators.answers.scoring import TASKS, score
from trueup.adapters.evaluators.client import answer_of, model_of
from trueup.adapters.evaluators.work import Group, Outcome, Task, Work
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.prompting import PromptProblems, compose, with_decoding
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult

DEFAULT_TIMEOUT_SECONDS = 120.0
"""For one answer, where the route declares no limit: a small model on one busy core."""

LATENCIES = {"latency_p50": 50, "latency_p95": 95}
"""Metrics that every run gives besides its tasks': percentiles of the seconds an answer took, in milliseconds."""

_Key = tuple[int, int, int | None]
"""An example's index, the epoch and the seed: what tells one question from another."""


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    seconds: float


def run(work: Work) -> Outcome:
    """Ask and score."""
    examples = _examples(work)
    chosen = [(task, _chosen(examples, task)) for task in work.tasks]
    keys = dict.fromkeys(
        (index, epoch, task.seed)
        for task, indexes in chosen
        for epoch in range(task.epochs)
        for index in sorted(indexes)
    )
    bodies = {key: _body(work, examples[key[0]], key[2]) for key in keys}
    answers = _ask_all(work, bodies)
    results = []
    for key, answer in answers.items():
        index, epoch, seed = key
        example = examples[index]
        scorers = [t for t, indexes in chosen if t.seed == seed and epoch < t.epochs and index in indexes]
        scores = tuple(
            sorted(
                (t.name, score(t.name, answer.text, example.expected, example.forbidden, ignore_case=_ignores_case(t)))
                for t in scorers
            )
        )
        asked = str(example.messages[-1].get("content", ""))
        results.append(
            ExampleResult(example.id, epoch, example.slice, scores, asked, answer.text, seconds=answer.seconds)
        )
    return Outcome(tuple(results), _latencies(answers), backends=(work.request.runtime or "openai-compatible",))


def _examples(work: Work) -> tuple[Example, ...]:
    if work.request.dataset is None:
        raise PermanentError(codes.EMPTY_DATASET, "The evaluation names no dataset.")
    read = read_examples(work.request.dataset, has_patterns=any(t.name == "regex" for t in work.tasks))
    counted = tuple(e for e in read if e.id not in work.excluded)
    if not counted:
        raise PermanentError(codes.EMPTY_DATASET, f"All {len(read)} examples are in quarantine.")
    return counted


def _ask_all(work: Work, bodies: Mapping[_Key, Mapping[str, Json]]) -> dict[_Key, _Answer]:
    timeout, base_url = _timeout(work), work.server()
    model = model_of(base_url, work.route.model_name, timeout)

    def ask(body: Mapping[str, Json]) -> _Answer:
        begin = time.perf_counter()
        text = answer_of(base_url, {"model": model, **body}, timeout)
        return _Answer(text, time.perf_counter() - begin)

    answers: dict[_Key, _Answer] = {}
    work.progress(work.name, 0, len(bodies))
    with ThreadPoolExecutor(work.concurrency) as pool:
        futures = [pool.submit(ask, body) for body in bodies.values()]
        try:
            for key, future in zip(bodies, futures, strict=True):
                answers[key] = future.result()
                work.progress(work.name, len(answers), len(bodies))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return answers


def _chosen(examples: Sequence[Example], task: Task) -> frozenset[int]:
    """Return the indexes a task asks: all, or as many as its limit allows, drawn by its seed."""
    indexes = range(len(examples))
    if task.limit is None or task.limit >= len(examples):
        return frozenset(indexes)
    return frozenset(Random(task.seed or 0).sample(indexes, task.limit))  # noqa: S311  # a repeatable draw


def _body(work: Work, example: Example, seed: int | None) -> Mapping[str, Json]:
    """Return the request as the gateway would send it to the server."""
    route = work.route.to_json()
    messages = compose(route, example.messages, example.variables)
    if isinstance(messages, PromptProblems):
        raise PermanentError(codes.BAD_PROMPT, f"Example {example.id}: {' '.join(messages.problems)}")
    own = with_decoding({"decoding": work.declaration.decoding}, {"messages": messages, "stream": False})
    if seed is not None:
        own.setdefault("seed", seed)
    body = with_decoding(route, own)
    most = dict(work.route.limits).get("maxTokens")
    asked = body.get("max_tokens")
    if isinstance(most, int) and (not isinstance(asked, int) or asked > most):
        body["max_tokens"] = most
    return body


def _timeout(work: Work) -> float:
    declared = dict(work.route.limits).get("timeoutSeconds")
    return float(declared) if isinstance(declared, int | float) else DEFAULT_TIMEOUT_SECONDS


def _ignores_case(task: Task) -> bool:
    return task.params.get("ignoreCase") is True


def _latencies(answers: Mapping[_Key, _Answer]) -> tuple[Measurement, ...]:
    """Return percentiles by the nearest rank, in milliseconds."""
    ordered = sorted(a.seconds for a in answers.values())
    return tuple(
        Measurement(name, round(ordered[-(-len(ordered) * share // 100) - 1] * 1000, 3), "ms", len(ordered))
        for name, share in LATENCIES.items()
    )


ANSWERS = Group(
    "answers",
    {name: frozenset({"ignoreCase"}) for name in TASKS},
    lambda task: (task.name, *LATENCIES),
    run,
)
