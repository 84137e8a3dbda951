"""Reads a dataset once and makes every check on the way: a `DatasetChecker`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from trueup.adapters.datasets import codes
from trueup.adapters.datasets.checks.balance import Balance
from trueup.adapters.datasets.checks.basic import Length, NotNull
from trueup.adapters.datasets.checks.check import BadCheckError, Check, Setting
from trueup.adapters.datasets.checks.croissant import CroissantCheck
from trueup.adapters.datasets.checks.drift import Drift
from trueup.adapters.datasets.checks.language import Language
from trueup.adapters.datasets.checks.licence import License
from trueup.adapters.datasets.checks.near_duplicates import NearDuplicates
from trueup.adapters.datasets.checks.overlap import MOST_WORDS, Overlap, Rereadable
from trueup.adapters.datasets.checks.schema import Schema
from trueup.adapters.datasets.checks.sensitive import personal_data, secrets
from trueup.adapters.datasets.checks.unique import Unique
from trueup.adapters.datasets.files import DataFile, files_of, rows
from trueup.adapters.datasets.records import MOST_SHOWN, Malformed, Record
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.evidence.data import OVERLAP, PERSONAL_DATA, DataCheck, DataRun, Finding
from trueup.ports import Progress
from trueup.ports.datasets import DataFiles

MOST_FIELDS = 1_000
"""Names of fields that are told; records with ever new names have no fields in the sense of a table."""

TYPED_RECORDS = 1_000
"""Records whose values are looked at for the types of fields; of later ones only new fields are."""

_TELL_EVERY = 4_096
"""Records between two words of progress."""


def _readers(setting: Setting) -> tuple[Rereadable, ...]:
    return tuple(_again(data) for data in setting.others)


def _again(data: DataFiles) -> Rereadable:
    files = files_of(data)

    def records() -> Iterator[Record]:
        yield from (row for _, row in rows(files) if isinstance(row, Record))

    return records


def _overlap(setting: Setting) -> Check:
    if not setting.others:
        raise BadCheckError("it needs `against`, one or more datasets as `name@version`")
    return Overlap(setting, _readers(setting), MOST_WORDS // setting.comparisons)


def _drift(setting: Setting) -> Check:
    if len(setting.others) != 1:
        raise BadCheckError("it needs `baseline`, a dataset as `name@version`")
    return Drift(setting, _readers(setting)[0])


CHECKS: Mapping[str, Callable[[Setting], Check]] = {
    "schema": Schema,
    "not_null": NotNull,
    "unique": Unique,
    "near_duplicates": NearDuplicates,
    "length": Length,
    "language": Language,
    "balance": Balance,
    "pii": personal_data,
    "secrets": secrets,
    "license": License,
    "overlap": _overlap,
    "drift": _drift,
    "croissant": CroissantCheck,
}
"""What makes each check, by its type."""


@dataclass(slots=True)
class _Seen:
    """What one way through came by."""

    records: int = 0
    malformed: int = 0
    problems: list[Finding] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    def malformed_row(self, row: Malformed) -> None:
        self.malformed += 1
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(Finding(row.place, row.why))

    def record(self, record: Record) -> None:
        self.records += 1
        if self.records > TYPED_RECORDS and record.value.keys() <= self.fields.keys():
            return
        for name, value in record.value.items():
            known = self.fields.get(name)
            if known is None and len(self.fields) >= MOST_FIELDS:
                continue
            if known in {None, "null"} or (known == "integer" and isinstance(value, float)):
                self.fields[name] = _type(value)


class StreamingChecker:
    """Makes checks in one way through the files, in memory that does not grow with them."""

    @property
    def checker(self) -> str:
        """Name and version of what checks."""
        from trueup import __version__

        try:
            found = f", detect-secrets {version('detect-secrets')}"
        except PackageNotFoundError:
            found = ""
        return f"trueup {__version__}{found}"

    def check(
        self,
        data: DataFiles,
        checks: Sequence[DataCheck],
        others: Mapping[str, DataFiles],
        progress: Progress,
    ) -> DataRun:
        """Return what came of *checks*, in their order."""
        files = files_of(data)
        made = _made(data, checks, others)
        seen = _Seen()
        _read(files, made, seen, data.name, progress)
        size = sum(f.size_bytes for f in files)
        results = tuple(check.result() for check in made)
        fields = tuple(seen.fields.items())
        return DataRun(seen.records, size, seen.malformed, tuple(seen.problems), results, fields)


def _made(data: DataFiles, checks: Sequence[DataCheck], others: Mapping[str, DataFiles]) -> list[Check]:
    """Return the checks, or raise with everything that is wrong with any of them."""
    made: list[Check] = []
    problems: list[str] = []
    hints: list[str] = []
    comparisons = max(1, sum(check.type == OVERLAP for check in checks))
    for check in checks:
        # The metric that rules know the scan's personal data by is the check `pii`.
        make = CHECKS.get("pii" if check.type == PERSONAL_DATA else check.type)
        name = f"`{check.type}`" + (f" of `{check.column}`" if check.column else "")
        if make is None:
            problems.append(f"{name} is no check")
            hints.append(did_you_mean(check.type, CHECKS) or f"known: {', '.join(CHECKS)}")
            continue
        try:
            made.append(make(Setting(check, data, tuple(others[n] for n in check.others), comparisons)))
        except BadCheckError as error:
            problems.append(f"{name}: {error}")
            hints.append(error.hint)
    if problems:
        raise PermanentError(
            codes.BAD_CHECK, f"{data.name}: {'; '.join(problems)}.", hint="; ".join(filter(None, hints))
        )
    return made


def _read(files: tuple[DataFile, ...], checks: Sequence[Check], seen: _Seen, name: str, progress: Progress) -> None:
    """Show every record to every check."""
    sees = [check.see for check in checks]
    total, what = sum(f.size_bytes for f in files), f"{name}: checking"
    before, of_file, last = 0, 0, 0
    progress(what, 0, total)
    for number, (index, row) in enumerate(rows(files)):
        if index != last:
            before, of_file, last = sum(f.size_bytes for f in files[:index]), 0, index
        if isinstance(row, Malformed):
            seen.malformed_row(row)
            continue
        seen.record(row)
        for see in sees:
            see(row)
        if not number % _TELL_EVERY:
            of_file = min(files[index].size_bytes, of_file + _TELL_EVERY * max(1, len(row.text)))
            progress(what, min(before + of_file, total - 1) if total else 0, total)
    progress(what, max(total, 1), max(total, 1))


def _type(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "object" if isinstance(value, Mapping) else "list"
