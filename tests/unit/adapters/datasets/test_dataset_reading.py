"""Readers on broken data: every row is a record or is named with its line, and no line fills the memory."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.adapters.datasets.files import files_of, rows
from trueup.adapters.datasets.readers.json_values import read_json
from trueup.adapters.datasets.readers.jsonl import read_jsonl
from trueup.adapters.datasets.records import MOST_BYTES, Malformed, Record, Row, field_in, leaves, text_in
from trueup.core.errors import PermanentError
from trueup.ports.datasets import DataFiles

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read(path: Path, format_: str = "", uri: str = "") -> list[Row]:
    return [row for _, row in rows(files_of(DataFiles("x@1", path, uri, format_)))]


def places(found: list[Row]) -> list[tuple[str, str]]:
    return [(row.place, row.why) for row in found if isinstance(row, Malformed)]


def test_bad_lines_are_named_with_line_and_reason_and_without_their_text(tmp_path: Path) -> None:
    lines = [b'{"a": 1}', b"secret {", b"[1]", b"\xff\xfe", b'{"a": NaN}', b'{"a": ' + b"[" * 100_000, b"", b'{"a": 2}']
    (tmp_path / "x.jsonl").write_bytes(b"\n".join(lines))
    found = read(tmp_path / "x.jsonl")
    assert [r.value for r in found if isinstance(r, Record)] == [{"a": 1}, {"a": 2}]
    told = places(found)
    assert [place for place, _ in told] == ["x.jsonl:2", "x.jsonl:3", "x.jsonl:4", "x.jsonl:5", "x.jsonl:6"]
    assert "no JSON object" in told[1][1]
    assert "not UTF-8" in told[2][1]
    assert not any("secret" in why for _, why in told)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".txt"])
def test_a_line_that_is_too_long_is_named_and_the_next_one_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    last = b'{"a": 1}' if suffix == ".jsonl" else b"last"
    path.write_bytes((b"name\n" if suffix == ".csv" else b"") + b"x" * (MOST_BYTES + 10) + b"\n" + last + b"\n")
    found = read(path)
    assert [why for _, why in places(found)] == ["longer than 8 MiB"]
    assert isinstance(found[-1], Record)


def test_rows_of_a_table_that_do_not_fit_its_head_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b'a,b\n1,2\n1\n1,2,3\n"open,2\n')
    found = read(tmp_path / "x.csv")
    assert [place for place, _ in places(found)] == ["x.csv:3", "x.csv:4", "x.csv:5"]
    assert [r.value for r in found if isinstance(r, Record)] == [{"a": "1", "b": "2"}]


def test_a_head_with_a_name_twice_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"a,a\n1,2\n")
    assert "`a` twice" in places(read(tmp_path / "x.csv"))[0][1]


def test_bytes_of_a_table_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes("a,b\nشكرا,\xe9\n".encode() + b"\xff,2\n")
    assert places(read(tmp_path / "x.csv")) == [("x.csv:3", "not UTF-8")]


@pytest.mark.parametrize(
    ("text", "records", "says"),
    [
        ('[{"a": 1}, {"a": 2}', 2, "no end"),
        ('[{"a": 1}, {"a" 2}, {"a": 3}]', 1, "nothing behind it was read"),
        ('[{"a": 1}, 7, "x"]', 1, "no JSON object"),
        ('{"a": 1} {"a": 2}', 2, ""),
        ("[]", 0, ""),
        ("7", 0, "no JSON object"),
        ("[1234", 0, "no JSON object"),
    ],
)
def test_json_is_read_as_far_as_it_is_json(tmp_path: Path, text: str, records: int, says: str) -> None:
    (tmp_path / "x.json").write_text(text)
    found = read(tmp_path / "x.json")
    assert sum(isinstance(r, Record) for r in found) == records
    assert any(says in why for _, why in places(found)) or not says


def test_an_object_longer_than_what_is_read_at_once_is_whole(tmp_path: Path) -> None:
    long = [{"text": "ü" * 600_000}, {"text": "x"}]
    (tmp_path / "x.json").write_text(json.dumps(long, ensure_ascii=False), encoding="utf-8")
    assert [r.value for r in read_json(tmp_path / "x.json", "x.json") if isinstance(r, Record)] == long


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=5))
def test_lines_and_arrays_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    (folder / "x.jsonl").write_text("".join(json.dumps(v) + "\n" for v in values))
    (folder / "x.json").write_text(json.dumps(values, indent=1))
    by_line = [r.value for r in read_jsonl(folder / "x.jsonl", "x") if isinstance(r, Record)]
    assert by_line == [r.value for r in read_json(folder / "x.json", "x") if isinstance(r, Record)] == values


def test_a_file_that_nothing_reads_is_told_and_not_left_out(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.mkdir()
    (place / "a.jsonl").write_text('{"a": 1}')
    (place / "image.png").write_bytes(b"\x89PNG")
    (place / "packed.parquet.gz").write_bytes(b"")
    assert [place for place, _ in places(read(place))] == ["image.png", "packed.parquet.gz"]


def test_a_single_file_is_read_by_its_address_or_by_the_declared_format(tmp_path: Path) -> None:
    (tmp_path / "content").write_text('{"a": 1}')
    assert read(tmp_path / "content", uri="https://x.test/d/data.jsonl?token=1")
    assert read(tmp_path / "content", "jsonl")
    with pytest.raises(PermanentError) as raised:
        read(tmp_path / "content")
    assert raised.value.code.id == "DATA001"


def test_texts_in_a_record_are_found_however_deep() -> None:
    value = {"a": [{"b": "x", "c": None}, 7], "d": {"e": True, "f": 1.5}}
    assert list(leaves(value)) == ["x", "7", "1.5"]
    record = Record({"a": {"b": "x"}, "c.d": "y"}, "f", 1)
    assert (field_in(record, "a.b"), field_in(record, "c.d"), field_in(record, "a.z")) == ("x", "y", None)
    assert (text_in(record, "a"), text_in(record, ""), text_in(record, "z")) == ("x", "x\ny", None)


def test_what_is_called_like_a_readme_and_has_records_is_read(tmp_path: Path) -> None:
    for name in ("readme.jsonl", "metadata.jsonl", "license-2.csv", "NOTICE.json"):
        (tmp_path / name).write_text("a\n1\n" if name.endswith("csv") else '{"a": 1}\n')
    for name in ("README.md", "LICENSE.txt", "metadata.json", ".gitattributes", "croissant.json"):
        (tmp_path / name).write_text("{}")
    found = read(tmp_path)
    assert [row.file for row in found] == ["NOTICE.json", "license-2.csv", "metadata.jsonl", "readme.jsonl"]
