"""The tasks of the group: what each asks to be computed of an example, and what the numbers are worth."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.likelihood.choices import Render, Scored, raw_text, trees_of
from trueup.adapters.evaluators.likelihood.codes import NOT_FINITE
from trueup.adapters.evaluators.likelihood.rows import Question, Text
from trueup.adapters.evaluators.likelihood.summing import MOST_NATS, Sums, agreements, divergences, perplexities
from trueup.adapters.evaluators.likelihood.windows import windows
from trueup.adapters.networks.trees import Tree
from trueup.adapters.networks.vocabulary import Vocabulary
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement

Value = Mapping[str, Json]
"""What was computed of one example: sums and counts, from which everything else follows."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What one example shows of itself.

    Attributes:
        asked: What it is, in words.
        scores: By metric.
        notes: Why they are what they are.
        tokens: Tokens that were predicted.
    """

    asked: str
    scores: Mapping[str, float]
    notes: Mapping[str, str]
    tokens: int


_Example = TypeVar("_Example", Text, Question)


class Measure(Protocol[_Example]):
    """A task on examples of one kind."""

    @property
    def examples(self) -> Sequence[_Example]:
        """What it is measured on."""
        ...

    def decided_by(self, example: _Example) -> Json:
        """Return everything of the declaration and the example that decides its value."""
        ...

    def trees(self, vocabulary: Vocabulary, example: _Example) -> list[Tree]:
        """Return what is to be computed of one example."""
        ...

    def value(self, example: _Example, trees: Sequence[Tree], found: Sequence[tuple[float, ...]]) -> Value:
        """Return what came of *trees*.

        Raises:
            PermanentError: Something is no number (LIK001).
        """
        ...

    def scores(self, example: _Example, value: Value) -> Scores:
        """Return what an example shows of itself."""
        ...

    def whole(self, values: Sequence[tuple[_Example, Value]]) -> tuple[Measurement, ...]:
        """Return what only all examples together have."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read.

    Attributes:
        context: Most tokens that are read at once; 0 for all that the model can.
        stride: Tokens that a window after the first predicts; 0 for as many as are read.
        most: Most tokens of a text that are predicted; 0 for all.
    """

    context: int = 0
    stride: int = 0
    most: int = 0

    def to_json(self) -> Json:
        """Return what decides the numbers."""
        return [self.context, self.stride, self.most]

    def trees(self, vocabulary: Vocabulary, text: Text) -> list[Tree]:
        """Return the windows of *text*."""
        context = within(self.context, vocabulary)
        tokens = vocabulary.encode(text.text)
        stride = min(self.stride or context, context)
        return list(windows(tokens[: self.most] if self.most else tokens, vocabulary.prefix, context, stride))


def within(context: int, vocabulary: Vocabulary) -> int:
    """Return how many tokens are read at once: as declared, else as many as the model can.

    Raises:
        PermanentError: More are declared than that (EVAL006).
    """
    if context > vocabulary.context:
        detail = f"`context` is {context}, and the model reads {vocabulary.context} tokens at once."
        raise PermanentError(codes.UNSUPPORTED, detail)
    return context or vocabulary.context


@dataclass(frozen=True, slots=True)
class Perplexity:
    """How well the next token is foreseen. One example's number is `nll`: nats a token, the mean over its tokens."""

    examples: Sequence[Text]
    reading: Reading

    def decided_by(self, example: Text) -> Json:
        """Return text and windows."""
        return ["perplexity", self.reading.to_json(), example.to_json()]

    def trees(self, vocabulary: Vocabulary, example: Text) -> list[Tree]:
        """Return the windows."""
        return self.reading.trees(vocabulary, example)

    def value(self, example: Text, trees: Sequence[Tree], found: Sequence[tuple[float, ...]]) -> Value:
        """Return the summed loss."""
        nll, tokens = -math.fsum(x for sums in found for x in sums), sum(t.predicted for t in trees)
        _refuse_no_number(example.id, [nll], nll / max(tokens, 1))
        return {"nll": nll, "tokens": tokens}

    def scores(self, example: Text, value: Value) -> Scores:
        """Return nats a token."""
        tokens = int(_number(value, "tokens"))
        return Scores(example.text, {"nll": _number(value, "nll") / tokens}, {"tokens": str(tokens)}, tokens)

    def whole(self, values: Sequence[tuple[Text, Value]]) -> tuple[Measurement, ...]:
        """Return perplexity and bits a byte."""
        return perplexities([_sums(e, {"nll": _number(v, "nll")}, v) for e, v in values])


@dataclass(frozen=True, slots=True)
class Choices:
    """Which choice is likeliest after its question.

    Attributes:
        shots: Examples that are shown before each question, by its id.
        delimiter: What stands between question and choice.
        render: Gives the text of a conversation; None for plain text.
        rendering: What decides that text besides the example.
        context: Most tokens that are read at once; 0 for all that the model can.
    """

    examples: Sequence[Question]
    shots: Mapping[str, Sequence[Question]]
    delimiter: str
    render: Render | None
    rendering: Json
    context: int

    def decided_by(self, example: Question) -> Json:
        """Return question, choices, examples before it and how it is written."""
        shots: list[Json] = [[s.to_json(), s.answer] for s in self.shots.get(example.id, ())]
        return ["choices", self.context, self.delimiter, self.rendering, shots, example.to_json()]

    def trees(self, vocabulary: Vocabulary, example: Question) -> list[Tree]:
        """Return the question with its choices as branches."""
        shots = self.shots.get(example.id, ())
        text = self.render(example, shots) if self.render else raw_text(example, shots, self.delimiter)
        choices = [f"{self.delimiter}{c}" for c in example.choices]
        return trees_of(vocabulary, text, choices, within(self.context, vocabulary))

    def value(self, example: Question, trees: Sequence[Tree], found: Sequence[tuple[float, ...]]) -> Value:
        """Return the log-likelihood of each choice."""
        each = [x for sums in found for x in sums]
        _refuse_no_number(example.id, each)
        return {"logLikelihoods": list(each), "tokens": sum(t.predicted for t in trees)}

    def scores(self, example: Question, value: Value) -> Scores:
        """Return whether the right choice is the likeliest."""
        given = value["logLikelihoods"]
        each = tuple(x for x in given if isinstance(x, float)) if isinstance(given, list) else ()
        scored = Scored(each, tuple(len(c.encode()) for c in example.choices))
        likeliest = example.choices[each.index(max(each))]
        return Scores(
            str(example.messages[-1]["content"]),
            {
                "choice_accuracy": float(scored.is_right(example.answer)),
                "choice_accuracy_norm": float(scored.is_right_by_length(example.answer)),
            },
            {
                "expected": example.choices[example.answer],
                "likeliest": likeliest,
                "logLikelihoods": " ".join(f"{x:.4f}" for x in each),
            },
            int(_number(value, "tokens")),
        )

    def whole(self, values: Sequence[tuple[Question, Value]]) -> tuple[Measurement, ...]:  # noqa: ARG002
        """Return nothing: shares of right answers are made from the examples."""
        return ()


@dataclass(frozen=True, slots=True)
class Divergence:
    """How far the artifact's predictions are from its source's.

    Attributes:
        wants: Metrics of single examples that are asked for: `kl`, `top1`.
    """

    examples: Sequence[Text]
    reading: Reading
    wants: frozenset[str]

    def decided_by(self, example: Text) -> Json:
        """Return text and windows."""
        return ["divergence", self.reading.to_json(), example.to_json()]

    def trees(self, vocabulary: Vocabulary, example: Text) -> list[Tree]:
        """Return the windows."""
        return self.reading.trees(vocabulary, example)

    def value(self, example: Text, trees: Sequence[Tree], found: Sequence[tuple[float, ...]]) -> Value:
        """Return the sums that a comparison gave."""
        kl, agreed, source, artifact, spoiled = (math.fsum(s[i] for s in found) for i in range(5))
        tokens = sum(t.predicted for t in trees)
        _refuse_no_number(example.id, [math.nan if spoiled else kl, source, artifact], max(source, artifact) / tokens)
        return {"kl": kl, "agreed": agreed, "source": source, "artifact": artifact, "tokens": tokens}

    def scores(self, example: Text, value: Value) -> Scores:
        """Return divergence and agreement, both a token."""
        tokens = int(_number(value, "tokens"))
        both = {"kl": _number(value, "kl") / tokens, "top1": _number(value, "agreed") / tokens}
        return Scores(example.text, {n: v for n, v in both.items() if n in self.wants}, {"tokens": str(tokens)}, tokens)

    def whole(self, values: Sequence[tuple[Text, Value]]) -> tuple[Measurement, ...]:
        """Return the same over tokens, and the ratio of the perplexities."""
        sums = [
            _sums(
                e,
                {
                    "kl": _number(v, "kl"),
                    "top1": _number(v, "agreed"),
                    "more": _number(v, "artifact") - _number(v, "source"),
                },
                v,
            )
            for e, v in values
        ]
        return (
            *(divergences(sums) if "kl" in self.wants else ()),
            *(agreements(sums) if "top1" in self.wants else ()),
        )


def _sums(example: Text, values: dict[str, float], value: Value) -> Sums:
    return Sums(example.slice, values, int(_number(value, "tokens")), len(example.text.encode()))


def _number(value: Value, name: str) -> float:
    number = value[name]
    if not isinstance(number, int | float):
        raise TypeError(f"`{name}` is no number")
    return float(number)


def _refuse_no_number(example_id: str, values: Sequence[float], nats: float = 0.0) -> None:
    """Refuse *values* of which one is no finite number, and a mean loss of more *nats* than a perplexity can spell."""
    if not all(map(math.isfinite, values)) or nats > MOST_NATS:
        raise PermanentError(NOT_FINITE, f"Example {example_id}: a log-likelihood is not a finite number.")
