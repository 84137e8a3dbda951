"""An Evaluation document as the built-in evaluator understands it; what it would have to leave out is refused."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.groups import group_of, task_names
from trueup.adapters.evaluators.measuring import AGGREGATIONS
from trueup.adapters.evaluators.work import Declaration, Task
from trueup.core.errors import PermanentError
from trueup.core.json import Json, mapping_of
from trueup.core.suggestions import did_you_mean
from trueup.evidence.gates import Threshold


def read_declaration(declared: bytes) -> Declaration:
    """Read the canonical JSON of an Evaluation.

    Raises:
        PermanentError: It asks for a tool, task, metric or option that is not built in (EVAL006).
    """
    spec = mapping_of(mapping_of(json.loads(declared)).get("spec"))
    _refuse(_unsupported(spec))
    tasks = tuple(_task(mapping_of(t)) for t in _list(spec.get("tasks")))
    if not tasks:
        _refuse(["it has no `tasks`"])
    metrics = {
        str(m.get("name")): (str(m.get("unit", "ratio")), str(m.get("aggregation", "mean")))
        for m in map(mapping_of, _list(spec.get("metrics")))
    }
    thresholds = tuple(
        Threshold(str(t.get("metric")), str(t.get("op")), _float(t.get("value")), str(t.get("slice") or ""))
        for t in map(mapping_of, _list(spec.get("metricDecisionThreshold")))
    )
    _refuse(_unmeasured(tasks, metrics, thresholds))
    quarantine = {
        str(q.get("case")): date.fromisoformat(str(q.get("expires")))
        for q in map(mapping_of, _list(spec.get("quarantine")))
    }
    keeps_texts = spec.get("keepOutputs") is not False
    return Declaration(tasks, metrics, thresholds, mapping_of(spec.get("modelConfig")), quarantine, keeps_texts)


def _unsupported(spec: Mapping[str, Json]) -> list[str]:
    problems = []
    tool = mapping_of(spec.get("suite")).get("tool", "builtin")
    if tool != "builtin":
        problems.append(f"the tool `{tool}` is not built in")
    for task in map(mapping_of, _list(spec.get("tasks"))):
        name = str(task.get("task"))
        group = group_of(name)
        if group is None:
            hint = did_you_mean(name, task_names()) or f"built in are {', '.join(task_names())}"
            problems.append(f"the task `{name}` is not built in ({hint})")
        if task.get("chatTemplate") is False:
            problems.append(f"task `{name}` asks for no chat template; a release is asked as it is served")
        known = group.tasks[name] if group is not None else frozenset[str]()
        params = set(mapping_of(task.get("params"))) - known if group is not None else set()
        problems += [f"task `{name}` has the unknown parameter `{p}`" for p in sorted(params)]
    return problems


def _unmeasured(
    tasks: Sequence[Task], metrics: Mapping[str, tuple[str, str]], thresholds: Sequence[Threshold]
) -> list[str]:
    given = {name for t in tasks if (group := group_of(t.name)) is not None for name in group.metrics(t)}
    names = dict.fromkeys([*metrics, *(t.metric for t in thresholds)])
    problems = [
        f"no task gives the metric `{n}` (given are {', '.join(sorted(given))})" for n in names if n not in given
    ]
    for name, (_, aggregation) in metrics.items():
        if aggregation not in AGGREGATIONS:
            problems.append(f"the aggregation `{aggregation}` of `{name}` is none of {', '.join(AGGREGATIONS)}")
    return problems


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise PermanentError(codes.UNSUPPORTED, f"{'; '.join(dict.fromkeys(problems))}.")


def _task(task: Mapping[str, Json]) -> Task:
    limit, epochs, seed, fewshot = (task.get(key) for key in ("limit", "epochs", "seed", "numFewshot"))
    return Task(
        name=str(task.get("task")),
        params=mapping_of(task.get("params")),
        limit=limit if isinstance(limit, int) else None,
        epochs=epochs if isinstance(epochs, int) else 1,
        seed=seed if isinstance(seed, int) else None,
        fewshot=fewshot if isinstance(fewshot, int) else 0,
    )


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _float(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
