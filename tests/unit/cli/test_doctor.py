"""How findings about the machine are judged."""

from pathlib import Path

import pytest

from repositories import git
from trueup.workflows.doctor import Level, disk_check, examine, git_check, python_check, version_check

GIB = 1024**3


@pytest.mark.parametrize(("version", "level"), [((3, 10, 9), "fail"), ((3, 11, 0), "ok"), ((3, 13, 1), "ok")])
def test_python_before_3_11_fails(version: tuple[int, ...], level: str) -> None:
    assert python_check(version, "/usr/bin/python3").level == level


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ("git version 2.39.5\n", "ok"),
        ("git version 2.39.5 (Apple Git-154)\n", "ok"),
        ("git version 2.20.1", "warn"),
        ("git version 1.9", "warn"),
        ("not found", "warn"),
    ],
)
def test_an_old_git_is_warned_of(answer: str, level: str) -> None:
    assert git_check(answer).level == level


@pytest.mark.parametrize(("free", "level"), [(GIB // 4, "fail"), (GIB, "warn"), (100 * GIB, "ok")])
def test_little_disk_is_warned_of_and_almost_none_fails(free: int, level: str) -> None:
    check = disk_check(free, "/")
    assert check.level == level
    assert bool(check.advice) == (level != "ok")


@pytest.mark.parametrize(
    ("version", "requirement", "level"),
    [
        ("3.14.5", ">=3.10,<4", "ok"),
        ("3.9.1", "<4,>=3.10", "warn"),
        ("4.0", ">=3.10,<4", "warn"),
        ("3.10", ">=3.10", "ok"),
        ("2026.10.11549+cpu", ">=2026.8", "ok"),
        ("0.18.6", ">=0.18.6,<0.20", "ok"),
        ("0.18.6rc1", ">=0.18.6,<0.20", "ok"),
    ],
)
def test_a_version_outside_its_requirement_is_warned_of(version: str, requirement: str, level: str) -> None:
    assert version_check("package", version, requirement).level is Level(level)


def test_a_state_folder_that_git_would_commit_is_warned_of_and_one_that_it_ignores_is_not(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".trueup").mkdir()
    assert [c.level for c in examine(tmp_path, tmp_path) if c.name == "git ignore"] == [Level.WARN]
    (tmp_path / ".gitignore").write_text(".trueup/\n")
    assert [c for c in examine(tmp_path, tmp_path) if c.name == "git ignore"] == []
