"""The tasks that score answers: what each knows, needs of its rows, and gives.

A row's `forbidden` texts make any answer that has one worth 0, whatever the task is.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from trueup.adapters.evaluators.answers import overlap
from trueup.adapters.evaluators.answers.asking import Server, judge_server, release_server
from trueup.adapters.evaluators.answers.documents import NotJsonError, document_of, invalid_because, validator
from trueup.adapters.evaluators.answers.rows import Example, Needs
from trueup.adapters.evaluators.answers.texts import folded
from trueup.adapters.evaluators.client import Client
from trueup.adapters.evaluators.work import Task, Work
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.evidence.catalogue import METRICS
from trueup.evidence.estimates import Estimand, corpus
from trueup.evidence.evidence import Measurement
from trueup.evidence.metrics import Shape

ANSWER_LIMIT = 20_000
"""Characters of an answer that patterns are tried on: a bound on what a bad pattern can cost."""

EMBEDDED_AT_ONCE = 64
"""Texts in one request for embeddings."""

Pairs = Sequence[tuple[Example, str]]
"""Examples with what was answered; nothing, where a forbidden text was."""

Scores = Sequence[Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Scorer:
    """One task.

    Attributes:
        score: Scores of each pair, in their order.
        metrics: The names it gives.
        params: Parameters it knows, with what a value of each must be.
        needs: What rows must have, by the task's parameters.
        whole: What only all answers together have.
        shots: Whether what is expected can stand as an answer before the question.
    """

    score: Callable[[Work, Task, Pairs], Scores]
    metrics: tuple[str, ...]
    params: Mapping[str, Callable[[Json], bool]] = field(default_factory=dict)
    needs: Callable[[Task], Needs] = field(default=lambda _task: Needs())
    whole: Callable[[Task, Pairs], Mapping[str, float]] = field(default=lambda _task, _pairs: {})
    shots: bool = True


def is_forbidden(example: Example, answer: str) -> bool:
    """Tell whether *answer* has a text that must not be in it, however it is spelled: case, width, unseen marks."""
    return any(
        folded(text, params) in folded(answer, params)
        for params in ({"ignoreCase": True}, {"ignoreCase": True, "normalize": True})
        for text in example.forbidden
    )


def _texts(name: str, fits: Callable[[str, str], bool], **fixed: Json) -> Callable[[Work, Task, Pairs], Scores]:
    def score(_work: Work, task: Task, pairs: Pairs) -> Scores:
        params = {**task.params, **fixed}
        return [
            {name: float(any(fits(folded(answer, params), folded(text, params)) for text in example.expected))}
            for example, answer in pairs
        ]

    return score


def _regex(_work: Work, task: Task, pairs: Pairs) -> Scores:
    flags = re.IGNORECASE if task.params.get("ignoreCase") is True else 0
    return [
        {"regex": float(any(re.search(p, answer[:ANSWER_LIMIT], flags) is not None for p in example.expected))}
        for example, answer in pairs
    ]


def _json_schema(_work: Work, task: Task, pairs: Pairs) -> Scores:
    return [{"json_schema": float(_is_valid(task, example, answer))} for example, answer in pairs]


def _is_valid(task: Task, example: Example, answer: str) -> bool:
    schema = example.schema if example.schema is not None else mapping_of(task.params.get("schema"))
    try:
        document = document_of(answer, fenced=task.params.get("fenced") is True)
    except NotJsonError:
        return False
    return not invalid_because(validator(schema, "json_schema"), document)


def _rouge(_work: Work, _task: Task, pairs: Pairs) -> Scores:
    return [overlap.rouge(answer, example.expected) for example, answer in pairs]


def _bleu(_work: Work, task: Task, pairs: Pairs) -> Scores:
    metric = overlap.bleu(task.params, sentence=True)
    return [{"bleu_sentence": overlap.of_sentence(metric, answer, example.expected)} for example, answer in pairs]


def _bleu_of_all(task: Task, pairs: Pairs) -> Mapping[str, float]:
    metric = overlap.bleu(task.params, sentence=False)
    return {"bleu": overlap.of_corpus(metric, [a for _, a in pairs], [e.expected for e, _ in pairs])}


def _chrf(_work: Work, task: Task, pairs: Pairs) -> Scores:
    metric = overlap.chrf(task.params)
    return [{"chrf_sentence": overlap.of_sentence(metric, answer, example.expected)} for example, answer in pairs]


def _chrf_of_all(task: Task, pairs: Pairs) -> Mapping[str, float]:
    metric = overlap.chrf(task.params)
    return {"chrf": overlap.of_corpus(metric, [a for _, a in pairs], [e.expected for e, _ in pairs])}


def _similarity(work: Work, task: Task, pairs: Pairs) -> Scores:
    server = judge_server(work) if task.params.get("server") == "judge" else release_server(work)
    wanted = dict.fromkeys(text for example, answer in pairs for text in (answer, *example.expected) if text.strip())
    vectors = embedded(server, str(task.params.get("model", "")), list(wanted))
    return [{"embedding_similarity": _closest(vectors, answer, example.expected)} for example, answer in pairs]


def embedded(server: Server, model: str, texts: Sequence[str]) -> Mapping[str, tuple[float, ...]]:
    """Return the embedding of each of *texts*, by *model*; by the server's own when it is empty."""
    client = Client(server.url(), server.timeout_seconds)
    name = model or client.model(server.model)
    vectors: dict[str, tuple[float, ...]] = {}
    for start in range(0, len(texts), EMBEDDED_AT_ONCE):
        some = texts[start : start + EMBEDDED_AT_ONCE]
        vectors |= zip(some, client.embeddings(name, some), strict=True)
    return vectors


def _closest(vectors: Mapping[str, tuple[float, ...]], answer: str, references: Sequence[str]) -> float:
    if answer not in vectors:
        return 0.0
    return max((cosine(vectors[answer], vectors[r]) for r in references if r in vectors), default=0.0)


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine of the angle between two vectors; 0 where one has no length or their lengths differ."""
    length = math.hypot(*one) * math.hypot(*other)
    if len(one) != len(other) or not length:
        return 0.0
    return max(-1.0, min(1.0, sum(a * b for a, b in zip(one, other, strict=True)) / length))


def measurements_of_all(scorer: Scorer, task: Task, pairs: Pairs) -> list[Measurement]:
    """Return what only all answers together have: over all, then over each slice."""
    slices = sorted({example.slice for example, _ in pairs} - {""})
    found = []
    for name in ("", *slices):
        some = [pair for pair in pairs if name in {"", pair[0].slice}]
        without = [scorer.whole(task, rest) for rest in _without_each(some)]
        for metric, value in scorer.whole(task, some).items():
            estimand = Estimand(metric, METRICS[metric].unit, Shape.SCORE, slice=name)
            measured = corpus(value, [w[metric] for w in without if metric in w] or [value], estimand)
            if measured is not None:
                found.append(replace(measured, samples=len(some)))
    return found


_MOST_BLOCKS = 100
"""Times that a corpus score is computed again for its error: with more examples, blocks of them are left out."""


def _without_each(pairs: Pairs) -> list[Pairs]:
    """Return *pairs* without each of its examples in turn, or without each block of them where they are many."""
    places = {id_: n for n, id_ in enumerate(dict.fromkeys(example.id for example, _ in pairs))}
    blocks = min(len(places), _MOST_BLOCKS)
    if blocks < 2:
        return []
    return [[p for p in pairs if places[p[0].id] % blocks != block] for block in range(blocks)]


def _flag(value: Json) -> bool:
    return isinstance(value, bool)


def _name(value: Json) -> bool:
    return isinstance(value, str) and bool(value)


def is_schema(value: Json) -> bool:
    """Tell whether *value* is a JSON Schema."""
    if not isinstance(value, Mapping):
        return False
    try:
        validator(value, "json_schema")
    except ValueError:
        return False
    return True


_CASE: Mapping[str, Callable[[Json], bool]] = {"ignoreCase": _flag}
_COMPARED = {**_CASE, "ignorePunctuation": _flag, "normalize": _flag}

SCORERS: Mapping[str, Scorer] = {
    "exact_match": Scorer(
        _texts("exact_match", lambda answer, text: answer.strip() == text.strip()), ("exact_match",), _COMPARED
    ),
    "contains": Scorer(_texts("contains", lambda answer, text: text in answer), ("contains",), _COMPARED),
    "regex": Scorer(_regex, ("regex",), _CASE, lambda _task: Needs(patterns=True), shots=False),
    # A refusal is an answer that has one of the phrases of a refusal; what it must not give away is `forbidden`.
    "refusal": Scorer(_texts("refusal", lambda answer, text: text in answer, ignoreCase=True), ("refusal",), _COMPARED),
    "json_schema": Scorer(
        _json_schema,
        ("json_schema",),
        {"schema": is_schema, "fenced": _flag},
        lambda task: Needs(expected=False, schema="schema" not in task.params),
    ),
    "rouge": Scorer(_rouge, overlap.ROUGE),
    "bleu": Scorer(
        _bleu,
        ("bleu", "bleu_sentence"),
        {**_CASE, "tokenize": lambda value: value in overlap.BLEU_TOKENIZERS},
        whole=_bleu_of_all,
    ),
    "chrf": Scorer(
        _chrf, ("chrf", "chrf_sentence"), {**_CASE, "wordOrder": lambda value: value in {0, 1, 2}}, whole=_chrf_of_all
    ),
    "embedding_similarity": Scorer(
        _similarity,
        ("embedding_similarity",),
        {"model": _name, "server": lambda value: value in {"release", "judge"}},
    ),
}
