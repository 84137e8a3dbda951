"""promptfoo: the JSON that `promptfoo eval -o results.json` writes."""

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node, Problems, parse_json, read_file
from trueup.adapters.evaluators.imports.measuring import by_slice, mean
from trueup.core.json import Json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.imported import ImportedRun

TOOL = "promptfoo"
FORMAT = 3

METRICS: Mapping[str, str] = {
    "equals": "exact_match",
    "contains": "contains",
    "regex": "regex",
    "is-json": "json_schema",
    "is-refusal": "refusal",
}
"""Name here by type of assertion. `similar`, `rouge-n`, `bleu` and the like are not here: they give pass or fail."""

PASS_RATE = "pass_rate"  # noqa: S105  # a share of tests
_ERROR = 2
"""`failureReason` of a test that was not answered or not judged; 1 is an assertion that failed."""
_NOT_DECODING = frozenset({"apiBaseUrl", "apiHost", "apiKey", "apiKeyEnvar", "headers", "organization", "seed"})


def recognises(document: Mapping[str, Json]) -> bool:
    """Tell whether *document* looks like an output of promptfoo."""
    return "evalId" in document and "results" in document


def read(path: Path) -> ImportedRun:
    """Read an output file.

    Raises:
        RefusedResultsError: It cannot be used.
    """
    problems = Problems(str(path))
    document = parse_json(read_file(path, problems), path.name, problems)
    summary = document.at("results")
    if (found := summary.at("version").value) != FORMAT:
        problems.add(codes.UNKNOWN_VERSION, f"The format of the results is {found}; known is {FORMAT}.")
    tests = summary.at("results").items()
    _complete(summary, tests)
    provider = _only(tests, "provider", "id")
    _only(tests, "promptId")
    settings = document.at("config", "providers").items()
    given = settings[0].at("config") if len(settings) == 1 and isinstance(settings[0].value, dict) else document.at("-")
    examples = tuple(_examples(tests))
    started = summary.at("timestamp").time()
    run = ImportedRun(
        settings=Settings(
            tool=TOOL,
            version=document.at("metadata", "promptfooVersion").text(codes.NOT_COMPARABLE),
            task=_task(document, tests),
            chat_template=True if ":chat:" in provider else None,
            seed=given.at("seed").maybe_whole(),
            backend=provider.split(":")[0],
            decoding=tuple(sorted((k, v) for k, v in given.fields().items() if k not in _NOT_DECODING)),
        ),
        model=provider,
        measurements=tuple(_measured(examples)),
        examples=examples,
        started_at=started,
        completed_at=document.at("metadata", "exportedAt").time(),
    )
    problems.refuse()
    return run


def _complete(summary: Node, tests: tuple[Node, ...]) -> None:
    problems = summary.problems
    if not tests:
        problems.add(codes.NO_RESULTS, "`results.results` is empty.")
    stats = summary.at("stats")
    counts = {name: stats.at(name).whole() for name in ("successes", "failures", "errors")}
    failed = [t for t in tests if t.at("failureReason").value == _ERROR]
    bare = [t for t in tests if t not in failed and not t.at("gradingResult", "componentResults").items()]
    if bare:
        problems.add(codes.NO_RESULTS, f"{len(bare)} of {len(tests)} tests assert nothing; they pass whatever comes.")
    errors = max(counts["errors"], len(failed))
    if errors:
        why = failed[0].at("error").maybe_text() if failed else ""
        detail = f"{errors} of {len(tests)} tests ended with an error{f': {why[:300]}' if why else ''}."
        problems.add(codes.FAILED_REQUESTS, detail)
    passed = sum(t.at("success").truth() for t in tests)
    if sum(counts.values()) != len(tests) or passed != counts["successes"]:
        stated = ", ".join(f"{number} {name}" for name, number in counts.items())
        detail = f"`stats` tells of {stated}; the file has {len(tests)} tests, of which {passed} passed."
        problems.add(codes.CONTRADICTION, detail)


def _only(tests: tuple[Node, ...], *keys: str) -> str:
    """Return the one value that all tests have: two prompts or models in one file are two runs."""
    found = list(dict.fromkeys(t.at(*keys).text(codes.NOT_COMPARABLE) for t in tests))
    if len(found) > 1:
        detail = f"The file holds results of {len(found)} values of `{'.'.join(keys)}`; one run has one."
        tests[0].problems.add(codes.NOT_COMPARABLE, detail)
    return found[0] if found else ""


def _task(document: Node, tests: tuple[Node, ...]) -> str:
    """Return the suite's name, with a digest of what was asked and asserted as its version: promptfoo knows none.

    Taken from the results, because the configuration may only name files.
    """
    name = document.at("config", "description").maybe_text() or TOOL
    asked: dict[str, Json] = {
        str(t.at("testIdx").value): [t.at("testCase", "vars").value, t.at("testCase", "assert").value] for t in tests
    }
    return f"{name}@{Node(asked, 'results.results', document.problems).content_version()}"


def _examples(tests: tuple[Node, ...]) -> Iterator[ExampleResult]:
    asked: Counter[int] = Counter()
    for test in tests:
        index = test.at("testIdx").whole()
        usage = test.at("response", "tokenUsage")
        # The metadata of a test holds what its author wrote there.
        sliced = test.at("testCase", "metadata").fields().get("slice")
        took = test.at("latencyMs").maybe_number()
        reason = test.at("gradingResult", "reason").maybe_text()
        output = test.at("response", "output").value
        yield ExampleResult(
            id=str(index),
            epoch=asked[index],
            slice=sliced if isinstance(sliced, str) else "",
            scores=tuple(sorted(_scores(test).items())),
            input=test.at("prompt", "raw").maybe_text() or "",
            output=output if isinstance(output, str) else "",
            prompt_tokens=usage.at("prompt").maybe_whole(),
            completion_tokens=usage.at("completion").maybe_whole(),
            # Answers from promptfoo's cache took no time that says anything.
            seconds=took / 1000 if took is not None and test.at("response", "cached").value is not True else None,
            notes=(("promptfoo said", reason[:300]),) if reason else (),
        )
        asked[index] += 1


def _scores(test: Node) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for component in test.at("gradingResult", "componentResults").items():
        kind = component.at("assertion", "type").maybe_text()
        if kind:
            metric = METRICS.get(kind, f"{TOOL}:{kind}")
            found.setdefault(metric, []).append(float(component.at("pass").truth()))
    means = {name: statistics.fmean(scores) for name, scores in found.items()}
    return {**means, PASS_RATE: float(test.at("success").value is True)}


def _measured(examples: tuple[ExampleResult, ...]) -> Iterator[Measurement]:
    """Return the mean of each metric over the tests that have it; a repeated test counts once, with its mean."""
    names = dict.fromkeys([PASS_RATE, *(name for e in examples for name, _ in e.scores)])
    for name in names:
        by_test: dict[str, list[float]] = {}
        for example in examples:
            for metric, score in example.scores:
                if metric == name:
                    by_test.setdefault(example.id, []).append(score)
        if by_test:
            yield mean(name, "ratio", [statistics.fmean(scores) for scores in by_test.values()])
            yield from by_slice(name, "ratio", examples)
