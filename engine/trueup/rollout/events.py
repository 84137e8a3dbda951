"""Events: what apply did, as frozen values. Views print them, the ledger keeps them, tests compare them."""

from datetime import datetime
from enum import StrEnum

from trueup.core.frozen import dataclass
from trueup.core.json import Json


class Status(StrEnum):
    """How far a step is."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of apply.

    Attributes:
        at: When, UTC.
        step: What is done: `recover`, `fetch`, `build`, `parity`, `start`, `ready`, `evaluate`,
            `gate`, `route`, `verify`, `scale`, `stop`, `record`; and `commit` and `hold` of a rollback.
        address: What it is done to.
        status: How far it is.
        detail: In words.
        facts: Numbers and digests worth keeping (bytes, seconds, store key, measurements).
    """

    at: datetime
    step: str
    address: str
    status: Status
    detail: str = ""
    facts: tuple[tuple[str, Json], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the event as JSON."""
        return {
            "at": self.at.isoformat(),
            "step": self.step,
            "address": self.address,
            "status": self.status.value,
            "detail": self.detail,
            "facts": dict(self.facts),
        }
