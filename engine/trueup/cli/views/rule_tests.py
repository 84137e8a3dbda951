"""How the tests of policies went, what they reach, and where a failed one ended."""

import json
from collections.abc import Iterator, Sequence

from trueup.cli.output import Format, Style
from trueup.cli.views.findings import Finding, Level
from trueup.cli.views.junit import Suite, junit_suites
from trueup.cli.views.text import visible, visible_lines
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy.tracing import FileCoverage, TestCase, TestRun, ranges

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class TestReport:
    """What to show of a run.

    Attributes:
        run: The run.
        coverage: Whether to show files.
        threshold: Share of lines that has to be reached, 0 to 100; None when nobody asks.
        slowest: How many of the slowest tests to show.
    """

    __test__ = False

    run: TestRun
    coverage: bool = False
    threshold: float | None = None
    slowest: int = 0

    @property
    def is_below(self) -> bool:
        """Whether too little was reached."""
        return self.threshold is not None and self.run.percent < self.threshold


def render_tests(report: TestReport, output: Format, style: Style) -> str:
    """Return how each test went; in text the passed ones of a package share a line."""
    match output:
        case Format.JUNIT:
            return junit_suites(_suites(report))
        case Format.TEXT:
            return "\n".join(_text(report, style))
        case _:
            return json.dumps(_document(report), indent=2, ensure_ascii=False)


def tests_summary(cases: Sequence[TestCase]) -> str:
    """Return the line that says it all."""
    if not cases:
        return "no test was found"
    todo = sum(c.is_todo for c in cases)
    failed = sum(c.has_failed for c in cases)
    said = f"{len(cases) - todo - failed} passed, {failed} failed"
    return f"{said}, {todo} to do" if todo else said


def why_failed(case: TestCase) -> str:
    """Say where a failed test ended, as far as the lines it reached tell; empty when nobody knows."""
    stalled = case.stalled
    if stalled is None:
        return ""
    after = f", so line {stalled.next_line} was not reached" if stalled.next_line else ""
    return f"{stalled.span}: `{stalled.text}` was not true{after}"


def _text(report: TestReport, style: Style) -> Iterator[str]:
    cases = report.run.cases
    for package in dict.fromkeys(c.test.package for c in cases):
        inside = [c for c in cases if c.test.package == package]
        failed = [c for c in inside if c.has_failed]
        ran = [c for c in inside if not c.is_todo]
        if ran:
            mark = style.paint("fail", "bold", "red") if failed else style.paint("ok  ", "green")
            yield f"{mark}  {visible(package)}  {len(ran) - len(failed)} of {len(ran)}"
        for case in failed:
            yield f"      {case.test.span or ''}: {visible(case.test.name)}"
            yield from (f"        {visible(line)}" for line in [why_failed(case)] if line)
            yield from (f"        {line}" for line in visible_lines(case.test.output) if line)
        for case in (c for c in inside if c.is_todo):
            yield f"{style.paint('todo', 'yellow')}  {case.test.span or ''}: {visible(case.test.name)}"
    if report.coverage:
        yield from ("", *_coverage(report, style))
    if report.slowest:
        yield from ("", "slowest")
        slowest = sorted(cases, key=lambda c: -c.test.seconds)[: report.slowest]
        yield from (f"  {c.test.seconds * 1000:7.1f} ms  {visible(_name(c))}" for c in slowest)
        if report.coverage:
            yield ""
    good = any(not c.is_todo for c in cases) and not any(c.has_failed for c in cases)
    yield style.paint(tests_summary(cases), "bold", "green" if good else "red")


def _coverage(report: TestReport, style: Style) -> Iterator[str]:
    """Yield the files that are not reached whole, those reached least first."""
    whole = [f for f in report.run.files if not f.missed]
    for file in sorted((f for f in report.run.files if f.missed), key=lambda f: f.percent):
        yield f"{file.percent:5.1f} %  {visible(file.path)}: not reached: {ranges(file.missed)}"
    if whole:
        yield f"100.0 %  {len(whole)} {'file' if len(whole) == 1 else 'files'}"
    said = f"coverage {report.run.percent:.1f} % of the lines that decide"
    if report.threshold is not None:
        said += f", {report.threshold:g} % is asked for"
    yield style.paint(said, "bold", "red" if report.is_below else "green")


def _document(report: TestReport) -> Json:
    return {
        "format_version": FORMAT_VERSION,
        "tests": [_test_json(c) for c in report.run.cases],
        "coverage": {
            "percent": round(report.run.percent, 1),
            "threshold_percent": report.threshold,
            "files": [_file_json(f) for f in report.run.files],
        },
    }


def _file_json(file: FileCoverage) -> Json:
    return {
        "path": file.path,
        "percent": round(file.percent, 1),
        "reached": list(file.reached),
        "not_reached": list(file.missed),
    }


def _test_json(case: TestCase) -> Json:
    test = case.test
    return {
        "package": test.package,
        "name": test.name,
        "passed": test.passed,
        "todo": case.is_todo,
        "seconds": test.seconds,
        "output": test.output,
        "why": why_failed(case),
        "path": test.span.path if test.span else "",
        "line": test.span.line if test.span else 0,
    }


def _suites(report: TestReport) -> Iterator[Suite]:
    """Yield a suite a package, and one for the coverage when a threshold is asked for."""
    for package in dict.fromkeys(c.test.package for c in report.run.cases):
        inside = [c for c in report.run.cases if c.test.package == package]
        found = [_finding(c) for c in inside if c.has_failed or c.is_todo]
        times = {c.test.name: c.test.seconds for c in inside}
        yield Suite(package, found, [c.test.name for c in inside], times)
    if report.threshold is not None:
        said = f"{report.run.percent:.1f} % of the lines are reached, {report.threshold:g} % are asked for."
        low = Finding("coverage", "Too little is reached", Level.ERROR, said)
        yield Suite("coverage", [low] if report.is_below else [], ["coverage"])


def _finding(case: TestCase) -> Finding:
    if case.is_todo:
        return Finding(case.test.name, "To do", Level.NOTE, "The test is still to do.", span=case.test.span)
    said = "\n".join(part for part in (why_failed(case), case.test.output) if part)
    said = said or "The rule was false or undefined."
    return Finding(case.test.name, "Test failed", Level.ERROR, said, span=case.test.span)


def _name(case: TestCase) -> str:
    return f"{case.test.package}.{case.test.name}"
