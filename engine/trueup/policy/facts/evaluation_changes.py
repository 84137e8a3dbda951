"""What a change makes easier to pass: requirements, thresholds, comparisons and suites, before and after.

A version of an Evaluation never changes, so a threshold is loosened by requiring `facts@2` in place of `facts@1`:
evaluations are compared by name as well as by version.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from trueup.core.durations import parse_duration
from trueup.core.json import Json, mapping_of
from trueup.policy.facts.lineage import spec_of
from trueup.policy.facts.prompt_test_changes import Find, prompt_test_changes


def evaluation_changes(environment: str, before: Find, after: Find, deployments: Iterable[str] = ()) -> list[Json]:
    """Return what is easier to pass after the change than before it.

    Args:
        environment: Address of the Environment.
        before: Finds documents at the base.
        after: Finds them in the change.
        deployments: Addresses of its Deployments that the change makes differ.
    """
    was, now = before(environment), after(environment)
    if was is None or now is None:
        return []  # a new environment loosens nothing, and one that is gone judges nothing
    found: list[Json] = []
    for reference, kept in _pairs(_required(spec_of(was)), _required(spec_of(now))):
        if kept is None:
            found.append(_found(environment, "requirement-removed", reference, None))
        else:
            found += _evaluation(reference, kept, before, after)
    demanded, demands = (mapping_of(spec_of(document).get("evaluations")) for document in (was, now))
    found += _age(environment, demanded, demands)
    if demanded.get("signed") is True and demands.get("signed") is not True:
        found.append(_found(environment, "signature-dropped", True, demands.get("signed", False)))
    return [*found, *prompt_test_changes(deployments, before, after)]


def _pairs(was: list[str], now: list[str]) -> Iterator[tuple[str, str | None]]:
    """Yield each reference of *was* with the one that stands for it in *now*: the same, else one of its name."""
    left = [reference for reference in now if reference not in was]
    for reference in was:
        if reference in now:
            yield reference, reference
            continue
        kept = next((r for r in left if r.partition("@")[0] == reference.partition("@")[0]), None)
        if kept is not None:
            left.remove(kept)
        yield reference, kept


def _found(address: str, kind: str, before: Json, after: Json) -> Json:
    return {"address": address, "kind": kind, "before": before, "after": after}


def _evaluation(before: str, after: str, was_at: Find, now_at: Find) -> Iterator[Json]:
    address = f"Evaluation/{after}"
    found = was_at(f"Evaluation/{before}")
    was, now = spec_of(found), spec_of(now_at(address))
    if found is None or was == now:
        return
    if was.get("category") != now.get("category"):
        yield _found(address, "requirement-removed", was.get("category"), now.get("category"))
    yield from _thresholds(address, was, now)
    yield from _regression(address, was.get("regression"), now.get("regression"))
    yield from _judge(address, was.get("judge"), now.get("judge"))
    yield from _suite(address, was, now)
    yield from _otherwise(address, was, now)
    yield from _age(address, was, now)
    yield from _dataset(was, now, was_at, now_at)


def _thresholds(address: str, was: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[Json]:
    after = _mappings(now.get("metricDecisionThreshold"))
    for threshold in _mappings(was.get("metricDecisionThreshold")):
        same = [t for t in after if _bounds(t) == _bounds(threshold)]
        if not same:
            yield _found(address, "threshold-removed", threshold, None)
        elif all(_is_looser(threshold, t) for t in same):
            yield _found(address, "threshold-loosened", threshold, same[0])
    metrics = {str(m.get("name")): m for m in _mappings(now.get("metrics"))}
    for metric in _mappings(was.get("metrics")):
        kept = metrics.get(str(metric.get("name")))
        if kept is None:
            yield _found(address, "metric-dropped", metric.get("name"), None)
        elif any(kept.get(key, default) != metric.get(key, default) for key, default in _METRIC.items()):
            yield _found(address, "metric-dropped", dict(metric), dict(kept))


_METRIC: dict[str, Json] = {"unit": "ratio", "higherIsBetter": True, "aggregation": "mean"}
"""What makes a metric another one under the same name, with the defaults."""


def _bounds(threshold: Mapping[str, Json]) -> tuple[str, str, str]:
    """Return what *threshold* bounds: a metric, over a slice, from one side."""
    return str(threshold.get("metric")), str(threshold.get("slice") or ""), str(threshold.get("op")).rstrip("=")


_CONFIDENCE = 0.95
"""How sure it must be that a threshold is reached, where none is declared."""


def _is_looser(was: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    """Tell whether *now* lets more values pass than *was*; both bound the same metric from the same side."""
    if _number(now.get("confidence", _CONFIDENCE)) < _number(was.get("confidence", _CONFIDENCE)):
        return True
    before, after, direction = _number(was.get("value")), _number(now.get("value")), str(now.get("op"))[:1]
    if direction == "=":
        return before != after
    if before == after:
        return was.get("op") != now.get("op") and str(now.get("op")).endswith("=")
    return after < before if direction == ">" else after > before


_REGRESSION: dict[str, Json] = {
    "baseline": "deployed",
    "margin": 0,
    "test": "paired-bootstrap",
    "alpha": 0.05,
    "minSamples": 30,
    "correction": "holm",
}


def _regression(address: str, was: Json, now: Json) -> Iterator[Json]:
    """Yield a comparison that forgives more; another test or baseline is not comparable and counts as that."""
    if not isinstance(was, Mapping):
        return
    if not isinstance(now, Mapping):
        yield _found(address, "regression-loosened", dict(was), None)
        return
    before, after = ({key: part.get(key, default) for key, default in _REGRESSION.items()} for part in (was, now))
    metrics, kept = (set(_texts(part.get("metrics"))) for part in (was, now))
    is_looser = (
        any(before[key] != after[key] for key in ("baseline", "test", "correction"))
        or _number(after["margin"]) > _number(before["margin"])
        # A release is refused when it is found worse: the fewer false alarms, the fewer true ones.
        or _number(after["alpha"]) < _number(before["alpha"])
        or _number(after["minSamples"]) < _number(before["minSamples"])
        or bool(kept and (not metrics or metrics - kept))
        or _sees_less(was, now)
    )
    if is_looser:
        yield _found(address, "regression-loosened", dict(was), dict(now))


_LEAST_EFFECT = 0.05
"""A twentieth of the range of a share: what a comparison has to be able to see where nothing is declared."""


def _sees_less(was: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    """Tell whether only larger losses have to be seen; where neither side declares an effect, its margin speaks."""
    if was.get("smallestEffect") is None and now.get("smallestEffect") is None:
        return False
    before, after = (_smallest_effect(part) for part in (was, now))
    if before is None:
        return after is not None and after > _LEAST_EFFECT
    return after is None or after > before


def _smallest_effect(regression: Mapping[str, Json]) -> float | None:
    """Return the smallest loss that has to be seen; None for a twentieth of the metric's range, which is not said."""
    declared = regression.get("smallestEffect")
    return _number(declared) if declared is not None else _number(regression.get("margin")) or None


def _judge(address: str, was: Json, now: Json) -> Iterator[Json]:
    """Yield a judge that another one replaces, or nobody: its scores are not comparable."""
    before, after = mapping_of(was), mapping_of(now)
    if before and any(before.get(key) != after.get(key) for key in ("model", "prompt")):
        yield _found(address, "judge-changed", dict(before), dict(after) or None)


def _suite(address: str, was: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[Json]:
    tasks = {str(t.get("task")): t for t in _mappings(now.get("tasks"))}
    for task in _mappings(was.get("tasks")):
        kept = tasks.get(str(task.get("task")))
        if kept is None:
            yield _found(address, "suite-shrunk", task.get("task"), None)
        elif _limit(kept.get("limit")) < _limit(task.get("limit")):
            yield _found(address, "suite-shrunk", dict(task), dict(kept))
    before, after = (mapping_of(part.get("suite")) for part in (was, now))
    if any(
        before.get(key, default) != after.get(key, default) for key, default in (("tool", "builtin"), ("ref", None))
    ):
        yield _found(address, "suite-shrunk", dict(before), dict(after))
    yield from _quarantine(address, was, now)


_FOREVER = "9999-12-31"
"""Last day of a quarantine that names none."""


def _quarantine(address: str, was: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[Json]:
    """Yield cases that do not count any more, or not for longer."""
    before, after = (
        {str(q.get("case")): str(q.get("expires") or _FOREVER) for q in _mappings(part.get("quarantine"))}
        for part in (was, now)
    )
    for case, expires in after.items():
        if case not in before:
            yield _found(address, "suite-shrunk", None, case)
        elif expires > before[case]:
            yield _found(address, "suite-shrunk", f"{case} until {before[case]}", f"{case} until {expires}")


_TASK: dict[str, Json] = {"numFewshot": 0, "chatTemplate": None, "seed": None, "epochs": 1, "params": {}}
_HARNESS: dict[str, Json] = {"version": None, "source": None, "interpreter": None}
"""What decides how a task is asked and scored, and by whom, with the defaults."""


def _otherwise(address: str, was: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[Json]:
    """Yield what is asked, answered or scored in another way: nobody can tell whether that is easier."""
    tasks = {str(t.get("task")): t for t in _mappings(now.get("tasks"))}
    pairs = [(t, tasks.get(str(t.get("task"))), _TASK) for t in _mappings(was.get("tasks"))]
    pairs.append((mapping_of(was.get("suite")), mapping_of(now.get("suite")), _HARNESS))
    for before, after, parts in pairs:
        if after is not None and _differs(before, after, parts):
            yield _found(address, "measured-otherwise", dict(before), dict(after))
    decoding = [part.get("modelConfig") or {} for part in (was, now)]
    if decoding[0] != decoding[1]:
        yield _found(address, "measured-otherwise", *decoding)


def _differs(before: Mapping[str, Json], after: Mapping[str, Json], parts: Mapping[str, Json]) -> bool:
    return any(before.get(key, default) != after.get(key, default) for key, default in parts.items())


def _dataset(was: Mapping[str, Json], now: Mapping[str, Json], was_at: Find, now_at: Find) -> Iterator[Json]:
    """Yield data that became less, or that nobody can compare because it is other data."""
    old, new = was.get("dataset"), now.get("dataset")
    if not isinstance(old, str) or old == new:
        return
    before, after = spec_of(was_at(f"Dataset/{old}")), spec_of(now_at(f"Dataset/{new}"))
    sizes = before.get("datasetSize"), after.get("datasetSize")
    is_same_name = isinstance(new, str) and old.partition("@")[0] == new.partition("@")[0]
    if not is_same_name or not (isinstance(sizes[0], int) and isinstance(sizes[1], int) and sizes[1] >= sizes[0]):
        yield _found(f"Dataset/{new}" if new else f"Dataset/{old}", "suite-shrunk", old, new)


def _age(address: str, was: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[Json]:
    before, after = (_duration(part.get("maxAge")) for part in (was, now))
    if before is not None and (after is None or after > before):
        yield _found(address, "age-loosened", was.get("maxAge"), now.get("maxAge"))


def _required(spec: Mapping[str, Json]) -> list[str]:
    return _texts(mapping_of(spec.get("evaluations")).get("required"))


def _duration(value: Json) -> timedelta | None:
    return parse_duration(value) if isinstance(value, str) else None


def _number(value: Json) -> float:
    return value if isinstance(value, int | float) else 0.0


def _limit(value: Json) -> float:
    return value if isinstance(value, int) else float("inf")


def _mappings(value: Json) -> list[Mapping[str, Json]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list | tuple) else []


def _texts(value: Json) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list | tuple) else []
