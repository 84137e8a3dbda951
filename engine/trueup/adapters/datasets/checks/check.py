"""What every check is made of: parameters that are read strictly, findings that are bounded, and a result."""

import math
from collections.abc import Collection, Sequence
from dataclasses import field
from typing import Protocol

from trueup.adapters.datasets.records import MOST_SHOWN, Record
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.core.recognisers import PERSONAL, plain
from trueup.core.suggestions import did_you_mean
from trueup.diff.masks import MASK, masked_text
from trueup.evidence.data import CheckResult, DataCheck, Finding, Outcome
from trueup.evidence.evidence import Measurement
from trueup.ports.datasets import DataFiles

_LONGEST_NAME = 100
"""Characters of a name that are told: one that is longer is a text."""


class Check(Protocol):
    """One check of one dataset, in bounded memory."""

    def see(self, record: Record) -> None:
        """Look at the next record."""
        ...

    def result(self) -> CheckResult:
        """Return what came of it; asked once, after the last record."""
        ...


class BadCheckError(ValueError):
    """A parameter is unknown, missing or of the wrong kind; says which, with a hint."""

    def __init__(self, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Setting:
    """What a check is made with: its declaration, the dataset, and the datasets it names."""

    check: DataCheck
    data: DataFiles
    others: Sequence[DataFiles] = ()
    comparisons: int = 1
    """Checks of the run that hold on to what they compare: they share the memory for it."""

    @property
    def params(self) -> "Params":
        """The parameters, to be read."""
        return Params(dict(self.check.params))

    def column(self, *, needed: bool = False) -> str:
        """Return the column.

        Raises:
            BadCheckError: It is *needed* and not declared.
        """
        if needed and not self.check.column:
            raise BadCheckError("it needs a `column`")
        return self.check.column


class Params:
    """Reads parameters by name; `done` refuses those that nobody read."""

    def __init__(self, values: dict[str, Json]) -> None:
        self._values = values
        self._known: set[str] = set()

    def number(self, name: str, default: float, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a number of *low* to *high*."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise BadCheckError(f"`{name}` must be a number{_bounds(low, high)}")
        return value

    def whole(self, name: str, default: int, low: int = 0, high: float = math.inf) -> int:
        """Return a whole number of *low* to *high*."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise BadCheckError(f"`{name}` must be a whole number{_bounds(low, high)}")
        return value

    def has(self, name: str) -> bool:
        """Tell whether a parameter is declared."""
        return self._values.get(name) is not None

    def choice(self, name: str, default: str, known: Collection[str]) -> str:
        """Return one of *known*."""
        value = self._value(name, default)
        if not isinstance(value, str) or value not in known:
            hint = did_you_mean(value, known) if isinstance(value, str) else ""
            raise BadCheckError(f"`{name}` must be one of {', '.join(sorted(known))}", hint)
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise BadCheckError(f"`{name}` must be true or false")
        return value

    def text(self, name: str, default: str = "") -> str:
        """Return a text."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise BadCheckError(f"`{name}` must be a text")
        return value

    def texts(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Return a list of texts; a text is a list of one."""
        value = self._value(name, list(default))
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, Sequence) or not all(isinstance(v, str) and v for v in listed):
            raise BadCheckError(f"`{name}` must be a list of texts")
        return tuple(str(v) for v in listed)

    def value(self, name: str) -> Json:
        """Return whatever it is; None when it is not there."""
        return self._value(name, None)

    def done(self) -> None:
        """Refuse what was not read.

        Raises:
            BadCheckError: There is a parameter that the check does not have.
        """
        unknown = sorted(set(self._values) - self._known)
        if unknown:
            known = ", ".join(sorted(self._known)) or "none"
            hint = did_you_mean(unknown[0], self._known) or f"its parameters: {known}"
            raise BadCheckError(f"it has no parameter `{unknown[0]}`", hint)

    def _value(self, name: str, default: Json) -> Json:
        self._known.add(name)
        value = self._values.get(name)
        return default if value is None else value


def _bounds(low: float, high: float) -> str:
    if low > -math.inf and high < math.inf:
        return f" of {low:g} to {high:g}"
    return f" of at least {low:g}" if low > -math.inf else ""


def shown(name: str) -> str:
    """Return a field name or label as it may be told: cut, of whole characters, masked where it is a datum itself."""
    whole = plain(name[:_LONGEST_NAME].encode(errors="replace").decode())
    if masked_text(whole) != whole or any(next(find(whole), None) for find in PERSONAL.values()):
        return MASK
    return whole


@dataclass(slots=True)
class Findings:
    """Counts what is wrong and keeps the first of it."""

    count: int = 0
    kept: list[Finding] = field(default_factory=list)

    def add(self, place: str, what: str) -> None:
        """Note one thing."""
        self.count += 1
        if len(self.kept) < MOST_SHOWN:
            self.kept.append(Finding(place, what))


def share_result(
    check: DataCheck,
    findings: Findings,
    samples: int,
    tolerance: float,
    measurements: Sequence[Measurement] = (),
    *,
    note: str = "",
) -> CheckResult:
    """Return the result of a check whose share of bad records is at most *tolerance*; of no records, undecided."""
    share = findings.count / samples if samples else None
    outcome = Outcome.UNDECIDED
    if share is not None:
        outcome = Outcome.PASSED if share <= tolerance else Outcome.FAILED
    own = (Measurement(check.type, share, "ratio", samples),) if share is not None else ()
    return CheckResult(
        check,
        outcome,
        share,
        "<=",
        tolerance,
        samples,
        findings.count,
        (*own, *measurements),
        tuple(findings.kept),
        note or ("" if samples else "there is no record"),
        more_samples=None if samples else 1,
    )
