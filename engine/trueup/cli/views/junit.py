"""JUnit XML, which every CI system shows."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from trueup.cli.views.findings import Finding
from trueup.cli.views.text import visible, visible_lines
from trueup.core.diagnostics import Severity


def junit(suite: str, findings: Sequence[Finding], checks: Sequence[str]) -> str:
    """Return one suite with a test case a check (rule id or file) and a failure a finding.

    Args:
        suite: Its name.
        findings: What was found; a warning passes and says so, an excepted one is skipped.
        checks: Everything that was checked, so that what passed is counted too; with none, the suite itself.
    """
    cases = [_passed(suite, c) for c in checks if not any(f.rule == c for f in findings)]
    cases += [_found(suite, f) for f in findings]
    if not cases:
        cases = [_passed(suite, suite)]
    failures = sum(_is_failure(f) for f in findings)
    skipped = sum(bool(f.excepted_by) for f in findings)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}
    root = ET.Element("testsuites", {"name": "trueup", **counts})
    element = ET.SubElement(root, "testsuite", {"name": visible(suite), **counts})
    element.extend(cases)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _passed(suite: str, name: str) -> ET.Element:
    return ET.Element("testcase", {"classname": visible(suite), "name": visible(name)})


def _found(suite: str, finding: Finding) -> ET.Element:
    place = str(finding.span) if finding.span else finding.address
    case = _passed(suite, f"{finding.rule} {place}".strip())
    if finding.span:
        case.set("file", visible(finding.span.path))
        case.set("line", str(finding.span.line))
    text = "\n".join(line for part in (place, finding.message, finding.remedy) for line in visible_lines(part) if part)
    if finding.excepted_by:
        ET.SubElement(case, "skipped", {"message": visible(f"Lifted by {finding.excepted_by}.")})
    elif _is_failure(finding):
        attributes = {"message": visible(f"{finding.rule} {finding.title}"), "type": finding.severity.value}
        ET.SubElement(case, "failure", attributes).text = text
    else:
        ET.SubElement(case, "system-out").text = f"warning: {text}"
    return case


def _is_failure(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR and not finding.excepted_by
