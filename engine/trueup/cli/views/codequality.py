"""GitLab's Code Quality report: a list of problems that a merge request shows beside its lines.

Format: https://docs.gitlab.com/ci/testing/code_quality/. A finding that is excepted is `info`: it was approved, and
should be seen.
"""

import json
from collections import Counter
from collections.abc import Sequence

from trueup.cli.views.findings import Finding, Level
from trueup.cli.views.text import visible
from trueup.core.digests import digest_of
from trueup.core.json import Json

_NOWHERE = "trueup.yaml"
"""GitLab drops what has no place."""
_DENYING = {"critical": "blocker", "high": "critical"}
_OTHERS = {Level.ERROR: "major", Level.WARNING: "minor", Level.NOTE: "info"}


def codequality(findings: Sequence[Finding]) -> str:
    """Return the report."""
    seen: Counter[str] = Counter()
    return json.dumps([_issue(finding, seen) for finding in findings], indent=2, ensure_ascii=False)


def _issue(finding: Finding, seen: Counter[str]) -> Json:
    span = finding.span
    place = span.path if span and span.path not in ("", "-") else _NOWHERE
    about = f"{finding.address}: " if finding.address else ""
    to_do = f" {finding.remedy}" if finding.remedy else ""
    # Without the line: what moves is the same problem. The number tells equal ones apart.
    said = "\0".join((finding.rule, place, finding.address, ".".join(map(str, finding.path)), finding.message))
    seen[said] += 1
    return {
        "description": visible(f"{finding.title}: {about}{finding.text}{to_do}"),
        "check_name": finding.rule,
        "fingerprint": digest_of([said, seen[said]]).removeprefix("sha256:"),
        "severity": _severity(finding),
        "location": {"path": place, "lines": {"begin": max(span.line, 1) if span else 1}},
    }


def _severity(finding: Finding) -> str:
    if finding.excepted_by:
        return "info"
    if finding.level is Level.ERROR:
        return _DENYING.get(finding.severity, "major")
    return _OTHERS[finding.level]
