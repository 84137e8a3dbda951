"""Languages of texts, by py3langid, which has its model in the package."""

from collections import Counter
from functools import cache
from typing import Any

from trueup.adapters.datasets.checks.check import BadCheckError, Findings, Setting
from trueup.adapters.datasets.extras import library
from trueup.adapters.datasets.records import Record, text_in
from trueup.evidence.data import CheckResult, Outcome
from trueup.evidence.evidence import Measurement

SHORTEST = 20
"""Letters below which a language is a guess."""
LONGEST = 1000
"""Characters that are looked at: more make it no surer."""
MOST_MEASURED = 20


@cache
def _identifier() -> Any:
    """Return the model; reading it takes half a second."""
    langid = library("py3langid.langid", "`language`")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=False)


class Language:
    """The texts are in the allowed languages."""

    def __init__(self, setting: Setting) -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column()
        declared = setting.data.declared.get("languages")
        default = [str(v) for v in declared] if isinstance(declared, list | tuple) else []
        self._allowed = {tag.partition("-")[0].lower() for tag in params.texts("allowed", default)}
        self._least = params.number("min_share", 0.95, 0, 1)
        self._least_records = params.whole("min_records", 20, 1)
        self._shortest = params.whole("min_letters", SHORTEST, 1)
        params.done()
        if not self._allowed:
            raise BadCheckError("it needs `allowed`, or the Dataset's `languages`")
        model = _identifier()
        known = set(model.labels)
        if unknown := sorted(self._allowed - known):
            raise BadCheckError(f"the language `{unknown[0]}` cannot be told", f"known: {', '.join(sorted(known))}")
        self._classify = model.classify
        self._counts: Counter[str] = Counter()
        self._other = Findings()
        self._short = 0

    def see(self, record: Record) -> None:
        """Tell its language."""
        text = (text_in(record, self._column) or "")[:LONGEST]
        if sum(map(str.isalpha, text)) < self._shortest:
            self._short += 1
            return
        language = str(self._classify(text.encode(errors="replace").decode())[0])
        self._counts[language] += 1
        if language not in self._allowed:
            self._other.add(record.place, f"reads as `{language}`")

    def result(self) -> CheckResult:
        """Return the share of records in the allowed languages, among those long enough to tell."""
        told = sum(self._counts.values())
        share = 1 - self._other.count / told if told else None
        outcome = Outcome.UNDECIDED
        if share is not None and told >= self._least_records:
            outcome = Outcome.PASSED if share >= self._least else Outcome.FAILED
        measured = [Measurement("too_short", float(self._short), "records", told + self._short)]
        measured += [
            Measurement("share", count / told, "ratio", told, slice=language)
            for language, count in self._counts.most_common(MOST_MEASURED)
        ]
        return CheckResult(
            self._check,
            outcome,
            share,
            ">=",
            self._least,
            told,
            self._other.count,
            tuple(measured),
            tuple(self._other.kept),
            f"{self._short} records are too short to tell" if self._short else "",
            max(1, self._least_records - told) if outcome is Outcome.UNDECIDED else None,
        )
