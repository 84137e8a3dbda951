"""What an analysis found: one verdict a metric, and one for all."""

from collections.abc import Sequence
from enum import StrEnum

from trueup.core.frozen import dataclass
from trueup.core.json import Json


class Outcome(StrEnum):
    """What is known."""

    PASS = "pass"  # noqa: S105 (no password)
    FAIL = "fail"
    UNDECIDED = "undecided"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One metric, new against stable over the same time.

    Attributes:
        metric: Its name.
        outcome: `pass`, `fail`, `undecided` (not enough evidence) or `error` (nobody could find out).
        said: In one sentence, with numbers and units.
        new: Value of the new release; None when there is none.
        stable: Value of the stable release over the same time; None when there is none.
        low, high: Interval of what is judged (the value, or how it differs); None when there is none.
        n_new, n_stable: Answers it was computed from.
        more: About how many more answers would decide it; 0 when unknown or decided.
    """

    metric: str
    outcome: Outcome
    said: str
    new: float | None = None
    stable: float | None = None
    low: float | None = None
    high: float | None = None
    n_new: int = 0
    n_stable: int = 0
    more: int = 0

    def to_json(self) -> dict[str, Json]:
        """Return the verdict as JSON."""
        return {
            "metric": self.metric,
            "outcome": self.outcome.value,
            "said": self.said,
            "new": self.new,
            "stable": self.stable,
            "low": self.low,
            "high": self.high,
            "samples": [self.n_new, self.n_stable],
            "more": self.more,
        }


def together(verdicts: Sequence[Verdict]) -> Outcome:
    """Return what all verdicts together say: a failure outweighs all, then an error, then what is undecided."""
    found = {v.outcome for v in verdicts}
    for outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.UNDECIDED):
        if outcome in found:
            return outcome
    return Outcome.PASS
