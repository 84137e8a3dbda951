"""Assertions about one answer, as promptfoo means them."""

import re
from collections.abc import Callable, Mapping, Sequence

from trueup.adapters.evaluators.answers import overlap
from trueup.adapters.evaluators.answers.documents import (
    NOT_APPLIED,
    NotJsonError,
    document_of,
    documents_in,
    invalid_because,
    validator,
)
from trueup.adapters.evaluators.answers.tasks import ANSWER_LIMIT
from trueup.adapters.evaluators.client import Answer
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.prompt_tests import NOT, Assertion, prompt_failure

Similarity = Callable[[str, str], float]
"""Cosine of two texts' embeddings."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a test has to look at.

    Attributes:
        prompt: The prompt, filled in.
        answer: What was answered; None where nothing was asked.
        similarity: Compares two texts.
    """

    prompt: str
    answer: Answer | None
    similarity: Similarity


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an assertion: its score from 0 to 1, whether it holds, and why not."""

    score: float
    holds: bool
    reason: str = ""


def verdict_of(assertion: Assertion, seen: Seen) -> Verdict:
    """Hold *assertion* against what was *seen*; what was not answered does not hold."""
    if assertion.is_about_prompt:
        reason = prompt_failure(assertion, seen.prompt)
        return Verdict(float(not reason), not reason, reason)
    if seen.answer is None:
        return Verdict(0.0, holds=False, reason="nothing was answered")
    said = f"{NOT if assertion.is_turned else ''}{assertion.type}"
    try:
        score, holds = _of_answer(assertion, seen.answer, seen.similarity)
    except _UnknownError as error:
        return Verdict(0.0, holds=False, reason=f"`{said}` cannot be told: {error}")
    if assertion.is_turned:
        score, holds = 1 - score, not holds
    return Verdict(score, holds, "" if holds else f"`{said}` does not hold ({_wanted(assertion, seen.answer)})")


def _wanted(assertion: Assertion, answer: Answer) -> str:
    match assertion.type:
        case "latency":
            return f"{answer.seconds * 1000:.0f} ms, at most {assertion.threshold:g} are accepted"
        case "max-tokens":
            return f"{answer.completion_tokens} tokens, at most {assertion.value} are accepted"
        case _:
            return f"value {str(assertion.value)[:200]!r}"


class _UnknownError(Exception):
    """It cannot be told whether an assertion holds: then it does not, and what is turned round does not either."""


def _of_answer(assertion: Assertion, answer: Answer, similarity: Similarity) -> tuple[float, bool]:
    """Return the score and whether it is enough."""
    value, text = assertion.value, answer.text
    match assertion.type:
        case "latency":
            return _passes(answer.seconds * 1000 <= assertion.threshold)
        case "max-tokens":
            if answer.completion_tokens is None:
                raise _UnknownError("the server does not say how many tokens it wrote")
            return _passes(isinstance(value, int) and answer.completion_tokens <= value)
        case "levenshtein":
            return _passes(is_within(text, str(value), int(assertion.threshold)))
        case "similar":
            return _enough(similarity(text, str(value)), assertion.threshold)
        case "rouge-n":
            return _enough(overlap.rouge(text, [str(value)])["rouge1"], assertion.threshold)
        case "rouge-l":
            return _enough(overlap.rouge(text, [str(value)])["rougeL"], assertion.threshold)
        case "bleu":
            metric = overlap.bleu({}, sentence=True)
            return _enough(overlap.of_sentence(metric, text, [str(value)]) / 100, assertion.threshold)
        case _:
            return _passes(_TEXT_CHECKS[assertion.type](text, value))


def _passes(holds: bool) -> tuple[float, bool]:
    return float(holds), holds


def _enough(score: float, threshold: float) -> tuple[float, bool]:
    return score, score >= threshold


def _equals(text: str, value: Json) -> bool:
    if isinstance(value, str):
        return text == value
    try:
        return document_of(text) == value
    except NotJsonError:
        return False


def _is_json(text: str, schema: Json) -> bool:
    try:
        return _fits(document_of(text), schema)
    except NotJsonError:
        return False


def _fits(document: Json, schema: Json) -> bool:
    if not isinstance(schema, Mapping):
        return True
    try:
        reason = invalid_because(validator(schema, "is-json"), document)
    except ValueError as error:
        raise _UnknownError(str(error)) from error
    if reason.startswith(NOT_APPLIED):
        raise _UnknownError(reason)
    return not reason


def _matches(text: str, pattern: Json) -> bool:
    if re.search(str(pattern), text[:ANSWER_LIMIT]) is not None:
        return True
    if len(text) > ANSWER_LIMIT:
        raise _UnknownError(f"the answer has more than the {ANSWER_LIMIT:,} characters that are looked at")
    return False


def _list(value: Json) -> Sequence[str]:
    return [value] if isinstance(value, str) else [str(v) for v in value] if isinstance(value, Sequence) else []


_TEXT_CHECKS: Mapping[str, Callable[[str, Json], bool]] = {
    "equals": _equals,
    "contains": lambda text, value: str(value) in text,
    "icontains": lambda text, value: str(value).casefold() in text.casefold(),
    "contains-any": lambda text, value: any(v in text for v in _list(value)),
    "contains-all": lambda text, value: all(v in text for v in _list(value)),
    "icontains-any": lambda text, value: any(v.casefold() in text.casefold() for v in _list(value)),
    "icontains-all": lambda text, value: all(v.casefold() in text.casefold() for v in _list(value)),
    "starts-with": lambda text, value: text.startswith(str(value)),
    "regex": _matches,
    "is-json": _is_json,
    "contains-json": lambda text, schema: any(_fits(d, schema) for d in documents_in(text)),
}


def is_within(one: str, other: str, most: int) -> bool:
    """Tell whether at most *most* characters are to be put in, taken out or changed to make *other* of *one*.

    Only distances up to *most* are counted, so that long answers cost little.

    Source: Levenshtein distance in a band (Ukkonen, 1985).
    """
    if abs(len(one) - len(other)) > most:
        return False
    beyond = most + 1
    row = [min(i, beyond) for i in range(len(other) + 1)]
    for i, character in enumerate(one, start=1):
        first, last = max(1, i - most), min(len(other), i + most)
        new = [beyond] * (len(other) + 1)
        new[0] = min(i, beyond)
        for j in range(first, last + 1):
            change = row[j - 1] + (character != other[j - 1])
            new[j] = min(change, row[j] + 1, new[j - 1] + 1, beyond)
        row = new
    return row[len(other)] <= most
