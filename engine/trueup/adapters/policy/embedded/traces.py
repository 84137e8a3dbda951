"""Answers of the worker about coverage and single rules, as values."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trueup.core.diagnostics import Diagnostic, Span
from trueup.policy.results import RuleResult, RuleTest
from trueup.policy.tracing import Body, FileCoverage, Read, Reads, RuleTrace, Stalled, TestCase, TestRun, merged

Answer = dict[str, Any]
Named = tuple[str, str, Span]
"""Package, name and place of a rule."""
NOTHING_TRACED: Answer = {"results": [], "problems": [], "lines": {}, "bodies": [], "printed": ""}
"""What a trace shows that took the worker with it."""


def read_run(said: Answer, answers: Iterable[tuple[Answer | Diagnostic, Named]], wanted: str) -> TestRun:
    """Return the tests with what they reached together, those still to do last."""
    cases: list[TestCase] = []
    for answer, (package, name, span) in answers:
        if isinstance(answer, Diagnostic):
            test = RuleTest(package, name, passed=False, seconds=0.0, output=answer.detail, span=span)
            cases.append(TestCase(test))
            continue
        test = RuleTest(package, name, answer["passed"], answer["seconds"], answer["output"], span)
        cases.append(TestCase(test, _stalled(answer["stalled"])))
    files = merged(said["lines"], said["reached"])
    # Of some tests only what they are about is asked: the files that they come to at all.
    return TestRun((*cases, *_todo(said, wanted)), tuple(f for f in files if f.reached) if wanted else files)


def read_list(said: Answer, tests: Iterable[Named], wanted: str) -> TestRun:
    """Return tests that were not run."""
    cases = (TestCase(RuleTest(package, name, passed=False, seconds=0.0, span=span)) for package, name, span in tests)
    return TestRun((*cases, *_todo(said, wanted)), ())


def _todo(said: Answer, wanted: str) -> Iterator[TestCase]:
    for item in said["todo"]:
        if wanted in f"{item['package']}.{item['name']}":
            yield TestCase(RuleTest(item["package"], item["name"], passed=False, seconds=0.0, span=Span(*item["span"])))


def read_reads(answer: Answer, entries: Sequence[Named]) -> tuple[Reads, ...]:
    """Return what each entry reads."""
    return tuple(
        Reads(
            package=package,
            entry=name,
            inputs=tuple(Read(tuple(path), Span(*place)) for path, place in said["inputs"]),
            fields=tuple(Read(tuple(path), Span(*place)) for path, place in said["fields"]),
            parameters=tuple((path, value) for path, value in said["data"]),
            files=tuple(said["files"]),
        )
        for said, (package, name, _) in zip(answer["reads"], entries, strict=True)
    )


def read_trace(
    answer: Answer, problems: tuple[Diagnostic, ...], entries: Sequence[Named], reads: tuple[Reads, ...]
) -> RuleTrace:
    """Return how one rule went."""
    results = tuple(
        RuleResult(name, package, raw, span)
        for index, values in answer["results"]
        for package, name, span in [entries[index]]
        for raw in (values if isinstance(values, list) else [values])
    )
    bodies = tuple(_body(b) for b in answer["bodies"])
    coverage = tuple(FileCoverage(p, tuple(hit), tuple(missed)) for p, (hit, missed) in answer["lines"].items())
    return RuleTrace(results, problems, bodies, coverage, reads, answer["printed"])


def _body(said: Answer) -> Body:
    return Body(said["rule"], Span(*said["span"]), said["tried"], _stalled(said["stalled"]), said["gave"], said["last"])


def _stalled(said: Answer | None) -> Stalled | None:
    return Stalled(Span(*said["span"]), said["text"], said["next"]) if said else None
