"""What a kept plan is kept under changes with everything that could change the plan, and with nothing that cannot."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from repositories import commit, git, repository, write
from trueup.adapters.caches import surroundings as module
from trueup.adapters.caches.surroundings import CannotTellError, surroundings, words_digest

VARIABLES = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "GIT_CONFIG_GLOBAL": os.devnull}


@pytest.fixture
def root(tmp_path) -> Path:
    folder = tmp_path / "r"
    repository(folder, {"trueup.yaml": b"kind: Project\n", "spec/a.yaml": b"a: 1\n", ".gitignore": b".trueup\n*.log\n"})
    write(folder, {".trueup/store/objects/ab/manifest.json": b"{}"})
    return folder


def key(root: Path, revision: str = "", base: str = "", said: str = "", **variables: str) -> str:
    return surroundings(str(root), "dev", (revision, base), (said,), VARIABLES | variables)


def test_nothing_changed_is_the_same_key(root):
    assert key(root) == key(root)
    assert key(root, "HEAD") == key(root, "HEAD") != key(root)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: commit(root, {"spec/a.yaml": b"a: 2\n"}),
        lambda root: git(root, "commit", "--amend", "-qm", "Other words"),
        lambda root: git(root, "checkout", "-qb", "other"),
        lambda root: git(root, "tag", "v1"),
        lambda root: git(root, "update-ref", "refs/trueup/ledger", "HEAD"),
        lambda root: git(root, "config", "user.name", "Eve"),
        lambda root: git(root, "update-index", "--assume-unchanged", "spec/a.yaml"),
        lambda root: write(root, {".git/info/exclude": b"*.tmp\n"}),
        lambda root: write(root, {".git/shallow": b""}),
        lambda root: write(root, {".trueup/store/objects/ab/manifest.json": b"{} "}),
        lambda root: write(root, {".trueup/store/objects/cd/manifest.json": b"{}"}),
        lambda root: write(root, {".trueup/store/objects/ab/manifest.json": None}),
        lambda root: write(root, {".git/trueup/policies/b.rego": b""}),
    ],
)
def test_what_may_change_the_plan_changes_the_key(root, change: Callable[[Path], object]):
    before, committed = key(root), key(root, "HEAD")
    change(root)
    assert key(root) != before
    assert key(root, "HEAD") != committed


@pytest.mark.parametrize(
    "path",
    [
        "spec/a.yaml.log",
        ".trueup/store/digests.json",
        ".trueup/store/locks/a",
        ".trueup/cache/a",
        ".trueup/targets/prod/wanted.json",
        ".git/trueup/plans/a",
    ],
)
def test_what_cannot_change_it_does_not(root, path):
    write(root, {path: b"1"})
    before = key(root)
    write(root, {path: b"22"})
    assert key(root) == before


def test_a_file_of_an_artifact_counts_whatever_it_is_called(root):
    path = ".trueup/store/objects/ab/content/locks"
    write(root, {path: b"1"})
    before = key(root)
    write(root, {path: b"22"})
    assert key(root) != before


@pytest.mark.parametrize("more", [{"said": "other"}, {"revision": "main"}, {"revision": "HEAD", "base": "main"}])
def test_other_words_are_another_key(root, more):
    assert key(root, **more) != key(root)


def test_a_commit_is_planned_the_same_whatever_is_uncommitted_but_for_the_project_file(root):
    before = key(root, "HEAD")
    write(root, {"spec/a.yaml": b"a: 2\n", "spec/new.yaml": b""})
    assert key(root, "HEAD") == before
    write(root, {"trueup.yaml": b"kind: Other\n"})
    assert key(root, "HEAD") != before


def test_a_name_is_kept_under_the_commit_that_it_leads_to(root):
    commit(root, {"spec/a.yaml": b"a: 2\n"})
    assert key(root, "HEAD~1") != key(root, "main~0")
    whole = git(root, "rev-parse", "HEAD")
    assert key(root, whole) == key(root, whole)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root, {"spec/a.yaml": b"a: 2\n"}),
        lambda root: write(root, {"spec/new.yaml": b"a: 2\n"}),
        lambda root: write(root, {"spec/a.yaml": None}),
        lambda root: write(root, {".trueup/targets/dev/wanted.json": b"{}"}),
        lambda root: os.symlink("/nowhere", root / ".trueup/store/elsewhere"),
        lambda root: (root / ".git/index").unlink(),
        lambda root: write(root, {".git/index": b"\0" * 40}),
        lambda root: write(root, {".git/reftable/tables.list": b""}),
        lambda root: write(root, {".git/config": b"["}),
        lambda root: (root / ".git").rename(root / "git"),
        lambda root: (root / "trueup.yaml").unlink(),
    ],
)
def test_what_is_not_as_usual_is_left_to_planning(root, change: Callable[[Path], object]):
    change(root)
    with pytest.raises(CannotTellError):
        key(root)


@pytest.mark.parametrize("revision", ["nothing", "-x", "a\nb", "0" * 39])
def test_a_revision_that_leads_nowhere_is_left_to_planning(root, revision):
    with pytest.raises(CannotTellError):
        key(root, revision)


def test_a_large_store_is_left_to_planning(root, monkeypatch):
    monkeypatch.setattr(module, "_MOST_ENTRIES", 2)
    with pytest.raises(CannotTellError):
        surroundings(str(root), "dev", ("", ""), (), VARIABLES)


def test_filters_of_the_user_are_not_started(root):
    commit(root, {".gitattributes": b"*.yaml filter=trap\n"})
    trap = root.parent / "sprung"
    git(root, "config", "filter.trap.clean", f"touch {trap}; cat")
    os.utime(root / "spec/a.yaml", (1, 1))
    key(root)
    assert not trap.exists()


def test_this_program_is_part_of_the_key(root, monkeypatch):
    before = key(root)
    module._program.cache_clear()  # as another process would
    monkeypatch.setattr(module.sys, "version", "4.0")
    assert key(root) != before
    module._program.cache_clear()


def test_variables_that_trueup_or_git_look_at_are_part_of_the_words():
    said = ("plan",)
    before = words_digest(said, VARIABLES)
    assert words_digest(said, VARIABLES | {"RUN_NUMBER": "7"}) == before
    for name in ("TRUEUP_BASE", "GIT_AUTHOR_NAME", "NO_COLOR", "CLICOLOR_FORCE", "HOME", "LC_ALL"):
        assert words_digest(said, VARIABLES | {name: "x"}) != before
    assert words_digest(("pl", "an"), VARIABLES) != before
