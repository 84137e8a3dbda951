"""Which reader reads what: by the name of the tool, or by the look of the file."""

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from trueup.adapters.evaluators.imports import (
    aiperf,
    codes,
    deepeval,
    evidently,
    garak,
    guidellm,
    inspect_ai,
    lm_eval,
    promptfoo,
)
from trueup.adapters.evaluators.imports.documents import Problems, read_file
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical
from trueup.core.suggestions import did_you_mean
from trueup.evidence.imported import ImportedRun


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the results of one tool.

    Attributes:
        read: Returns the run in a file; told the declared version, which some files do not tell. Raises
            `RefusedResultsError`.
        recognises: Tells whether a JSON document, or the first line of JSON Lines, is of this tool.
    """

    read: Callable[[Path, str], ImportedRun]
    recognises: Callable[[Mapping[str, Json]], bool]


def _telling(read: Callable[[Path], ImportedRun]) -> Callable[[Path, str], ImportedRun]:
    """Return a reader of files that tell their tool's version."""
    return lambda path, version: read(path)  # noqa: ARG005  # the shape of a reader


READERS: Mapping[str, Reader] = {
    lm_eval.TOOL: Reader(_telling(lm_eval.read), lm_eval.recognises),
    inspect_ai.TOOL: Reader(_telling(inspect_ai.read), inspect_ai.recognises),
    promptfoo.TOOL: Reader(_telling(promptfoo.read), promptfoo.recognises),
    deepeval.TOOL: Reader(deepeval.read, deepeval.recognises),
    evidently.TOOL: Reader(evidently.read, evidently.recognises),
    aiperf.TOOL: Reader(_telling(aiperf.read), aiperf.recognises),
    guidellm.TOOL: Reader(_telling(guidellm.read), guidellm.recognises),
    garak.TOOL: Reader(_telling(garak.read), garak.recognises),
}
"""Reader by `suite.tool`."""


def read_results(tool: str, path: Path, *, version: str = "") -> ImportedRun:
    """Read the results of a finished run.

    Args:
        tool: Its name, one of `READERS`; empty to tell it by the file.
        path: File, or folder with the files of one run.
        version: Declared version of the tool (`suite.version`); empty when none is declared.

    Raises:
        RefusedResultsError: They cannot be used; with everything that is wrong with them.
    """
    problems = Problems(str(path))
    name = tool or detect(path)
    if name not in READERS:
        hint = did_you_mean(name, READERS) or f"known are {', '.join(READERS)}"
        detail = f"No importer is called `{name}` ({hint})." if name else f"`{path.name}` looks like of no known tool."
        problems.add(codes.UNKNOWN_TOOL, detail)
        problems.refuse()
    run = READERS[name].read(path, version)
    _check(run, problems)
    if version and run.settings.version != version:
        detail = f"Declared is {name} {version}; the results are of {run.settings.version}."
        problems.add(codes.OTHER_VERSION, detail)
    problems.refuse()
    return run


def _check(run: ImportedRun, problems: Problems) -> None:
    """Note what no run can have measured, whatever its tool says."""
    seen = Counter((m.metric, m.slice) for m in run.measurements)
    for (metric, part), times in seen.items():
        if times > 1:
            named = f"`{metric}`" + (f" of `{part}`" if part else "")
            problems.add(codes.CONTRADICTION, f"{named} is there {times} times.")
    for found in run.measurements:
        if found.unit == "ratio" and not 0 <= found.value <= 1:
            problems.add(codes.CONTRADICTION, f"`{found.metric}` is {found.value:g}; a ratio is from 0 to 1.")
        if found.stderr is not None and found.stderr < 0:
            problems.add(codes.CONTRADICTION, f"The standard error of `{found.metric}` is {found.stderr:g}.")
    try:
        canonical(run.settings.to_json())
    except ValueError:
        problems.add(codes.NOT_FINITE, "The settings of the run hold a number that is not finite.")
    if run.started_at and run.completed_at and run.completed_at < run.started_at:
        detail = f"The run ended ({run.completed_at.isoformat()}) before it began ({run.started_at.isoformat()})."
        problems.add(codes.CONTRADICTION, detail)


def detect(path: Path) -> str:
    """Return the name of the tool that wrote *path*; empty when none is recognised.

    Raises:
        RefusedResultsError: The file cannot be read at all.
    """
    if path.is_dir():
        return _of_folder(path)
    content = read_file(path, Problems(str(path)))
    if zipfile.is_zipfile(path):
        return inspect_ai.TOOL
    for text in (content, content.split(b"\n", 1)[0]):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            return next((name for name, reader in READERS.items() if reader.recognises(document)), "")
    return ""


def _of_folder(path: Path) -> str:
    if (path / aiperf.EXPORT).is_file():
        return aiperf.TOOL
    if next(path.rglob("results_*.json"), None) is not None:
        return lm_eval.TOOL
    return inspect_ai.TOOL if next(path.glob("*.eval"), None) is not None else ""
