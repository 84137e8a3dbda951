"""Who last wrote a file."""

from pathlib import Path

import pytest

from repositories import git, repository
from trueup.adapters.git.objects import blob_id
from trueup.adapters.git.repository import Repository
from trueup.adapters.git.writers import writers
from trueup.core.digests import BlobId

ADA, BOB, CAT = "Ada <ada@example.org>", "Bob <bob@example.org>", "Cat <cat@example.org>"
HERE = "Dan <dan@example.org> on laptop"


def write(root: Path, author: str, **files: str) -> str:
    for name, text in files.items():
        (root / f"{name}.yaml").write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "change", f"--author={author}")
    return git(root, "rev-parse", "HEAD").strip()


def blobs(root: Path, *names: str) -> dict[str, BlobId]:
    return {f"{n}.yaml": blob_id((root / f"{n}.yaml").read_bytes(), 40) for n in names}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    repository(made)
    write(made, ADA, a="1", b="1")
    write(made, BOB, b="2")
    write(made, CAT, c="1")
    return made


def test_the_author_of_the_last_commit_that_changed_a_file_wrote_it(root: Path) -> None:
    head = git(root, "rev-parse", "HEAD").strip()
    found = writers(Repository.discover(root), head, blobs(root, "a", "b"), HERE)
    assert found == {"a.yaml": ADA, "b.yaml": BOB}


def test_what_a_work_tree_has_changed_was_written_by_who_works_there(root: Path) -> None:
    (root / "a.yaml").write_text("2")
    (root / "d.yaml").write_text("1")
    found = writers(Repository.discover(root), "", blobs(root, "a", "b", "d"), HERE)
    assert found == {"a.yaml": HERE, "b.yaml": BOB, "d.yaml": HERE}


def test_in_a_repository_without_commits_all_was_written_by_who_works_there(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.yaml").write_text("1")
    assert writers(Repository.discover(tmp_path), "", blobs(tmp_path, "a"), HERE) == {"a.yaml": HERE}


def test_a_merge_writes_only_what_none_of_its_parents_had(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "side", "HEAD~1")
    write(root, BOB, a="2")
    git(root, "checkout", "-q", "main")
    git(root, "merge", "-q", "--no-ff", "--no-commit", "side")
    (root / "b.yaml").write_text("3")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "merge", f"--author={CAT}")
    found = writers(Repository.discover(root), "HEAD", blobs(root, "a", "b"), HERE)
    assert found == {"a.yaml": BOB, "b.yaml": CAT}


def test_what_a_shallow_clone_does_not_hold_is_unknown(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=2", root.as_uri(), "shallow")
    clone = tmp_path / "shallow"
    found = writers(Repository.discover(clone), "HEAD", blobs(clone, "a", "c"), HERE)
    assert found == {"a.yaml": "", "c.yaml": CAT}


def test_a_file_that_the_history_does_not_have_is_unknown(root: Path) -> None:
    assert writers(Repository.discover(root), "HEAD", {"x.yaml": BlobId("")}, HERE) == {"x.yaml": ""}
    assert writers(Repository.discover(root), "HEAD", {}, HERE) == {}


def test_the_users_own_settings_of_git_change_nothing(root: Path) -> None:
    for key, value in {"log.showSignature": "true", "diff.noprefix": "true", "log.showRoot": "false"}.items():
        git(root, "config", key, value)
    assert writers(Repository.discover(root), "HEAD", blobs(root, "a"), HERE) == {"a.yaml": ADA}
