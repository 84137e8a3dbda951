"""GuideLLM: the JSON that `guidellm run --output kind=json,path=benchmarks.json` writes."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node, Problems, parse_json, read_file
from trueup.adapters.evaluators.imports.latency import mean_time, rate, times
from trueup.adapters.evaluators.imports.measuring import spelled
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.imported import ImportedRun

TOOL = "guidellm"
FORMAT = 2

TIMES: Mapping[str, tuple[str, str]] = {
    "time_to_first_token_ms": ("ttft", "ms"),
    "inter_token_latency_ms": ("token_gap", "ms"),
    "time_per_output_token_ms": ("time_per_output_token_with_first", "ms"),
    "request_latency": ("latency", "s"),
}
"""Name here and GuideLLM's unit, which only its documentation tells for `request_latency`.

Its time per output token is the time of the whole answer by its tokens, the first included; others mean the time
between tokens by that name, so it has a name of its own here and is never held against an inter-token latency.
"""

RATES: Mapping[str, tuple[str, str]] = {
    "requests_per_second": ("request_throughput", "requests/s"),
    "output_tokens_per_second": ("tokens_per_second", "tokens/s"),
}


def recognises(document: Mapping[str, Json]) -> bool:
    """Tell whether *document* looks like benchmarks of GuideLLM."""
    metadata = document.get("metadata")
    return "benchmarks" in document and isinstance(metadata, dict) and "guidellm_version" in metadata


def read(path: Path) -> ImportedRun:
    """Read a file with one benchmark.

    Raises:
        RefusedResultsError: It cannot be used.
    """
    problems = Problems(str(path))
    document = parse_json(read_file(path, problems), path.name, problems)
    if (found := document.at("metadata", "version").value) != FORMAT:
        problems.add(codes.UNKNOWN_VERSION, f"The file's format is {found}; known is {FORMAT}.")
    benchmarks = document.at("benchmarks").items()
    if not benchmarks:
        problems.add(codes.NO_RESULTS, "`benchmarks` is empty.")
    if len(benchmarks) > 1:
        detail = f"The file has {len(benchmarks)} benchmarks; a release is measured under one declared load."
        problems.add(codes.NOT_COMPARABLE, detail)
    problems.refuse()
    benchmark, spec = benchmarks[0], document.at("config", "spec")
    answered = _complete(benchmark)
    backend = spec.at("backend")
    run = ImportedRun(
        settings=Settings(
            tool=TOOL,
            version=document.at("metadata", "guidellm_version").text(),
            task=_load(benchmark, spec),
            chat_template="chat" in backend.at("request_format").text(codes.NOT_COMPARABLE),
            seed=spec.at("seed", "value").maybe_whole(),
            backend=backend.at("kind").text(codes.NOT_COMPARABLE),
            decoding=_decoding(backend),
        ),
        model=backend.at("model").text(codes.NOT_COMPARABLE),
        measurements=tuple(_measured(benchmark.at("metrics"), answered)),
        examples=tuple(_examples(benchmark, answered)),
        started_at=benchmark.at("start_time").clock(),
        completed_at=benchmark.at("end_time").clock(),
    )
    problems.refuse()
    return run


def _complete(benchmark: Node) -> int:
    """Note what kept requests from their answers, and return how many were answered."""
    totals = benchmark.at("metrics", "request_totals")
    answered = totals.at("successful").whole(codes.NO_PRECISION)
    failed = totals.at("errored").whole(codes.NO_PRECISION)
    # Every timed run cuts off what is under way at its end; when that is most of it, the fast answers are left.
    if (cut := totals.at("incomplete").whole(codes.NO_PRECISION)) > answered:
        detail = f"{cut} of {cut + failed + answered} requests did not end within the run."
        benchmark.problems.add(codes.FAILED_REQUESTS, detail)
    if failed:
        errors = benchmark.at("requests", "errored").items()
        why = errors[0].at("info", "error").maybe_text() if errors else ""
        detail = f"{failed} of {failed + answered} requests failed{f': {why[:300]}' if why else ''}."
        benchmark.problems.add(codes.FAILED_REQUESTS, detail)
    if answered == 0:
        benchmark.problems.add(codes.NO_RESULTS, "No request was answered.")
    return answered


def _load(benchmark: Node, spec: Node) -> str:
    """Return the load: its strategy, the data, and how it ends."""
    strategy = benchmark.at("config", "strategy")
    if strategy.is_missing:
        benchmark.problems.add(codes.NOT_COMPARABLE, "`config.strategy` is missing.")
    data = spec.at("data").items()
    if not data:
        benchmark.problems.add(codes.NOT_COMPARABLE, "`config.spec.data` is empty.")
    parts = [spelled(strategy, ("worker_count",)), *(spelled(d) for d in data)]
    parts += [spelled(c, ("stopping_scope",)) for c in spec.at("constraints").items()]
    streams = spec.at("backend", "stream").value is True
    return ", ".join([*parts, "streaming" if streams else "not streaming"])


def _decoding(backend: Node) -> tuple[tuple[str, Json], ...]:
    given = {**backend.at("extras", "body").fields(), "max_tokens": backend.at("max_tokens").value}
    return tuple(sorted((k, v) for k, v in given.items() if v is not None))


def _measured(metrics: Node, answered: int) -> Iterator[Measurement]:
    for tag, (metric, unit) in TIMES.items():
        values = metrics.at(tag, "successful")
        if values.is_missing or not values.at("count").value:
            continue
        yield from times(metric, values.at("percentiles"), unit, answered)
        # Where the count is one of tokens, its deviation is not one between requests.
        if values.at("count").whole() == answered:
            yield from mean_time(metric, values.at("mean"), values.at("std_dev"), unit, answered)
    for tag, (metric, unit) in RATES.items():
        yield from rate(metric, metrics.at(tag, "successful", "mean"), unit, answered)


def _examples(benchmark: Node, answered: int) -> Iterator[ExampleResult]:
    requests = benchmark.at("requests", "successful").items()
    # GuideLLM keeps a sample of the requests when it is told to (`metrics.sample_size`).
    sampled = not benchmark.at("config", "sample_size").is_missing
    if len(requests) != answered and not sampled:
        detail = f"`requests.successful` has {len(requests)} of {answered} requests."
        benchmark.problems.add(codes.CONTRADICTION, detail)
    for place, request in enumerate(requests):
        first = request.at("time_to_first_token_ms").maybe_number()
        yield ExampleResult(
            id=str(place),
            epoch=0,
            slice="",
            scores=(),
            input=_asked(request.at("request_args").maybe_text() or ""),
            output=request.at("output").maybe_text() or "",
            prompt_tokens=request.at("prompt_tokens").maybe_whole(),
            completion_tokens=request.at("output_tokens").maybe_whole(),
            seconds=request.at("request_latency").maybe_number(),
            first_token_seconds=None if first is None else first / 1000,
        )


def _asked(arguments: str) -> str:
    """Return the text of the last message in the request that was sent; empty when it has another form."""
    try:
        content = json.loads(arguments)["body"]["messages"][-1]["content"]
        return content if isinstance(content, str) else "".join(str(part["text"]) for part in content)
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
