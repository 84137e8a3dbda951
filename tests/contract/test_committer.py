"""What every committer does, and what the one on a git branch does besides."""

import os
import stat
import subprocess
import sys
from dataclasses import dataclass

import pytest

from fakes import FakeCommitter, FakeTree
from repositories import commit, git, repository, write
from trueup.adapters.git import codes
from trueup.adapters.git.committer import BranchCommitter
from trueup.adapters.git.repository import GitBusyError, GitError, Repository
from trueup.adapters.git.trees import CommitTree
from trueup.core.errors import PermanentError, TrueupError
from trueup.ports import Committer, SourceTree

FILES: dict[str, bytes | None] = {"spec/a.yaml": b"a: 1\n", "spec/b.yaml": b"b: 1\n"}


@dataclass
class Setup:
    committer: Committer
    repository: Repository | None
    fake: FakeTree | None = None

    def tree(self) -> SourceTree:
        if self.repository is not None:
            return CommitTree(self.repository, self.repository.head())
        assert self.fake is not None
        return self.fake


@pytest.fixture(params=["git", "fake"])
def setup(request, tmp_path) -> Setup:
    if request.param == "git":
        made = repository(tmp_path / "r", FILES)
        return Setup(BranchCommitter(made), made)
    tree = FakeTree({k: v for k, v in FILES.items() if v is not None}, "1" * 40)
    return Setup(FakeCommitter(tree), None, tree)


def test_the_new_content_is_on_the_branch_and_nothing_else_changed(setup):
    revision = setup.committer.commit("spec/a.yaml", b"a: 2\r\n", "Roll back a\n\nBecause.\n")
    tree = setup.tree()
    assert tree.revision == revision
    assert {f.path: f.content for f in tree.files(["spec"], [".yaml"])} == {**FILES, "spec/a.yaml": b"a: 2\r\n"}


def test_a_new_file_can_be_committed(setup):
    setup.committer.commit("spec/deep/n.yaml", b"n: 1\n", "Add n")
    assert setup.tree().read("spec/deep/n.yaml") == b"n: 1\n"


def test_content_that_is_there_already_makes_no_commit(setup):
    before = setup.tree().revision
    assert setup.committer.commit("spec/a.yaml", b"a: 1\n", "Nothing") == before
    assert setup.tree().revision == before


def test_commits_follow_each_other(setup):
    first = setup.committer.commit("spec/a.yaml", b"a: 2\n", "One")
    second = setup.committer.commit("spec/a.yaml", b"a: 1\n", "Two")
    assert len({first, second}) == 2
    assert setup.tree().read("spec/a.yaml") == b"a: 1\n"


@pytest.mark.parametrize("path", ["../x.yaml", "/tmp/x.yaml", ".git/config", "spec/../../x"])
def test_a_path_that_leaves_the_repository_is_refused(setup, path):
    with pytest.raises(PermanentError) as caught:
        setup.committer.commit(path, b"", "Bad")
    assert caught.value.code is codes.BAD_PATH


# The branch of a git repository.


@pytest.fixture
def made(tmp_path) -> Repository:
    return repository(tmp_path / "r", {**FILES, "other.txt": b"o\n", "staged.txt": b"s\n", "run.sh": b"#!/bin/sh\n"})


def refused(made: Repository, path: str = "spec/a.yaml", content: bytes = b"a: 2\n") -> TrueupError:
    before = state(made)
    with pytest.raises(TrueupError) as caught:
        BranchCommitter(made).commit(path, content, "Change")
    assert state(made) == before
    return caught.value


def state(made: Repository) -> tuple[str | None, str, dict[str, bytes]]:
    head = made.ask("rev-parse", "--verify", "--quiet", "HEAD")
    files = {str(p.relative_to(made.root)): p.read_bytes() for p in made.root.rglob("*") if p.is_file()}
    return head, git(made.root, "status", "--porcelain"), {p: c for p, c in files.items() if not p.startswith(".git")}


def test_the_work_tree_and_the_index_follow(made):
    BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change")
    assert (made.root / "spec/a.yaml").read_bytes() == b"a: 2\n"
    assert git(made.root, "status", "--porcelain") == ""
    assert git(made.root, "diff-files") == ""


def test_what_the_user_staged_changed_and_left_untracked_is_not_touched(made):
    write(made.root, {"other.txt": b"edited\n", "staged.txt": b"staged\n", "new.txt": b"new\n"})
    git(made.root, "add", "staged.txt")
    before = git(made.root, "status", "--porcelain")
    revision = BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change")
    assert git(made.root, "status", "--porcelain") == before
    assert git(made.root, "show", "--name-only", "--format=", revision) == "spec/a.yaml"
    assert (made.root / "other.txt").read_bytes() == b"edited\n"


def test_the_commit_has_the_users_name_the_whole_message_and_one_parent(made):
    parent = made.head()
    for key in ("user.name", "user.email"):
        git(made.root, "config", key, "Grace" if key == "user.name" else "grace@example.com")
    message = "Zurück zu Freigabe 1\n\nReason: SLO\n\nTrueup-Plan: sha256:00\n"
    revision = BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", message)
    assert git(made.root, "show", "-s", "--format=%an <%ae>%n%P", revision) == f"Grace <grace@example.com>\n{parent}"
    assert git(made.root, "show", "-s", "--format=%B", revision).strip() == message.strip()
    assert git(made.root, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert "trueup: Zurück" in git(made.root, "reflog", "-1")


def test_no_hook_runs(made):
    for hook in ("pre-commit", "post-commit", "reference-transaction", "commit-msg", "post-index-change"):
        path = made.git_dir / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\ntouch hook-ran\nexit 1\n")
        path.chmod(0o755)
    BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change")
    assert not list(made.root.rglob("hook-ran"))


def test_the_mode_of_the_file_stays(made):
    (made.root / "run.sh").chmod(0o755)
    commit(made.root, {})
    revision = BranchCommitter(made).commit("run.sh", b"#!/bin/sh\nexit\n", "Change")
    assert git(made.root, "ls-tree", revision, "run.sh").startswith("100755")
    assert (made.root / "run.sh").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("staged", [True, False])
def test_a_file_with_changes_of_the_user_is_refused(made, staged):
    write(made.root, {"spec/a.yaml": b"mine\n"})
    if staged:
        git(made.root, "add", "spec/a.yaml")
    assert refused(made).code is codes.DIRTY_FILE


def test_an_untracked_or_ignored_file_is_not_overwritten(made):
    commit(made.root, {".gitignore": b"*.log\n"})
    write(made.root, {"spec/new.yaml": b"mine\n", "spec/x.log": b"mine\n"})
    assert refused(made, "spec/new.yaml").code is codes.DIRTY_FILE
    assert refused(made, "spec/x.log").code is codes.DIRTY_FILE


def test_a_deleted_file_is_refused(made):
    (made.root / "spec/a.yaml").unlink()
    assert refused(made).code is codes.DIRTY_FILE


def test_a_detached_head_is_refused(made):
    git(made.root, "checkout", "--quiet", "--detach")
    assert refused(made).code is codes.DETACHED_HEAD


def test_a_repository_without_commits_is_refused(tmp_path):
    assert refused(repository(tmp_path / "empty")).code is codes.NO_COMMITS


def test_a_link_and_a_folder_are_refused(made):
    os.symlink("a.yaml", made.root / "spec/link.yaml")
    os.symlink("spec", made.root / "folder")
    commit(made.root, {})
    assert refused(made, "spec/link.yaml").code is codes.BAD_PATH
    assert refused(made, "folder/a.yaml").code is codes.BAD_PATH
    assert refused(made, "spec").code is codes.BAD_PATH


def test_an_author_who_is_not_known_is_asked_for(made, monkeypatch, tmp_path):
    for key in ("user.name", "user.email"):
        git(made.root, "config", "--unset", key)
    for variable in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    problem = refused(made)
    assert problem.code is codes.NO_IDENTITY
    assert "user.name" in problem.hint


def test_a_commit_that_must_be_signed_is_signed_or_not_made(made, tmp_path):
    git(made.root, "config", "commit.gpgsign", "true")
    git(made.root, "config", "gpg.program", "/bin/false")
    assert refused(made).code is codes.SIGNING_FAILED
    signer = tmp_path / "signer"
    signature = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----"
    created = "printf '\\n[GNUPG:] SIG_CREATED \\n' >&2"
    signer.write_text(f"#!/bin/sh\ncat >/dev/null\n{created}\ncat <<END\n{signature}\nEND\n")
    signer.chmod(0o755)
    git(made.root, "config", "gpg.program", str(signer))
    revision = BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Signed")
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in git(made.root, "cat-file", "commit", revision)


class RacingRepository(Repository):
    """A repository where another clone's commit lands just before the branch moves."""

    __slots__ = ()

    def run(self, *arguments: str, **options) -> bytes:  # type: ignore[override]
        if arguments[0] == "update-ref" and RACES:
            parent = git(self.root, "rev-parse", "main")
            tree = git(self.root, "write-tree")
            if RACES.pop() == "same file":
                blob = git(self.root, "hash-object", "-w", "--stdin", stdin=b"a: theirs\n")
                entry = f"100644 blob {blob}\ta.yaml\n100644 blob {blob}\tb.yaml\n"
                folder = git(self.root, "mktree", stdin=entry.encode())
                tree = git(self.root, "mktree", stdin=f"040000 tree {folder}\tspec\n".encode())
            other = git(self.root, "commit-tree", tree, "-p", parent, "-m", "Theirs")
            git(self.root, "update-ref", "refs/heads/main", other)
        return Repository.run(self, *arguments, **options)


RACES: list[str] = []


def test_a_commit_that_lands_first_is_built_upon(made):
    RACES[:] = ["other", "other"]
    racing = RacingRepository(made.root, made.git_dir, made.common_dir)
    revision = BranchCommitter(racing).commit("spec/a.yaml", b"a: 2\n", "Ours")
    subjects = git(made.root, "log", "--format=%s", revision)
    assert subjects.split("\n") == ["Ours", "Theirs", "Theirs", "First"]


def test_a_commit_that_lands_first_with_another_content_of_the_file_is_never_overwritten(made):
    RACES[:] = ["same file"]
    racing = RacingRepository(made.root, made.git_dir, made.common_dir)
    with pytest.raises(GitBusyError) as caught:
        BranchCommitter(racing).commit("spec/a.yaml", b"a: 2\n", "Ours")
    assert caught.value.code is codes.BRANCH_MOVED
    assert git(made.root, "show", "main:spec/a.yaml") == "a: theirs"


def test_a_locked_index_leaves_the_commit_and_says_how_to_follow(made, monkeypatch):
    monkeypatch.setattr("trueup.adapters.git.committer._INDEX_WAIT_SECONDS", 0)
    (made.git_dir / "index.lock").touch()
    with pytest.raises(GitBusyError) as caught:
        BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change")
    assert caught.value.code is codes.COMMIT_NOT_IN_WORK_TREE
    assert "git restore" in caught.value.hint
    assert git(made.root, "show", "main:spec/a.yaml") == "a: 2"


def test_a_run_that_was_killed_after_the_branch_moved_is_finished_by_the_next(made):
    first = git(made.root, "rev-parse", "HEAD")
    revision = BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change")
    git(made.root, "read-tree", first)
    write(made.root, {"spec/a.yaml": b"a: 1\n"})
    assert BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change") == revision
    assert git(made.root, "status", "--porcelain") == ""
    assert (made.root / "spec/a.yaml").read_bytes() == b"a: 2\n"


def test_a_run_that_was_killed_between_file_and_index_is_finished_by_the_next(made):
    first = git(made.root, "rev-parse", "HEAD")
    revision = BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change")
    git(made.root, "read-tree", first)
    assert BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change") == revision
    assert git(made.root, "status", "--porcelain") == ""


def test_a_stale_folder_of_a_killed_run_is_in_nobodys_way(made):
    (made.git_dir / "trueup-stale").mkdir()
    assert BranchCommitter(made).commit("spec/a.yaml", b"a: 2\n", "Change") == made.head()


def test_two_processes_commit_at_once_and_both_land(made):
    program = (
        "import sys; from pathlib import Path\n"
        "from trueup.adapters.git.committer import BranchCommitter\n"
        "from trueup.adapters.git.repository import Repository\n"
        "committer = BranchCommitter(Repository.discover(Path(sys.argv[1])))\n"
        "committer.commit(sys.argv[2], b'new: 1\\n', sys.argv[2])\n"
    )
    names = ["spec/a.yaml", "spec/b.yaml"]
    running = [subprocess.Popen([sys.executable, "-c", program, str(made.root), name]) for name in names]
    assert [process.wait() for process in running] == [0, 0]
    assert sorted(git(made.root, "log", "--format=%s").split("\n")) == ["First", *names]
    assert git(made.root, "status", "--porcelain") == ""


def test_a_repository_that_cannot_be_written_is_refused_before_anything_changed(made, tmp_path):
    """As another user, because root may write everywhere."""
    for folder in tmp_path.parents[:-2]:  # pytest makes its folders for one user only
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    tmp_path.chmod(0o755)
    before = state(made)
    for folder in (made.root / "spec", made.root):
        folder.chmod(0o555)
    program = (
        "import os, sys; from pathlib import Path\n"
        "from trueup.adapters.git.committer import BranchCommitter\n"
        "from trueup.adapters.git.repository import Repository, GitError\n"
        "repository = Repository.discover(Path(sys.argv[1]))\n"
        "if os.geteuid() == 0:\n    os.setgid(65534); os.setuid(65534)\n"
        "try:\n    BranchCommitter(repository).commit('spec/a.yaml', b'x', 'x')\n"
        "except GitError as error:\n    print(error.code.id)\n"
    )
    command = [sys.executable, "-c", program, str(made.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for folder in (made.root, made.root / "spec"):
        folder.chmod(0o755)
    assert done.stdout.strip() == codes.NO_PERMISSION.id, done.stderr
    assert state(made) == before


def test_errors_of_the_committer_are_permanent_or_a_retry(made):
    assert isinstance(refused(made, ".git/x"), GitError)
