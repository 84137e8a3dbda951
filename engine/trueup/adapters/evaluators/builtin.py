"""`Evaluator` for `suite.tool: builtin`: asks every example of a JSON Lines data set and scores the answers.

A release is asked as it is served: its prompt first, its decoding parameters, its limits. What cannot be found out
is an error; it never becomes a number.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

import trueup
from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.client import answer_of, model_of
from trueup.adapters.evaluators.dataset import Example, read_examples
from trueup.adapters.evaluators.declaration import LATENCIES, Declaration, Task, read_declaration
from trueup.adapters.evaluators.scoring import score
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.prompting import PromptProblems, compose, with_decoding
from trueup.evidence.evidence import Evidence, Measurement
from trueup.evidence.gates import judge, metric_name
from trueup.ports import Clock, EvaluationRequest, Progress

Endpoint = Callable[[str, Digest], str]
"""Gives the base URL of a server from environment and server digest, without `/v1`."""

DEFAULT_TIMEOUT_SECONDS = 120.0
"""For one answer, where the route declares no limit: a small model on one busy core."""

_Key = tuple[int, int, int | None]
"""An example's index, the epoch and the seed: what tells one question from another."""


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    seconds: float


class BuiltinEvaluator:
    """Runs the tasks exact_match, contains, regex and refusal.

    Args:
        endpoint: Where the server to ask is.
        clock: The time.
        concurrency: Questions at a time; no more than the server has slots.
    """

    def __init__(self, endpoint: Endpoint, clock: Clock, *, concurrency: int = 1) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._concurrency = concurrency

    def evaluate(self, environment: str, request: EvaluationRequest, progress: Progress) -> Evidence:
        """Ask every example and return what was measured, bound to the request's key and subject.

        Raises:
            PermanentError: The data, the declaration or the server's answers do not allow a measurement.
            TransientError: The server does not answer now.
        """
        started_at = self._clock.now()
        declaration = read_declaration(request.declared)
        has_patterns = any(t.name == "regex" for t in declaration.tasks)
        examples = self._counted(read_examples(request.dataset, has_patterns=has_patterns), declaration)
        questions = _questions(examples, declaration.tasks)
        bodies = {key: _body(request, declaration, examples[key[0]], key[2]) for key in questions}
        base_url = self._endpoint(environment, request.server)
        answers = self._ask_all(request, base_url, bodies, progress)
        measurements = _measure(declaration, examples, answers)
        return Evidence(
            evaluation=str(request.required.evaluation.id),
            key=request.required.key,
            subject=request.subject,
            measurements=measurements,
            gates=judge(declaration.thresholds, measurements),
            tool=f"builtin {trueup.__version__}",
            started_at=started_at,
            completed_at=self._clock.now(),
        )

    def _counted(self, examples: Sequence[Example], declaration: Declaration) -> tuple[Example, ...]:
        """Leave out what is in quarantine today."""
        today = self._clock.now().date()
        out = {case for case, expires in declaration.quarantine.items() if today <= expires}
        counted = tuple(e for e in examples if e.id not in out)
        if not counted:
            raise PermanentError(codes.EMPTY_DATASET, f"All {len(examples)} examples are in quarantine.")
        return counted

    def _ask_all(
        self, request: EvaluationRequest, base_url: str, bodies: Mapping[_Key, Mapping[str, Json]], progress: Progress
    ) -> dict[_Key, _Answer]:
        timeout = _timeout(request)
        model = model_of(base_url, request.route.model_name, timeout)
        name = str(request.required.evaluation.id)

        def ask(body: Mapping[str, Json]) -> _Answer:
            begin = time.perf_counter()
            text = answer_of(base_url, {"model": model, **body}, timeout)
            return _Answer(text, time.perf_counter() - begin)

        answers: dict[_Key, _Answer] = {}
        progress(name, 0, len(bodies))
        with ThreadPoolExecutor(self._concurrency) as pool:
            futures = [pool.submit(ask, body) for body in bodies.values()]
            try:
                for key, future in zip(bodies, futures, strict=True):
                    answers[key] = future.result()
                    progress(name, len(answers), len(bodies))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return answers


def _chosen(examples: Sequence[Example], task: Task) -> Sequence[int]:
    """Return the indexes a task asks: all, or as many as its limit allows, drawn by its seed."""
    indexes = range(len(examples))
    if task.limit is None or task.limit >= len(examples):
        return indexes
    return sorted(Random(task.seed or 0).sample(indexes, task.limit))  # noqa: S311  # a draw that must be repeatable


def _questions(examples: Sequence[Example], tasks: Sequence[Task]) -> tuple[_Key, ...]:
    """Return every question once, also when several tasks score its answer."""
    return tuple(
        dict.fromkeys(
            (index, epoch, task.seed)
            for task in tasks
            for epoch in range(task.epochs)
            for index in _chosen(examples, task)
        )
    )


def _body(
    request: EvaluationRequest, declaration: Declaration, example: Example, seed: int | None
) -> Mapping[str, Json]:
    """Return the request as the gateway would send it to the server."""
    route = request.route.to_json()
    messages = compose(route, example.messages, example.variables)
    if isinstance(messages, PromptProblems):
        raise PermanentError(codes.BAD_PROMPT, f"Example {example.id}: {' '.join(messages.problems)}")
    own = with_decoding({"decoding": declaration.decoding}, {"messages": messages, "stream": False})
    if seed is not None:
        own.setdefault("seed", seed)
    body = with_decoding(route, own)
    most = dict(request.route.limits).get("maxTokens")
    asked = body.get("max_tokens")
    if isinstance(most, int) and (not isinstance(asked, int) or asked > most):
        body["max_tokens"] = most
    return body


def _timeout(request: EvaluationRequest) -> float:
    declared = dict(request.route.limits).get("timeoutSeconds")
    return float(declared) if isinstance(declared, int | float) else DEFAULT_TIMEOUT_SECONDS


def _measure(
    declaration: Declaration, examples: Sequence[Example], answers: Mapping[_Key, _Answer]
) -> tuple[Measurement, ...]:
    measurements: list[Measurement] = []
    for task in declaration.tasks:
        unit, aggregation = declaration.metrics.get(task.name, ("ratio", "mean"))
        asked = [(i, e) for e in range(task.epochs) for i in _chosen(examples, task)]
        slices = {t.slice for t in declaration.thresholds if t.metric == task.name} | {""}
        for slice_name in sorted(slices):
            scores = [
                score(
                    task.name,
                    answers[index, epoch, task.seed].text,
                    examples[index].expected,
                    examples[index].forbidden,
                    ignore_case=task.ignore_case,
                )
                for index, epoch in asked
                if slice_name in {"", examples[index].slice}
            ]
            # A slice without examples gives no measurement, and a gate on it does not pass.
            if scores:
                value = _aggregate(scores, aggregation) * (100 if unit == "percent" else 1)
                measurements.append(Measurement(metric_name(task.name, slice_name), value, unit, len(scores)))
    return (*measurements, *_latencies(answers))


def _aggregate(scores: Sequence[float], aggregation: str) -> float:
    match aggregation:
        case "median":
            return statistics.median(scores)
        case "min":
            return min(scores)
        case "max":
            return max(scores)
        case "sum":
            return sum(scores)
        case _:
            return sum(scores) / len(scores)


def _latencies(answers: Mapping[_Key, _Answer]) -> tuple[Measurement, ...]:
    """Return percentiles by the nearest rank, in milliseconds."""
    ordered = sorted(a.seconds for a in answers.values())
    return tuple(
        Measurement(name, round(ordered[-(-len(ordered) * share // 100) - 1] * 1000, 3), "ms", len(ordered))
        for name, share in LATENCIES.items()
    )
