"""deepeval: the test run that it writes to `DEEPEVAL_RESULTS_FOLDER`, or `.deepeval/.latest_test_run.json`."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node, Problems, parse_json, read_file
from trueup.adapters.evaluators.imports.measuring import by_slice, mean
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.imported import ImportedRun

TOOL = "deepeval"
VERSIONS = ("4.",)

METRICS: Mapping[str, str] = {
    "Exact Match": "exact_match",
    "Pattern Match": "regex",
    "Json Correctness": "json_schema",
}
"""Name here by deepeval's name. What a judge model scores keeps deepeval's name."""

PASS_RATE = "pass_rate"  # noqa: S105  # a share of tests
_NOT_DECODING = frozenset({"model", "seed"})


def recognises(document: Mapping[str, Json]) -> bool:
    """Tell whether *document* looks like a test run of deepeval."""
    return "testCases" in document or "testRunData" in document


def read(path: Path, version: str) -> ImportedRun:
    """Read a test run. The file does not tell its *version*.

    Raises:
        RefusedResultsError: It cannot be used.
    """
    problems = Problems(str(path))
    document = parse_json(read_file(path, problems), path.name, problems)
    if not document.at("testRunData").is_missing:
        document = document.at("testRunData")
    if not version:
        problems.add(codes.NOT_COMPARABLE, "The file does not tell deepeval's version; declare it (`suite.version`).")
    elif not version.startswith(VERSIONS):
        problems.add(codes.UNKNOWN_VERSION, f"deepeval {version} is not known; known is 4.")
    cases = document.at("testCases").items()
    _complete(document, cases)
    examples = tuple(_example(case, place) for place, case in enumerate(cases))
    given = document.at("hyperparameters")
    run = ImportedRun(
        settings=Settings(
            tool=TOOL,
            version=version,
            task=_task(document, cases),
            seed=_spelled_whole(given.at("seed")),
            decoding=tuple(sorted((k, v) for k, v in given.fields().items() if k not in _NOT_DECODING)),
        ),
        model=given.at("model").text(codes.NOT_COMPARABLE),
        measurements=tuple(_measured(examples)),
        examples=examples,
    )
    problems.refuse()
    return run


def _complete(document: Node, cases: tuple[Node, ...]) -> None:
    problems = document.problems
    if not cases:
        problems.add(codes.NO_RESULTS, "`testCases` is empty.")
    if conversations := document.at("conversationalTestCases").items():
        problems.add(codes.UNEXPECTED, f"{len(conversations)} conversations are in the file, which are not read.")
    metrics = [m for case in cases for m in case.at("metricsData").items()]
    if bare := [case for case in cases if not case.at("metricsData").items()]:
        problems.add(codes.NO_RESULTS, f"{len(bare)} of {len(cases)} tests have no metric; they pass whatever comes.")
    failed = [m for m in metrics if m.at("error").maybe_text()]
    if failed:
        why = str(failed[0].at("error").value)[:300]
        detail = f"{len(failed)} of {len(metrics)} measurements ended with an error: {why}."
        problems.add(codes.FAILED_REQUESTS, detail)
    passed = sum(case.at("success").truth() for case in cases)
    counts = [document.at(name).maybe_whole() or 0 for name in ("testPassed", "testFailed")]
    if counts != [passed, len(cases) - passed]:
        stated = f"{counts[0]} passed and {counts[1]} failed"
        detail = f"The summary says that {stated}; the file has {len(cases)} tests, of which {passed} passed."
        problems.add(codes.CONTRADICTION, detail)
    for total in document.at("metricsScores").items():
        own = [m for m in metrics if m.at("name").value == total.at("metric").value and not m.at("error").value]
        stated_scores = len(total.at("scores").items())
        if len(own) != stated_scores:
            detail = f"`{total.at('metric').value}` has {stated_scores} scores in all and {len(own)} in tests."
            problems.add(codes.CONTRADICTION, detail)


def _task(document: Node, cases: tuple[Node, ...]) -> str:
    """Return the suite's name with a digest of what was asked and expected as its version, and the judges."""
    name = document.at("identifier").maybe_text() or document.at("testFile").maybe_text() or TOOL
    asked: list[Json] = [[case.at("input").value, case.at("expectedOutput").value] for case in cases]
    version = Node(asked, "testCases", document.problems).content_version()
    metrics = [m for case in cases for m in case.at("metricsData").items()]
    judges = dict.fromkeys(j for m in metrics if (j := m.at("evaluationModel").maybe_text()))
    return f"{name}@{version}" + (f" (judged by {', '.join(judges)})" if judges else "")


def _spelled_whole(node: Node) -> int | None:
    """Return a hyperparameter that is a whole number; deepeval keeps them as texts."""
    if isinstance(node.value, str) and node.value.isascii() and node.value.isdigit() and len(node.value) < 20:
        return int(node.value)
    return node.maybe_whole() if not isinstance(node.value, str) else None


def _example(case: Node, place: int) -> ExampleResult:
    sliced = case.at("metadata").fields().get("slice")
    scores = {PASS_RATE: float(case.at("success").value is True)}
    notes = {}
    for metric in case.at("metricsData").items():
        name = metric.at("name").text()
        if METRICS.get(name, f"{TOOL}:{name}") in scores:
            metric.problems.add(codes.CONTRADICTION, f"`{case.where}` has two metrics called `{name}`.")
        if not metric.at("error").value:
            scores[METRICS.get(name, f"{TOOL}:{name}")] = metric.at("score").number()
        if reason := metric.at("reason").maybe_text():
            notes[name] = reason[:300]
    return ExampleResult(
        id=case.at("name").maybe_text() or str(place),
        epoch=0,
        slice=sliced if isinstance(sliced, str) else "",
        scores=tuple(sorted(scores.items())),
        input=case.at("input").maybe_text() or "",
        output=case.at("actualOutput").maybe_text() or "",
        prompt_tokens=case.at("inputTokenCount").maybe_whole(),
        completion_tokens=case.at("outputTokenCount").maybe_whole(),
        seconds=case.at("completionTime").maybe_number(),
        notes=tuple(sorted(notes.items())),
    )


def _measured(examples: tuple[ExampleResult, ...]) -> Iterator[Measurement]:
    for name in dict.fromkeys([PASS_RATE, *(name for e in examples for name, _ in e.scores)]):
        scores = [score for e in examples for metric, score in e.scores if metric == name]
        if scores:
            unit = "score" if name.startswith(f"{TOOL}:") else "ratio"
            yield mean(name, unit, scores)
            yield from by_slice(name, unit, examples)
