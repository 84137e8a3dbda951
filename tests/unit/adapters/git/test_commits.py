"""Who works here is who a commit made now would name."""

from pathlib import Path

import pytest

from repositories import git
from trueup.adapters.git.commits import actor_of
from trueup.adapters.git.repository import Repository


def test_variables_for_the_committer_win_over_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "Ada")
    git(tmp_path, "config", "user.email", "ada@example.com")
    repository = Repository.discover(tmp_path)
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    assert actor_of(repository).startswith("Ada <ada@example.com> on ")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "CI")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "ci@example.com")
    assert actor_of(repository).startswith("CI <ci@example.com> on ")
