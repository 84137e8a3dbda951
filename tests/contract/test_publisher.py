"""What every publisher does, and what the one over git does to branches, work tree and remote."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from forges import FakePublisher
from repositories import commit, git, repository
from trueup.adapters.git import codes
from trueup.adapters.git.publisher import BranchPublisher
from trueup.adapters.git.repository import GitBusyError, GitError, Repository
from trueup.core.errors import TransientError, TrueupError
from trueup.ports import BranchChange, Publisher

BRANCH = "trueup/promote/support-to-prod-0123456789ab"
PATH = "spec/a.yaml"
CHANGE = BranchChange(BRANCH, "main", PATH, b"a: 1\n", b"a: 2\r\n", "Promote a\n\nTrueup-Plan: sha256:1\n")


@dataclass
class Setup:
    publisher: Publisher
    here: Path | None = None
    there: Path | None = None

    def change_base(self, content: bytes) -> None:
        """Let somebody else change the file on the default branch."""
        if isinstance(self.publisher, FakePublisher):
            self.publisher.base[PATH] = content
        else:
            assert self.here
            push_as_other(self.here, "main", {PATH: content})


def clone(tmp_path: Path) -> Setup:
    first = repository(tmp_path / "first", {PATH: b"a: 1\n", "spec/b.yaml": b"b: 1\n"})
    there = tmp_path / "there.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(first.root), str(there))
    here = tmp_path / "here"
    git(tmp_path, "clone", "--quiet", str(there), str(here))
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"), ("commit.gpgsign", "false")):
        git(here, "config", key, value)
    return Setup(BranchPublisher(Repository.discover(here)), here, there)


def push_as_other(here: Path, branch: str, files: dict[str, bytes | None], *, start: str = "") -> str:
    """Commit *files* onto *branch* of the remote from another clone."""
    other = here.parent / f"other-{len(list(here.parent.glob('other-*')))}"
    git(here.parent, "clone", "--quiet", git(here, "remote", "get-url", "origin"), str(other))
    git(other, "switch", "--quiet", *(["-c", branch, start] if start else [branch]))
    made = commit(other, files, "By somebody else")
    git(other, "push", "--quiet", "origin", branch)
    return made


@pytest.fixture(params=["git", "fake"])
def setup(request, tmp_path) -> Setup:
    if request.param == "git":
        return clone(tmp_path)
    return Setup(FakePublisher({PATH: b"a: 1\n", "spec/b.yaml": b"b: 1\n"}))


@pytest.fixture
def real(tmp_path) -> Setup:
    return clone(tmp_path)


def publish(setup: Setup, change: BranchChange = CHANGE):
    setup.publisher.newest(change.base, change.branch)
    built = setup.publisher.build(change)
    setup.publisher.push(change.branch)
    return built


def test_publishing_twice_is_one_commit(setup):
    first, second = publish(setup), publish(setup)
    assert first.is_needed
    assert first.is_new
    assert not second.is_new
    assert first.commit == second.commit


def test_content_that_the_base_has_needs_no_branch(setup):
    built = setup.publisher.build(replace(CHANGE, content=CHANGE.before))
    assert not built.is_needed
    assert built.commit == built.base == setup.publisher.newest("main", BRANCH)


def test_a_file_that_changed_on_the_base_is_refused(setup):
    setup.change_base(b"a: 7\n")
    setup.publisher.newest("main", BRANCH)
    with pytest.raises(TransientError) as caught:
        setup.publisher.build(CHANGE)
    assert caught.value.code is codes.BASE_CHANGED


def test_the_branch_is_made_anew_on_a_newer_base(setup):
    first = publish(setup)
    setup.change_base(b"a: 7\n")
    again = publish(setup, replace(CHANGE, before=b"a: 7\n", content=b"a: 8\n"))
    assert again.is_new
    assert again.commit != first.commit
    assert again.base != first.base


# Through git.


def test_what_others_merge_leaves_the_commit_and_its_approvals(real):
    first = publish(real)
    push_as_other(real.here, "main", {"spec/b.yaml": b"b: 2\n"})
    again = publish(real)
    assert (again.commit, again.is_new) == (first.commit, False)
    assert again.base != first.base


def refs(folder: Path) -> dict[str, str]:
    lines = git(folder, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").splitlines()
    return dict(line.split(" ") for line in lines)


def test_the_remote_has_one_commit_with_the_bytes_and_the_promise(real):
    built = publish(real)
    assert refs(real.there)[f"refs/heads/{BRANCH}"] == built.commit
    assert git(real.there, "rev-list", "--count", f"main..{BRANCH}") == "1"
    assert git(real.there, "diff", "--name-only", "main", BRANCH) == PATH
    message = git(real.there, "log", "-1", "--format=%B", BRANCH)
    assert message.startswith("Promote a\n\nTrueup-Plan: sha256:1\nTrueup-Content: sha256:")
    assert git(real.there, "log", "-1", "--format=%an <%ae>", BRANCH) == "Ada <ada@example.com>"


def test_a_message_without_trailers_gets_them_in_a_paragraph_of_their_own(real):
    publish(real, replace(CHANGE, message="Promote: a\n"))
    assert git(real.there, "log", "-1", "--format=%B", BRANCH).startswith("Promote: a\n\nTrueup-Content: ")


def test_work_tree_index_and_branch_are_left_alone(real):
    (real.here / PATH).write_bytes(b"a: being edited\n")
    (real.here / "new").write_bytes(b"x")
    git(real.here, "add", "new")
    before = git(real.here, "status", "--porcelain"), git(real.here, "rev-parse", "HEAD")
    publish(real)
    assert (git(real.here, "status", "--porcelain"), git(real.here, "rev-parse", "HEAD")) == before
    assert git(real.here, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert (real.here / PATH).read_bytes() == b"a: being edited\n"


def test_the_newest_base_of_the_remote_counts_though_it_was_not_fetched(real):
    tip = push_as_other(real.here, "main", {"spec/b.yaml": b"b: 2\n"})
    assert publish(real).base == tip


def test_a_commit_of_somebody_else_on_the_branch_is_not_overwritten(real):
    publish(real)
    theirs = push_as_other(real.here, BRANCH, {"spec/b.yaml": b"b: 3\n"})
    real.change_base(b"a: 7\n")
    with pytest.raises(GitError) as caught:
        publish(real, replace(CHANGE, before=b"a: 7\n"))
    assert caught.value.code is codes.BRANCH_TAKEN
    assert refs(real.there)[f"refs/heads/{BRANCH}"] == theirs


def test_a_commit_that_somebody_changed_is_not_overwritten(real):
    publish(real)
    other = real.here.parent / "amender"
    git(real.here.parent, "clone", "--quiet", str(real.there), str(other))
    git(other, "switch", "--quiet", BRANCH)
    (other / PATH).write_bytes(b"a: 9\n")
    git(other, "commit", "--quiet", "--all", "--amend", "--no-edit")
    git(other, "push", "--quiet", "--force", "origin", BRANCH)
    with pytest.raises(GitError) as caught:
        publish(real)
    assert caught.value.code is codes.BRANCH_TAKEN


def test_a_branch_of_somebody_else_by_the_same_name_is_not_overwritten(real):
    theirs = push_as_other(real.here, BRANCH, {PATH: b"a: 5\n"}, start="main")
    with pytest.raises(GitError) as caught:
        publish(real)
    assert caught.value.code is codes.BRANCH_TAKEN
    assert "delete the branch" in caught.value.hint
    assert refs(real.there)[f"refs/heads/{BRANCH}"] == theirs


def test_a_branch_that_moved_between_looking_and_pushing_is_not_overwritten(real):
    real.publisher.newest("main", BRANCH)
    real.publisher.build(CHANGE)
    theirs = push_as_other(real.here, BRANCH, {PATH: b"a: 5\n"}, start="main")
    with pytest.raises(GitBusyError) as caught:
        real.publisher.push(BRANCH)
    assert caught.value.code is codes.BRANCH_MOVED
    assert refs(real.there)[f"refs/heads/{BRANCH}"] == theirs


def test_what_another_clone_published_is_taken_over(real, tmp_path):
    first = publish(real)
    second = tmp_path / "second"
    git(tmp_path, "clone", "--quiet", str(real.there), str(second))
    again = publish(Setup(BranchPublisher(Repository.discover(second)), second, real.there))
    assert (again.commit, again.is_new) == (first.commit, False)


def test_a_branch_that_was_deleted_at_the_remote_is_pushed_again(real):
    first = publish(real)
    git(real.there, "branch", "-D", BRANCH)
    again = publish(real)
    assert again.commit == first.commit
    assert refs(real.there)[f"refs/heads/{BRANCH}"] == first.commit


def test_after_merge_and_revert_the_branch_is_made_anew(real):
    first = publish(real)
    git(real.here, "fetch", "--quiet")
    git(real.here, "merge", "--quiet", "--no-ff", "-m", "Merge", f"origin/{BRANCH}")
    git(real.here, "revert", "--no-edit", "-m", "1", "HEAD")
    git(real.here, "push", "--quiet", "origin", "main")
    again = publish(real)
    assert again.is_new
    assert again.commit != first.commit
    assert git(real.there, "rev-list", "--count", f"main..{BRANCH}") == "1"


def test_another_message_makes_the_commit_anew(real):
    publish(real)
    publish(real, replace(CHANGE, message="Promote a\n\nTrueup-Plan: sha256:2\n"))
    assert "Trueup-Plan: sha256:2" in git(real.there, "log", "-1", "--format=%B", BRANCH)
    assert git(real.there, "rev-list", "--count", f"main..{BRANCH}") == "1"


def test_a_branch_that_is_checked_out_is_not_moved(real):
    git(real.here, "switch", "--quiet", "-c", BRANCH)
    with pytest.raises(GitError) as caught:
        publish(real)
    assert caught.value.code is codes.BRANCH_CHECKED_OUT


def test_a_remote_that_is_gone_is_told(real):
    real.there.rename(real.there.with_name("moved.git"))
    with pytest.raises(TrueupError) as caught:
        real.publisher.newest("main", BRANCH)
    assert caught.value.code is codes.PUSH_NOT_ALLOWED


def test_a_network_that_is_down_is_told_and_the_commit_is_kept(real):
    built = publish(real)
    git(real.here, "remote", "set-url", "origin", "http://user:hunter2@127.0.0.1:9/shop/llm.git")
    with pytest.raises(GitBusyError) as caught:
        real.publisher.newest("main", BRANCH)
    assert caught.value.code is codes.REMOTE_UNREACHABLE
    assert "hunter2" not in str(caught.value)
    assert real.publisher.remote == "http://127.0.0.1:9/shop/llm.git"
    assert refs(real.here)[f"refs/heads/{BRANCH}"] == built.commit


def test_a_remote_that_declines_is_quoted(real):
    hook = real.there / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'protected by rule 7' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitError) as caught:
        publish(real)
    assert caught.value.code is codes.PUSH_REFUSED
    assert "protected by rule 7" in caught.value.detail


def test_no_right_to_write_at_the_remote_is_told(real):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (real.there / "objects").chmod(0o500)
    try:
        with pytest.raises(TrueupError) as caught:
            publish(real)
    finally:
        (real.there / "objects").chmod(0o700)
    assert caught.value.code in (codes.PUSH_NOT_ALLOWED, codes.PUSH_REFUSED)


def test_without_a_remote_the_branch_stays_here(tmp_path):
    made = repository(tmp_path / "r", {PATH: b"a: 1\n"})
    publisher = BranchPublisher(made)
    assert publisher.remote == ""
    tip = publisher.newest("main", BRANCH)
    built = publisher.build(CHANGE)
    assert built.base == tip
    assert refs(made.root)[f"refs/heads/{BRANCH}"] == built.commit


def test_a_default_branch_that_does_not_exist_is_told(real):
    with pytest.raises(GitError) as caught:
        real.publisher.newest("trunk", BRANCH)
    assert caught.value.code is codes.NO_DEFAULT_BRANCH


def test_a_branch_that_was_never_built_is_not_pushed(real):
    with pytest.raises(GitError):
        real.publisher.push(BRANCH)


def test_a_path_that_leaves_the_repository_is_refused(real):
    with pytest.raises(GitError) as caught:
        real.publisher.build(replace(CHANGE, path="../a.yaml"))
    assert caught.value.code is codes.BAD_PATH


def test_a_shallow_clone_that_cannot_tell_says_so(real, tmp_path):
    publish(real)
    push_as_other(real.here, "main", {PATH: b"a: 7\n"})
    push_as_other(real.here, "main", {PATH: b"a: 8\n"})
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{real.there}", str(shallow))
    publisher = BranchPublisher(Repository.discover(shallow))
    publisher.newest("main", BRANCH)
    with pytest.raises(GitError) as caught:
        publisher.build(replace(CHANGE, before=b"a: 8\n"))
    assert caught.value.code is codes.SHALLOW
