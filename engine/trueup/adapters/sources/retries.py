"""Doing again what failed for now: a dropped connection, a busy server."""

from collections.abc import Callable
from typing import TypeVar

from trueup.adapters.sources import codes
from trueup.core.errors import TransientError
from trueup.core.frozen import dataclass

T = TypeVar("T")


def words_of(error: Exception) -> str:
    """Return what an error of a library says, on one line; its kind when it says nothing."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


class UnreachableError(TransientError):
    """A source does not answer as it should, and may later.

    Attributes:
        after_seconds: How long it asks to be left alone (`Retry-After`); 0 when it does not say.
    """

    def __init__(self, detail: str, *, after_seconds: float = 0.0) -> None:
        super().__init__(codes.UNREACHABLE, detail)
        self.after_seconds = after_seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a source is asked again.

    Attributes:
        tries: Failures in a row, without a byte between them, before it is given up.
        first_wait_seconds: Waited after the first of them, twice as long after each next one.
        longest_wait_seconds: Never longer, whatever the source asks for.
    """

    tries: int = 6
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0

    def wait_seconds(self, failures: int, error: TransientError) -> float:
        """Return how long to wait after so many *failures* in a row, the last of them *error*."""
        asked = error.after_seconds if isinstance(error, UnreachableError) else 0.0
        return min(max(self.first_wait_seconds * 2.0 ** (failures - 1), asked), self.longest_wait_seconds)


PATIENT = Patience()
"""About fifteen seconds for a server that answers nothing at all, any time for one that goes on giving."""


def again(action: Callable[[], T], patience: Patience, wait: Callable[[float], object]) -> T:
    """Return what *action* gives, asked again after a `TransientError`.

    Raises:
        TransientError: It failed as often as *patience* allows.
    """
    failures = 0
    while True:
        try:
            return action()
        except TransientError as error:
            failures += 1
            if failures >= patience.tries:
                raise
            wait(patience.wait_seconds(failures, error))
