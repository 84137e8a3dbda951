"""The Croissant document beside the data, held against what is declared and what is there."""

import hashlib
from pathlib import Path

from trueup.adapters.datasets.checks.check import BadCheckError, Findings, Setting, shown
from trueup.adapters.datasets.croissant import (
    NotCroissantError,
    digests_of,
    fields_of,
    license_of,
    read_croissant,
)
from trueup.adapters.datasets.records import Record
from trueup.evidence.data import CheckResult, Outcome

NAMES = ("croissant.json", "metadata.json")
MOST_BYTES = 16 * 1024 * 1024


class CroissantCheck:
    """Licence, fields and digests of a Croissant document are those of the data."""

    def __init__(self, setting: Setting) -> None:
        params = setting.params
        self._check = setting.check
        self._name = params.text("file")
        params.done()
        if not setting.data.place.is_dir():
            raise BadCheckError("it needs data in a folder, with the document beside it")
        if Path(self._name).is_absolute() or ".." in Path(self._name).parts:
            raise BadCheckError("`file` must lie below the data")
        self._place = setting.data.place
        self._license = str(setting.data.declared.get("license") or "")
        self._fields: set[str] = set()
        self._records = 0

    def see(self, record: Record) -> None:
        """Note its fields."""
        self._records += 1
        if len(self._fields) < 10_000:
            self._fields.update(record.value)

    def result(self) -> CheckResult:
        """Return how many differences there are."""
        findings = Findings()
        names = (self._name,) if self._name else NAMES
        path = next((self._place / n for n in names if (self._place / n).is_file()), None)
        if path is None:
            findings.add(names[0], "is not there")
        elif path.stat().st_size > MOST_BYTES:
            findings.add(path.name, "is larger than 16 MiB")
        else:
            self._compare(path, findings)
        outcome = Outcome.FAILED if findings.count else Outcome.PASSED if self._records else Outcome.UNDECIDED
        return CheckResult(
            self._check,
            outcome,
            float(findings.count),
            "==",
            0.0,
            self._records,
            findings.count,
            findings=tuple(findings.kept),
        )

    def _compare(self, path: Path, findings: Findings) -> None:
        try:
            document = read_croissant(path.read_bytes())
        except NotCroissantError as error:
            findings.add(path.name, str(error))
            return
        licence = license_of(document)
        if licence != self._license:
            findings.add(path.name, f"its licence is `{licence}`, declared is `{self._license}`")
        described = set(fields_of(document))
        for name in sorted(described - self._fields):
            findings.add(path.name, f"its field `{shown(name)}` is in no record")
        for name in sorted(self._fields - described):
            findings.add(path.name, f"it does not have the field `{shown(name)}`")
        for name, digest in sorted(digests_of(document).items()):
            file = next(iter(sorted(self._place.rglob(name))), None) if name else None
            if file is None or not file.is_file():
                findings.add(path.name, f"its file `{name}` is not there")
            elif _sha256(file) != digest:
                findings.add(path.name, f"`{name}` has other bytes than it says")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
