"""What can go wrong when another system is asked for a metric."""

from trueup.core.diagnostics import Code

UNREACHABLE = Code(
    "MET001",
    "The metrics server does not answer",
    "It cannot be reached, is busy, or took longer than `metrics.timeoutSeconds` of the project file. A release is not "
    "failed for what nobody could find out: `onError` of the analysis says what happens.",
    "Check that it runs and that `metrics.prometheus` is right.",
)
REFUSED = Code(
    "MET002",
    "The metrics server refuses the query",
    "The query is not PromQL, takes too long to evaluate, or the credentials do not suffice.",
    "Run the query in Prometheus itself; correct `query` of the metric, or `metrics.token` of the project file.",
)
NOT_ONE = Code(
    "MET003",
    "The query does not give one number",
    "A metric of an analysis is one number for one release. Several series, a range or a text cannot be compared with "
    "a bound.",
    "Aggregate in the query, for example with `sum(...)` or `max(...)`.",
)
NOT_PROMETHEUS = Code(
    "MET004",
    "The answer is none of Prometheus",
    "What answers at `metrics.prometheus` does not speak its HTTP API; it may be a proxy or a page to sign in.",
    "Name the address of Prometheus itself, without `/api/v1`.",
)
SETTINGS = Code(
    "MET005",
    "The metrics server cannot be asked",
    "A query is declared and no server, or a token would travel unencrypted, or there is none.",
    "Declare `metrics.prometheus` in the project file, with `https` where a token is sent.",
)

CODES = (UNREACHABLE, REFUSED, NOT_ONE, NOT_PROMETHEUS, SETTINGS)
