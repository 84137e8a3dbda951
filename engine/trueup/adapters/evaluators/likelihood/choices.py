"""Questions as tokens: what is before the choices, and each choice after it.

As lm-evaluation-harness does it: spaces at the end of the question belong to the choice, and a choice's tokens are
those that question and choice have together, without as many as the question has alone. A tokenizer that joins the two
is so asked for the tokens that it would read.
"""

from collections.abc import Callable, Mapping, Sequence

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.likelihood.codes import TOO_LONG
from trueup.adapters.evaluators.likelihood.rows import Question
from trueup.adapters.networks.trees import Tree
from trueup.adapters.networks.vocabulary import Vocabulary
from trueup.core.digests import digest_of
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

BETWEEN = "\n\n"
"""What stands between examples that are shown before a question."""

Render = Callable[[Question, Sequence[Question]], str]
"""Gives the text that a model reads for a question and the examples before it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of the choices of a question."""

    log_likelihoods: tuple[float, ...]
    lengths: tuple[int, ...]
    """Bytes of each choice."""

    def is_right(self, answer: int) -> bool:
        """Whether the right choice is likelier than every other; a tie is not."""
        return _wins(self.log_likelihoods, answer)

    def is_right_by_length(self, answer: int) -> bool:
        """The same for log-likelihoods by byte of the choice."""
        return _wins([x / n for x, n in zip(self.log_likelihoods, self.lengths, strict=True)], answer)


def _wins(values: Sequence[float], answer: int) -> bool:
    return all(values[answer] > v for i, v in enumerate(values) if i != answer)


def ranking(pool: Sequence[Question], seed: int) -> tuple[Question, ...]:
    """Return *pool* in an order that *seed* draws; a row that is added moves few others to the front."""
    return tuple(sorted(pool, key=lambda q: digest_of([seed, q.to_json(), q.answer])))


def raw_text(question: Question, shots: Sequence[Question], delimiter: str) -> str:
    """Return what stands before the choices, as plain text."""
    shown = [f"{_prompt(s)}{delimiter}{s.choices[s.answer]}{BETWEEN}" for s in shots]
    return "".join(shown) + _prompt(question)


def chat_messages(question: Question, shots: Sequence[Question]) -> tuple[Mapping[str, Json], ...]:
    """Return what stands before the choices, as a conversation."""
    before: list[Mapping[str, Json]] = []
    for shot in shots:
        before += [*shot.messages, {"role": "assistant", "content": shot.choices[shot.answer]}]
    return (*before, *question.messages)


def _prompt(question: Question) -> str:
    if len(question.messages) != 1:
        detail = f"Example {question.id} is a conversation; without `chatTemplate: true` only a `prompt` can be read."
        raise PermanentError(codes.BAD_ROW, detail)
    return str(question.messages[0]["content"])


def trees_of(vocabulary: Vocabulary, context: str, choices: Sequence[str], most: int) -> list[Tree]:
    """Return what is to be computed: one tree, or one a choice where they lose different beginnings.

    Args:
        vocabulary: Turns text into tokens.
        context: What stands before the choices.
        choices: Continuations, with what stands between.
        most: Tokens that are read at once; what is longer loses its beginning.

    Raises:
        PermanentError: A choice alone is longer (LIK004).
    """
    pairs = [_pair(vocabulary, context, choice) for choice in choices]
    for choice, (_, after) in zip(choices, pairs, strict=True):
        if not after or len(after) > most:
            detail = f"The choice `{choice[:80]}` has {len(after)} tokens, and {most} are read at once."
            raise PermanentError(TOO_LONG, detail)
    first = pairs[0][0]
    if all(before == first and len(before) + len(after) <= most + 1 for before, after in pairs):
        return [Tree(tuple(first), tuple(tuple(after) for _, after in pairs))]
    cut = ((before[max(len(before) + len(after) - most - 1, 0) :], after) for before, after in pairs)
    return [Tree(tuple(before), (tuple(after),)) for before, after in cut]


def _pair(vocabulary: Vocabulary, context: str, choice: str) -> tuple[list[int], list[int]]:
    bare = context.rstrip()
    choice = context[len(bare) :] + choice
    lead = [] if vocabulary.first is None else [vocabulary.first]
    if not bare:
        after = vocabulary.encode(choice)
        # A choice that begins as every text does is predicted after that beginning, not after two of them.
        return (after[:1], after[1:]) if after[:1] == [vocabulary.prefix] else ([vocabulary.prefix], after)
    before = vocabulary.encode(bare)
    return lead + before, vocabulary.encode(bare + choice)[len(before) :]
