"""Inspect: its log as JSON (`--log-format json`), or as `.eval`, which is an archive of the same."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node, Problems, parse_json, read_file
from trueup.adapters.evaluators.imports.inspect_archive import unpack
from trueup.adapters.evaluators.imports.measuring import agrees, by_slice, standard_error
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.imported import ImportedRun

TOOL = "inspect"
FORMAT = 2

METRICS: Mapping[str, str] = {"exact": "exact_match", "includes": "contains", "pattern": "regex", "f1": "f1"}
"""Name here by scorer. `choice` is not here: it reads a letter that was written, no likelihood."""

GRADES: Mapping[str, float] = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Scores of the grades: correct, partial, incorrect, no answer."""

_NOT_DECODING = frozenset(
    {
        "seed",
        "adaptive_connections",
        "attempt_timeout",
        "batch",
        "cache",
        "max_connections",
        "max_retries",
        "stream_idle_timeout",
        "timeout",
    }
)
"""Parameters that say how it is asked and not what is answered."""

_MEANS = ("mean", "accuracy")
_SPREADS = ("stderr", "std", "var", "bootstrap_stderr")


def recognises(document: Mapping[str, Json]) -> bool:
    """Tell whether *document* looks like a log of Inspect."""
    return {"version", "status", "eval"} <= document.keys()


def read(path: Path) -> ImportedRun:
    """Read a log, or the one log in a folder.

    Raises:
        RefusedResultsError: It cannot be used.
    """
    problems = Problems(str(path))
    file = _log_file(path, problems)
    content = read_file(file, problems)
    document = (
        unpack(content, file.name, problems) if file.suffix == ".eval" else parse_json(content, file.name, problems)
    )
    _known(document)
    _finished(document)
    header = document.at("eval")
    samples = document.at("samples").items()
    examples = tuple(_example(sample, document) for sample in samples)
    measurements = tuple(_measured(document, examples))
    if not measurements:
        problems.add(codes.NO_RESULTS, "`results.scores` has no mean.")
    sliced = [by_slice(m.metric, m.unit, examples) for m in measurements]
    run = ImportedRun(
        settings=Settings(
            tool=TOOL,
            version=header.at("packages", "inspect_ai").text(codes.NOT_COMPARABLE),
            task=_task(document),
            chat_template=True,
            seed=_config(document, "seed").maybe_whole(),
            backend=header.at("model").text(codes.NOT_COMPARABLE).split("/")[0],
            decoding=_decoding(document),
        ),
        model=header.at("model").text(codes.NOT_COMPARABLE),
        measurements=(*measurements, *(m for found in sliced for m in found)),
        examples=examples,
        started_at=document.at("stats", "started_at").time(),
        completed_at=document.at("stats", "completed_at").time(),
    )
    problems.refuse()
    return run


def _log_file(path: Path, problems: Problems) -> Path:
    if not path.is_dir():
        return path
    found = sorted(p for p in path.iterdir() if p.suffix in {".json", ".eval"} and p.name != "logs.json")
    if len(found) != 1:
        problems.add(codes.UNREADABLE, f"The folder has {len(found)} logs; one run has one.")
        problems.refuse()
    return found[0]


def _known(document: Node) -> None:
    found = document.at("version").value
    if found != FORMAT:
        document.problems.add(codes.UNKNOWN_VERSION, f"The log's format is {found}; known is {FORMAT}.")


def _finished(document: Node) -> None:
    """Note what kept the run from its end. Inspect calls a run a success whose samples failed, when it was told to."""
    status = document.at("status").text()
    if status != "success":
        why = document.at("error", "message").maybe_text()
        document.problems.add(codes.NOT_FINISHED, f"The run's status is `{status}`{f': {why[:300]}' if why else ''}.")
    if document.at("invalidated").value is True:
        document.problems.add(codes.NOT_FINISHED, "The run was declared invalid.")
    samples = document.at("samples").items()
    failed = [s for s in samples if not s.at("error").is_missing]
    results = document.at("results")
    asked, completed = results.at("total_samples").maybe_whole(), results.at("completed_samples").maybe_whole()
    if failed or (asked or 0) > (completed or 0):
        count = max(len(failed), (asked or 0) - (completed or 0))
        why = failed[0].at("error", "message").maybe_text() if failed else ""
        detail = f"{count} of {asked or len(samples)} samples failed{f': {why[:300]}' if why else ''}."
        document.problems.add(codes.FAILED_REQUESTS, detail)
    if samples and asked is not None and len(samples) != asked:
        document.problems.add(codes.CONTRADICTION, f"The log has {len(samples)} of {asked} samples.")


def _config(document: Node, name: str) -> Node:
    """Return a generation parameter: the plan's, which is what was used, else the model's."""
    own = document.at("plan", "config", name)
    return document.at("eval", "model_generate_config", name) if own.is_missing else own


def _decoding(document: Node) -> tuple[tuple[str, Json], ...]:
    given = {
        **document.at("eval", "model_generate_config").fields(),
        **document.at("plan", "config").fields(),
    }
    return tuple(sorted((k, v) for k, v in given.items() if k not in _NOT_DECODING and v is not None))


def _task(document: Node) -> str:
    """Return the task with its version, and what else decides what is asked: solvers, examples, epochs."""
    header = document.at("eval")
    version = header.at("task_version").value
    if version is None or not isinstance(version, str | int):
        document.problems.add(codes.NOT_COMPARABLE, "`eval.task_version` is missing.")
    solvers = " > ".join(step.at("solver").text() for step in document.at("plan", "steps").items())
    epochs = header.at("config", "epochs").maybe_whole() or 1
    all_ = header.at("dataset", "samples").whole(codes.NOT_COMPARABLE)
    asked = document.at("results", "total_samples").whole(codes.NO_PRECISION) // epochs
    notes = [f"solver {solvers}"] if solvers else []
    notes += [f"{asked} of {all_} examples"] if asked != all_ else []
    notes += [f"{epochs} epochs"] if epochs > 1 else []
    return f"{header.at('task').text()}@{version}" + (f" ({', '.join(notes)})" if notes else "")


def _measured(document: Node, examples: tuple[ExampleResult, ...]) -> Iterator[Measurement]:
    scores = document.at("results", "scores").items()
    if not scores:
        document.problems.add(codes.NO_RESULTS, "`results.scores` is empty.")
    has_epochs = (document.at("eval", "config", "epochs").maybe_whole() or 1) > 1
    for score in scores:
        metric = _metric(score.at("scorer").text(), score.at("name").text())
        samples = score.at("scored_samples").whole(codes.NO_PRECISION)
        if samples == 0:
            score.problems.add(codes.NO_RESULTS, f"`{metric}` scored no samples.")
        if unscored := score.at("unscored_samples").maybe_whole():
            score.problems.add(codes.FAILED_REQUESTS, f"{unscored} samples have no score by `{metric}`.")
        own = [value for e in examples for name, value in e.scores if name == metric]
        for name in score.at("metrics").fields():
            if name in _SPREADS:
                continue
            stated = score.at("metrics", name, "value")
            value = stated.number()
            if name not in _MEANS:
                yield Measurement(f"{TOOL}:{score.at('name').value}/{name}", value, "score", samples)
                continue
            error = _error(score, own if not has_epochs else [])
            if error is None:
                score.problems.add(codes.NO_PRECISION, f"`{metric}` has no standard error and no samples.")
            if own and score.at("reducer").value in (None, "mean"):
                agrees(stated, value, own, metric)
            yield Measurement(metric, value, "ratio", samples, error)


def _error(score: Node, own: list[float]) -> float | None:
    for name in ("stderr", "bootstrap_stderr"):
        stated = score.at("metrics", name, "value").maybe_number()
        if stated is not None:
            return stated
    return standard_error(own)


def _metric(scorer: str, name: str) -> str:
    """Return the name here. A scorer that gives several values names each; then the value's name counts."""
    return METRICS.get(scorer, f"{TOOL}:{name}") if name == scorer else f"{TOOL}:{scorer}/{name}"


def _example(sample: Node, document: Node) -> ExampleResult:
    usage = sample.at("output", "usage")
    read = [usage.at(name).maybe_whole() for name in ("input_tokens", "input_tokens_cache_read")]
    sliced = sample.at("metadata").fields().get("slice")
    own = sample.at("id").value
    if not isinstance(own, str | int):
        document.problems.add(codes.UNEXPECTED, f"`{sample.where}.id` is no id.")
    notes = {
        f"{name} said": why[:300]
        for name in sample.at("scores").fields()
        if (why := sample.at("scores", name, "explanation").maybe_text())
    }
    return ExampleResult(
        id=str(own),
        # Inspect counts epochs from 1.
        epoch=max(0, sample.at("epoch").whole() - 1),
        slice=sliced if isinstance(sliced, str) else "",
        scores=tuple(sorted(_scores(sample))),
        input=_asked(sample.at("input")),
        output=sample.at("output", "completion").maybe_text() or "",
        prompt_tokens=sum(r or 0 for r in read) if read[0] is not None else None,
        completion_tokens=usage.at("output_tokens").maybe_whole(),
        seconds=sample.at("output", "time").maybe_number(),
        notes=tuple(sorted(notes.items())),
    )


def _scores(sample: Node) -> Iterator[tuple[str, float]]:
    for scorer in sample.at("scores").fields():
        value = sample.at("scores", scorer, "value")
        if isinstance(value.value, dict):
            for name in value.fields():
                yield f"{TOOL}:{scorer}/{name}", _grade(value.at(name))
        else:
            yield _metric(scorer, scorer), _grade(value)


def _grade(value: Node) -> float:
    if isinstance(value.value, str) and value.value in GRADES:
        return GRADES[value.value]
    return float(value.value) if isinstance(value.value, bool) else value.number()


def _asked(asked: Node) -> str:
    """Return what was asked: a text, or the content of the last message."""
    if not isinstance(asked.value, list):
        return asked.maybe_text() or ""
    last = asked.items()[-1:]
    content = last[0].at("content").value if last else ""
    return content if isinstance(content, str) else ""
