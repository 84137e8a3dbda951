"""The files of a dataset, and which reader reads each."""

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from trueup.adapters.datasets import codes
from trueup.adapters.datasets.readers.columnar import read_arrow, read_parquet
from trueup.adapters.datasets.readers.json_values import read_json
from trueup.adapters.datasets.readers.jsonl import read_jsonl
from trueup.adapters.datasets.readers.plain import read_text
from trueup.adapters.datasets.readers.tables import read_csv
from trueup.adapters.datasets.records import Malformed, Row
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.ports.datasets import DataFiles

Reader = Callable[[Path, str], Iterator[Row]]

READERS: Mapping[str, Reader] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "text": read_text,
}
SUFFIXES: Mapping[str, str] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".txt": "text",
}
BESIDE = (
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "croissant.json",
    "metadata.json",
    "dataset_infos.json",
    ".git",
    "citation",
)
"""Names of files that stand beside data and hold no records, by how they begin, in lower case."""

_OF_RECORDS = frozenset(SUFFIXES) - {".txt"}
"""What is called so is data, whatever the name begins with: an evaluation reads a `readme.jsonl` as any other."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file: where, its name below the dataset, its size, and what reads it; None when nothing does."""

    path: Path
    name: str
    size_bytes: int
    reader: Reader | None


def files_of(data: DataFiles) -> tuple[DataFile, ...]:
    """Return the files of *data* that hold records, in the order of their names; those that nothing reads, too.

    Raises:
        PermanentError: Nothing says how a single file is to be read (DATA001).
    """
    if not data.place.is_dir():
        name = PurePosixPath(data.uri.partition("#")[0].partition("?")[0]).name or data.place.name
        reader = READERS.get(data.format) or _by_name(name) or _by_name(data.place.name)
        if reader is None:
            raise PermanentError(codes.UNKNOWN_FORMAT, f"`{name}` of {data.name} has no known suffix and no `format`.")
        return (DataFile(data.place, name, data.place.stat().st_size, reader),)
    paths = sorted(p for p in data.place.rglob("*") if p.is_file())
    named = [(p, p.relative_to(data.place).as_posix()) for p in paths]
    return tuple(
        DataFile(path, name, path.stat().st_size, _reader(data.format, name))
        for path, name in named
        if not _is_beside(path.name.lower())
    )


def _is_beside(name: str) -> bool:
    """Tell whether a file holds no records: by its name, unless its suffix says that it has some."""
    suffix = PurePosixPath(name.removesuffix(".gz")).suffix
    return name in BESIDE or (name.startswith(BESIDE) and suffix not in _OF_RECORDS)


def _reader(format_: str, name: str) -> Reader | None:
    """Return what reads a file of a folder: by its name, and by the declared format where the name says nothing."""
    return _by_name(name) or (READERS.get(format_) if not PurePosixPath(name).suffix else None)


def _by_name(name: str) -> Reader | None:
    known = SUFFIXES.get(PurePosixPath(name.lower().removesuffix(".gz")).suffix, "")
    packed = name.lower().endswith(".gz") and known in {"parquet", "arrow"}
    return None if packed else READERS.get(known)


def rows(files: tuple[DataFile, ...]) -> Iterator[tuple[int, Row]]:
    """Yield every row with the index of its file; a file that nothing reads is a row that is malformed.

    Raises:
        PermanentError: A file is damaged (DATA004).
    """
    for index, file in enumerate(files):
        if file.reader is None:
            yield index, Malformed(file.name, 0, "nothing reads this kind of file")
            continue
        try:
            for row in file.reader(file.path, file.name):
                yield index, row
        except (OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise PermanentError(codes.UNREADABLE, f"`{file.name}`: {error}") from error
