"""The words of one answer while they go by: enough to tell a refusal, or to compare a copy; thrown away with it."""

from collections import Counter
from collections.abc import Mapping

from trueup.core.json import Json
from trueup.evidence.refusals import LOOKED_AT, is_refusal

COMPARED = 20_000
"""Characters of an answer that are compared with those of a copy."""


class Heard:
    """Collects text up to a limit."""

    __slots__ = ("_limit", "_size", "_texts")

    def __init__(self, limit: int = LOOKED_AT) -> None:
        self._limit = limit
        self._texts: list[str] = []
        self._size = 0

    @property
    def wants_more(self) -> bool:
        """Whether the limit is not reached."""
        return self._size < self._limit

    @property
    def text(self) -> str:
        """What was collected."""
        return "".join(self._texts)[: self._limit]

    @property
    def refuses(self) -> bool:
        """Whether it begins like a refusal."""
        return is_refusal(self.text)

    def add(self, event: Mapping[str, Json]) -> None:
        """Take the text out of a whole answer or of one event of a stream; of several choices, the first."""
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            return
        said = choice.get("message") or choice.get("delta")
        text = said.get("content") if isinstance(said, Mapping) else choice.get("text")
        if isinstance(text, str) and text:
            self._texts.append(text)
            self._size += len(text)


def similarity(one: str, other: str) -> float:
    """Return the share of words that two answers have in common, 0 to 1: twice the common ones by all (Dice, 1945)."""
    left, right = Counter(one.lower().split()), Counter(other.lower().split())
    total = left.total() + right.total()
    return 2.0 * (left & right).total() / total if total else 1.0
