"""Every reader gives the same records of the same data, and names what is no record."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as parquet
import pytest

from trueup.adapters.datasets.files import files_of, rows
from trueup.adapters.datasets.records import Malformed, Record, Row
from trueup.core.errors import PermanentError
from trueup.ports.datasets import DataFiles

RECORDS = [
    {"id": "1", "text": "Which city is the capital?", "label": "a"},
    {"id": "2", "text": 'Quotes " and, commas\nand a line end', "label": "b"},
    {"id": "3", "text": "مرحبا بالعالم \u202bשלום\u202c 日本語 😀", "label": None},
]


def as_jsonl(folder: Path) -> Path:
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n\n" for r in RECORDS), encoding="utf-8")
    return path


def as_packed_jsonl(folder: Path) -> Path:
    path = folder / "data.jsonl.gz"
    path.write_bytes(gzip.compress(as_jsonl(folder).read_bytes()))
    return path


def as_json_array(folder: Path) -> Path:
    path = folder / "data.json"
    path.write_text("\ufeff \n" + json.dumps(RECORDS, indent=3), encoding="utf-8")
    return path


def as_json_sequence(folder: Path) -> Path:
    path = folder / "data.json"
    path.write_text("\n".join(json.dumps(r, indent=1) for r in RECORDS), encoding="utf-8")
    return path


def as_csv(folder: Path, suffix: str = ".csv", delimiter: str = ",") -> Path:
    path, out = folder / f"data{suffix}", io.StringIO()
    writer = csv.DictWriter(out, ["id", "text", "label"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(RECORDS)
    path.write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())
    return path


def as_tsv(folder: Path) -> Path:
    return as_csv(folder, ".tsv", "\t")


def as_parquet(folder: Path) -> Path:
    parquet.write_table(pa.Table.from_pylist(RECORDS), folder / "data.parquet", row_group_size=2)
    return folder / "data.parquet"


def as_feather(folder: Path) -> Path:
    feather.write_feather(pa.Table.from_pylist(RECORDS), folder / "data.feather", compression="uncompressed")
    return folder / "data.feather"


def as_arrow_stream(folder: Path) -> Path:
    table = pa.Table.from_pylist(RECORDS)
    with ipc.new_stream(folder / "data.arrow", table.schema) as stream:
        stream.write_table(table)
    return folder / "data.arrow"


def as_folder(folder: Path) -> Path:
    place = folder / "data"
    (place / "train").mkdir(parents=True)
    (place / "README.md").write_text("# A card, no record")
    (place / "LICENSE").write_text("MIT License")
    (place / "train" / "a.jsonl").write_text(json.dumps(RECORDS[0]))
    (place / "train" / "b.json").write_text(json.dumps(RECORDS[1:]))
    return place


FORMS: list[Callable[[Path], Path]] = [
    as_jsonl,
    as_packed_jsonl,
    as_json_array,
    as_json_sequence,
    as_csv,
    as_tsv,
    as_parquet,
    as_feather,
    as_arrow_stream,
    as_folder,
]


def read(path: Path, format_: str = "", uri: str = "") -> list[Row]:
    return [row for _, row in rows(files_of(DataFiles("x@1", path, uri, format_)))]


@pytest.mark.parametrize("write", FORMS, ids=lambda f: f.__name__)
def test_the_same_records_come_from_every_format(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    found = read(write(tmp_path))
    assert [r.value for r in found if isinstance(r, Record)] == RECORDS
    assert len(found) == len(RECORDS)


@pytest.mark.parametrize("write", FORMS[:-1], ids=lambda f: f.__name__)
def test_a_file_that_was_cut_short_is_never_taken_for_a_whole_one(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    path = write(tmp_path)
    whole = path.read_bytes().rstrip()
    path.write_bytes(whole[: len(whole) - 3 - len(whole) // 3])
    problems = []
    try:
        problems += [row.why for row in read(path) if isinstance(row, Malformed)]
    except PermanentError as error:
        problems.append(error.code.id)
    assert problems


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".txt"])
def test_an_empty_file_has_no_records(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x{suffix}").write_bytes(b"")
    assert read(tmp_path / f"x{suffix}") == []


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".jsonl.gz"])
def test_noise_in_a_binary_format_is_an_error_with_the_name_of_the_file(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x{suffix}").write_bytes(b"no such thing")
    with pytest.raises(PermanentError, match=f"x{suffix}") as raised:
        read(tmp_path / f"x{suffix}")
    assert raised.value.code.id == "DATA004"
