"""Times as people type them on the command line."""

from datetime import datetime

from trueup.cli.arguments import UsageError
from trueup.core.diagnostics import Diagnostic
from trueup.ledger.times import parse_time


def read_time(text: str, now: datetime) -> datetime:
    """Return the time that *text* spells, as ISO 8601 or as an age before *now*.

    Raises:
        UsageError: It spells none.
    """
    read = parse_time(text, now)
    if isinstance(read, Diagnostic):
        raise UsageError(read.detail, code=read.code, hint=read.hint)
    return read
