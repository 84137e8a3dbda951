"""Checks of single records: fields that must be there, and lengths."""

from trueup.adapters.datasets.checks.check import BadCheckError, Findings, Setting, share_result, shown
from trueup.adapters.datasets.counts import Counts
from trueup.adapters.datasets.records import Record, field_in, text_in
from trueup.core.json import Json
from trueup.evidence.data import CheckResult
from trueup.evidence.evidence import Measurement

PERCENTILES = (1, 5, 50, 95, 99)


class NotNull:
    """A field that every record must have; without a column, every field that a record has must hold something."""

    def __init__(self, setting: Setting) -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column()
        self._most = params.number("max_share", 0.0, 0, 1)
        self._blank = params.flag("allow_blank", default=False)
        params.done()
        self._findings = Findings()
        self._records = 0

    def see(self, record: Record) -> None:
        """Look whether it is there, and no blank text."""
        self._records += 1
        if self._column:
            missing = self._is_missing(field_in(record, self._column))
            names = [self._column] if missing else []
        else:
            names = [name for name, value in record.value.items() if self._is_missing(value)]
            names = names or ([] if record.value else ["(every field)"])
        if names:
            self._findings.add(record.place, f"`{shown(names[0])}` is not there or empty")

    def _is_missing(self, value: Json) -> bool:
        return value is None or (not self._blank and isinstance(value, str) and not value.strip())

    def result(self) -> CheckResult:
        """Return the share of records without it."""
        return share_result(self._check, self._findings, self._records, self._most)


class Length:
    """Length of a text, in characters or in words between white space."""

    def __init__(self, setting: Setting) -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column()
        self._unit = params.choice("unit", "characters", ("characters", "words"))
        self._least = params.whole("min", 0)
        self._most = params.whole("max", 0) if params.has("max") else None
        self._tolerance = params.number("max_share", 0.0, 0, 1)
        params.whole("max", 0)
        params.done()
        if self._most is not None and self._most < self._least:
            raise BadCheckError("`max` is less than `min`")
        self._findings = Findings()
        self._counts = Counts()

    def see(self, record: Record) -> None:
        """Measure it; what is not there has the length 0."""
        text = text_in(record, self._column) or ""
        length = len(text) if self._unit == "characters" else len(text.split())
        self._counts.add(length)
        if length < self._least or (self._most is not None and length > self._most):
            self._findings.add(record.place, f"{length} {self._unit}")

    def result(self) -> CheckResult:
        """Return the share of records outside, with least, greatest and percentiles."""
        total = self._counts.total
        measured = []
        if total:
            named = [("min", self._counts.least), ("max", self._counts.greatest)]
            named += [(f"p{p}", self._counts.quantile(p / 100)) for p in PERCENTILES]
            measured = [Measurement(name, value, self._unit, total) for name, value in named]
        return share_result(self._check, self._findings, total, self._tolerance, measured)
