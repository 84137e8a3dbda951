"""Counts and histograms of what was answered, per release; kept in memory, shown to Prometheus by `exposition`."""

from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trueup.adapters.gateways.local.table import Serving

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
GOOD = 0.5
"""Feedback from here on counts as good."""

_KEPT_RELEASES = 64
"""Releases whose counts are kept: more than ever serve at once, few enough to last for years."""


@dataclass(slots=True)
class Histogram:
    """Durations in seconds, counted in fixed buckets."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Yield each bound with how many durations do not pass it."""
        count = 0
        for bound, inside in zip((*BOUNDS, "+Inf"), self.buckets, strict=True):
            count += inside
            yield str(bound), count


@dataclass(slots=True)
class Answer:
    """What was found out about one answer while it was given; no word of it is kept.

    Attributes:
        status: HTTP status that the client got; 499 when it left.
        failed: The server, or the way to it, failed.
        first_token_seconds: From the request to the first word of a stream; None when there was none.
        prompt_tokens: As the server counts them.
        completion_tokens: As the server counts them, or the events of a stream with text.
        at: When it ended, seconds since the epoch.
        seconds: From the request to its end.
        refused: It declines.
        feedback: What the user thought, 0 to 1; None when nobody said.
        similarity: Of a copy: share of words in common with what the client got.
        id: The name that the answer has for the client.
    """

    status: int = 0
    failed: bool = False
    first_token_seconds: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    at: float = 0.0
    seconds: float = 0.0
    refused: bool = False
    feedback: float | None = None
    similarity: float | None = None
    id: str = ""


@dataclass(slots=True)
class ReleaseMeasures:
    """What one release answered since its route was applied."""

    labels: tuple[str, str, str]
    statuses: Counter[int] = field(default_factory=Counter)
    failures: int = 0
    refusals: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)
    copied: Counter[str] = field(default_factory=Counter)
    feedback: Counter[str] = field(default_factory=Counter)

    def add(self, answer: Answer) -> None:
        """Count one answer that a client got."""
        self.statuses[answer.status] += 1
        self.failures += answer.failed
        self.refusals += answer.refused
        self.prompt_tokens += answer.prompt_tokens
        self.completion_tokens += answer.completion_tokens
        self.latency.observe(answer.seconds)
        if answer.first_token_seconds is not None:
            self.first_token.observe(answer.first_token_seconds)

    def add_copy(self, answer: Answer) -> None:
        """Count one answer that nobody got."""
        self.copied["failed" if answer.failed else "answered"] += 1

    def blame(self, answer: Answer) -> None:
        """Count an answer that was added as a failure after all: another release gave a better one."""
        if not answer.failed:
            answer.failed = True
            self.failures += 1

    def judge(self, answer: Answer, value: float) -> None:
        """Note what the user thought of an answer; who thinks again is counted once."""
        if answer.feedback is None:
            self.feedback["up" if value >= GOOD else "down"] += 1
        answer.feedback = value


class Measures:
    """The measures of all releases that served lately."""

    def __init__(self) -> None:
        self._releases: OrderedDict[tuple[str, str, int], ReleaseMeasures] = OrderedDict()

    def of(self, serving: Serving) -> ReleaseMeasures:
        """Return the measures of a release."""
        key = (serving.address, serving.route.release, serving.applied_at)
        found = self._releases.get(key)
        if found is None:
            labels = (serving.address, serving.route.release, serving.route.spec.model_name)
            found = self._releases[key] = ReleaseMeasures(labels)
            while len(self._releases) > _KEPT_RELEASES:
                self._releases.popitem(last=False)
        return found

    def requests(self, serving: Serving) -> tuple[int, int]:
        """Return how many requests the release answered, and how many of them failed."""
        measures = self.of(serving)
        return sum(measures.statuses.values()), measures.failures

    def all(self) -> tuple[ReleaseMeasures, ...]:
        """Return the measures of every release that is remembered."""
        return tuple(self._releases.values())


Weights = Mapping[tuple[str, str, str], tuple[float, float]]
"""Weight and mirror share in force, by the labels of a release."""
