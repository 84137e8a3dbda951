"""Drift: how far a column is from the same column of a baseline."""

import math
from collections import Counter
from collections.abc import Sequence

from trueup.adapters.datasets.checks.check import BadCheckError, Setting
from trueup.adapters.datasets.checks.overlap import Rereadable
from trueup.adapters.datasets.counts import Counts
from trueup.adapters.datasets.distances import (
    aligned,
    binned,
    chi_square,
    chi_square_p,
    edges,
    jensen_shannon,
    kolmogorov_p,
    kolmogorov_smirnov,
    psi,
)
from trueup.adapters.datasets.records import Record, field_in, text_in
from trueup.core.json import Json
from trueup.evidence.data import CheckResult, Finding, Outcome
from trueup.evidence.evidence import Measurement

BINS = 10
MOST_CATEGORIES = 10_000
_LONGEST = 200

DEFAULTS = {"psi": 0.2, "ks": 0.1, "jensen_shannon": 0.1, "chi_square": 0.01}
"""Most that is accepted; of `chi_square` the least p-value."""


class Column:
    """What came in one column of one dataset, in bounded memory."""

    def __init__(self, column: str, kind: str) -> None:
        self.column = column
        self.kind = kind
        self.numbers = Counts()
        self.categories: Counter[str] = Counter()
        self.other = 0
        self.missing = 0

    def see(self, record: Record) -> None:
        """Count one value."""
        if self.kind == "length":
            self.numbers.add(len(text_in(record, self.column) or ""))
            return
        value = field_in(record, self.column)
        if value is None:
            self.missing += 1
        elif self.kind == "numeric":
            number = _number(value)
            if number is None:
                self.missing += 1
            else:
                self.numbers.add(number)
        else:
            category = str(value)[:_LONGEST]
            if category in self.categories or len(self.categories) < MOST_CATEGORIES:
                self.categories[category] += 1
            else:
                self.other += 1

    @property
    def total(self) -> int:
        """How many values were counted."""
        return self.categories.total() if self.kind == "category" else self.numbers.total


class Drift:
    """A column is spread as in the baseline."""

    def __init__(self, setting: Setting, baseline: Rereadable) -> None:
        params = setting.params
        self._check = setting.check
        self._baseline = baseline
        kind = params.choice("kind", "length" if not setting.check.column else "auto", _KINDS)
        self._column = setting.column(needed=kind != "length")
        self._columns = [Column(self._column, k) for k in (("numeric", "category") if kind == "auto" else (kind,))]
        self._metric = params.choice("metric", "psi", DEFAULTS)
        self._limit = params.number("threshold", DEFAULTS[self._metric], 0)
        self._least = params.whole("min_records", 100, 1)
        self._bins = params.whole("bins", BINS, 2, 1000)
        params.text("baseline")
        params.done()
        if kind == "category" and self._metric == "ks":
            raise BadCheckError("`ks` compares numbers, and `kind` is `category`")
        self._records = 0

    def see(self, record: Record) -> None:
        """Count its value."""
        self._records += 1
        for column in self._columns:
            column.see(record)

    def result(self) -> CheckResult:
        """Read the baseline and compare."""
        old = [Column(c.column, c.kind) for c in self._columns]
        for record in self._baseline():
            for column in old:
                column.see(record)
        here, there = _chosen(self._columns, old)
        if self._metric == "ks" and here.kind == "category":
            return self._undecided(here, there, "`ks` compares numbers, and the column holds others")
        if min(here.total, there.total) < self._least:
            return self._undecided(here, there, f"{here.total} values here and {there.total} in the baseline")
        if here.other or there.other:
            return self._undecided(here, there, f"more than {MOST_CATEGORIES} categories: no column of categories")
        measured = self._measured(here, there)
        value = dict(measured)["p_value" if self._metric == "chi_square" else self._metric]
        passed = value >= self._limit if self._metric == "chi_square" else value <= self._limit
        return self._finished(Outcome.PASSED if passed else Outcome.FAILED, value, here, measured, "")

    def _measured(self, here: Column, there: Column) -> list[tuple[str, float]]:
        if here.kind == "category":
            old, new = aligned(there.categories, here.categories)
            found: list[tuple[str, float]] = []
        else:
            before, now = tuple(there.numbers.items()), tuple(here.numbers.items())
            upper = edges(before, self._bins)
            old, new = binned(before, upper), binned(now, upper)
            distance = kolmogorov_smirnov(before, now)
            found = [("ks", distance), ("ks_p_value", kolmogorov_p(distance, there.total, here.total))]
        statistic, degrees = chi_square(old, new)
        found += [("psi", psi(old, new)), ("jensen_shannon", jensen_shannon(old, new))]
        return [*found, ("chi_square", statistic), ("p_value", chi_square_p(statistic, degrees))]

    def _undecided(self, here: Column, there: Column, note: str) -> CheckResult:
        return self._finished(
            Outcome.UNDECIDED, None, here, (), note, max(0, self._least - min(here.total, there.total))
        )

    def _finished(
        self,
        outcome: Outcome,
        value: float | None,
        here: Column,
        measured: Sequence[tuple[str, float]],
        note: str,
        more: int = 0,
    ) -> CheckResult:
        failed = outcome is Outcome.FAILED
        findings = (
            (Finding(self._column or "(text length)", "is spread otherwise than in the baseline"),) if failed else ()
        )
        return CheckResult(
            self._check,
            outcome,
            value,
            ">=" if self._metric == "chi_square" else "<=",
            self._limit,
            here.total,
            len(findings),
            tuple(Measurement(name, v, "ratio", here.total) for name, v in measured),
            findings,
            note,
            more or None,
        )


_KINDS = ("auto", "numeric", "category", "length")


def _chosen(new: Sequence[Column], old: Sequence[Column]) -> tuple[Column, Column]:
    """Return the columns as numbers when every value of both is one, else as categories."""
    if len(new) == 1 or not (new[0].total + old[0].total) or _has_others(new) or _has_others(old):
        return new[-1], old[-1]
    return new[0], old[0]


def _has_others(columns: Sequence[Column]) -> bool:
    numeric, category = columns[0], columns[-1]
    return category.total + category.other > numeric.total


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
