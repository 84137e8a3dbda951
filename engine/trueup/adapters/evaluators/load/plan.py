"""What a load is made of, as a task declares it."""

from collections.abc import Mapping
from datetime import timedelta

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.parameters import share, whole
from trueup.adapters.evaluators.work import Task
from trueup.core.durations import parse_duration
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import mapping_of

PARAMETERS = frozenset(
    {
        "concurrency",
        "requests",
        "duration",
        "warmup",
        "inputTokens",
        "outputTokens",
        "slo",
        "maxErrorRate",
    }
)
_LATENCIES = {"ttft": "ttft", "itl": "inter_token_latency", "e2eLatency": "latency"}
"""Terms of a Deployment's `slo` that one request can meet, and the score that is held against each."""
_OTHER_TERMS = frozenset({"percentile", "errorRate", "availability", "goodput", "throughput"})
"""Terms that only many requests can meet: gates are about those."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A load: as many requests at once as declared, each followed by the next as soon as it is answered.

    Attributes:
        concurrency: Requests at once.
        requests: Measured requests; 0 when they are as many as `seconds` allow.
        seconds: For how long new ones begin; 0 when `requests` says it.
        warmup: Requests before, which are not measured.
        input_tokens: Length of made-up questions; 0 for those of the data.
        output_tokens: Length of answers that is asked for; 0 leaves it to the release.
        bounds: Largest milliseconds of a request that meets the SLO, by score.
        max_error_rate: Share of failed requests that still allows a measurement.
    """

    concurrency: int
    requests: int
    seconds: float
    warmup: int
    input_tokens: int
    output_tokens: int
    bounds: Mapping[str, float]
    max_error_rate: float


def read_plan(task: Task, slots: int, rows: int) -> Plan:
    """Return what *task* declares.

    Args:
        task: The task.
        slots: Requests at once where nothing is declared.
        rows: Examples of the data, as many as are asked where nothing is declared.

    Raises:
        PermanentError: A parameter is of another kind (EVAL006).
    """
    seconds = _seconds(task, "duration", task.params.get("duration")) if "duration" in task.params else 0.0
    if seconds and "requests" in task.params:
        raise PermanentError(codes.UNSUPPORTED, f"The task `{task.name}` declares both `requests` and `duration`.")
    concurrency = whole(task, "concurrency", slots)
    return Plan(
        concurrency,
        0 if seconds else whole(task, "requests", rows),
        seconds,
        whole(task, "warmup", concurrency, least=0),
        whole(task, "inputTokens", 0),
        whole(task, "outputTokens", 0),
        _bounds(task),
        share(task, "maxErrorRate", 0.0),
    )


def _bounds(task: Task) -> Mapping[str, float]:
    declared = task.params.get("slo", {})
    if not isinstance(declared, Mapping):
        raise PermanentError(codes.UNSUPPORTED, f"`slo` of the task `{task.name}` must be an object.")
    slo = mapping_of(declared)
    unknown = sorted(set(slo) - set(_LATENCIES) - _OTHER_TERMS)
    if unknown:
        known = ", ".join(sorted(_LATENCIES))
        detail = f"`slo` of the task `{task.name}` has `{unknown[0]}`; a request is held to {known}."
        raise PermanentError(codes.UNSUPPORTED, detail)
    return {score: _seconds(task, f"slo.{term}", slo[term]) * 1000 for term, score in _LATENCIES.items() if term in slo}


def _seconds(task: Task, name: str, value: object) -> float:
    try:
        parsed = parse_duration(value) if isinstance(value, str) else None
    except OverflowError:
        parsed = None
    if not parsed:
        detail = f"`{name}` of the task `{task.name}` is {value!r}; it must be a duration, such as `800ms`."
        raise PermanentError(codes.UNSUPPORTED, detail)
    return parsed / timedelta(seconds=1)
