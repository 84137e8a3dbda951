"""Port of metrics that others keep."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class MetricSource(Protocol):
    """Answers queries."""

    def value(self, query: str, at: datetime) -> float | None:
        """Return the one number that *query* gives at that time; None when it gives none.

        Raises:
            TransientError: Nobody can say: the source does not answer.
            PermanentError: The query is wrong, gives more than one number, or the source refuses.
        """
        ...
