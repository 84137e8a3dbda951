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
from trueup.evidence.catalogue import metric
from trueup.evidence.gates import Threshold
from trueup.evidence.thresholds import thresholds_of


def read_declaration(declared: bytes) -> Declaration:
    """Read the canonical JSON of an Evaluation, or of a Prompt whose tests are to be run.

    Raises:
        PermanentError: It asks for a tool, task, metric, assertion or option that is not built in (EVAL006).
    """
    document = mapping_of(json.loads(declared))
    if document.get("kind") == "Prompt":
        from trueup.adapters.evaluators.answers.prompt_testing import declaration_of

        return declaration_of(document)
    spec = mapping_of(document.get("spec"))
    _refuse(_unsupported(spec))
    tasks = tuple(_task(mapping_of(t)) for t in _list(spec.get("tasks")))
    if not tasks:
        _refuse(["it has no `tasks`"])
    metrics = {
        str(m.get("name")): (_unit(m), str(m.get("aggregation", "mean")))
        for m in map(mapping_of, _list(spec.get("metrics")))
    }
    thresholds = thresholds_of(spec)
    _refuse(_unmeasured(tasks, metrics, thresholds))
    quarantine = {
        str(q.get("case")): date.fromisoformat(str(q.get("expires")))
        for q in map(mapping_of, _list(spec.get("quarantine")))
    }
    keeps_texts = spec.get("keepOutputs") is not False
    return Declaration(tasks, metrics, thresholds, mapping_of(spec.get("modelConfig")), quarantine, keeps_texts)


def _unit(declared: Mapping[str, Json]) -> str:
    """Return the unit of a declared metric: the catalogue's where it says none."""
    entry = metric(str(declared.get("name")))
    return str(declared.get("unit", entry.unit if entry is not None else "ratio"))


def _unsupported(spec: Mapping[str, Json]) -> list[str]:
    problems = []
    tool = mapping_of(spec.get("suite")).get("tool", "builtin")
    if tool != "builtin":
        problems.append(f"the tool `{tool}` is not built in")
    declared = [mapping_of(t) for t in _list(spec.get("tasks"))]
    names = [str(t.get("task")) for t in declared]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    problems += [f"the task `{name}` is declared twice, and its results could not be told apart" for name in twice]
    for task in declared:
        name = str(task.get("task"))
        group = group_of(name)
        if group is None:
            hint = did_you_mean(name, task_names()) or f"built in are {', '.join(task_names())}"
            problems.append(f"the task `{name}` is not built in ({hint})")
        if task.get("chatTemplate") is False:
            problems.append(f"task `{name}` asks for no chat template; a release is asked as it is served")
        known = group.tasks[name] if group is not None else frozenset[str]()
        params = set(mapping_of(task.get("params"))) - known if group is not None else set()
        problems += [_unknown_parameter(name, p, known) for p in sorted(params)]
        if group is not None and not params:
            problems += group.problems(_task(task))
    return problems


def _unknown_parameter(task: str, name: str, known: frozenset[str]) -> str:
    hint = did_you_mean(name, sorted(known)) or f"known are {', '.join(sorted(known)) or 'none'}"
    return f"task `{task}` has the unknown parameter `{name}` ({hint})"


def _unmeasured(
    tasks: Sequence[Task], metrics: Mapping[str, tuple[str, str]], thresholds: Sequence[Threshold]
) -> list[str]:
    given = {name for t in tasks if (group := group_of(t.name)) is not None for name in group.metrics(t)}
    names = dict.fromkeys([*metrics, *(t.metric for t in thresholds)])
    problems = [
        f"no task gives the metric `{n}` (given are {', '.join(sorted(given))})" for n in names if n not in given
    ]
    for name, (unit, aggregation) in metrics.items():
        entry = metric(name)
        if entry is not None and unit not in {entry.unit, *(("percent",) if entry.unit == "ratio" else ())}:
            problems.append(f"`{name}` is measured in `{entry.unit}`, not in `{unit}`")
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
