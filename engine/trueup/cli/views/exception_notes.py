"""Exceptions that somebody has to look after: those out of force, and those in use that soon will be."""

from collections.abc import Iterator

from trueup.policy.decision import Decision

EXPIRING_DAYS = 14
"""From here on every plan reminds of an exception it stands on: time for one review and one more change."""


def exception_notes(decision: Decision) -> Iterator[str]:
    """Yield a line for each exception that is not in force, and for each one in use that expires soon."""
    for use in decision.exceptions:
        days = use.expires_in_days
        if use.problem:
            yield f"{use.address} lifts nothing: {use.problem}"
        elif use.state == "used" and days is not None and days <= EXPIRING_DAYS:
            yield f"{use.address} {expiry_of(days)} ({use.expires})"


def expiry_of(days: int) -> str:
    """Say when it expires: `expires in 3 days`."""
    return "expires today" if days == 0 else f"expires in {days} {'day' if days == 1 else 'days'}"
