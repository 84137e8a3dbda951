"""Exit codes: what a script may rely on. A number is never given a second meaning."""

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    DENIED = 3
    STALE = 4
    LOCKED = 5
    PARTIAL = 6
    INVALID = 8
    TIMEOUT = 9
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """What the code says, for `docs/reference/cli.md`."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.DONE: "Done, or nothing to do.",
    ExitCode.ERROR: "An error: wrong usage, a missing file, a failed step. Also a bug of trueup.",
    ExitCode.CHANGES: "There are changes; only with `--detailed-exitcode`.",
    ExitCode.DENIED: "Policy denies it, or could not be evaluated.",
    ExitCode.STALE: "The plan is stale: what it was made from has changed since.",
    ExitCode.LOCKED: "Another run holds the lock of the environment.",
    ExitCode.PARTIAL: "Partly applied: some deployments reached their desired state, some did not.",
    ExitCode.INVALID: "Validation failed.",
    ExitCode.TIMEOUT: "It took longer than allowed.",
    ExitCode.INTERRUPTED: "Interrupted (Ctrl-C).",
}


BY_PROBLEM = {
    "APP001": ExitCode.STALE,
    "PLN006": ExitCode.STALE,
    "LED040": ExitCode.LOCKED,
    "RUN004": ExitCode.TIMEOUT,
    "RUN014": ExitCode.TIMEOUT,
    "APP005": ExitCode.DENIED,
    "APP013": ExitCode.DENIED,
    "RES001": ExitCode.INVALID,
}
"""Exit codes of failures that a script tells apart, by the id of their code; all others are `ERROR`."""


def exit_code_of(code_id: str) -> ExitCode:
    """Return how a command ends that fails with the problem of that id."""
    return BY_PROBLEM.get(code_id, ExitCode.ERROR)


_WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.ERROR,
    ExitCode.INVALID,
    ExitCode.TIMEOUT,
    ExitCode.LOCKED,
    ExitCode.STALE,
    ExitCode.PARTIAL,
    ExitCode.DENIED,
    ExitCode.CHANGES,
    ExitCode.DONE,
)


def worst(codes: "Iterable[ExitCode]") -> ExitCode:
    """Return how a command ends that did several things: an error hides behind nothing that is less."""
    return min(codes, key=_WORST_FIRST.index, default=ExitCode.DONE)
