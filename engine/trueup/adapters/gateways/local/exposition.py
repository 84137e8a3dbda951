"""The gateway's counts for Prometheus; made when somebody asks, so that no request pays for it."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from trueup.adapters.gateways.local.measures import Histogram, ReleaseMeasures, Weights
from trueup.core.digests import Digest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_RELEASE = ("deployment", "release", "model")
_Counts = Callable[[ReleaseMeasures], Iterable[tuple[tuple[str, ...], float]]]


class Exposition(Collector):
    """Everything that is counted, as one collector."""

    def __init__(
        self,
        releases: tuple[ReleaseMeasures, ...],
        in_flight: Mapping[tuple[Digest, int], int],
        weights: Weights,
        waiting: int,
    ) -> None:
        self._releases = releases
        self._in_flight = in_flight
        self._weights = weights
        self._waiting = waiting

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with all its releases."""
        yield self._counter(
            "requests",
            "Requests answered, by HTTP status.",
            ("code",),
            lambda r: [((str(code),), count) for code, count in sorted(r.statuses.items())],
        )
        yield self._counter("failures", "Requests that failed in or before a server.", (), lambda r: [((), r.failures)])
        yield self._counter("refusals", "Answers that decline.", (), lambda r: [((), r.refusals)])
        yield self._counter(
            "tokens",
            "Tokens read and written.",
            ("kind",),
            lambda r: [(("prompt",), r.prompt_tokens), (("completion",), r.completion_tokens)],
        )
        yield self._counter(
            "copies",
            "Copies of requests, by what became of them; nobody gets their answers.",
            ("outcome",),
            lambda r: [((outcome,), r.copied[outcome]) for outcome in ("answered", "dropped", "failed")],
        )
        yield self._counter(
            "feedback",
            "Answers that users judged.",
            ("value",),
            lambda r: [((value,), r.feedback[value]) for value in ("down", "up")],
        )
        yield self._histogram(
            "time_to_first_token_seconds", "From a streamed request to its first word.", lambda r: r.first_token
        )
        yield self._histogram("latency_seconds", "From a request to the end of its answer.", lambda r: r.latency)
        yield from self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        weight = GaugeMetricFamily(
            "trueup_gateway_weight", "Share of the requests it answers, 0 to 100.", labels=_RELEASE
        )
        mirror = GaugeMetricFamily("trueup_gateway_mirror", "Share of the requests it gets copies of.", labels=_RELEASE)
        for labels, (answered, copied) in self._weights.items():
            weight.add_metric(labels, answered)
            mirror.add_metric(labels, copied)
        yield weight
        yield mirror
        yield GaugeMetricFamily(
            "trueup_gateway_waiting", "Requests that wait while a release is swapped.", self._waiting
        )
        in_flight = GaugeMetricFamily(
            "trueup_gateway_in_flight", "Requests under way in a server.", labels=("server", "replica")
        )
        for (server, replica), count in sorted(self._in_flight.items()):
            in_flight.add_metric((server, str(replica)), count)
        yield in_flight

    def _counter(self, name: str, what: str, more: tuple[str, ...], counts: _Counts) -> Metric:
        family = CounterMetricFamily(f"trueup_gateway_{name}", what, labels=(*_RELEASE, *more))
        for release in self._releases:
            for labels, count in counts(release):
                family.add_metric((*release.labels, *labels), count)
        return family

    def _histogram(self, name: str, what: str, of: Callable[[ReleaseMeasures], Histogram]) -> Metric:
        family = HistogramMetricFamily(f"trueup_gateway_{name}", what, labels=_RELEASE)
        for release in self._releases:
            found = of(release)
            family.add_metric(release.labels, list(found.cumulative()), found.total)
        return family
