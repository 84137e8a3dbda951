"""Croissant: what a Dataset reads as, and a document held against the data beside it."""

import hashlib
import json
from pathlib import Path

import pytest

from checked_data import check, run
from trueup.adapters.datasets.croissant import (
    NotCroissantError,
    croissant_document,
    digests_of,
    fields_of,
    license_of,
    read_croissant,
)
from trueup.core.json import Json
from trueup.evidence.data import CheckResult, Outcome
from trueup.ports.datasets import DataFiles

SPEC: dict[str, Json] = {
    "source": {"uri": "file:data/facts.jsonl", "digest": "sha256:" + "ab" * 32},
    "license": "Apache-2.0",
    "intendedUse": "Checks a demo.",
    "languages": ["en"],
    "knownBias": ["Only capitals."],
    "dataCollectionProcess": "Made up.",
}


def folder(tmp_path: Path, **changes: Json) -> DataFiles:
    """Write data with the document that describes it, and *changes* of the document."""
    place = tmp_path / "data"
    place.mkdir()
    text = b'{"prompt": "x", "n": 1, "flag": true}\n'
    (place / "facts.jsonl").write_bytes(text)
    data = DataFiles("facts@1", place, declared=SPEC)
    sums = [("facts.jsonl", "sha256:" + hashlib.sha256(text).hexdigest())]
    document = croissant_document("facts", "1", SPEC, run(data), sums)  # type: ignore[arg-type]
    (place / "croissant.json").write_text(json.dumps({**document, **changes}))
    return data


def result(data: DataFiles) -> CheckResult:
    return run(data, check("croissant")).results[0]


def test_what_is_written_is_read_and_found_right(tmp_path: Path) -> None:
    data = folder(tmp_path)
    assert result(data).outcome is Outcome.PASSED
    document = read_croissant((data.place / "croissant.json").read_bytes())
    assert fields_of(document) == ("prompt", "n", "flag")
    assert license_of(document) == "Apache-2.0"
    assert document["version"] == "1.0.0"


def test_fields_have_the_types_that_were_seen(tmp_path: Path) -> None:
    data = folder(tmp_path)
    document = croissant_document("facts", "1.2.3", SPEC, run(data))
    (record_set,) = document["recordSet"]  # type: ignore[misc]
    assert [f["dataType"] for f in record_set["field"]] == ["sc:Text", "sc:Integer", "sc:Boolean"]  # type: ignore[index]
    assert digests_of(document) == {"facts.jsonl": "ab" * 32}


def test_declared_fields_come_before_seen_ones_and_tables_name_columns() -> None:
    sets: Json = [{"name": "rows", "field": [{"name": "a", "dataType": "integer", "description": "A."}]}]
    source: Json = {"uri": "https://x.test/t.csv", "digest": "sha256:" + "ab" * 32}
    document = croissant_document("t", "1", {**SPEC, "recordSet": sets, "source": source})
    (record_set,) = document["recordSet"]  # type: ignore[misc]
    (field,) = record_set["field"]  # type: ignore[index]
    assert (field["@id"], field["dataType"], field["source"]["extract"]) == ("rows/a", "sc:Integer", {"column": "a"})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"license": "https://spdx.org/licenses/MIT"}, "its licence is `MIT`"),
        ({"recordSet": []}, "it does not have the field `flag`"),
        ({"recordSet": {"field": {"name": {"en": "other"}}}}, "its field `other` is in no record"),
        ({"distribution": [{"contentUrl": "gone.jsonl", "sha256": "00"}]}, "`gone.jsonl` is not there"),
        ({"distribution": [{"contentUrl": "facts.jsonl", "sha256": "00"}]}, "has other bytes"),
        ({"conformsTo": "http://mlcommons.org/croissant/9"}, "neither Croissant 1.0 nor 1.1"),
    ],
)
def test_a_document_that_differs_from_the_data_fails(tmp_path: Path, change: dict[str, Json], says: str) -> None:
    found = result(folder(tmp_path, **change))
    assert found.outcome is Outcome.FAILED
    assert any(says in f.what for f in found.findings)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_croissant_is_refused(text: bytes) -> None:
    with pytest.raises(NotCroissantError):
        read_croissant(text)


def test_a_document_that_is_not_there_fails(tmp_path: Path) -> None:
    data = folder(tmp_path)
    (data.place / "croissant.json").unlink()
    assert result(data).findings[0].what == "is not there"
