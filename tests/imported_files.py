"""Result files of other tools for tests: the golden ones, changed copies of them, and what is wrong with those."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from trueup.adapters.evaluators.imports.documents import RefusedResultsError
from trueup.adapters.evaluators.imports.registry import read_results
from trueup.evidence.evidence import Measurement
from trueup.evidence.imported import ImportedRun

GOLDEN = Path(__file__).parent / "golden" / "imports"

DECLARED = {"deepeval": "4.3.1", "evidently": "0.7.23"}
"""Versions of tools whose files do not tell them."""

COMPLETE: dict[str, tuple[str, str]] = {
    "lm-eval": ("lm-eval", "lm-eval-0.4.13/facts/results_2026-11-29T12-57-18.850632.json"),
    "lm-eval-choices": ("lm-eval", "lm-eval-0.4.13/choices/results_2026-11-29T12-57-58.159467.json"),
    "lm-eval-group": ("lm-eval", "lm-eval-0.4.13/group/results_2026-11-29T12-59-16.504999.json"),
    "inspect": ("inspect", "inspect-0.3.285/complete.json"),
    "inspect-epochs": ("inspect", "inspect-0.3.285/epochs.json"),
    "promptfoo": ("promptfoo", "promptfoo-0.121.20/complete.json"),
    "deepeval": ("deepeval", "deepeval-4.3.1/complete.json"),
    "evidently": ("evidently", "evidently-0.7.23/report.json"),
    "aiperf": ("aiperf", "aiperf-0.13.0/complete/profile_export_aiperf.json"),
    "guidellm": ("guidellm", "guidellm-0.8.1/complete.json"),
}
"""Tool and file of each run that came to its end and is one JSON document."""


def golden(tool: str, path: str) -> ImportedRun:
    return read_results(tool, GOLDEN / path, version=DECLARED.get(tool, ""))


def refused(tool: str, path: Path, version: str | None = None) -> dict[str, str]:
    """Read what must be refused; return the details by code."""
    with pytest.raises(RefusedResultsError) as caught:
        read_results(tool, path, version=DECLARED.get(tool, "") if version is None else version)
    found: dict[str, str] = {}
    for problem in caught.value.problems:
        found[problem.code.id] = " ".join(
            [*([found[problem.code.id]] if problem.code.id in found else []), problem.detail]
        )
    return found


def changed(name: str, folder: Path, change: Callable[[Any], object]) -> Path:
    """Return a changed copy of a golden document; what lies beside it is not copied."""
    _, source = COMPLETE[name]
    document = json.loads((GOLDEN / source).read_text())
    change(document)
    target = folder / Path(source).name
    target.write_text(json.dumps(document))
    return target


def refused_change(name: str, folder: Path, change: Callable[[Any], object]) -> dict[str, str]:
    return refused(COMPLETE[name][0], changed(name, folder, change))


def values(run: ImportedRun, part: str = "") -> dict[str, float]:
    return {m.metric: m.value for m in run.measurements if m.slice == part}


def one(run: ImportedRun, metric: str, part: str = "") -> Measurement:
    (found,) = [m for m in run.measurements if (m.metric, m.slice) == (metric, part)]
    return found


def places(value: Any, at: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of everything in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield (*at, key)
        yield from places(child, (*at, key))


def with_value(document: Any, place: Sequence[Any], value: Any) -> Any:
    """Return a copy with *value* at *place*."""
    result = copy.deepcopy(document)
    inner = result
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return result
