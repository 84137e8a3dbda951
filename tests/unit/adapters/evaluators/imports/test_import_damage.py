"""Damaged result files of every tool: refused with reasons, never a traceback, never a number that is none."""

import json
import math
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from imported_files import COMPLETE, DECLARED, GOLDEN, places, refused, with_value
from trueup.adapters.evaluators.imports.documents import RefusedResultsError
from trueup.adapters.evaluators.imports.registry import read_results
from trueup.core.json import canonical
from trueup.evidence.examples import encode

WHOLE_FILES = {
    **COMPLETE,
    "inspect-archive": ("inspect", "inspect-0.3.285/complete.eval"),
    "garak": ("garak", "garak-0.17.1/complete.report.jsonl"),
}

ODD: tuple[Any, ...] = (None, "x", -1, 0, 1.5, True, [], {}, [None], {"a": None}, 10**400, math.nan, math.inf, "\ud800")


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_file_that_was_cut_is_refused(name: str, tenth: int, tmp_path: Path) -> None:
    tool, source = WHOLE_FILES[name]
    content = (GOLDEN / source).read_bytes()
    path = tmp_path / Path(source).name
    path.write_bytes(content[: len(content) * tenth // 10])
    assert refused(tool, path)


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize(
    ("tool", "folder", "cut"),
    [("lm-eval", "lm-eval-0.4.13/facts", "samples_*"), ("aiperf", "aiperf-0.13.0/complete", "profile_export.jsonl")],
)
def test_examples_that_were_cut_are_refused(tool: str, folder: str, cut: str, tenth: int, tmp_path: Path) -> None:
    copied = shutil.copytree(GOLDEN / folder, tmp_path / "copied")
    (path,) = copied.glob(cut)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * tenth // 10])
    assert refused(tool, copied).keys() & {"EIMP002", "EIMP010"}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_an_empty_object_is_refused(name: str, tmp_path: Path) -> None:
    tool, source = WHOLE_FILES[name]
    path = tmp_path / Path(source).name
    path.write_text("{}")
    assert refused(tool, path)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"1", b'{"a": 1', b"\xff\xfe", b"[" * 100_000, b"PK\x03\x04"])
@pytest.mark.parametrize("name", WHOLE_FILES)
def test_what_is_no_document_is_unreadable(name: str, content: bytes, tmp_path: Path) -> None:
    tool, source = WHOLE_FILES[name]
    path = tmp_path / Path(source).name
    path.write_bytes(content)
    assert refused(tool, path).keys() & {"EIMP002", "EIMP003", "EIMP004"}


@pytest.mark.parametrize("name", COMPLETE)
def test_any_odd_value_anywhere_is_read_as_it_is_or_refused(name: str, tmp_path: Path) -> None:
    tool, source = COMPLETE[name]
    document = json.loads((GOLDEN / source).read_text())
    everywhere = list(places(document))
    draw = Random(7)
    path = tmp_path / Path(source).name
    outcomes = set()
    for _ in range(120):
        path.write_text(json.dumps(with_value(document, draw.choice(everywhere), draw.choice(ODD))))
        try:
            run = read_results(tool, path, version=DECLARED.get(tool, ""))
        except RefusedResultsError:
            outcomes.add("refused")
            continue
        outcomes.add("read")
        assert run.measurements
        assert all(math.isfinite(m.value) for m in run.measurements)
        assert all(m.stderr is None or math.isfinite(m.stderr) for m in run.measurements)
        assert all(m.samples > 0 for m in run.measurements)
        # What is kept in the ledger can be spelled.
        assert canonical(run.settings.to_json())
        assert encode(run.examples)
    assert outcomes == {"refused", "read"}


def test_any_odd_value_in_a_report_of_garak_is_read_as_it_is_or_refused(tmp_path: Path) -> None:
    lines = (GOLDEN / "garak-0.17.1" / "complete.report.jsonl").read_text().splitlines()
    draw = Random(7)
    path = tmp_path / "odd.report.jsonl"
    outcomes = set()
    for _ in range(120):
        index = draw.randrange(len(lines))
        document = json.loads(lines[index])
        odd = json.dumps(with_value(document, draw.choice(list(places(document))), draw.choice(ODD)))
        path.write_text("\n".join([*lines[:index], odd, *lines[index + 1 :]]))
        try:
            run = read_results("garak", path)
        except RefusedResultsError:
            outcomes.add("refused")
            continue
        outcomes.add("read")
        assert all(0 <= m.value <= 1 and m.samples > 0 for m in run.measurements)
    assert outcomes == {"refused", "read"}


@pytest.mark.parametrize("seed", range(8))
def test_an_archive_with_odd_bytes_is_read_as_it_is_or_refused(seed: int, tmp_path: Path) -> None:
    content = (GOLDEN / "inspect-0.3.285" / "complete.eval").read_bytes()
    draw = Random(seed)
    path = tmp_path / "odd.eval"
    refusals = 0
    for _ in range(15):
        odd = bytearray(content)
        # The directory of an archive is at its end.
        for at in (draw.randrange(len(odd)), draw.randrange(len(odd) - 1200, len(odd))):
            odd[at] = draw.randrange(256)
        path.write_bytes(odd)
        try:
            read_results("inspect", path)
        except RefusedResultsError:
            refusals += 1
    assert refusals


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("lm-eval", '"exact_match,none": 0.6666666666666666'),
        ("lm-eval", '"exact_match_stderr,none": 0.210818510677892'),
        ("inspect", '"value": 0.5'),
        ("promptfoo", '"latencyMs": 19'),
        ("deepeval", '"score": 1.0'),
        ("evidently", '"value": 0.945'),
        ("aiperf", '"p95": 7.082699049999999'),
        ("guidellm", '"mean": 3.69417667388916'),
    ],
)
def test_a_value_that_is_not_finite_is_named(name: str, number: str, odd: str, tmp_path: Path) -> None:
    tool, source = COMPLETE[name]
    text = json.dumps(json.loads((GOLDEN / source).read_text()))
    key = number.rpartition(" ")[0]
    assert number in text
    path = tmp_path / Path(source).name
    path.write_text(text.replace(number, f"{key} {odd}"))
    assert "EIMP006" in refused(tool, path)


def test_a_setting_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    document = json.loads((GOLDEN / COMPLETE["inspect"][1]).read_text())
    document["plan"]["config"]["temperature"] = math.nan
    path = tmp_path / "log.json"
    path.write_text(json.dumps(document))
    assert refused("inspect", path).keys() == {"EIMP006"}


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    document = json.loads((GOLDEN / COMPLETE["lm-eval"][1]).read_text())
    del document["chat_template"], document["versions"], document["n-shot"], document["config"]["fewshot_seed"]
    document["lm_eval_version"] = "1.0"
    document["results"]["facts"]["exact_match,none"] = math.nan
    path = tmp_path / "results_1.json"
    path.write_text(json.dumps(document))
    found = refused("lm-eval", path)
    assert found.keys() == {"EIMP003", "EIMP006", "EIMP007"}
    for missing in ("chat_template", "no version", "n-shot.facts", "config.fewshot_seed"):
        assert missing in found["EIMP007"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused("lm-eval", tmp_path / "results.json")["EIMP002"]
