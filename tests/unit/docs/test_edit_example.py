"""The example on the page about edits runs, and does what the page says."""

import re
from pathlib import Path

import pytest
from test_links import ROOT

BEFORE = """\
spec: # served
  release:
    model: tiny@1  # the small one
    adapters: [legal@1]
  contacts:
    # who answers first
    - team@example.com
  tasks:
    - first # stays
    - second # goes
"""
AFTER = """\
spec: # served
  release:
    model: tiny@2  # the small one
    adapters: [legal@1, formal@2]
  contacts:
    # who answers first
    - on-call@example.com
    - team@example.com
  tasks:
    - first # stays
  hold:
    reason: slow answers
    until: "2026-12-01"
"""


def shown() -> str:
    page = (ROOT / "docs" / "yaml-edits.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return str(example)


def test_the_example_of_edits_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prod.yaml").write_text(BEFORE)
    exec(compile(shown(), "docs/yaml-edits.md", "exec"), {})
    assert Path("prod.yaml").read_text() == AFTER


def test_the_example_of_edits_changes_nothing_when_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    broken = BEFORE.replace("    - second # goes\n", "")
    Path("prod.yaml").write_text(broken)
    exec(compile(shown(), "docs/yaml-edits.md", "exec"), {})
    assert Path("prod.yaml").read_text() == broken
    assert capsys.readouterr().out.startswith("prod.yaml:10:5 SPEC131 Edit 5 of 5: ")
