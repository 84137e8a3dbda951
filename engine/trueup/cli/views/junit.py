"""JUnit XML, which every CI system shows. Attributes and elements are those that all its dialects have."""

from collections import Counter
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from trueup.cli.views.findings import Finding, Level
from trueup.cli.views.text import visible, visible_lines
from trueup.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Suite:
    """One test suite.

    Attributes:
        name: What was checked.
        findings: What was found; a warning passes and says so, what is excepted or a dry run is skipped.
        checks: Everything that was checked (rule ids, tests), so that what passed is counted, too.
        seconds: How long each check took, where that is known.
    """

    name: str
    findings: Sequence[Finding]
    checks: Sequence[str] = ()
    seconds: dict[str, float] | None = None


def junit(suite: str, findings: Sequence[Finding], checks: Sequence[str]) -> str:
    """Return one suite with a test case a check (rule id or file) and a failure a finding."""
    return junit_suites([Suite(suite, findings, checks)])


def junit_suites(suites: Iterable[Suite]) -> str:
    """Return all *suites*; one without a case has its own name as a case that passed."""
    root = ET.Element("testsuites", {"name": "trueup"})
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    for suite in suites:
        element = _suite(suite)
        for name in totals:
            totals[name] += int(element.get(name, "0"))
        root.append(element)
    for name, count in totals.items():
        root.set(name, str(count))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _suite(suite: Suite) -> ET.Element:
    found = {f.rule for f in suite.findings}
    times = suite.seconds or {}
    cases = [_case(suite.name, c, times.get(c)) for c in suite.checks if c not in found]
    cases += [_found(suite.name, f, times.get(f.rule)) for f in suite.findings]
    cases = cases or [_case(suite.name, suite.name, None)]
    _tell_apart(cases)
    counts = {
        "tests": len(cases),
        "failures": sum(f.is_failure and not f.is_unevaluated for f in suite.findings),
        "errors": sum(f.is_unevaluated for f in suite.findings),
        "skipped": sum(_is_skipped(f) for f in suite.findings),
    }
    element = ET.Element("testsuite", {"name": visible(suite.name), **{k: str(v) for k, v in counts.items()}})
    if times:
        element.set("time", f"{sum(times.values()):.3f}")
    element.extend(cases)
    return element


def _tell_apart(cases: Iterable[ET.Element]) -> None:
    """Number cases of one name from the second on: CI systems take those of one name for one case that ran again."""
    seen: Counter[str] = Counter()
    for case in cases:
        name = case.get("name", "")
        seen[name] += 1
        if seen[name] > 1:
            case.set("name", f"{name} ({seen[name]})")


def _case(suite: str, name: str, seconds: float | None) -> ET.Element:
    case = ET.Element("testcase", {"classname": visible(suite), "name": visible(name)})
    if seconds is not None:
        case.set("time", f"{seconds:.3f}")
    return case


def _found(suite: str, finding: Finding, seconds: float | None) -> ET.Element:
    place = str(finding.span) if finding.span else finding.address
    case = _case(suite, f"{finding.rule} {place}".strip(), seconds)
    parts = (place, finding.text, finding.remedy)
    text = "\n".join(line for part in parts for line in visible_lines(part) if part)
    if _is_skipped(finding):
        ET.SubElement(case, "skipped", {"message": visible(f"{finding.rule}: {finding.aside}.")})
    elif finding.is_failure:
        attributes = {
            "message": visible(f"{finding.rule} {finding.title}".strip()),
            "type": finding.severity or "error",
        }
        ET.SubElement(case, "error" if finding.is_unevaluated else "failure", attributes).text = text
    else:
        ET.SubElement(case, "system-out").text = f"warning: {text}"
    return case


def _is_skipped(finding: Finding) -> bool:
    return bool(finding.excepted_by) or finding.level is Level.NOTE
