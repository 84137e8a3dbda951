"""Asks every example once, as the release is served, and has each task score the answer."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.answers.asking import Question, ask_all, release_server
from trueup.adapters.evaluators.answers.requests import body_of, messages_of
from trueup.adapters.evaluators.answers.rows import Example, Needs, read_examples, refuse
from trueup.adapters.evaluators.answers.tasks import SCORERS, is_forbidden, is_schema, measurements_of_all
from trueup.adapters.evaluators.client import Answer
from trueup.adapters.evaluators.measuring import percentiles
from trueup.adapters.evaluators.work import Group, Outcome, Task, Work
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult

LATENCIES = {"latency_p50": 50, "latency_p95": 95}
"""Metrics that every run gives besides its tasks': percentiles of the seconds an answer took, in milliseconds."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What tells one question from another."""

    index: int
    epoch: int
    seed: int | None
    fewshot: int


def run(work: Work) -> Outcome:
    """Ask and score."""
    examples = _examples(work)
    keys = [_keys(examples, task) for task in work.tasks]
    wanted = dict.fromkeys(key for some in keys for key in some)
    questions = {key: Question(_body(work, examples, key), key.epoch) for key in wanted}
    answers = ask_all(work, release_server(work), questions)
    scores: dict[_Key, dict[str, float]] = {key: {} for key in wanted}
    measurements: list[Measurement] = []
    for task, some in zip(work.tasks, keys, strict=True):
        scorer = SCORERS[task.name]
        pairs = [(examples[key.index], _counted(examples[key.index], answers[key])) for key in some]
        for key, pair, found in zip(some, pairs, scorer.score(work, task, pairs), strict=True):
            scores[key] |= dict.fromkeys(found, 0.0) if is_forbidden(pair[0], answers[key].text) else found
        measurements += measurements_of_all(scorer, task, pairs)
    results = tuple(_result(examples[k.index], k.epoch, answers[k], scores[k]) for k in wanted)
    measurements += latencies(work, [(f"{key.index}", answers[key]) for key in wanted])
    return Outcome(results, tuple(measurements), backends=(backend_of(work),))


def backend_of(work: Work) -> str:
    """Say what answered."""
    return work.request.runtime or "openai-compatible"


def data_of(work: Work, needs: Needs) -> tuple[Example, ...]:
    """Return the examples that count today.

    Raises:
        PermanentError: There are none (EVAL001), or rows are malformed (EVAL002).
    """
    if work.request.dataset is None:
        raise PermanentError(codes.EMPTY_DATASET, "The evaluation names no dataset.")
    read = read_examples(work.request.dataset, needs)
    counted = tuple(e for e in read if e.id not in work.excluded)
    if not counted:
        raise PermanentError(codes.EMPTY_DATASET, f"All {len(read)} examples are in quarantine.")
    return counted


def _examples(work: Work) -> tuple[Example, ...]:
    needs = [SCORERS[task.name].needs(task) for task in work.tasks]
    shots = any(task.fewshot for task in work.tasks)
    examples = data_of(
        work,
        Needs(
            expected=shots or any(n.expected for n in needs),
            patterns=any(n.patterns for n in needs),
            schema=any(n.schema for n in needs),
        ),
    )
    refuse([f"example {e.id}: `schema` is no JSON Schema" for e in examples if e.schema and not is_schema(e.schema)])
    most = max(task.fewshot for task in work.tasks)
    if most >= len(examples):
        detail = f"{len(examples)} examples are too few to put {most} of them before each of the others."
        raise PermanentError(codes.EMPTY_DATASET, detail)
    return examples


def _keys(examples: Sequence[Example], task: Task) -> list[_Key]:
    """Return what a task asks: all but its shots, or as many as its limit allows, drawn by its seed."""
    shots = set(_shots(examples, task.fewshot, task.seed))
    indexes = chosen([index for index in range(len(examples)) if index not in shots], task)
    return [_Key(index, epoch, task.seed, task.fewshot) for epoch in range(task.epochs) for index in indexes]


def chosen(indexes: Sequence[int], task: Task) -> list[int]:
    """Return *indexes*, or as many of them as the limit of *task* allows, drawn by its seed."""
    if task.limit is None or task.limit >= len(indexes):
        return list(indexes)
    return sorted(Random(task.seed or 0).sample(indexes, task.limit))  # noqa: S311 - a repeatable draw


def _shots(examples: Sequence[Example], number: int, seed: int | None) -> list[int]:
    """Return the indexes of the examples that are put before every question, in the order they stand there."""
    return Random(seed or 0).sample(range(len(examples)), number) if number else []  # noqa: S311 - as above


def _body(work: Work, examples: Sequence[Example], key: _Key) -> Mapping[str, Json]:
    example = examples[key.index]
    shown: list[Mapping[str, Json]] = []
    for index in _shots(examples, key.fewshot, key.seed):
        shown += [*examples[index].messages, {"role": "assistant", "content": examples[index].expected[0]}]
    messages = messages_of(work, [*shown, *example.messages], example.variables, f"Example {example.id}")
    return body_of(work, messages, key.seed)


def _counted(example: Example, answer: Answer) -> str:
    return "" if is_forbidden(example, answer.text) else answer.text


def _result(example: Example, epoch: int, answer: Answer, scores: Mapping[str, float]) -> ExampleResult:
    notes = {"forbidden": "the answer has a forbidden text"} if is_forbidden(example, answer.text) else {}
    return result_of(example, answer, scores, epoch=epoch, notes=notes)


def result_of(
    example: Example,
    answer: Answer,
    scores: Mapping[str, float],
    *,
    epoch: int = 0,
    notes: Mapping[str, str] | None = None,
    slice_name: str | None = None,
) -> ExampleResult:
    """Return what came of *example*; in the slice called *slice_name* where it is not the example's own."""
    cut = {"end": "the answer was cut at its most tokens"} if answer.finish_reason == "length" else {}
    return ExampleResult(
        id=example.id,
        epoch=epoch,
        slice=example.slice if slice_name is None else slice_name,
        scores=tuple(sorted(scores.items())),
        input=example.asked,
        output=answer.text,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        seconds=answer.seconds,
        notes=tuple(sorted({**cut, **(notes or {})}.items())),
    )


def latencies(work: Work, answers: Iterable[tuple[str, Answer]]) -> tuple[Measurement, ...]:
    """Return percentiles, in milliseconds; none where a task of the declaration measures them."""
    from trueup.adapters.evaluators.groups import group_of

    groups = [(t, group_of(t.name)) for t in work.declaration.tasks]
    others = {m for t, g in groups if g is not None and g.cost > ANSWERS.cost for m in g.metrics(t)}
    seconds = [(id_, a.seconds) for id_, a in answers]
    return tuple(m for m in percentiles("latency", seconds, tuple(LATENCIES.values())) if m.metric not in others)


def problems(task: Task) -> list[str]:
    """Return what is wrong with the parameters of *task*."""
    scorer = SCORERS[task.name]
    wrong = [name for name, fits in scorer.params.items() if name in task.params and not fits(task.params[name])]
    found = [f"task `{task.name}` has `{name}: {task.params[name]!r}`, which is not a value of it" for name in wrong]
    if task.fewshot and not scorer.shots:
        found.append(f"task `{task.name}` cannot have `numFewshot`: what it expects is no answer")
    return found


ANSWERS = Group(
    "answers",
    {name: frozenset(scorer.params) for name, scorer in SCORERS.items()},
    lambda task: (*SCORERS[task.name].metrics, *LATENCIES),
    run,
    problems=problems,
)
