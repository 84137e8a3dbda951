"""How git is started, and what its troubles are called."""

import os

import pytest

from repositories import commit, git, repository
from trueup.adapters.git import codes
from trueup.adapters.git.repository import GitBusyError, GitError, Repository, error_from
from trueup.adapters.git.safety import safe_environment
from trueup.core.errors import PermanentError, TransientError


@pytest.fixture
def made(tmp_path) -> Repository:
    return repository(tmp_path / "r", {"spec/a.yaml": b"a: 1\n"})


def code_of(call, *arguments) -> str:
    with pytest.raises(GitError) as caught:
        call(*arguments)
    assert caught.value.diagnostic().hint
    return caught.value.code.id


def test_a_repository_is_found_from_a_folder_below_its_root(made):
    assert Repository.discover(made.root / "spec") == made
    assert made.git_dir == made.root / ".git"


def test_a_folder_outside_of_any_repository_is_named(tmp_path):
    assert code_of(Repository.discover, tmp_path) == codes.NOT_A_REPOSITORY.id
    assert code_of(Repository.discover, tmp_path / "absent") == codes.NOT_A_REPOSITORY.id


def test_a_file_is_no_place_to_start(tmp_path):
    (tmp_path / "file").touch()
    assert code_of(Repository.discover, tmp_path / "file") == codes.NOT_A_REPOSITORY.id


def test_a_bare_repository_is_refused(tmp_path):
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    assert code_of(Repository.discover, tmp_path / "bare.git") == codes.BARE_REPOSITORY.id


def test_a_repository_of_another_user_is_refused(made):
    if os.geteuid() != 0:
        with pytest.raises(PermissionError):
            os.chown(made.root, 12345, 12345)
        return
    for path in (made.root, made.git_dir):
        os.chown(path, 12345, 12345)
    assert code_of(Repository.discover, made.root) == codes.DUBIOUS_OWNERSHIP.id


@pytest.mark.parametrize("name", ["main", "HEAD", "refs/heads/main", "tag"])
def test_a_revision_leads_to_its_commit(made, name):
    git(made.root, "tag", "-a", "tag", "-m", "Tag")
    assert made.resolve(name) == git(made.root, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["absent", "", "-h", "--all", "main\n", "HEAD:spec", "HEAD^{tree}", "main..main"])
def test_what_leads_to_no_commit_is_an_unknown_revision(made, name):
    assert code_of(made.resolve, name) == codes.UNKNOWN_REVISION.id


def test_a_repository_without_commits_says_so(tmp_path):
    empty = repository(tmp_path / "r")
    assert code_of(empty.head) == codes.NO_COMMITS.id
    assert empty.branch() == "refs/heads/main"


def test_a_detached_head_has_no_branch(made):
    assert made.branch() == "refs/heads/main"
    git(made.root, "checkout", "--quiet", "--detach")
    assert code_of(made.branch) == codes.DETACHED_HEAD.id


def test_a_shallow_clone_is_known_and_refused_where_history_is_needed(made):
    commit(made.root, {"spec/a.yaml": b"a: 2\n"})
    git(made.root.parent, "clone", "--quiet", "--depth=1", f"file://{made.root}", "clone")
    clone = Repository.discover(made.root.parent / "clone")
    made.require_history("The audit")
    assert code_of(clone.require_history, "The audit") == codes.SHALLOW.id
    with pytest.raises(GitError) as caught:
        clone.resolve("HEAD~1")
    assert "unshallow" in caught.value.hint


def test_what_was_merged_is_what_the_remote_has(made):
    git(made.root.parent, "clone", "--quiet", str(made.root), "clone")
    clone = Repository.discover(made.root.parent / "clone")
    local = commit(clone.root, {"spec/a.yaml": b"a: 2\n"})
    assert clone.default_branch("main") == made.head() != local
    assert made.default_branch("main") == made.head()
    assert made.default_branch("trunk") is None


def test_variables_that_redirect_git_are_dropped_and_those_that_name_the_author_stay():
    given = {
        "PATH": "/bin", "GIT_DIR": "/x", "GIT_WORK_TREE": "/x", "GIT_INDEX_FILE": "/x", "GIT_OBJECT_DIRECTORY": "/x",
        "GIT_EXTERNAL_DIFF": "rm", "GIT_NAMESPACE": "x", "GIT_TRACE": "1", "LC_ALL": "de_DE.UTF-8",
        "GIT_AUTHOR_NAME": "Ada", "GIT_COMMITTER_DATE": "now", "GIT_CONFIG_GLOBAL": "/g", "GIT_SSH_COMMAND": "ssh -i k",
    }  # fmt: skip
    safe = safe_environment(given)
    assert set(given) - set(safe) == {
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_EXTERNAL_DIFF", "GIT_NAMESPACE",
        "GIT_TRACE",
    }  # fmt: skip
    assert safe["LC_ALL"] == "C"
    assert safe["GIT_TERMINAL_PROMPT"] == "0"
    assert safe["GIT_AUTHOR_NAME"] == "Ada"


def test_programs_of_the_repositorys_configuration_are_not_run(made):
    marker = made.root / "ran"
    git(made.root, "config", "core.fsmonitor", f"touch {marker}; false")
    git(made.root, "config", "core.pager", f"touch {marker}; cat")
    made.run("status", "--porcelain")
    made.run("log", "-1")
    assert not marker.exists()


def test_a_replaced_commit_stays_what_its_id_says(made):
    first = made.head()
    second = commit(made.root, {"spec/a.yaml": b"a: 2\n"})
    git(made.root, "replace", second, first)
    assert made.run("show", f"{second}:spec/a.yaml") == b"a: 2\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("fatal: not a git repository (or any of the parent directories): .git", codes.NOT_A_REPOSITORY),
        ("fatal: detected dubious ownership in repository at '/r'", codes.DUBIOUS_OWNERSHIP),
        ("fatal: write error: No space left on device", codes.DISK_FULL),
        ("error: unable to write file: Disk quota exceeded", codes.DISK_FULL),
        ("error: insufficient permission for adding an object to repository database", codes.NO_PERMISSION),
        ("fatal: Unable to create '/r/.git/index.lock': Permission denied", codes.NO_PERMISSION),
        ("error: could not lock config file: Read-only file system", codes.NO_PERMISSION),
        ("Author identity unknown\n\n*** Please tell me who you are.", codes.NO_IDENTITY),
        ("fatal: no email was given and auto-detection is disabled", codes.NO_IDENTITY),
        ("fatal: empty ident name (for <a@b>) not allowed", codes.NO_IDENTITY),
        ("error: gpg failed to sign the data\nfatal: failed to write commit object", codes.SIGNING_FAILED),
        ("fatal: bad object deadbeef", codes.OBJECT_MISSING),
        ("error: inflate: data stream error\nfatal: loose object 12 is corrupt", codes.OBJECT_MISSING),
        ("fatal: something new", codes.GIT_FAILED),
        ("", codes.GIT_FAILED),
    ],
)
def test_what_git_says_has_a_code(words, code):
    error = error_from(("-c", "user.useConfigOnly=true", "commit-tree"), words)
    assert isinstance(error, PermanentError)
    assert error.code is code
    assert "`git commit-tree`" in error.detail


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("fatal: Unable to create '/r/.git/index.lock': File exists.", codes.LOCKED),
        ("fatal: cannot lock ref 'refs/heads/main': is at 1 but expected 2", codes.BRANCH_MOVED),
    ],
)
def test_what_a_retry_may_help_is_transient(words, code):
    error = error_from(("update-ref",), words)
    assert isinstance(error, GitBusyError)
    assert isinstance(error, TransientError)
    assert error.code is code


def test_every_code_is_listed_once():
    listed = [code.id for code in codes.CODES]
    assert len(set(listed)) == len(listed)
    assert sorted(id(v) for v in vars(codes).values() if isinstance(v, codes.Code)) == sorted(map(id, codes.CODES))
