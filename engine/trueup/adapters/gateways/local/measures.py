"""Counts and histograms of what was answered, per release; kept in memory, shown as Prometheus text."""

from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trueup.adapters.gateways.local.table import Serving
from trueup.core.digests import Digest

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_KEPT_RELEASES = 64
"""Releases whose counts are kept: more than ever serve at once, few enough to last for years."""


@dataclass(slots=True)
class Histogram:
    """Durations in seconds, counted in fixed buckets."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.buckets[bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds

    def lines(self, name: str, labels: str) -> Iterator[str]:
        """Yield the histogram as Prometheus text."""
        cumulative = 0
        for bound, count in zip((*_BOUNDS, "+Inf"), self.buckets, strict=True):
            cumulative += count
            yield f'{name}_bucket{{{labels},le="{bound}"}} {cumulative}'
        yield f"{name}_sum{{{labels}}} {self.total:.6f}"
        yield f"{name}_count{{{labels}}} {cumulative}"


@dataclass(slots=True)
class Answer:
    """What was found out about one answer while it was given.

    Attributes:
        status: HTTP status that the client got; 499 when it left.
        failed: The server, or the way to it, failed.
        first_token_seconds: From the request to the first word of a stream; None when there was none.
        prompt_tokens: As the server counts them.
        completion_tokens: As the server counts them, or the events of a stream with text.
    """

    status: int = 0
    failed: bool = False
    first_token_seconds: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class ReleaseMeasures:
    """What one release answered since its route was applied."""

    labels: str
    statuses: Counter[int] = field(default_factory=Counter)
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)

    def add(self, answer: Answer, seconds: float) -> None:
        """Count one answer that took *seconds*."""
        self.statuses[answer.status] += 1
        self.failures += answer.failed
        self.prompt_tokens += answer.prompt_tokens
        self.completion_tokens += answer.completion_tokens
        self.latency.observe(seconds)
        if answer.first_token_seconds is not None:
            self.first_token.observe(answer.first_token_seconds)


class Measures:
    """The measures of all releases that served lately."""

    def __init__(self) -> None:
        self._releases: OrderedDict[tuple[str, str, int], ReleaseMeasures] = OrderedDict()

    def of(self, serving: Serving) -> ReleaseMeasures:
        """Return the measures of a route's release."""
        key = (serving.address, serving.route.release, serving.applied_at)
        found = self._releases.get(key)
        if found is None:
            found = self._releases[key] = ReleaseMeasures(_labels(serving))
            while len(self._releases) > _KEPT_RELEASES:
                self._releases.popitem(last=False)
        return found

    def requests(self, serving: Serving) -> tuple[int, int]:
        """Return how many requests the route's release answered, and how many of them failed."""
        measures = self.of(serving)
        return sum(measures.statuses.values()), measures.failures

    def text(self, in_flight: Mapping[tuple[Digest, int], int]) -> str:
        """Return everything as Prometheus text."""
        return "\n".join(self._lines(in_flight)) + "\n"

    def _lines(self, in_flight: Mapping[tuple[Digest, int], int]) -> Iterator[str]:
        releases = tuple(self._releases.values())
        yield from _heading("trueup_gateway_requests_total", "counter", "Requests answered, by HTTP status.")
        for r in releases:
            for status, count in sorted(r.statuses.items()):
                yield f'trueup_gateway_requests_total{{{r.labels},code="{status}"}} {count}'
        yield from _heading("trueup_gateway_failures_total", "counter", "Requests that failed in or before a server.")
        for r in releases:
            yield f"trueup_gateway_failures_total{{{r.labels}}} {r.failures}"
        yield from _heading("trueup_gateway_tokens_total", "counter", "Tokens read and written.")
        for r in releases:
            yield f'trueup_gateway_tokens_total{{{r.labels},kind="prompt"}} {r.prompt_tokens}'
            yield f'trueup_gateway_tokens_total{{{r.labels},kind="completion"}} {r.completion_tokens}'
        name = "trueup_gateway_time_to_first_token_seconds"
        yield from _heading(name, "histogram", "From a streamed request to its first word.")
        for r in releases:
            yield from r.first_token.lines(name, r.labels)
        name = "trueup_gateway_latency_seconds"
        yield from _heading(name, "histogram", "From a request to the end of its answer.")
        for r in releases:
            yield from r.latency.lines(name, r.labels)
        yield from _heading("trueup_gateway_in_flight", "gauge", "Requests under way in a server.")
        for (server, replica), count in sorted(in_flight.items()):
            yield f'trueup_gateway_in_flight{{server="{server}",replica="{replica}"}} {count}'


def _heading(name: str, kind: str, what: str) -> tuple[str, str]:
    return f"# HELP {name} {what}", f"# TYPE {name} {kind}"


def _labels(serving: Serving) -> str:
    pairs = (
        ("deployment", serving.address),
        ("release", serving.route.release),
        ("model", serving.route.spec.model_name),
    )
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
