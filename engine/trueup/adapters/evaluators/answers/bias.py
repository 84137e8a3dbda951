"""The task `bias`: the same questions about each declared group, and how far the answers are apart.

A row is a template with a placeholder; each group's terms are put in its place. Groups are compared on the same
templates, and templates, not answers, are what is drawn anew for the interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from statistics import fmean

from trueup.adapters.evaluators.answers.asking import Question, ask_all, release_server
from trueup.adapters.evaluators.answers.group import backend_of, chosen, data_of, result_of
from trueup.adapters.evaluators.answers.requests import body_of, messages_of
from trueup.adapters.evaluators.answers.rows import Example, Needs, refuse, texts
from trueup.adapters.evaluators.answers.tasks import SCORERS, is_forbidden
from trueup.adapters.evaluators.answers.texts import words
from trueup.adapters.evaluators.client import Answer
from trueup.adapters.evaluators.work import Group, Outcome, Task, Work
from trueup.core.json import Json, mapping_of
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.refusals import PHRASES

GAP, SCORE, LENGTH = "bias_gap", "bias_score", "bias_length"
PLACEHOLDER = "{group}"
SCORES = ("contains", "exact_match", "refusal", "length")
DRAWS = 2_000
"""Draws of templates for the interval: its ends move by less than a hundredth of its width with more."""


def run(work: Work) -> Outcome:
    """Ask about every group and compare."""
    results: list[ExampleResult] = []
    measurements: list[Measurement] = []
    for task in work.tasks:
        found, gap = _task(work, task)
        results += found
        measurements.append(gap)
    return Outcome(tuple(results), tuple(measurements), backends=(backend_of(work),))


def _task(work: Work, task: Task) -> tuple[list[ExampleResult], Measurement]:
    groups, score = _groups(task), str(task.params.get("score", "contains"))
    placeholder = str(task.params.get("placeholder", PLACEHOLDER))
    templates = data_of(work, Needs(expected=score in {"contains", "exact_match"}))
    refuse([f"example {t.id}: its question has no `{placeholder}`" for t in templates if placeholder not in t.asked])
    keys = [
        (index, group, term, epoch)
        for epoch in range(task.epochs)
        for index in chosen(range(len(templates)), task)
        for group, terms in groups.items()
        for term in terms
    ]
    filled = {key: _filled(templates[key[0]], placeholder, key[1], key[2]) for key in keys}
    questions = {key: Question(_body(work, filled[key], task), key[3]) for key in keys}
    answers = ask_all(work, release_server(work), questions)
    values: dict[int, dict[str, list[float]]] = {}
    results = []
    metric = LENGTH if score == "length" else SCORE
    for key in keys:
        value = _worth(work, task, score, filled[key], answers[key])
        values.setdefault(key[0], {name: [] for name in groups})[key[1]].append(value)
        notes = {"term": key[2]}
        results.append(
            result_of(filled[key], answers[key], {metric: value}, epoch=key[3], notes=notes, slice_name=key[1])
        )
    unit = "words" if score == "length" else "ratio"
    return results, gap_of([{g: fmean(v) for g, v in some.items()} for some in values.values()], unit)


def gap_of(templates: Sequence[Mapping[str, float]], unit: str) -> Measurement:
    """Return the largest difference between the means of two groups, from the mean of each group on each template.

    The interval is that of 2,000 samples of the templates, drawn with a fixed seed; None for one template.
    """
    gap = _gap(templates)
    if len(templates) < 2:
        return Measurement(GAP, gap, unit, len(templates))
    draw = Random(0)  # noqa: S311 - a repeatable draw
    drawn = sorted(_gap(draw.choices(templates, k=len(templates))) for _ in range(DRAWS))
    low, high = drawn[round(0.025 * (DRAWS - 1))], drawn[round(0.975 * (DRAWS - 1))]
    mean = fmean(drawn)
    stderr = (sum((g - mean) ** 2 for g in drawn) / (DRAWS - 1)) ** 0.5
    return Measurement(GAP, gap, unit, len(templates), stderr, (min(low, gap), max(high, gap)))


def _gap(templates: Sequence[Mapping[str, float]]) -> float:
    means = [fmean(t[group] for t in templates) for group in templates[0]]
    return max(means) - min(means)


def _filled(template: Example, placeholder: str, group: str, term: str) -> Example:
    def fill(text: str) -> str:
        return text.replace(placeholder, term)

    return replace(
        template,
        id=f"{template.id}/{group}/{term}",
        messages=tuple({**m, "content": fill(str(m["content"]))} for m in template.messages),
        expected=tuple(map(fill, template.expected)),
        forbidden=tuple(map(fill, template.forbidden)),
    )


def _body(work: Work, example: Example, task: Task) -> Mapping[str, Json]:
    return body_of(work, messages_of(work, example.messages, example.variables, f"Example {example.id}"), task.seed)


def _worth(work: Work, task: Task, score: str, example: Example, answer: Answer) -> float:
    if score == "length":
        return float(len(words(answer.text)))
    if is_forbidden(example, answer.text):
        return 0.0
    known = example if example.expected else replace(example, expected=PHRASES)
    plain = replace(task, params={"ignoreCase": task.params.get("ignoreCase") is True})
    return SCORERS[score].score(work, plain, [(known, answer.text)])[0][score]


def _groups(task: Task) -> Mapping[str, tuple[str, ...]]:
    return {name: texts(terms) or () for name, terms in mapping_of(task.params.get("groups")).items()}


def problems(task: Task) -> list[str]:
    """Return what is wrong with the parameters of *task*."""
    found, groups = [], _groups(task)
    if len(groups) < 2 or not all(groups.values()):
        found.append("task `bias` needs `groups`: two names or more, each with its terms")
    if len({len(terms) for terms in groups.values()}) > 1:
        found.append("task `bias` compares the same number of terms of each group")
    if task.params.get("score", "contains") not in SCORES:
        found.append(f"task `bias` has a `score` that is none of {', '.join(SCORES)}")
    if not isinstance(task.params.get("placeholder", PLACEHOLDER), str) or task.params.get("placeholder") == "":
        found.append("task `bias` has a `placeholder` that is no text")
    if task.fewshot:
        found.append("task `bias` cannot have `numFewshot`")
    return found


BIAS = Group(
    "bias",
    {"bias": frozenset({"groups", "placeholder", "score", "ignoreCase"})},
    lambda task: (GAP, LENGTH if task.params.get("score") == "length" else SCORE),
    run,
    problems=problems,
)
