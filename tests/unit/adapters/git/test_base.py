"""A pull request does not choose its own judge."""

import subprocess
from pathlib import Path

import pytest

from repositories import commit, git, repository
from trueup.adapters.git.base import DeclaredBranch, Trunks
from trueup.adapters.git.repository import GitError, Repository
from trueup.core.digests import Revision
from trueup.ports import Base

WORK_TREE = Revision("")


def nothing(_: Revision) -> str:
    return ""


def base(of: Repository, reviewed: str = "", *, asked: str = "", declared: str = "main") -> Base:
    return Trunks(of, asked, nothing).base(Revision(reviewed), declared)


@pytest.fixture
def project(tmp_path: Path) -> Repository:
    return repository(tmp_path / "project", {"trueup.yaml": b"main"})


def test_nothing_governs_before_the_first_commit(tmp_path: Path) -> None:
    assert base(repository(tmp_path / "empty")) == Base()


def test_what_is_on_the_default_branch_is_judged_by_itself(project: Repository) -> None:
    first = git(project.root, "rev-parse", "HEAD")
    commit(project.root, {"a": b"1"})
    assert base(project) == Base()
    assert base(project, first) == Base()


def test_a_branch_is_judged_by_the_tip_of_the_default_branch(project: Repository) -> None:
    git(project.root, "switch", "--quiet", "-c", "change")
    mine = commit(project.root, {"a": b"1"})
    git(project.root, "switch", "--quiet", "main")
    tip = commit(project.root, {"b": b"1"})
    assert base(project, mine) == Base(Revision(tip))
    git(project.root, "switch", "--quiet", "--detach", mine)
    assert base(project) == Base(Revision(tip))


def test_a_merged_branch_is_judged_by_itself(project: Repository) -> None:
    git(project.root, "switch", "--quiet", "-c", "change")
    mine = commit(project.root, {"a": b"1"})
    git(project.root, "switch", "--quiet", "main")
    git(project.root, "merge", "--quiet", "--no-ff", "-m", "Merge", "change")
    assert base(project, mine) == Base()


def test_commits_that_were_not_pushed_are_judged_by_what_was(project: Repository, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(project.root), "clone")
    clone = Repository.discover(tmp_path / "clone")
    commit(clone.root, {"a": b"1"})
    assert base(clone) == Base(Revision(git(project.root, "rev-parse", "HEAD")))


def test_a_base_that_is_not_in_this_clone_is_not_known(project: Repository) -> None:
    assert base(project, declared="trunk") == Base(is_known=False)


def test_the_base_that_was_asked_for_comes_first(project: Repository) -> None:
    tip = git(project.root, "rev-parse", "HEAD")
    git(project.root, "switch", "--quiet", "-c", "change")
    commit(project.root, {"a": b"1"})
    assert base(project, asked="main", declared="change") == Base(Revision(tip))
    with pytest.raises(GitError):
        base(project, asked="gone")


def test_a_change_cannot_name_itself_the_default_branch(project: Repository, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(project.root), "clone")
    clone = Repository.discover(tmp_path / "clone")
    tip = git(clone.root, "rev-parse", "HEAD")
    git(clone.root, "switch", "--quiet", "-c", "change")
    commit(clone.root, {"trueup.yaml": b"change"})
    assert Trunks(clone, "", lambda _: "main").base(WORK_TREE, "change") == Base(Revision(tip))


def test_the_remotes_own_branch_may_name_another_one_as_the_default(project: Repository, tmp_path: Path) -> None:
    git(project.root, "branch", "release")
    git(tmp_path, "clone", "--quiet", str(project.root), "clone")
    clone = Repository.discover(tmp_path / "clone")
    commit(clone.root, {"a": b"1"})
    tip = git(project.root, "rev-parse", "release")
    assert Trunks(clone, "", lambda _: "release").base(WORK_TREE, "main") == Base(Revision(tip))


def said_there(repository: Repository) -> DeclaredBranch:
    return lambda revision: git(repository.root, "show", f"{revision}:trueup.yaml")


def test_without_a_remote_a_change_cannot_name_itself_the_default_branch_either(project: Repository) -> None:
    tip = git(project.root, "rev-parse", "HEAD")
    git(project.root, "switch", "--quiet", "-c", "change")
    commit(project.root, {"trueup.yaml": b"change"})
    assert Trunks(project, "", said_there(project)).base(WORK_TREE, "change") == Base(Revision(tip))


def test_no_number_of_commits_hides_what_was_said_before(project: Repository) -> None:
    tip = git(project.root, "rev-parse", "HEAD")
    git(project.root, "switch", "--quiet", "-c", "change")
    stream = "".join(
        f"commit refs/heads/change\ncommitter A <a@b> {count} +0000\ndata 1\nm\n"
        + (f"from {tip}\n" if count == 1 else "")
        + f"M 644 inline trueup.yaml\ndata {len(name)}\n{name}\n"
        for count, name in enumerate((*map(str, range(150)), "change"), start=1)
    )
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=project.root, input=stream.encode(), check=True)
    git(project.root, "reset", "--quiet", "--hard")
    assert Trunks(project, "", said_there(project)).base(WORK_TREE, "change") == Base(Revision(tip))


def test_a_history_of_its_own_does_not_hide_what_was_said_before(project: Repository) -> None:
    tip = git(project.root, "rev-parse", "HEAD")
    git(project.root, "switch", "--quiet", "--orphan", "change")
    commit(project.root, {"trueup.yaml": b"change"})
    git(project.root, "merge", "--quiet", "-s", "ours", "--allow-unrelated-histories", "-m", "Merge", "main")
    commit(project.root, {"a": b"1"})
    git(project.root, "switch", "--quiet", "main")
    tip = commit(project.root, {"b": b"1"})
    git(project.root, "switch", "--quiet", "change")
    assert Trunks(project, "", said_there(project)).base(WORK_TREE, "change") == Base(Revision(tip))


def test_a_change_that_names_several_branches_chooses_none_of_them(project: Repository) -> None:
    git(project.root, "branch", "lenient")
    for branch in ("lenient", "main"):
        git(project.root, "switch", "--quiet", branch)
        commit(project.root, {branch: b"1"})
    git(project.root, "switch", "--quiet", "-c", "change", "main~1")
    commit(project.root, {"trueup.yaml": b"lenient"})
    commit(project.root, {"trueup.yaml": b"change"})
    assert Trunks(project, "", said_there(project)).base(WORK_TREE, "change") == Base(is_known=False)


def test_a_tag_named_as_a_branch_is_not_the_base(project: Repository, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(project.root), "clone")
    clone = Repository.discover(tmp_path / "clone")
    tip = git(clone.root, "rev-parse", "HEAD")
    git(clone.root, "switch", "--quiet", "-c", "change")
    commit(clone.root, {"a": b"1"})
    for name in ("main", "origin/main"):
        git(clone.root, "tag", name)
        assert base(clone, asked=name) == Base(Revision(tip))
    git(clone.root, "tag", "v1")
    assert base(clone, asked="v1") == Base()


def test_a_default_branch_that_was_renamed_is_the_new_one(project: Repository) -> None:
    git(project.root, "branch", "-m", "main", "trunk")
    commit(project.root, {"trueup.yaml": b"trunk"})
    assert Trunks(project, "", said_there(project)).base(WORK_TREE, "trunk") == Base()
