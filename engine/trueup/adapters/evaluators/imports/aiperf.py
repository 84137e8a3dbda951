"""AIPerf: `profile_export_aiperf.json`, and beside it `profile_export.jsonl` with each request."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node, Problems, parse_json, parse_lines, read_file
from trueup.adapters.evaluators.imports.latency import MILLISECONDS, mean_time, rate, times
from trueup.adapters.evaluators.imports.measuring import spelled
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.imported import ImportedRun

TOOL = "aiperf"
FORMATS = ("1.",)
EXPORT, REQUESTS = "profile_export_aiperf.json", "profile_export.jsonl"

TIMES: Mapping[str, str] = {
    "time_to_first_token": "ttft",
    "inter_token_latency": "inter_token_latency",
    "request_latency": "latency",
}
"""Name here by AIPerf's tag. Its inter-token latency is the mean of each request, without the first token."""

RATES: Mapping[str, str] = {
    "output_token_throughput": "tokens_per_second",
    "request_throughput": "request_throughput",
    "goodput": "goodput",
}


def recognises(document: Mapping[str, Json]) -> bool:
    """Tell whether *document* looks like an export of AIPerf."""
    return "aiperf_version" in document


def read(path: Path) -> ImportedRun:
    """Read an export, or the one in a folder.

    Raises:
        RefusedResultsError: It cannot be used.
    """
    problems = Problems(str(path))
    file = path / EXPORT if path.is_dir() else path
    document = parse_json(read_file(file, problems), file.name, problems)
    found = document.at("schema_version").text(codes.UNKNOWN_VERSION)
    if found and not found.startswith(FORMATS):
        problems.add(codes.UNKNOWN_VERSION, f"The export's format is {found}; known is 1.")
    answered = _complete(document)
    inputs = document.at("input_config")
    models = inputs.at("models", "items").items()
    if len(models) != 1:
        problems.add(codes.NOT_COMPARABLE, f"The run asked {len(models)} models; one run has one.")
    run = ImportedRun(
        settings=Settings(
            tool=TOOL,
            version=document.at("aiperf_version").text(),
            task=_load(inputs),
            chat_template=inputs.at("endpoint", "type").text(codes.NOT_COMPARABLE) == "chat",
            seed=document.at("run_info", "random_seed").maybe_whole(),
            backend="openai-compatible",
            decoding=tuple(sorted(inputs.at("endpoint", "extra").fields().items())),
        ),
        model=models[0].at("name").text() if models else "",
        measurements=tuple(_measured(document, answered)),
        examples=tuple(_examples(file, answered, problems)),
        started_at=document.at("start_time").time(),
        completed_at=document.at("end_time").time(),
    )
    if not run.measurements:
        problems.add(codes.NO_RESULTS, "None of the known metrics is there.")
    problems.refuse()
    return run


def _complete(document: Node) -> int:
    """Note what kept the run from its end, and return how many requests were answered."""
    problems = document.problems
    if document.at("was_cancelled").truth():
        problems.add(codes.NOT_FINISHED, "The run was cancelled.")
    if document.at("is_complete").value is False:
        problems.add(codes.NOT_FINISHED, "The run is not complete.")
    answered = document.at("request_count", "avg").whole(codes.NO_PRECISION)
    failed = document.at("error_request_count", "avg").maybe_whole() or 0
    if failed:
        why = [e.at("error_details", "message").maybe_text() or "" for e in document.at("error_summary").items()]
        detail = f"{failed} of {failed + answered} requests failed{f': {why[0][:300]}' if why else ''}."
        problems.add(codes.FAILED_REQUESTS, detail)
    if answered == 0:
        problems.add(codes.NO_RESULTS, "No request was answered.")
    return answered


def _load(inputs: Node) -> str:
    """Return the declared load: another concurrency, length or streaming is another measurement."""
    phases = [p for p in inputs.at("phases").items() if p.at("kind").value == "profiling"]
    if len(phases) != 1:
        inputs.problems.add(codes.NOT_COMPARABLE, f"The run has {len(phases)} profiling phases; one run has one.")
    datasets = inputs.at("datasets").items()
    if not datasets:
        inputs.problems.add(codes.NOT_COMPARABLE, "`input_config.datasets` is empty.")
    streams = inputs.at("endpoint", "streaming").value is True
    parts = [spelled(p, ("name", "kind")) for p in phases]
    parts += [spelled(d, ("name", "random_seed", "entries")) for d in datasets]
    slos = spelled(inputs.at("slos"))
    return ", ".join([*parts, "streaming" if streams else "not streaming", *([f"goodput {slos}"] if slos else [])])


def _measured(document: Node, answered: int) -> Iterator[Measurement]:
    for tag, metric in TIMES.items():
        values = document.at(tag)
        if values.is_missing:
            continue
        unit = values.at("unit").text(codes.UNKNOWN_UNIT)
        samples = values.at("count").whole(codes.NO_PRECISION)
        yield from times(metric, values, unit, samples)
        yield from mean_time(metric, values.at("avg"), values.at("std"), unit, samples)
        if samples > answered:
            detail = f"`{tag}` is over {samples} requests, but {answered} were answered."
            document.problems.add(codes.CONTRADICTION, detail)
    for tag, metric in RATES.items():
        values = document.at(tag)
        if not values.is_missing:
            yield from rate(metric, values.at("avg"), values.at("unit").text(codes.UNKNOWN_UNIT), answered)


def _examples(file: Path, answered: int, problems: Problems) -> Iterator[ExampleResult]:
    beside = file.with_name(file.name.replace("_aiperf.json", ".jsonl"))
    if beside == file or not beside.is_file():
        return
    lines = parse_lines(read_file(beside, problems), beside.name, problems)
    asked = [line for line in lines if line.at("metadata", "benchmark_phase").value == "profiling"]
    good = [line for line in asked if line.at("error").is_missing]
    if len(good) != answered:
        problems.add(codes.CONTRADICTION, f"`{beside.name}` has {len(good)} of {answered} answered requests.")
    for line in good:
        metrics = line.at("metrics")
        yield ExampleResult(
            id=f"{line.at('metadata', 'conversation_id').text()}/{line.at('metadata', 'turn_index').whole()}",
            epoch=0,
            slice="",
            scores=(),
            prompt_tokens=metrics.at("input_sequence_length", "value").maybe_whole(),
            completion_tokens=metrics.at("output_sequence_length", "value").maybe_whole(),
            seconds=_seconds(metrics.at("request_latency")),
            first_token_seconds=_seconds(metrics.at("time_to_first_token")),
        )


def _seconds(metric: Node) -> float | None:
    value = metric.at("value").maybe_number()
    if value is None:
        return None
    unit = metric.at("unit").text(codes.UNKNOWN_UNIT)
    if unit not in MILLISECONDS:
        metric.problems.add(codes.UNKNOWN_UNIT, f"`{metric.where}` is in `{unit}`.")
    return value * MILLISECONDS.get(unit, 0.0) / 1000
