"""Parquet and Arrow files, a few rows at a time; by pyarrow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trueup.adapters.datasets import codes
from trueup.adapters.datasets.extras import library
from trueup.adapters.datasets.records import Record, Row
from trueup.core.errors import PermanentError

_ROWS = 1024
"""Rows at once: enough for the library's own overhead not to show, and little memory."""

_BUFFER = 1 << 20
"""Bytes of a column that are read at once; without a buffer, pyarrow reads all of a row group, however large it is."""


def read_parquet(path: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a Parquet file, a row group's pages at a time.

    Raises:
        PermanentError: It is no whole Parquet file (DATA004), or the library is not there (DATA003).
    """
    parquet = library("pyarrow.parquet", "Parquet")
    with _failures(name), parquet.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False) as file:
        yield from _records(file.iter_batches(batch_size=_ROWS, use_threads=False), name)


def read_arrow(path: Path, name: str) -> Iterator[Row]:
    """Yield the rows of an Arrow file or stream.

    Raises:
        PermanentError: It is none (DATA004), or the library is not there (DATA003).
    """
    arrow, ipc = library("pyarrow", "Arrow"), library("pyarrow.ipc", "Arrow")
    with _failures(name), arrow.OSFile(str(path)) as source:
        try:
            reader = ipc.open_file(source)
            batches: Iterator[Any] = (reader.get_batch(i) for i in range(reader.num_record_batches))
        except arrow.ArrowInvalid:
            source.seek(0)
            batches = iter(ipc.open_stream(source))
        slices = (b.slice(start, _ROWS) for b in batches for start in range(0, b.num_rows, _ROWS))
        yield from _records(slices, name)


def _records(batches: Iterator[Any], name: str) -> Iterator[Row]:
    row = 0
    for batch in batches:
        for value in batch.to_pylist():
            row += 1
            yield Record(value, name, row)


@contextmanager
def _failures(name: str) -> Iterator[None]:
    arrow = library("pyarrow", "Parquet")
    try:
        yield
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise PermanentError(codes.UNREADABLE, f"`{name}`: {str(error).partition(chr(10))[0]}") from error
