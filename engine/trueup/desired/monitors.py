"""What is watched of a release after its rollout: the `monitors` of a Deployment that trueup carries out, as checks."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from trueup.core.conditions import Condition
from trueup.core.durations import parse_duration
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.desired.takeover import Checks, Watched
from trueup.spec.traffic_metrics import NEVER_OF_COPIES, ONLY_OF_COPIES, TRAFFIC_METRICS

DEFAULT_WINDOW = timedelta(minutes=15)
_COUNTED = frozenset(TRAFFIC_METRICS) - frozenset(ONLY_OF_COPIES) | frozenset(NEVER_OF_COPIES)
_ACTIONS = frozenset({"alert", "rollback"})


@dataclass(frozen=True, slots=True)
class Watch:
    """One monitor.

    Attributes:
        name: As declared.
        checks: Its one metric, what must hold of it, and the fewest answers it is judged by.
        window: Time it looks back.
        takes_back: A breach takes the release back; else it is told.
    """

    name: str
    checks: Checks
    window: timedelta
    takes_back: bool


def watches_of(document: Mapping[str, Json]) -> tuple[Watch, ...]:
    """Return the monitors of a Deployment that are carried out."""
    monitors = mapping_of(document.get("spec")).get("monitors")
    items = monitors if isinstance(monitors, Sequence) and not isinstance(monitors, str) else ()
    return tuple(_watch(m) for m in map(mapping_of, items) if not why_not(m))


def why_not(monitor: Mapping[str, Json]) -> str:
    """Say why a declared monitor is not carried out; empty when it is."""
    name, query = str(monitor.get("metric") or ""), str(monitor.get("source") or "")
    if monitor.get("test") or monitor.get("baseline"):
        return "drift of live data is not measured"
    if str(monitor.get("onBreach") or "alert") not in _ACTIONS:
        return f"a breach can only `alert` or `rollback`, not `{monitor.get('onBreach')}`"
    if monitor.get("op") not in {"<", "<=", ">", ">="} or not isinstance(monitor.get("threshold"), int | float):
        return "it has no `op` (`<`, `<=`, `>`, `>=`) with a `threshold`"
    if not query and name not in _COUNTED:
        return f"the gateway does not count `{name}`; known are {', '.join(sorted(_COUNTED))}, or give a `source`"
    return ""


def _watch(monitor: Mapping[str, Json]) -> Watch:
    samples, threshold = monitor.get("minSamples"), monitor.get("threshold")
    window = monitor.get("window")
    condition = Condition(str(monitor["op"]), float(threshold) if isinstance(threshold, int | float) else 0.0)
    query = str(monitor.get("source") or "")
    watched = Watched(str(monitor.get("metric") or monitor.get("name")), condition, query)
    return Watch(
        name=str(monitor.get("name")),
        checks=Checks((watched,), min_requests=samples if isinstance(samples, int) else 1),
        window=(parse_duration(window) if isinstance(window, str) else None) or DEFAULT_WINDOW,
        takes_back=monitor.get("onBreach") == "rollback",
    )
