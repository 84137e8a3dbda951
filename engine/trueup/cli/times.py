"""Times as people type them."""

import argparse
from datetime import UTC, datetime


def time(text: str) -> datetime:
    """Read an ISO 8601 time, `2026-11-21` or `2026-11-21T14:30Z`; without an offset it is UTC. For `add_argument`."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not a time such as 2026-11-21 or 2026-11-21T14:30Z") from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
