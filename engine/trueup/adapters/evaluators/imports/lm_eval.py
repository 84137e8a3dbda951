"""lm-evaluation-harness: `results_*.json`, and beside it `samples_*.jsonl` when it was told `--log_samples`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node, Problems, parse_json, parse_lines, read_file
from trueup.adapters.evaluators.imports.measuring import agrees, by_slice, share_error, standard_error
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.imported import ImportedRun

TOOL = "lm-eval"
VERSIONS = ("0.4.",)

METRICS: Mapping[str, tuple[str, str]] = {
    "exact_match": ("exact_match", "ratio"),
    "f1": ("f1", "ratio"),
    "bleu": ("bleu", "score"),
    "chrf": ("chrf", "score"),
    "rouge1": ("rouge1", "ratio"),
    "rouge2": ("rouge2", "ratio"),
    "rougeL": ("rougeL", "ratio"),
    "perplexity": ("perplexity", "ppl"),
}
"""Name and unit here by the harness's own name; `acc` depends on the kind of task."""

_DECODING = {"max_gen_toks": "max_tokens", "until": "stop"}
_SEEDS = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")

_Samples = Mapping[tuple[str, str], tuple[Node, ...]]
"""Lines of the sample files by task and filter."""


def recognises(document: Mapping[str, Json]) -> bool:
    """Tell whether *document* looks like results of the harness."""
    return "lm_eval_version" in document or {"results", "configs", "versions"} <= document.keys()


def read(path: Path) -> ImportedRun:
    """Read a results file, or the one results file below a folder.

    Raises:
        RefusedResultsError: They cannot be used.
    """
    problems = Problems(str(path))
    file = _results_file(path, problems)
    document = parse_json(read_file(file, problems), file.name, problems)
    _known(document)
    config = document.at("config")
    rows = {name: document.at("results", name) for name in document.at("results").fields()}
    if not rows:
        problems.add(codes.NO_RESULTS, "`results` is empty.")
    samples = _read_samples(file, document, problems)
    examples = tuple(_examples(samples, several=len(rows) > 1))
    measurements = tuple(m for name, row in rows.items() for m in _measured(document, name, row, samples))
    if rows and not measurements:
        problems.add(codes.NO_RESULTS, "No row of `results` has a metric.")
    if len(rows) == 1:
        sliced = [by_slice(m.metric, m.unit, examples) for m in measurements]
        measurements += tuple(m for found in sliced for m in found)
    started, completed = _times(document)
    run = ImportedRun(
        settings=Settings(
            tool=TOOL,
            version=document.at("lm_eval_version").text(),
            task=", ".join(_task(document, name) for name in rows) + _system(document),
            fewshot=_fewshot(document, tuple(rows)),
            chat_template=_chat_template(document),
            seed=config.at("fewshot_seed").whole(codes.NOT_COMPARABLE),
            backend=config.at("model").text(codes.NOT_COMPARABLE),
            decoding=_decoding(document, tuple(rows)),
        ),
        model=document.at("model_name").text(codes.NOT_COMPARABLE),
        measurements=measurements,
        examples=examples,
        started_at=started,
        completed_at=completed,
    )
    problems.refuse()
    return run


def _results_file(path: Path, problems: Problems) -> Path:
    if not path.is_dir():
        return path
    found = sorted(path.rglob("results_*.json"))
    if len(found) != 1:
        problems.add(codes.UNREADABLE, f"The folder has {len(found)} files `results_*.json`; one run has one.")
        problems.refuse()
    return found[0]


def _known(document: Node) -> None:
    version = document.at("lm_eval_version").text(codes.UNKNOWN_VERSION)
    if version and not version.startswith(VERSIONS):
        document.problems.add(codes.UNKNOWN_VERSION, f"lm-eval {version} is not known; known is 0.4.")


def _task(document: Node, name: str) -> str:
    version = document.at("versions", name)
    spelled = version.value if isinstance(version.value, str) else version.maybe_number()
    if spelled in (None, "", "N/A", "Yaml"):
        document.problems.add(codes.NOT_COMPARABLE, f"The task `{name}` has no version (`metadata.version`).")
    counts = document.at("n-samples", name)
    asked, all_ = counts.at("effective").maybe_whole(), counts.at("original").maybe_whole()
    part = f" ({asked} of {all_} examples)" if asked != all_ else ""
    return f"{name}@{spelled}{part}"


def _system(document: Node) -> str:
    sha = document.at("system_instruction_sha").maybe_text()
    return f", system instruction {sha[:12]}" if sha else ""


def _fewshot(document: Node, names: Sequence[str]) -> int | None:
    counts = {document.at("n-shot", name).whole(codes.NOT_COMPARABLE) for name in names}
    return counts.pop() if len(counts) == 1 else None


def _chat_template(document: Node) -> bool:
    """Return whether it was applied. The harness writes null when not, and an empty text when the server applies it."""
    if "chat_template" not in document.fields():
        document.problems.add(codes.NOT_COMPARABLE, "`chat_template` is missing.")
    return document.at("chat_template").maybe_text() is not None


def _decoding(document: Node, names: Sequence[str]) -> tuple[tuple[str, Json], ...]:
    """Return what was sent; where tasks differ, with the task's name in front."""
    own: dict[str, dict[str, Json]] = {}
    for name in names:
        given = document.at("configs", name, "generation_kwargs").fields()
        own[name] = {_DECODING.get(key, key): value for key, value in given.items()}
    asked = [decoding for decoding in own.values() if decoding]
    if all(decoding == asked[0] for decoding in asked):
        found = asked[0] if asked else {}
    else:
        found = {f"{name}.{key}": value for name, decoding in own.items() for key, value in decoding.items()}
    seeds = {seed: document.at("config", seed).maybe_whole() for seed in _SEEDS}
    if len(set(seeds.values())) > 1:
        found = {**found, **seeds}
    return tuple(sorted(found.items()))


def _times(document: Node) -> tuple[datetime | None, datetime | None]:
    started = document.at("date").clock()
    took = document.at("total_evaluation_time_seconds").maybe_text()
    try:
        return started, started + timedelta(seconds=float(took)) if started and took else None
    except (ValueError, OverflowError):
        document.problems.add(codes.UNEXPECTED, "`total_evaluation_time_seconds` is not a number of seconds.")
        return started, None


def _measured(document: Node, name: str, row: Node, samples: _Samples) -> Iterator[Measurement]:
    part = "" if len(document.at("results").fields()) == 1 else name
    is_group = name in document.at("groups").fields()
    # A group has no samples of its own; the harness says how many its tasks have.
    counted = row.at("sample_len") if is_group else document.at("n-samples", name, "effective")
    asked = counted.whole(codes.NO_PRECISION)
    if asked == 0:
        row.problems.add(codes.NO_RESULTS, f"`{name}` has no examples.")
    for key in row.fields():
        metric, comma, filter_ = key.partition(",")
        if not comma or metric.endswith("_stderr"):
            continue
        value = row.at(key).number()
        lines = samples.get((name, filter_), ())
        scores = _scores(lines, metric)
        own, unit = _catalogued(document, name, metric)
        error = _error(row, metric, filter_, scores)
        if error is None and unit == "ratio" and document.at("configs", name, "output_type").value is not None:
            error = share_error(value, asked) if own in {"exact_match", "choice_accuracy"} else None
        if error is None:
            row.problems.add(codes.NO_PRECISION, f"`{row.where}.{metric}` has no standard error and no examples.")
        if scores and len(scores) == len(lines) and _is_mean(document, name, metric):
            agrees(row.at(key), value, scores, metric)
        label = own if filter_ == "none" else f"{own},{filter_}"
        yield Measurement(label, value, unit, asked, error, slice=part)


def _scores(lines: Sequence[Node], metric: str) -> list[float]:
    """Return the scores of single examples. Corpus metrics (chrF, BLEU) keep pairs of texts here, not scores."""
    found = [line.at(metric) for line in lines]
    return [node.number() for node in found if isinstance(node.value, int | float)]


def _is_mean(document: Node, name: str, metric: str) -> bool:
    declared = document.at("configs", name, "metric_list").items()
    return all(m.at("aggregation").value in (None, "mean") for m in declared if m.at("metric").value == metric)


def _error(row: Node, metric: str, filter_: str, scores: Sequence[float]) -> float | None:
    stated = row.at(f"{metric}_stderr,{filter_}")
    # The harness writes N/A where it knows no way to compute it.
    return standard_error(scores) if stated.value in (None, "N/A") else stated.maybe_number()


def _catalogued(document: Node, task: str, metric: str) -> tuple[str, str]:
    if metric == "acc":
        is_choice = document.at("configs", task, "output_type").value == "multiple_choice"
        return ("choice_accuracy" if is_choice else "accuracy"), "ratio"
    return METRICS.get(metric, (f"{TOOL}:{metric}", "score"))


def _read_samples(file: Path, document: Node, problems: Problems) -> _Samples:
    """Read the sample files of the same run; each must have as many lines as were asked."""
    date = file.stem.removeprefix("results_")
    found: dict[tuple[str, str], tuple[Node, ...]] = {}
    for task in document.at("n-samples").fields():
        beside = file.with_name(f"samples_{task}_{date}.jsonl")
        if not beside.is_file():
            continue
        lines = parse_lines(read_file(beside, problems), beside.name, problems)
        filters = dict.fromkeys(line.at("filter").text() for line in lines)
        asked = document.at("n-samples", task, "effective").maybe_whole()
        for filter_ in filters:
            own = tuple(line for line in lines if line.at("filter").value == filter_)
            if len(own) != asked:
                problems.add(codes.CONTRADICTION, f"`{beside.name}` has {len(own)} of {asked} examples.")
            found[task, filter_] = own
        if not filters:
            problems.add(codes.CONTRADICTION, f"`{beside.name}` has 0 of {asked} examples.")
    return found


def _examples(samples: _Samples, *, several: bool) -> Iterator[ExampleResult]:
    by_id: dict[str, ExampleResult] = {}
    seen: set[tuple[str, str]] = set()
    for (task, filter_), lines in samples.items():
        for line in lines:
            example = _example(line, task, filter_, several=several)
            known = by_id.get(example.id)
            if (example.id, filter_) in seen:
                line.problems.add(codes.CONTRADICTION, f"Two examples have the id `{example.id}`.")
            seen.add((example.id, filter_))
            scores = example.scores if known is None else (*known.scores, *example.scores)
            by_id[example.id] = replace(known or example, scores=scores)
    yield from by_id.values()


def _example(line: Node, task: str, filter_: str, *, several: bool) -> ExampleResult:
    named = line.at("doc", "id").value
    own = named if isinstance(named, str | int) else line.at("doc_id").whole()
    sliced = line.at("doc").fields().get("slice")
    end = "" if filter_ == "none" else f",{filter_}"
    scores = {}
    for metric in line.at("metrics").items():
        score = line.at(metric.text()).value
        if isinstance(score, int | float):
            kind = "choice_accuracy" if metric.value == "acc" and "gen_args_1" in line.at("arguments").fields() else ""
            fallback = (
                "accuracy" if metric.value == "acc" else METRICS.get(metric.text(), (f"{TOOL}:{metric.value}",))[0]
            )
            scores[(kind or fallback) + end] = line.at(metric.text()).number()
    return ExampleResult(
        id=f"{task}/{own}" if several else str(own),
        epoch=0,
        slice=task if several else sliced if isinstance(sliced, str) else "",
        scores=tuple(sorted(scores.items())),
        input=_asked(line),
        output=_answered(line),
    )


def _asked(line: Node) -> str:
    """Return the last message, or the whole prompt where there are no messages."""
    first = line.at("arguments", "gen_args_0", "arg_0").value
    text = first[0] if isinstance(first, list) and first else first
    if not isinstance(text, str):
        return ""
    try:
        return str(json.loads(text)[-1]["content"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return text


def _answered(line: Node) -> str:
    answers = line.at("resps").value
    while isinstance(answers, list) and len(answers) == 1:
        answers = answers[0]
    return answers if isinstance(answers, str) else ""
