"""Computes likelihoods of examples and remembers them one by one: a row that is added costs one row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.client import model_of
from trueup.adapters.evaluators.likelihood.choices import chat_messages, ranking
from trueup.adapters.evaluators.likelihood.codes import NO_ECHO, NO_WEIGHTS
from trueup.adapters.evaluators.likelihood.computing import Item, NumpyComparer, NumpyScorer, Sizes
from trueup.adapters.evaluators.likelihood.endpoint import WITHOUT_ECHO, EndpointScorer
from trueup.adapters.evaluators.likelihood.rows import PARAGRAPHS, Question, Text, read_questions, read_texts
from trueup.adapters.evaluators.likelihood.tasks import Choices, Divergence, Measure, Perplexity, Reading, Value
from trueup.adapters.evaluators.parameters import flag, whole, words
from trueup.adapters.evaluators.work import Group, Outcome, Task, Work
from trueup.adapters.networks.vocabulary import Vocabulary, render_chat
from trueup.core.digests import Digest, digest_of
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.prompting import PromptProblems, compose
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult

SCHEMA = 1
"""Of what is remembered: whoever changes what a number means raises it."""

DEFAULT_TIMEOUT_SECONDS = 120.0

_READING = frozenset({"context", "maxTokens", "separator"})
_COMPUTING = frozenset({"batchSize", "threads"})
_TASKS: Mapping[str, frozenset[str]] = {
    "perplexity": _READING | _COMPUTING | {"stride", "backend"},
    "choice_accuracy": _COMPUTING | {"context", "chatTemplate", "delimiter", "backend"},
    "kl": _READING | _COMPUTING | {"stride"},
    "top1": _READING | _COMPUTING | {"stride"},
}
_METRICS: Mapping[str, tuple[str, ...]] = {
    "perplexity": ("nll", "perplexity", "bits_per_byte"),
    "choice_accuracy": ("choice_accuracy", "choice_accuracy_norm"),
    "kl": ("kl", "kl_tokens", "perplexity_ratio"),
    "top1": ("top1", "top1_tokens"),
}

_Example = TypeVar("_Example", Text, Question)
_Compute = Callable[[Sequence[Item]], Iterator[tuple[int, tuple[float, ...]]]]


@dataclass(frozen=True, slots=True)
class Backend:
    """What computes: its name, what decides its numbers besides the example, and how to ask it."""

    name: str
    decided_by: Json
    vocabulary: Callable[[], Vocabulary]
    compute: _Compute


def run(work: Work) -> Outcome:
    """Compute, or remember, and measure."""
    names = [t.name for t in work.tasks]
    if len(set(names)) < len(names):
        raise PermanentError(codes.UNSUPPORTED, "A task about likelihoods is declared twice; declare two Evaluations.")
    merged: dict[str, ExampleResult] = {}
    measurements: list[Measurement] = []
    backends: dict[str, None] = {}
    templates: list[bool] = []
    for task in work.tasks:
        if task.epochs > 1:
            detail = f"The task `{task.name}` is computed and gives the same every time; leave `epochs` out."
            raise PermanentError(codes.UNSUPPORTED, detail)
        backend = _backend(work, task)
        if task.name == "choice_accuracy":
            results, wholes = _measure(work, _choices(work, task, backend), backend)
        elif task.name == "perplexity":
            results, wholes = _measure(work, Perplexity(_texts(work, task), _reading(task)), backend)
        else:
            divergence = Divergence(_texts(work, task), _reading(task), frozenset({task.name}))
            results, wholes = _measure(work, divergence, backend)
        for result in results:
            merged[result.id] = _joined(merged.get(result.id), result)
        measurements += wholes
        backends[backend.name] = None
        templates.append(flag(task, "chatTemplate"))
    return Outcome(tuple(merged.values()), tuple(measurements), backends=tuple(backends), chat_template=all(templates))


def _measure(
    work: Work, measure: Measure[_Example], backend: Backend
) -> tuple[list[ExampleResult], tuple[Measurement, ...]]:
    keys = {e.id: _key(backend, measure.decided_by(e)) for e in measure.examples}
    values = {i: v for i, key in keys.items() if key and (v := work.cache.find(key)) is not None}
    missing = [e for e in measure.examples if e.id not in values]
    total = len(measure.examples)
    work.progress(work.name, total - len(missing), total)
    for example, value in computed(measure, backend, missing) if missing else ():
        values[example.id] = value
        key = keys[example.id]
        if key:
            work.cache.keep(key, value)
        work.progress(work.name, len(values), total)
    pairs = [(e, values[e.id]) for e in measure.examples]
    return [_result(measure, e, v) for e, v in pairs], measure.whole(pairs)


def computed(
    measure: Measure[_Example], backend: Backend, missing: Sequence[_Example]
) -> Iterator[tuple[_Example, Value]]:
    """Yield each example with its value as soon as all of it is computed."""
    vocabulary = backend.vocabulary()
    trees = [measure.trees(vocabulary, e) for e in missing]
    places = [(n, place) for n, own in enumerate(trees) for place in range(len(own))]
    items = [(number, trees[n][place]) for number, (n, place) in enumerate(places)]
    found: list[dict[int, tuple[float, ...]]] = [{} for _ in missing]
    empty = next((e.id for e, own in zip(missing, trees, strict=True) if not own), None)
    if empty is not None:
        raise PermanentError(codes.BAD_ROW, f"Example {empty} has no tokens.")
    for number, sums in backend.compute(items):
        n, place = places[number]
        found[n][place] = sums
        if len(found[n]) == len(trees[n]):
            yield missing[n], measure.value(missing[n], trees[n], [found[n][i] for i in range(len(trees[n]))])


def _result(measure: Measure[_Example], example: _Example, value: Value) -> ExampleResult:
    shown = measure.scores(example, value)
    return ExampleResult(
        example.id,
        0,
        example.slice,
        tuple(sorted(shown.scores.items())),
        shown.asked,
        prompt_tokens=shown.tokens,
        notes=tuple(sorted(shown.notes.items())),
    )


def _joined(one: ExampleResult | None, other: ExampleResult) -> ExampleResult:
    """Return what two tasks found of one example as one result."""
    if one is None:
        return other
    return ExampleResult(
        one.id,
        0,
        one.slice,
        tuple(sorted({**dict(one.scores), **dict(other.scores)}.items())),
        one.input,
        prompt_tokens=one.prompt_tokens,
        notes=tuple(sorted({**dict(other.notes), **dict(one.notes)}.items())),
    )


def _key(backend: Backend, decided_by: Json) -> Digest | None:
    """Return what an example's value is remembered by; None where not everything that decides it has a digest."""
    if backend.decided_by is None:
        return None
    return digest_of({"schema": SCHEMA, "backend": backend.decided_by, "example": decided_by})


def _backend(work: Work, task: Task) -> Backend:
    request, sizes = work.request, Sizes(whole(task, "batchSize", 64), whole(task, "threads", 1))
    if request.artifact is None:
        raise PermanentError(NO_WEIGHTS, "The artifact is not at hand, and its tokenizer is needed in any case.")
    artifact = dict(request.subject).get("artifact")
    computed = NumpyScorer(request.artifact, request.source, sizes)
    if task.name in {"kl", "top1"}:
        if request.source is None:
            raise PermanentError(NO_WEIGHTS, f"`{task.name}` compares with what the artifact was built from.")
        comparer = NumpyComparer(computed, NumpyScorer(request.source, None, sizes), sizes)
        source = dict(request.subject).get("source")
        known: Json = ["numpy", artifact, source] if artifact and source else None
        return Backend("numpy", known, lambda: comparer.vocabulary, comparer.compare)
    if words(task, "backend", "numpy", ("numpy", "endpoint")) == "numpy":
        return Backend("numpy", ["numpy", artifact] if artifact else None, lambda: computed.vocabulary, computed.score)
    if request.runtime in WITHOUT_ECHO:
        raise PermanentError(NO_ECHO, f"The release is served by {request.runtime}.")
    seconds = dict(work.route.limits).get("timeoutSeconds")
    timeout = float(seconds) if isinstance(seconds, int | float) else DEFAULT_TIMEOUT_SECONDS
    asked = EndpointScorer(
        work.server,
        lambda url: model_of(url, work.route.model_name, timeout),
        lambda: computed.vocabulary,
        work.concurrency,
        timeout,
    )
    decided: Json = ["endpoint", artifact, request.server] if artifact else None
    return Backend(request.runtime or "openai-compatible", decided, lambda: asked.vocabulary, asked.score)


def _choices(work: Work, task: Task, backend: Backend) -> Choices:
    questions = _counted(work, read_questions(_dataset(work)))
    shown = ranking(questions, task.seed or 0)[: task.fewshot + 1] if task.fewshot else ()
    shots = {q.id: tuple(s for s in shown if s.id != q.id)[: task.fewshot] for q in questions}
    if task.fewshot >= len(questions):
        detail = f"{task.fewshot} examples are to be shown before each question, and there are {len(questions)} rows."
        raise PermanentError(codes.UNSUPPORTED, detail)
    is_chat = flag(task, "chatTemplate")
    delimiter = words(task, "delimiter", "" if is_chat else " ")
    route = work.route.to_json()

    def render(question: Question, before: Sequence[Question]) -> str:
        messages = compose(route, chat_messages(question, before), question.variables)
        if isinstance(messages, PromptProblems):
            raise PermanentError(codes.BAD_PROMPT, f"Example {question.id}: {' '.join(messages.problems)}")
        try:
            return render_chat(backend.vocabulary(), messages)
        except ValueError as error:
            raise PermanentError(codes.BAD_PROMPT, f"Example {question.id}: {error}.") from error

    # What decides how a conversation reads is the prompt that goes before it; its template is the artifact's own.
    keys = ("messages", "templateFormat", "variables")
    rendering: Json = {k: route[k] for k in keys if k in route} if is_chat else None
    chosen = _chosen(questions, task)
    return Choices(chosen, shots, delimiter, render if is_chat else None, rendering, whole(task, "context", 0))


def _texts(work: Work, task: Task) -> Sequence[Text]:
    return _chosen(_counted(work, read_texts(_dataset(work), words(task, "separator", PARAGRAPHS))), task)


def _reading(task: Task) -> Reading:
    return Reading(whole(task, "context", 0), whole(task, "stride", 0), whole(task, "maxTokens", 0))


def _dataset(work: Work) -> Path:
    if work.request.dataset is None:
        raise PermanentError(codes.EMPTY_DATASET, "The evaluation names no dataset.")
    return work.request.dataset


def _counted(work: Work, read: Sequence[_Example]) -> Sequence[_Example]:
    counted = [e for e in read if e.id not in work.excluded]
    if not counted:
        raise PermanentError(codes.EMPTY_DATASET, f"All {len(read)} examples are in quarantine.")
    return counted


def _chosen(examples: Sequence[_Example], task: Task) -> Sequence[_Example]:
    """Return all, or as many as the task's limit allows, drawn by its seed."""
    if task.limit is None or task.limit >= len(examples):
        return examples
    drawn = sorted(Random(task.seed or 0).sample(range(len(examples)), task.limit))  # noqa: S311  # a repeatable draw
    return [examples[i] for i in drawn]


LIKELIHOOD = Group("likelihood", _TASKS, lambda task: _METRICS[task.name], run)
