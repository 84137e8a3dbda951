"""What the default branch took in, and when."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repositories import AUTHOR, git, repository, write
from trueup.adapters.git.commit_log import merged_commits
from trueup.adapters.git.repository import Repository
from trueup.ports import MergedCommit

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.fixture
def main(tmp_path: Path) -> Repository:
    return repository(tmp_path / "r")


def commit(main: Repository, path: str, hours: float, monkeypatch: pytest.MonkeyPatch) -> str:
    """Commit a new content of *path* so many hours after noon, and return the commit."""
    moment = f"@{int((NOON + timedelta(hours=hours)).timestamp())} +0200"
    monkeypatch.setitem(AUTHOR, "GIT_COMMITTER_DATE", moment)
    write(main.root, {path: os.urandom(8).hex().encode()})
    git(main.root, "add", "-A")
    git(main.root, "commit", "-q", "-m", f"Change {path}")
    return git(main.root, "rev-parse", "HEAD").strip()


def listed(main: Repository, since: float, until: float, branch: str = "main") -> list[MergedCommit]:
    times = (NOON + timedelta(hours=h) for h in (since, until))
    return list(merged_commits(main, branch, ["spec"], *times))


def test_commits_of_a_time_come_newest_first_with_their_parents(
    main: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (commit(main, "spec/a.yaml", hours, monkeypatch) for hours in (0, 1, 2))
    assert [(c.revision, c.parent) for c in listed(main, 0.5, 3)] == [(third, second), (second, first)]
    assert [c.revision for c in listed(main, 0, 2)] == [second, first]
    assert listed(main, 0, 3)[0].at == NOON + timedelta(hours=2)


def test_only_what_touches_the_folders_counts(main: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = commit(main, "spec/a.yaml", 0, monkeypatch)
    commit(main, "README.md", 1, monkeypatch)
    assert [c.revision for c in listed(main, -1, 3)] == [declared]


def test_a_clock_that_was_wrong_hides_nothing_before_it(main: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    good = commit(main, "spec/a.yaml", 0, monkeypatch)
    commit(main, "spec/a.yaml", -9_000, monkeypatch)
    later = commit(main, "spec/a.yaml", 1, monkeypatch)
    assert [c.revision for c in listed(main, -1, 3)] == [later, good]


def test_of_a_merge_only_the_merge_itself_was_taken_in(main: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    base = commit(main, "spec/a.yaml", 0, monkeypatch)
    git(main.root, "checkout", "-q", "-b", "change")
    commit(main, "spec/b.yaml", 1, monkeypatch)
    git(main.root, "checkout", "-q", "main")
    git(main.root, "merge", "-q", "--no-ff", "-m", "Merge", "change")
    merge = git(main.root, "rev-parse", "HEAD").strip()
    assert [(c.revision, c.parent) for c in listed(main, 0.5, 3)] == [(merge, base)]


def test_a_branch_that_is_not_here_took_nothing_in(main: Repository) -> None:
    assert listed(main, -1, 1, "elsewhere") == []


def test_the_first_commit_of_all_has_no_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    git(fresh, "init", "-q", "-b", "main")
    first = commit(Repository.discover(fresh), "spec/a.yaml", 0, monkeypatch)
    assert [(c.revision, c.parent) for c in listed(Repository.discover(fresh), -1, 1)] == [(first, "")]


def test_far_in_the_past_nobody_looks(main: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    from trueup.adapters.git import commit_log

    monkeypatch.setattr(commit_log, "_OLDER_IN_A_ROW", 2)
    for hours in (5, -9, -8, -7):
        commit(main, "spec/a.yaml", hours, monkeypatch)
    assert listed(main, 0, 9) == []
