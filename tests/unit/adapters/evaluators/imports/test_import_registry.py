"""Which tool a file is of."""

from pathlib import Path
from typing import Any

import pytest

from imported_files import COMPLETE, GOLDEN, changed, refused, refused_change
from trueup.adapters.evaluators.imports.registry import READERS, detect, read_results

FILES = {
    **COMPLETE,
    "lm-eval-folder": ("lm-eval", "lm-eval-0.4.13/facts"),
    "inspect-archive": ("inspect", "inspect-0.3.285/complete.eval"),
    "aiperf-folder": ("aiperf", "aiperf-0.13.0/complete"),
    "garak": ("garak", "garak-0.17.1/complete.report.jsonl"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_tool_is_told_by_the_file(name: str) -> None:
    tool, source = FILES[name]
    assert detect(GOLDEN / source) == tool


def test_every_tool_has_a_golden_file() -> None:
    assert {tool for tool, _ in FILES.values()} == set(READERS)


def test_a_file_of_no_tool_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text('{"score": 1.0}')
    assert refused("", path).keys() == {"EIMP001"}
    path.write_text("score\n1.0\n")
    assert refused("", path).keys() == {"EIMP001"}
    assert refused("", tmp_path).keys() == {"EIMP001"}


def test_an_unknown_tool_gets_a_hint(tmp_path: Path) -> None:
    assert "lm-eval" in refused("lmeval", tmp_path / "x")["EIMP001"]


def test_a_file_of_another_tool_than_named_is_refused() -> None:
    assert "EIMP003" in refused("lm-eval", GOLDEN / COMPLETE["inspect"][1])


def test_results_of_another_version_than_declared_are_refused() -> None:
    path = GOLDEN / COMPLETE["lm-eval"][1]
    assert read_results("lm-eval", path, version="0.4.13").settings.version == "0.4.13"
    assert refused("lm-eval", path, version="0.4.9").keys() == {"EIMP012"}


@pytest.mark.parametrize("tool", ["deepeval", "evidently"])
def test_a_file_that_does_not_tell_its_version_needs_a_known_declared_one(tool: str) -> None:
    path = GOLDEN / COMPLETE[tool][1]
    assert refused(tool, path, version="").keys() == {"EIMP007"}
    assert refused(tool, path, version="9.0").keys() == {"EIMP003"}


def test_a_ratio_above_one_is_refused(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["results"]["facts"]["exact_match,none"] = 66.7

    assert "from 0 to 1" in refused_change("lm-eval", tmp_path, change)["EIMP010"]


def test_a_negative_standard_error_is_refused(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["results"]["facts"]["exact_match_stderr,none"] = -0.1

    assert "EIMP010" in refused_change("lm-eval", tmp_path, change)


def test_a_metric_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    found = refused_change("evidently", tmp_path, lambda d: d["metrics"].append(d["metrics"][3]))
    assert "is there 2 times" in found["EIMP010"]
    assert "of `length`" in found["EIMP010"]


def test_a_run_that_ended_before_it_began_is_refused(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["stats"]["completed_at"] = "2020-01-01T00:00:00+00:00"

    assert "before it began" in refused_change("inspect", tmp_path, change)["EIMP010"]


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        document["stats"].update(started_at="2026-01-01T10:00:00", completed_at="2026-01-01T12:00:00+02:00")

    run = read_results("inspect", changed("inspect", tmp_path, change))
    assert run.started_at == run.completed_at
