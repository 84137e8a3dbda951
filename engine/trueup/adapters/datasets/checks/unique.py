"""Exact duplicates, of any number of records: what is remembered of each goes to files, by its digest."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from trueup.adapters.datasets.checks.check import Findings, Setting, share_result
from trueup.adapters.datasets.records import Record, field_in, leaves
from trueup.core.json import canonical
from trueup.evidence.data import CheckResult

IN_MEMORY = 200_000
"""Records that are remembered before they are written: about 5 MB."""

PARTS = 64
"""Files they are written to. One at a time is read back: 24 bytes a record, so 1 GB of memory at 2.7 billion."""

_ROW = np.dtype([("high", "<u8"), ("low", "<u8"), ("file", "<u4"), ("line", "<u4")])


class Unique:
    """No two records are equal, or have an equal field: by digests of 128 bits, of which two never were the same."""

    def __init__(self, setting: Setting, in_memory: int = IN_MEMORY) -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column()
        self._most = params.number("max_share", 0.0, 0, 1)
        params.done()
        self._in_memory = in_memory * _ROW.itemsize
        self._files: dict[str, int] = {}
        self._seen = bytearray()
        self._records = 0
        self._spill: _Spill | None = None

    def see(self, record: Record) -> None:
        """Remember its digest. A field that is not there is equal to none."""
        value = field_in(record, self._column) if self._column else record.value
        if value is None:
            return
        self._records += 1
        spelled = value.encode(errors="surrogatepass") if isinstance(value, str) else _spelled(value)
        file = self._files.setdefault(record.file, len(self._files))
        self._seen += hashlib.blake2b(spelled, digest_size=16).digest()
        self._seen += file.to_bytes(4, "little") + min(record.line, 0xFFFFFFFF).to_bytes(4, "little")
        if len(self._seen) >= self._in_memory:
            self._spill = self._spill or _Spill()
            self._spill.write(np.frombuffer(self._seen, _ROW))
            self._seen = bytearray()

    def result(self) -> CheckResult:
        """Return the share of records that another equal one stands before."""
        findings = Findings()
        names = list(self._files)
        for rows in self._parts():
            order = np.lexsort((rows["line"], rows["file"], rows["low"], rows["high"]))
            ordered = rows[order]
            same = (ordered["high"][1:] == ordered["high"][:-1]) & (ordered["low"][1:] == ordered["low"][:-1])
            again = np.flatnonzero(same) + 1
            for index in again[:20]:
                one, before = ordered[index], ordered[index - 1]
                place = f"{names[before['file']]}:{before['line']}"
                findings.add(f"{names[one['file']]}:{one['line']}", f"the same as {place}")
            findings.count += max(0, len(again) - 20)
        if self._spill is not None:
            self._spill.close()
        return share_result(self._check, findings, self._records, self._most)

    def _parts(self) -> Iterator["np.ndarray"]:
        rest = np.frombuffer(self._seen, _ROW)
        if self._spill is None:
            yield rest
            return
        self._spill.write(rest)
        yield from self._spill.parts()


def _spelled(value: object) -> bytes:
    try:
        return canonical(value)  # type: ignore[arg-type]  # JSON, or what pyarrow makes of a column
    except (ValueError, TypeError):
        return repr(value).encode(errors="surrogatepass")
    except RecursionError:  # deeper than can be spelled, not than can be read
        return "\n".join(leaves(value)).encode(errors="surrogatepass")  # type: ignore[arg-type]  # as above


class _Spill:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="trueup-")
        self._files: list[IO[bytes]] = [(Path(self._folder.name) / str(n)).open("w+b") for n in range(PARTS)]

    def write(self, rows: "np.ndarray") -> None:
        part = rows["high"] % PARTS
        ordered = rows[np.argsort(part, kind="stable")]
        ends = np.searchsorted(np.sort(part), np.arange(PARTS + 1, dtype=np.uint64))
        for number, file in enumerate(self._files):
            file.write(ordered[ends[number] : ends[number + 1]].tobytes())

    def parts(self) -> Iterator["np.ndarray"]:
        for file in self._files:
            file.seek(0)
            yield np.frombuffer(file.read(), _ROW)

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._folder.cleanup()
