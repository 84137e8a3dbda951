"""The task `judge`: another model scores the answers, asked twice with the order turned round.

A judge that contradicts itself has not passed an answer, and one that says nothing has not judged it. Neither is left
out, because what is left out counts as if it had been like the rest: both get the worst score.
"""

from collections.abc import Mapping, Sequence

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.answers.asking import Question, ask_all, judge_server, release_server
from trueup.adapters.evaluators.answers.group import backend_of, chosen, data_of, result_of
from trueup.adapters.evaluators.answers.judge_questions import (
    Judged,
    Scale,
    agreed,
    gives_orders,
    messages_of,
    question_of,
    scale_of,
    verdict_of,
)
from trueup.adapters.evaluators.answers.requests import body_of
from trueup.adapters.evaluators.answers.requests import messages_of as served_messages
from trueup.adapters.evaluators.answers.rows import Example, Needs
from trueup.adapters.evaluators.client import Answer
from trueup.adapters.evaluators.work import Group, Outcome, Task, Work
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.prompting import PromptProblems, compose, with_decoding
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult

UNDECIDED = "judge_undecided"
MOST_UNJUDGED = 0.1
"""Share of answers without a verdict beyond which nothing is measured."""
VERDICT_TOKENS = 512
"""Room for a few thoughts and the verdict."""
TOLERANCE = 1
"""Points by which two verdicts on a scale may differ; their mean counts."""

_Asked = tuple[int, bool]
"""Place of what is judged, and whether the order is turned round."""


@dataclass(frozen=True, slots=True)
class _Ruling:
    score: float
    note: str = ""
    judged: bool = True


def run(work: Work) -> Outcome:
    """Ask the release, have the judge score what it says."""
    if work.request.required.judge is None:
        raise PermanentError(codes.NO_JUDGE, "The task `judge` has nobody to ask.")
    compares = any(_scale(task).compares for task in work.tasks)
    examples = data_of(work, Needs(expected=compares))
    results: list[ExampleResult] = []
    measurements: list[Measurement] = []
    for task in work.tasks:
        found, undecided = _task(work, task, examples)
        results += found
        measurements.append(Measurement(UNDECIDED, undecided / len(found), "ratio", len(found)))
    return Outcome(tuple(results), tuple(measurements), backends=(backend_of(work), f"judge {_name(work)}"))


def _task(work: Work, task: Task, examples: Sequence[Example]) -> tuple[list[ExampleResult], int]:
    scale = _scale(task)
    keys = [(index, epoch) for epoch in range(task.epochs) for index in chosen(range(len(examples)), task)]
    questions = {key: Question(_asked_of_release(work, examples[key[0]], task), key[1]) for key in keys}
    answers = ask_all(work, release_server(work), questions)
    judged = [
        Judged(examples[index].asked, answers[index, epoch].text, examples[index].expected[0] if scale.compares else "")
        for index, epoch in keys
    ]
    rulings = _rulings(work, task, scale, judged)
    results = []
    for (index, epoch), ruling in zip(keys, rulings, strict=True):
        answer = answers[index, epoch]
        orders = gives_orders(answer.text)
        notes = {
            **({"judge": ruling.note} if ruling.note else {}),
            **({"orders": f"the answer speaks to its judge: `{orders}`"} if orders else {}),
        }
        results.append(result_of(examples[index], answer, {scale.metric: ruling.score}, epoch=epoch, notes=notes))
    return results, sum(bool(r.note) for r in rulings)


def _asked_of_release(work: Work, example: Example, task: Task) -> Mapping[str, Json]:
    messages = served_messages(work, example.messages, example.variables, f"Example {example.id}")
    return body_of(work, messages, task.seed)


def _rulings(work: Work, task: Task, scale: Scale, judged: Sequence[Judged]) -> list[_Ruling]:
    asked = [(place, swapped) for place in range(len(judged)) for swapped in (False, True)]
    verdicts = _verdicts(work, task, scale, judged, asked, turn=0)
    silent = [key for key in asked if not verdicts[key]]
    verdicts |= _verdicts(work, task, scale, judged, silent, turn=1)
    tolerance = task.params.get("tolerance", TOLERANCE)
    rulings = [_ruling(verdicts[place, False], verdicts[place, True], scale, tolerance) for place in range(len(judged))]
    unjudged = sum(not ruling.judged for ruling in rulings)
    if unjudged > MOST_UNJUDGED * len(rulings):
        raise PermanentError(codes.NO_VERDICT, f"{unjudged} of {len(rulings)} answers got no verdict.")
    return rulings


def _ruling(one: str, other: str, scale: Scale, tolerance: Json) -> _Ruling:
    if not one or not other:
        return _Ruling(scale.worst, "the judge gave no verdict", judged=False)
    score = agreed(one, other, scale, float(tolerance) if isinstance(tolerance, int | float) else TOLERANCE)
    if score is None:
        worst = min(scale.score(one), scale.score(other)) if not scale.compares else scale.worst
        return _Ruling(worst, f"undecided: {one}, and {other} with the order turned round")
    return _Ruling(score)


def _verdicts(
    work: Work, task: Task, scale: Scale, judged: Sequence[Judged], asked: Sequence[_Asked], *, turn: int
) -> dict[_Asked, str]:
    criteria = str(task.params.get("criteria"))
    seed = (task.seed or 0) + turn
    bodies = {
        (place, swapped): Question(
            _asked_of_judge(work, question_of(criteria, judged[place], scale, swapped=swapped), seed), turn
        )
        for place, swapped in asked
    }
    answers: dict[_Asked, Answer] = ask_all(work, judge_server(work), bodies) if bodies else {}
    return {key: verdict_of(a.text, judged[key[0]], scale, swapped=key[1]) for key, a in answers.items()}


def _asked_of_judge(work: Work, question: str, seed: int) -> Mapping[str, Json]:
    """Return the request: the likeliest words, whatever the judge's own prompt declares."""
    judge = work.request.required.judge
    route = judge.route.to_json() if judge is not None else {}
    own = compose(route, [], {})
    if isinstance(own, PromptProblems):
        raise PermanentError(codes.BAD_PROMPT, f"The judge's prompt: {' '.join(own.problems)}")
    fixed: dict[str, Json] = {"messages": messages_of(own, question), "stream": False, "temperature": 0, "seed": seed}
    body = with_decoding(route, fixed)
    body.setdefault("max_tokens", VERDICT_TOKENS)
    return body


def _name(work: Work) -> str:
    judge = work.request.required.judge
    return str(judge.release.model.id) if judge is not None else ""


def _scale(task: Task) -> Scale:
    scale = scale_of(task.params.get("scale", "pass-fail"))
    if scale is None:
        raise PermanentError(codes.UNSUPPORTED, "`scale` is none of pass-fail, pairwise and [lowest, highest].")
    return scale


def _metrics(task: Task) -> tuple[str, ...]:
    scale = scale_of(task.params.get("scale", "pass-fail"))
    return (scale.metric, UNDECIDED) if scale is not None else ()


def problems(task: Task) -> list[str]:
    """Return what is wrong with the parameters of *task*."""
    found = []
    criteria, tolerance = task.params.get("criteria"), task.params.get("tolerance", TOLERANCE)
    if not isinstance(criteria, str) or not criteria.strip():
        found.append("task `judge` has no `criteria`: what a good answer is, in words")
    if scale_of(task.params.get("scale", "pass-fail")) is None:
        found.append("task `judge` has a `scale` that is none of pass-fail, pairwise and [lowest, highest]")
    if not isinstance(tolerance, int | float) or isinstance(tolerance, bool) or tolerance < 0:
        found.append("task `judge` has a `tolerance` that is no number of points")
    if task.fewshot:
        found.append("task `judge` cannot have `numFewshot`")
    return found


JUDGE = Group("judge", {"judge": frozenset({"criteria", "scale", "tolerance"})}, _metrics, run, 2, problems)
