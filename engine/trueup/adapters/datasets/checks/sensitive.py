"""Secrets and personal data. What was found is never shown: only where it is, its kind, and how long it is."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from trueup.adapters.datasets.checks.check import BadCheckError, Findings, Setting
from trueup.adapters.datasets.extras import library
from trueup.adapters.datasets.records import Record, text_in
from trueup.core.recognisers import PERSONAL, plain
from trueup.diff.masks import keys_in
from trueup.evidence.data import CheckResult, Outcome
from trueup.evidence.evidence import Measurement

Found = tuple[str, str]
"""Kind, and what was found; the second never leaves this module."""
Finder = Callable[[str], Iterator[Found]]

_GUESSES = frozenset({"Secret Keyword", "Base64 High Entropy String", "Hex High Entropy String", "Public IP (ipv4)"})
"""Detectors that go by a word nearby or by how random a text looks: data sets are full of what they take for a key."""

_RUN = re.compile(r"[A-Za-z0-9_+/=.~:%@-]{12,}")
_PLAIN_RUN = re.compile(r"[A-Z]?[a-z]*(?:[-_./:=~+%@][A-Z]?[a-z]*)*|[A-Z]+(?:[-_./:=~+%@][A-Z]*)*")
"""A word, or words with marks between them: what issuers make has digits, or capitals inside."""
_KEY_BLOCK = "PRIVATE KEY"


class Sensitive:
    """Finds what must not be in data; at most `max` of it may be there."""

    def __init__(self, setting: Setting, finder: Finder, note: str = "") -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column()
        self._most = params.whole("max", 0)
        self._find = finder
        self._note = note
        self._kinds: Counter[str] = Counter()
        self._findings = Findings()
        self._records = 0

    def see(self, record: Record) -> None:
        """Look into its texts."""
        self._records += 1
        text = text_in(record, self._column)
        if text:
            for kind, value in self._find(text):
                self._kinds[kind] += 1
                self._findings.add(record.place, f"{kind} ({masked(value)})")

    def result(self) -> CheckResult:
        """Return how many there are, by kind."""
        count = self._findings.count
        outcome = Outcome.FAILED if count > self._most else Outcome.PASSED if self._records else Outcome.UNDECIDED
        kinds = [
            Measurement(self._check.type, float(n), "findings", self._records, slice=kind)
            for kind, n in sorted(self._kinds.items())
        ]
        return CheckResult(
            self._check,
            outcome,
            float(count),
            "<=",
            float(self._most),
            self._records,
            count,
            (Measurement(self._check.type, float(count), "findings", self._records), *kinds),
            tuple(self._findings.kept),
            self._note if self._records else "there is no record",
        )


def masked(value: str) -> str:
    """Return what may be shown of a finding: how long it is."""
    return f"{len(value)} characters, masked"


def personal_data(setting: Setting) -> Sensitive:
    """Return the check `pii`: by own patterns and check digits, or by presidio where `engine` says so."""
    params = setting.params
    engine = params.choice("engine", "builtin", ("builtin", "presidio"))
    params.whole("max", 0)
    if engine == "presidio":
        from trueup.adapters.datasets.checks.presidio import presidio_finder

        finder = presidio_finder(
            params.texts("kinds"),
            params.text("language", "en"),
            params.text("model"),
            params.number("score", 0.5, 0, 1),
        )
        params.done()
        return Sensitive(setting, finder)
    kinds = params.texts("kinds", tuple(PERSONAL))
    params.done()
    if unknown := sorted(set(kinds) - set(PERSONAL)):
        raise BadCheckError(f"`kinds` has the unknown kind `{unknown[0]}`", f"known: {', '.join(PERSONAL)}")
    return Sensitive(setting, _by_patterns(kinds))


def _by_patterns(kinds: tuple[str, ...]) -> Finder:
    recognisers = [(kind, PERSONAL[kind]) for kind in kinds]

    def find(text: str) -> Iterator[Found]:
        bare = plain(text)
        for kind, recognise in recognisers:
            for start, end in recognise(bare):
                yield kind, bare[start:end]

    return find


def secrets(setting: Setting) -> Sensitive:
    """Return the check `secrets`: keys by their issuers' formats. Nobody is asked whether one is in force."""
    params = setting.params
    params.whole("max", 0)
    params.done()
    return Sensitive(setting, secret_finder())


def secret_finder() -> Finder:
    """Return what finds keys: detect-secrets' formats, and those that trueup masks everywhere.

    Detectors are asked for what is in a text, never to verify it: that would send the secret to its issuer.
    """
    detectors = _detectors()

    def find(text: str) -> Iterator[Found]:
        bare = plain(text)
        if not may_hold_secret(bare):
            return
        seen: set[str] = set()
        for kind, detector in detectors:
            for value in detector.analyze_string(bare):
                if value not in seen:
                    seen.add(value)
                    yield kind, value
        for value in keys_in(bare):
            if not any(value in other or other in value for other in seen):
                seen.add(value)
                yield "key", value

    return find


def may_hold_secret(text: str) -> bool:
    """Tell whether *text* has anything that a key could be: most do not, and the formats take long to look for."""
    if _KEY_BLOCK in text or ("@" in text and "://" in text):
        return True
    return any(not _PLAIN_RUN.fullmatch(m.group()) for m in _RUN.finditer(text))


def _detectors() -> list[tuple[str, Any]]:
    plugins = library("detect_secrets.core.plugins.util", "`secrets`").get_mapping_from_secret_type_to_class()
    return [(kind, plugin()) for kind, plugin in sorted(plugins.items()) if kind not in _GUESSES]
