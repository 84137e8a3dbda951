"""Diagnostics: what a user got wrong, as values that can be collected, sorted and shown together."""

from collections.abc import Iterable
from enum import StrEnum

from trueup.core.frozen import dataclass


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops the run, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """A stable kind of problem, with its page in `docs/errors.md`.

    Attributes:
        id: Area and number, `SPEC012`; never used again for something else.
        summary: The problem in a few fixed words, without names or values.
        explanation: When it happens and why it is a problem.
        remedy: What to do about it.
    """

    id: str
    summary: str
    explanation: str
    remedy: str


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file. Lines and columns count from 1, columns in characters; 0 means the whole file."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.path
        return f"{self.path}:{self.line}:{self.column or 1}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: what is wrong here and why (`detail`), where (`span`), and what to do (`hint`)."""

    code: Code
    detail: str
    span: Span | None = None
    hint: str = ""
    severity: Severity = Severity.ERROR

    @property
    def advice(self) -> str:
        """What to do: the hint, or what helps with every problem of this code."""
        return self.hint or self.code.remedy


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Order by place, then code, so that equal problems print equally whatever order found them."""
    return tuple(sorted(diagnostics, key=lambda d: (d.span or Span(""), d.code.id, d.detail)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Tell whether any of *diagnostics* stops the run."""
    return any(d.severity is Severity.ERROR for d in diagnostics)
