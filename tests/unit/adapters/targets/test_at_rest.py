"""Environments in which nothing was ever started, seen without what starts and asks processes."""

import json
from pathlib import Path

import pytest

from trueup.adapters.targets.process.at_rest import RestingTarget
from trueup.adapters.targets.process.target import ProcessTarget
from trueup.core.errors import PermanentError
from trueup.observed.state import Health, ObservedTarget


def refused() -> ProcessTarget:
    raise AssertionError("it was made")


@pytest.mark.parametrize("content", [None, "", "{"])
def test_nothing_is_made_where_nothing_was_started_that_can_be_read(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "dev").mkdir()
    if content is not None:
        (tmp_path / "dev" / "wanted.json").write_text(content)
    assert RestingTarget(tmp_path, refused).observe("dev") == ObservedTarget("dev", Health.STOPPED, "")


@pytest.mark.parametrize("file", ["wanted.json", "status.json"])
def test_what_was_started_is_asked_for(tmp_path: Path, file: str) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / file).write_text(json.dumps({"format": 0}))
    with pytest.raises(AssertionError, match="it was made"):
        RestingTarget(tmp_path, refused).observe("dev")


@pytest.mark.parametrize("name", ["", ".hidden", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PermanentError, match="RUN"):
        RestingTarget(tmp_path, refused).observe(name)
