"""The licence of data: what is declared, held against a list, and against the text that lies beside the data."""

import re
from pathlib import Path

from trueup.adapters.datasets.checks.check import BadCheckError, Findings, Setting
from trueup.adapters.datasets.records import Record
from trueup.evidence.data import CheckResult, Outcome
from trueup.policy.licenses import alternatives

_FILES = re.compile(r"^(?:licen[cs]e|copying)(?:[.-].*)?$", re.IGNORECASE)
_TAG = re.compile(r"SPDX-License-Identifier:\s*([^\r\n*]{1,200})")
_TITLES: tuple[tuple[str, str], ...] = (
    (r"apache license\s+version 2\.0", "Apache-2.0"),
    (r"\bmit license\b", "MIT"),
    (r"creative commons attribution-noncommercial 4\.0", "CC-BY-NC-4.0"),
    (r"creative commons attribution-sharealike 4\.0|attribution-sharealike 4\.0 international", "CC-BY-SA-4.0"),
    (r"creative commons attribution 4\.0|attribution 4\.0 international", "CC-BY-4.0"),
    (r"cc0 1\.0 universal", "CC0-1.0"),
    (r"open data commons open database license", "ODbL-1.0"),
    (r"community data license agreement\W+permissive\W+version 2\.0", "CDLA-Permissive-2.0"),
)
_READ = 20_000
"""Bytes of a licence's text that are looked at: its title is at the top."""


class License:
    """The declared licence is one of those allowed, and that of the file beside the data."""

    def __init__(self, setting: Setting) -> None:
        params = setting.params
        self._check = setting.check
        self._allowed = params.texts("allowed")
        params.done()
        if not self._allowed:
            raise BadCheckError("it needs `allowed`, a list of SPDX licences")
        if unknown := [a for a in self._allowed if alternatives(a) is None]:
            raise BadCheckError(f"`allowed` has `{unknown[0]}`, which is no SPDX licence")
        self._declared = str(setting.data.declared.get("license") or "")
        self._place = setting.data.place
        self._records = 0

    def see(self, _: Record) -> None:
        """Count: a licence is of all records."""
        self._records += 1

    def result(self) -> CheckResult:
        """Return whether every alternative that counts is allowed."""
        findings = Findings()
        allowed = {one for a in self._allowed for group in alternatives(a) or () for one in group}
        choices = alternatives(self._declared) if self._declared else None
        if choices is None:
            findings.add("license", "is no SPDX expression" if self._declared else "is not declared")
        elif not any(all(one in allowed for one in choice) for choice in choices):
            findings.add("license", f"`{self._declared}` is not allowed")
        for name, licence in _in_files(self._place):
            if not any(licence in choice for choice in choices or ()):
                findings.add(name, f"is the text of {licence}, and `{self._declared or 'nothing'}` is declared")
        outcome = Outcome.FAILED if findings.count else Outcome.PASSED if self._records else Outcome.UNDECIDED
        return CheckResult(
            self._check,
            outcome,
            float(findings.count),
            "==",
            0.0,
            self._records,
            findings.count,
            (),
            tuple(findings.kept),
        )


def _in_files(place: Path) -> list[tuple[str, str]]:
    """Return name and licence of each file that names one; texts that are not known are left to people."""
    if not place.is_dir():
        return []
    found = []
    for path in sorted(p for p in place.iterdir() if p.is_file() and _FILES.match(p.name)):
        with path.open("rb") as file:
            text = file.read(_READ).decode(errors="replace")
        licence = recognised(text)
        if licence:
            found.append((path.name, licence))
    return found


def recognised(text: str) -> str:
    """Return the SPDX id of a licence's text; empty when it is not one of the common ones."""
    tag = _TAG.search(text)
    if tag:
        return tag[1].strip()
    head = re.sub(r"\s+", " ", text.lower())
    return next((name for pattern, name in _TITLES if re.search(pattern, head)), "")
