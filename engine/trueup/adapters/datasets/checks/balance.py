"""Balance: how often each label or group is there."""

from collections import Counter

from trueup.adapters.datasets.checks.check import BadCheckError, Findings, Setting, shown
from trueup.adapters.datasets.records import Record, field_in
from trueup.evidence.data import CheckResult, Outcome
from trueup.evidence.evidence import Measurement

MOST_LABELS = 10_000
"""Different values of a column of labels; one with more is something else."""
MOST_MEASURED = 50
_LONGEST = 200


class Balance:
    """No label is too rare beside the others, and none is missing."""

    def __init__(self, setting: Setting) -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column(needed=True)
        self._least_share = params.number("min_share", 0.0, 0, 1)
        self._greatest_ratio = params.number("max_ratio", 0.0, 1) if params.has("max_ratio") else None
        self._labels = params.texts("labels")
        self._least_records = params.whole("min_records", 30, 1)
        self._missing_share = params.number("max_missing", 0.0, 0, 1)
        params.number("max_ratio", 1.0, 1)
        params.done()
        if not self._least_share and self._greatest_ratio is None:
            raise BadCheckError("it needs `min_share` or `max_ratio`")
        self._counts: Counter[str] = Counter()
        self._is_too_many = False
        self._missing = Findings()
        self._unknown = Findings()
        self._records = 0

    def see(self, record: Record) -> None:
        """Count its label."""
        self._records += 1
        value = field_in(record, self._column)
        if value is None or (isinstance(value, str) and not value.strip()):
            self._missing.add(record.place, f"`{self._column}` is missing")
            return
        label = str(value)[:_LONGEST]
        if self._labels and label not in self._labels:
            self._unknown.add(record.place, f"`{self._column}` has a label that is not declared")
        elif label in self._counts or len(self._counts) < MOST_LABELS:
            self._counts[label] += 1
        else:
            self._is_too_many = True

    def result(self) -> CheckResult:
        """Return the least share of a label, and the ratio of the greatest count to the least."""
        counts = {label: self._counts[label] for label in self._labels} if self._labels else dict(self._counts)
        total = sum(counts.values())
        share = min(counts.values()) / total if total else None
        least = min(counts.values(), default=0)
        ratio = max(counts.values()) / least if least else None
        outcome, note = self._outcome(share, ratio, counts)
        by_ratio = self._greatest_ratio is not None and not self._least_share
        measured = [Measurement("missing", float(self._missing.count), "records", self._records)]
        measured += [Measurement("least_share", share, "ratio", total)] if share is not None else []
        measured += [Measurement("ratio", ratio, "ratio", total)] if ratio is not None else []
        rarest = sorted(counts.items(), key=lambda pair: (pair[1], pair[0]))[:MOST_MEASURED]
        measured += [
            Measurement("share", n / total, "ratio", total, slice=shown(label)) for label, n in rarest if total
        ]
        found = self._missing.count + self._unknown.count
        return CheckResult(
            self._check,
            outcome,
            ratio if by_ratio else share,
            "<=" if by_ratio else ">=",
            (self._greatest_ratio or 0.0) if by_ratio else self._least_share,
            self._records,
            found,
            tuple(measured),
            tuple([*self._missing.kept, *self._unknown.kept][:20]),
            note,
            max(1, self._least_records - self._records) if outcome is Outcome.UNDECIDED else None,
        )

    def _outcome(self, share: float | None, ratio: float | None, counts: dict[str, int]) -> tuple[Outcome, str]:
        if self._is_too_many:
            return Outcome.FAILED, f"more than {MOST_LABELS} different values: no column of labels"
        if self._unknown.count or (self._records and self._missing.count / self._records > self._missing_share):
            return Outcome.FAILED, f"{self._missing.count} labels missing, {self._unknown.count} not declared"
        if share is None or self._records < self._least_records:
            return Outcome.UNDECIDED, f"{self._records} records; at least {self._least_records} are asked for"
        if len(counts) < 2:
            return Outcome.FAILED, "there is only one label"
        too_uneven = self._greatest_ratio is not None and (ratio is None or ratio > self._greatest_ratio)
        return (Outcome.FAILED if share < self._least_share or too_uneven else Outcome.PASSED), ""
