"""What the answers of a release show of a metric; `spec.traffic_metrics` says what each metric is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from trueup.core.frozen import dataclass
from trueup.evidence.statistics.limits import Sample, mean_of_values, percentile_of, share_of
from trueup.observed.traffic import Answered
from trueup.spec.traffic_metrics import TRAFFIC_METRICS

CLIENT_LEFT = 499
"""Status of a request whose client did not wait: nobody knows what it would have become."""


def counted(answers: Iterable[Answered]) -> list[Answered]:
    """Return the answers that say something of their release."""
    return [a for a in answers if a.status != CLIENT_LEFT]


@dataclass(frozen=True, slots=True)
class _Read:
    """How a metric is read off one answer.

    Attributes:
        value: Its value; None where the answer has none.
        failed: Whether failed answers count too.
    """

    value: Callable[[Answered], float | None]
    failed: bool = False


def _itl(answer: Answered) -> float | None:
    if answer.first_token_seconds is None or answer.completion_tokens < 2:
        return None
    return max(0.0, answer.seconds - answer.first_token_seconds) / (answer.completion_tokens - 1)


def _speed(answer: Answered) -> float | None:
    has_tokens = answer.completion_tokens > 0 and answer.seconds > 0
    return answer.completion_tokens / answer.seconds if has_tokens else None


_READ: Mapping[str, _Read] = MappingProxyType(
    {
        "error_rate": _Read(lambda a: float(a.failed), failed=True),
        "ttft": _Read(lambda a: a.first_token_seconds),
        "latency": _Read(lambda a: a.seconds),
        "itl": _Read(_itl),
        "tokens_per_second": _Read(_speed),
        "refusal_rate": _Read(lambda a: float(a.refused)),
        "output_tokens": _Read(lambda a: float(a.completion_tokens)),
        "feedback": _Read(lambda a: a.feedback),
        "similarity": _Read(lambda a: a.similarity),
    }
)
_SHARES = ("error_rate", "refusal_rate", "feedback")
"""Metrics whose values are 0 or 1, or marks between them: limits of a share hold for both."""


def values_of(metric: str, answers: Iterable[Answered]) -> list[float]:
    """Return the value of *metric* in each of *answers* that has one."""
    read = _READ[metric.rpartition("_p")[0] if TRAFFIC_METRICS[metric].quantile else metric]
    found = (read.value(a) for a in answers if read.failed or not a.failed)
    return [v for v in found if v is not None]


def sample_of(metric: str, values: Sequence[float], most: float = 1.0) -> Sample | None:
    """Return what *values* show; None without any.

    Args:
        metric: A traffic metric.
        values: As `values_of` gives them.
        most: The greatest value that anybody saw, of what has no greatest one by nature.
    """
    if not values:
        return None
    quantile = TRAFFIC_METRICS[metric].quantile
    if quantile:
        return percentile_of(values, quantile)
    if metric in _SHARES:
        return share_of(sum(values), len(values))
    return mean_of_values(values, (0.0, max(1.0, most)))
