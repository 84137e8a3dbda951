"""The system clock: the only place that reads the time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """`Clock` over the machine's clock."""

    def now(self) -> datetime:
        """Return the time, UTC and aware."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
