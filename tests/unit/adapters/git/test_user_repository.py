"""What `init` asks of a repository: where it is, on which branch, whether git can commit."""

import os
from pathlib import Path

import pytest

from repositories import commit, git
from trueup.adapters.git import codes
from trueup.adapters.git.repository import GitError
from trueup.adapters.git.user_repository import find_repository, start_repository


def test_outside_a_repository_there_is_none_also_for_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    assert find_repository(tmp_path) is None
    assert find_repository(tmp_path / "not" / "yet") is None


def test_a_repository_that_was_started_is_found_from_below_before_its_first_commit(tmp_path: Path) -> None:
    made = start_repository(tmp_path, "trunk")
    assert (made.root, made.branch) == (tmp_path, "trunk")
    assert find_repository(tmp_path / "a" / "b") == made


def test_a_detached_head_is_on_no_branch(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    revision = commit(tmp_path, {"a": b"1"})
    git(tmp_path, "checkout", "--quiet", "--detach", str(revision))
    found = find_repository(tmp_path)
    assert found is not None
    assert found.branch == ""


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare")
    with pytest.raises(GitError) as refused:
        find_repository(tmp_path)
    assert refused.value.code is codes.BARE_REPOSITORY


def test_variables_of_a_hook_lead_nowhere_else_and_are_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet", "--initial-branch=other")
    for name, value in (("GIT_DIR", str(other / ".git")), ("GIT_WORK_TREE", str(other))):
        monkeypatch.setenv(name, value)
    mine = tmp_path / "mine"
    mine.mkdir()
    assert find_repository(mine) is None
    assert start_repository(mine, "main").root == mine
    assert (mine / ".git").is_dir()
    assert os.environ["GIT_WORK_TREE"] == str(other)


def test_whether_git_can_commit_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "r"
    folder.mkdir()
    assert not start_repository(folder, "main").knows_author
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.com\n")
    found = find_repository(folder)
    assert found is not None
    assert found.knows_author


def test_without_the_git_program_the_reason_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_repository(tmp_path) is None
    with pytest.raises(GitError) as refused:
        start_repository(tmp_path, "main")
    assert refused.value.code is codes.GIT_MISSING
