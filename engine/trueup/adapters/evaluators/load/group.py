"""Measures how fast a release answers: every request streamed, as the release is served."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.client import model_of
from trueup.adapters.evaluators.load.answers import Answer, FailedAnswerError
from trueup.adapters.evaluators.load.codes import FAILED_REQUESTS
from trueup.adapters.evaluators.load.plan import PARAMETERS, Plan, read_plan
from trueup.adapters.evaluators.load.questions import Asked, made_up, read_asked
from trueup.adapters.evaluators.measuring import percentiles
from trueup.adapters.evaluators.work import Group, Outcome, Task, Work
from trueup.core.errors import PermanentError, TransientError
from trueup.core.json import Json
from trueup.desired.prompting import PromptProblems, compose, with_decoding
from trueup.evidence.estimates import Estimand, corpus
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.metrics import Shape

DEFAULT_TIMEOUT_SECONDS = 120.0
MADE_UP = 64
"""Made-up questions that take turns."""
PERCENTILES = (50, 90, 95, 99)
_TIMES = ("ttft", "inter_token_latency", "latency", "token_gap")
_RATES = ("tokens_per_second", "request_throughput", "goodput_throughput")
METRICS = (
    *(f"{name}_p{share}" for name in _TIMES for share in PERCENTILES),
    *_RATES,
    "ttft",
    "inter_token_latency",
    "latency",
    "goodput",
    "error_rate",
)
SHOWN_REASONS = 5


def run(work: Work) -> Outcome:
    """Load the server and measure.

    Raises:
        PermanentError: The declaration or the data are wrong, or requests failed for good (LOAD001).
        TransientError: Requests failed that may be answered later (LOAD001).
    """
    # Loaded here: an evaluation without load needs no event loop.
    from trueup.adapters.evaluators.load.driving import load

    if len(work.tasks) > 1:
        raise PermanentError(codes.UNSUPPORTED, "`latency` is declared twice; loads are measured one by one.")
    task = work.tasks[0]
    questions = _questions(work, task)
    plan = read_plan(task, work.concurrency, len(questions))
    timeout, base_url = _timeout(work), work.server()
    bodies = [_body(work, task, plan, question) for question in questions]
    model = model_of(base_url, work.route.model_name, timeout)
    work.progress(work.name, 0, plan.requests)
    ended = asyncio.run(
        load(
            plan,
            base_url,
            lambda n: {"model": model, **bodies[n % len(bodies)]},
            (time.perf_counter, timeout),
            lambda done: work.progress(work.name, done, plan.requests),
        )
    )
    if not plan.requests:
        work.progress(work.name, 1, 1)
    _refuse_failures(plan, ended.answers)
    results = [
        _result(plan, questions[n % len(questions)], n // len(questions), a) for n, a in zip(count(), ended.answers)
    ]
    return Outcome(
        tuple(results),
        (*_percentiles(ended.answers), *_rates(results, ended.answers, ended.seconds)),
        backends=(work.request.runtime or "openai-compatible",),
    )


def _questions(work: Work, task: Task) -> Sequence[Asked]:
    tokens = task.params.get("inputTokens")
    if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens > 0:
        return made_up(work.request.artifact, work.request.source, tokens, MADE_UP)
    if work.request.dataset is None:
        raise PermanentError(codes.EMPTY_DATASET, "The evaluation names no dataset.")
    read = read_asked(work.request.dataset)
    counted = [q for q in read if q.id not in work.excluded]
    if not counted:
        raise PermanentError(codes.EMPTY_DATASET, f"All {len(read)} examples are in quarantine.")
    return counted[: task.limit] if task.limit else counted


def _body(work: Work, task: Task, plan: Plan, question: Asked) -> Mapping[str, Json]:
    """Return the request as the gateway would send it to the server."""
    route = work.route.to_json()
    messages = compose(route, question.messages, question.variables)
    if isinstance(messages, PromptProblems):
        raise PermanentError(codes.BAD_PROMPT, f"Example {question.id}: {' '.join(messages.problems)}")
    own = with_decoding({"decoding": work.declaration.decoding}, {"messages": messages})
    if task.seed is not None:
        own.setdefault("seed", task.seed)
    if plan.output_tokens:
        # Servers that know `ignore_eos` go on to that length; others stop where the answer ends.
        own |= {"max_tokens": plan.output_tokens, "ignore_eos": True}
    body = with_decoding(route, own)
    most, asked = dict(work.route.limits).get("maxTokens"), body.get("max_tokens")
    if isinstance(most, int) and (not isinstance(asked, int) or asked > most):
        body["max_tokens"] = most
    return body


def _timeout(work: Work) -> float:
    declared = dict(work.route.limits).get("timeoutSeconds")
    return float(declared) if isinstance(declared, int | float) else DEFAULT_TIMEOUT_SECONDS


def _refuse_failures(plan: Plan, answers: Sequence[Answer | FailedAnswerError]) -> None:
    failures = [a for a in answers if isinstance(a, FailedAnswerError)]
    if failures and (len(failures) == len(answers) or len(failures) / len(answers) > plan.max_error_rate):
        reasons = Counter(f.reason for f in failures).most_common(SHOWN_REASONS)
        said = "; ".join(f"{number} x {reason}" for reason, number in reasons)
        kind = TransientError if any(f.may_pass for f in failures) else PermanentError
        raise kind(FAILED_REQUESTS, f"{len(failures)} of {len(answers)} requests failed: {said}.")


def _result(plan: Plan, question: Asked, epoch: int, answer: Answer | FailedAnswerError) -> ExampleResult:
    asked = str(question.messages[-1]["content"])
    if isinstance(answer, FailedAnswerError):
        scores = {"error_rate": 1.0, **({"goodput": 0.0} if plan.bounds else {})}
        notes = (("error", answer.reason),)
        return ExampleResult(question.id, epoch, question.slice, tuple(sorted(scores.items())), asked, notes=notes)
    between = answer.inter_token_seconds
    times = {"ttft": answer.first_seconds * 1000, "latency": answer.seconds * 1000}
    if between is not None:
        times["inter_token_latency"] = between * 1000
    # An answer of one token has no time between tokens, and so none that is too long.
    met = all(times.get(name, 0.0) <= bound for name, bound in plan.bounds.items())
    scores = {**times, "error_rate": 0.0, **({"goodput": float(met)} if plan.bounds else {})}
    counted = "usage" if answer.completion_tokens else "pieces of the stream"
    return ExampleResult(
        question.id,
        epoch,
        question.slice,
        tuple(sorted(scores.items())),
        asked,
        answer.text,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.tokens,
        seconds=answer.seconds,
        first_token_seconds=answer.first_seconds,
        notes=(("tokens counted by", counted),),
    )


def _percentiles(answers: Sequence[Answer | FailedAnswerError]) -> tuple[Measurement, ...]:
    """Return percentiles over what was answered, in milliseconds; requests are the samples, of gaps too."""
    whole = [(str(n), a) for n, a in enumerate(answers) if isinstance(a, Answer)]
    times: Mapping[str, list[tuple[str, float]]] = {
        "ttft": [(n, a.first_seconds) for n, a in whole],
        "inter_token_latency": [(n, s) for n, a in whole if (s := a.inter_token_seconds) is not None],
        "latency": [(n, a.seconds) for n, a in whole],
        "token_gap": [(n, gap) for n, a in whole for gap in a.gaps],
    }
    return tuple(m for name, values in times.items() for m in percentiles(name, values, PERCENTILES))


def _rates(
    results: Sequence[ExampleResult], answers: Sequence[Answer | FailedAnswerError], seconds: float
) -> tuple[Measurement, ...]:
    whole = [a for a in answers if isinstance(a, Answer)]
    found = [
        _rate("tokens_per_second", "tokens/s", [(float(a.tokens), a.seconds) for a in whole], seconds),
        _rate("request_throughput", "requests/s", [(1.0, a.seconds) for a in whole], seconds),
    ]
    met = [dict(r.scores)["goodput"] for r in results if "goodput" in dict(r.scores)]
    times = [a.seconds if isinstance(a, Answer) else 0.0 for a in answers]
    if met and len(met) == len(times):
        found.append(_rate("goodput_throughput", "requests/s", list(zip(met, times, strict=True)), seconds))
    return tuple(m for m in found if m is not None)


def _rate(name: str, unit: str, amounts: Sequence[tuple[float, float]], seconds: float) -> Measurement | None:
    """Return how much of something a second, over *seconds*, from how much each request gave and how long it took.

    The interval is the jackknife's over requests: without one of them, the rate of a stream is another, and that of
    the run in proportion.
    """
    total, busy = sum(a for a, _ in amounts), sum(s for _, s in amounts)
    if not total or not busy or any(busy <= s for _, s in amounts):
        return Measurement(name, total / seconds, unit, len(amounts)) if amounts else None
    rate = total / seconds
    without = [rate * ((total - a) / (busy - s)) / (total / busy) for a, s in amounts]
    return corpus(rate, without, Estimand(name, unit, Shape.SCORE))


LOAD = Group("load", {"latency": PARAMETERS}, lambda _: METRICS, run, cost=2)
