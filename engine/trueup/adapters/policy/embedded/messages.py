"""What is asked of the worker and what it answers, where several requests share a form."""

from datetime import UTC, datetime
from typing import Any

from trueup.adapters.policy import codes
from trueup.core.diagnostics import Diagnostic, Span

_BYTES_A_SECOND = 500_000
"""What a document's size adds to its time: a fifth of what the library reads in a second, on a machine of today."""
_CODES = {code.id: code for code in codes.CODES}


def evaluation(digest: str, document: bytes, now: datetime) -> dict[str, Any]:
    """Return the request to ask all rules of a bundle about *document*."""
    # Bytes that are no text become what the engine refuses, as it refuses any text that is no document.
    text = document.decode("utf-8", "surrogateescape")
    return {"do": "evaluate", "bundle": digest, "document": text, "now": nanoseconds(now)}


def nanoseconds(moment: datetime) -> int:
    """Return *moment* as `time.now_ns()` gives it."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def read_problem(problem: dict[str, Any]) -> Diagnostic:
    """Read one problem of an answer."""
    span = Span(*problem["span"]) if problem["span"] else None
    return Diagnostic(_CODES[problem["code"]], problem["detail"], span, problem["hint"])


def seconds_for(document: bytes, base: float) -> float:
    """Return how long the evaluation of *document* may take, when a small one may take *base* seconds."""
    return base + len(document) / _BYTES_A_SECOND
