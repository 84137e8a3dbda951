"""Evidently: the JSON of a report (`snapshot.save_json`), checks of data and of predictions in tables."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node, Problems, parse_json, read_file
from trueup.adapters.evaluators.imports.measuring import share_error
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.imported import ImportedRun

TOOL = "evidently"
VERSIONS = ("0.7.",)

METRICS: Mapping[str, str] = {"Accuracy": "accuracy", "F1Score": "f1", "F1ByLabel": "f1"}
"""Name here by Evidently's name."""

_PREFIX = "evidently:metric_v2:"
_ROWS = "RowCount"
_NOT_SETTINGS = ("type", "tests", "column", "classification_name")


def recognises(document: Mapping[str, Json]) -> bool:
    """Tell whether *document* looks like a report of Evidently."""
    metrics = document.get("metrics")
    return isinstance(metrics, list) and "tests" in document


def read(path: Path, version: str) -> ImportedRun:
    """Read a report. The file does not tell its *version*.

    Raises:
        RefusedResultsError: It cannot be used.
    """
    problems = Problems(str(path))
    document = parse_json(read_file(path, problems), path.name, problems)
    if not version:
        problems.add(codes.NOT_COMPARABLE, "The file does not tell Evidently's version; declare it (`suite.version`).")
    elif not version.startswith(VERSIONS):
        problems.add(codes.UNKNOWN_VERSION, f"Evidently {version} is not known; known is 0.7.")
    metrics = document.at("metrics").items()
    if not metrics:
        problems.add(codes.NO_RESULTS, "`metrics` is empty.")
    failed = [t for t in document.at("tests").items() if t.at("status").value == "ERROR"]
    if failed:
        problems.add(codes.NOT_FINISHED, f"{len(failed)} tests ended with an error: {failed[0].at('name').value}.")
    rows = _rows(document, metrics)
    run = ImportedRun(
        settings=Settings(tool=TOOL, version=version, task=_task(document, metrics)),
        model="",
        measurements=tuple(m for metric in metrics for m in _measured(metric, rows)),
    )
    problems.refuse()
    return run


def _rows(document: Node, metrics: tuple[Node, ...]) -> int:
    """Return how many rows the report is about, which only one of its metrics tells."""
    counted = [m.at("value") for m in metrics if _kind(m) == _ROWS and m.at("config", "column").is_missing]
    if metrics and not counted:
        detail = "No metric tells the number of rows; add `RowCount()` to the report."
        document.problems.add(codes.NO_PRECISION, detail)
    rows = counted[0].whole() if counted else 0
    if counted and rows == 0:
        document.problems.add(codes.NO_RESULTS, "The data has no rows.")
    return rows


def _task(document: Node, metrics: tuple[Node, ...]) -> str:
    """Return a name with a digest of what was asked for as its version: a report has none."""
    asked: list[Json] = [m.at("config").value for m in metrics]
    return f"report@{Node(asked, 'metrics', document.problems).content_version()}"


def _kind(metric: Node) -> str:
    return metric.at("config", "type").text().removeprefix(_PREFIX)


def _measured(metric: Node, rows: int) -> Iterator[Measurement]:
    kind = _kind(metric)
    column = metric.at("config", "column").maybe_text() or ""
    own = METRICS.get(kind, f"{TOOL}:{kind}")
    # The same metric by another method is another metric: a p-value falls when a distance rises.
    config = metric.at("config").fields()
    settings = [f"{k}={config[k]}" for k in sorted(config) if k not in _NOT_SETTINGS and config[k] is not None]
    name = f"{own}[{','.join(settings)}]" if settings else own
    unit = "ratio" if kind in METRICS else "rows" if kind == _ROWS else "score"
    value = metric.at("value")
    if isinstance(value.value, dict):
        if not value.fields():
            metric.problems.add(codes.NO_RESULTS, f"`{kind}` has no values.")
        for part in value.fields():
            label = f"{column}={part}" if column else part
            yield Measurement(name, value.at(part).number(), unit, rows, slice=label)
        return
    found = value.number()
    error = share_error(found, rows) if kind == "Accuracy" else None
    yield Measurement(name, found, unit, rows, error, slice=column)
