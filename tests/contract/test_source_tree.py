"""What every source tree does, and what trees of git do besides."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes import FakeTree
from repositories import commit, git, repository, write
from trueup.adapters.git import codes
from trueup.adapters.git.objects import blob_id
from trueup.adapters.git.repository import GitError, Repository
from trueup.adapters.git.trees import CommitTree
from trueup.adapters.git.work_tree import WorkTree
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.ports import SourceTree

FILES: dict[str, bytes | None] = {
    "trueup.yaml": b"kind: Project\n",
    "spec/b.yaml": b"b: 1\r\n",
    "spec/a.yaml": b"a: 1\n",
    "spec/a/z.yml": "é: ü".encode(),
    "spec/a-b/x.yaml": b"",
    "spec/deep/er/d.yaml": b"d: 1",
    "spec/text.txt": b"text",
    'spec/\xc3\xa9 blank".yaml'.encode("latin-1").decode(): b"odd: name\n",
    "special/s.yaml": b"s: 1\n",
    "spec/large.yaml": b"#" * 3000,
}
LIMIT = 2000

Make = Callable[[dict[str, bytes | None]], SourceTree]


@pytest.fixture(params=["commit", "work tree", "fake"])
def tree(request, tmp_path) -> SourceTree:
    if request.param == "fake":
        return FakeTree({k: v for k, v in FILES.items() if v is not None}, "1" * 40, LIMIT)
    made = repository(tmp_path / "r", FILES)
    if request.param == "commit":
        return CommitTree(made, made.head(), limit_bytes=LIMIT)
    return WorkTree(made, limit_bytes=LIMIT)


def test_files_come_in_path_order_with_blob_id_and_bytes(tree):
    found = list(tree.files(["spec"], [".yaml", ".yml"]))
    expected = sorted(p for p in FILES if p.startswith("spec/") and p.endswith((".yaml", ".yml")))
    assert [f.path for f in found] == expected
    for file in found:
        assert file.blob == blob_id(FILES[file.path], 40)
        assert file.content == (FILES[file.path] if file.path != "spec/large.yaml" else b"")


def test_listing_gives_what_files_gives_without_reading_it(tree):
    for folders in (["spec"], ["."], ["special", "spec/deep"], [], ["absent"]):
        listed = tree.listed(folders, [".yaml", ".yml"])
        files = list(tree.files(folders, [".yaml", ".yml"]))
        assert [(f.path, f.blob) for f in listed] == [(f.path, f.blob) for f in files]
        assert list(tree.read_listed(listed)) == files
        assert list(tree.read_listed(listed[1::2])) == files[1::2]


def test_only_the_folders_asked_for_are_given_whatever_was_read_before(tree):
    everything = list(tree.files(["."], [""]))
    assert len(everything) == len(FILES)
    assert [f.path for f in tree.files(["special"], [".yaml"])] == ["special/s.yaml"]
    assert [f.path for f in tree.files(["spec/a.yaml"], [".yaml"])] == ["spec/a.yaml"]
    assert not list(tree.files(["nothing"], [""]))


def test_a_file_beyond_the_limit_comes_with_its_id_and_without_bytes(tree):
    (large,) = [f for f in tree.files(["spec"], [".yaml"]) if f.path == "spec/large.yaml"]
    assert large.content == b""
    assert large.blob == blob_id(b"#" * 3000, 40)
    assert tree.read("spec/large.yaml").code is codes.FILE_TOO_LARGE


def test_several_folders_give_each_file_once(tree):
    found = [f.path for f in tree.files(["special", "spec/deep", "spec/deep/er"], [".yaml"])]
    assert found == ["spec/deep/er/d.yaml", "special/s.yaml"]


@pytest.mark.parametrize("folder", ["./spec", "spec/", "spec/./deep", "spec//deep", "spec/deep/.", "./spec/deep/"])
def test_a_folder_is_the_same_however_it_is_spelled(tmp_path, folder):
    made = repository(tmp_path / "r", FILES)
    plain = "spec/deep" if "deep" in folder else "spec"
    wanted = [f.path for f in CommitTree(made, made.head()).files([plain], [".yaml"])]
    assert wanted
    for tree in (CommitTree(made, made.head()), WorkTree(made)):
        assert [f.path for f in tree.files([folder], [".yaml"])] == wanted


def test_the_root_holds_everything(tree):
    assert len(list(tree.files(["."], [".yaml", ".yml", ".txt"]))) == len(FILES)


@pytest.mark.parametrize("folders", [[], ["absent"], ["spe"], ["spec/*"], ["spec/a.yaml/x"]])
def test_folders_without_files_give_none(tree, folders):
    assert list(tree.files(folders, [".yaml"])) == []


def test_reading_can_stop_early(tree):
    assert next(iter(tree.files(["spec"], [".yaml"]))).path == "spec/a-b/x.yaml"


def test_one_file_is_read_by_its_path(tree):
    assert tree.read("spec/b.yaml") == b"b: 1\r\n"
    assert tree.read("./spec//deep/./er/d.yaml") == b"d: 1"
    assert tree.read('spec/\u00e9 blank".yaml') == b"odd: name\n"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/etc/passwd", codes.BAD_PATH),
        ("../outside", codes.BAD_PATH),
        ("spec/../../outside", codes.BAD_PATH),
        ("spec/..", codes.BAD_PATH),
        ("~/file", codes.BAD_PATH),
        ("spec\\a.yaml", codes.BAD_PATH),
        ("spec/a.yaml\n", codes.BAD_PATH),
        ("spec/\x00", codes.BAD_PATH),
        (".git/config", codes.BAD_PATH),
        (".GIT/config", codes.BAD_PATH),
        ("", codes.NOT_A_FILE),
        (".", codes.NOT_A_FILE),
        ("spec", codes.NOT_A_FILE),
        ("spec/", codes.NOT_A_FILE),
        ("spec/absent.yaml", codes.NO_SUCH_FILE),
        ("absent/a.yaml", codes.NO_SUCH_FILE),
        ("spec/a.yaml/x", codes.NO_SUCH_FILE),
    ],
)
def test_a_path_that_cannot_be_read_says_why(tree, path, code):
    problem = tree.read(path)
    assert isinstance(problem, Diagnostic)
    assert problem.code is code
    assert problem.hint


# What changed since a commit.

SINCE: dict[str, dict[str, bytes | None]] = {
    "nothing": {},
    "a file with another content": {"spec/a.yaml": b"a: 2\n"},
    "a new file": {"spec/new/n.yaml": b"n: 1\n"},
    "a file that is gone": {"spec/a/z.yml": None},
    "a file that moved": {"spec/a.yaml": None, "spec/z.yaml": b"a: 1\n"},
    "a file elsewhere": {"special/s.yaml": b"s: 2\n"},
    "an odd name": {'spec/\xc3\xa9 blank".yaml'.encode("latin-1").decode(): b"odd: new\n"},
    "many": {"spec/a.yaml": b"x", "spec/b.yaml": None, "spec/c.yaml": b"c", "trueup.yaml": b"y"},
}


@pytest.fixture(params=["commit", "work tree", "work tree with changes", "staged", "fake"])
def since(request, tmp_path) -> Callable[[dict[str, bytes | None]], tuple[SourceTree, Revision]]:
    """Return what makes a change to `FILES` and gives the tree and the commit before it."""

    def make(change: dict[str, bytes | None]) -> tuple[SourceTree, Revision]:
        now = {k: v for k, v in {**FILES, **change}.items() if v is not None}
        if request.param == "fake":
            fake = FakeTree(now, "2" * 40, LIMIT)
            fake.before[Revision("1" * 40)] = {k: v for k, v in FILES.items() if v is not None}
            return fake, Revision("1" * 40)
        made = repository(tmp_path / "r", FILES)
        before = made.head()
        if request.param in ("commit", "work tree"):
            commit(made.root, change)
        else:
            write(made.root, change)
        if request.param == "staged":
            git(made.root, "add", "--all")
        return (CommitTree(made, made.head()) if request.param == "commit" else WorkTree(made)), before

    return make


@pytest.mark.parametrize("change", SINCE.values(), ids=SINCE)
def test_what_differs_from_a_commit_is_told_and_can_be_read(since, change):
    tree, before = since(change)
    told = tree.changes_since(before, ["spec"])
    below = {path: content for path, content in change.items() if path.startswith("spec/")}
    assert {c.path for c in told} == below.keys()
    there = [c.file for c in told if c.file is not None]
    read = {f.path: f.content for f in tree.read_listed(there)}
    assert read == {path: content for path, content in below.items() if content is not None}
    everything = tree.changes_since(before, ["."])
    assert {c.path for c in everything} == change.keys()


def test_a_commit_that_is_not_here_is_not_compared_with(since):
    tree, _ = since({})
    assert tree.changes_since(Revision("f" * 40), ["spec"]) is None


# Trees of git.


def test_a_work_tree_that_has_changes_belongs_to_no_commit(tmp_path):
    made = repository(tmp_path / "r", FILES)
    clean = WorkTree(made)
    assert clean.changes_since(made.head(), ["spec"]) == ()
    assert clean.revision == made.head()
    write(made.root, {"special/s.yaml": b"s: 2\n"})
    elsewhere = WorkTree(made)
    assert elsewhere.changes_since(made.head(), ["spec"]) == ()
    assert elsewhere.revision == made.head()
    write(made.root, {"spec/a.yaml": b"a: 2\n"})
    changed = WorkTree(made)
    assert changed.changes_since(made.head(), ["spec"])
    assert changed.revision == ""


def test_a_file_that_only_looks_changed_is_read_as_it_is(tmp_path):
    made = repository(tmp_path / "r", FILES)
    before = commit(made.root, {"spec/a.yaml": b"a: 2\n"})
    commit(made.root, {"spec/a.yaml": b"a: 3\n"})
    write(made.root, {"spec/a.yaml": b"a: 2\n"})
    tree = WorkTree(made)
    (told,) = tree.changes_since(Revision(before), ["spec"])
    assert [f.content for f in tree.read_listed([told.file])] == [b"a: 2\n"]
    assert tree.revision == ""


@pytest.mark.parametrize("where", ["commit", "work tree", "staged"])
def test_links_are_nothing_that_can_be_told(tmp_path, where):
    made = repository(tmp_path / "r", FILES)
    before = made.head()
    (made.root / "spec/link").symlink_to("../special")
    if where != "work tree":
        git(made.root, "add", "--all")
    if where == "commit":
        git(made.root, "commit", "-q", "-m", "Link")
    tree = CommitTree(made, made.head()) if where == "commit" else WorkTree(made)
    assert tree.changes_since(before, ["spec"]) is None


def test_a_file_replaced_by_a_link_is_nothing_that_can_be_told(tmp_path):
    made = repository(tmp_path / "r", FILES)
    (made.root / "spec/a.yaml").unlink()
    (made.root / "spec/a.yaml").symlink_to("b.yaml")
    assert WorkTree(made).changes_since(made.head(), ["spec"]) is None


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_git_does_not_look_at_is_not_told(tmp_path, flag):
    made = repository(tmp_path / "r", FILES)
    git(made.root, "update-index", flag, "spec/b.yaml")
    assert WorkTree(made).changes_since(made.head(), ["spec"]) is None
    assert WorkTree(made).changes_since(made.head(), ["special"]) == ()


def test_a_conflict_is_not_told(tmp_path):
    made = repository(tmp_path / "r", FILES)
    git(made.root, "checkout", "-q", "-b", "other")
    commit(made.root, {"spec/a.yaml": b"a: other\n"})
    git(made.root, "checkout", "-q", "-")
    commit(made.root, {"spec/a.yaml": b"a: ours\n"})
    with contextlib.suppress(AssertionError):
        git(made.root, "merge", "other")
    assert WorkTree(made).changes_since(made.head(), ["spec"]) is None


@pytest.fixture
def made(tmp_path) -> Repository:
    return repository(tmp_path / "r", {"spec/a.yaml": b"a: 1\n", "other.txt": b"o\n", ".gitignore": b"*.log\n"})


def contents(tree: SourceTree) -> dict[str, bytes]:
    return {f.path: f.content for f in tree.files(["spec"], [".yaml"])}


def add_links(root: Path) -> None:
    (root / "secret").mkdir()
    (root.parent / "outside").mkdir()
    (root.parent / "outside/o.yaml").write_bytes(b"secret: 1\n")
    os.symlink("a.yaml", root / "spec/inside.yaml")
    os.symlink(root.parent / "outside/o.yaml", root / "spec/absolute.yaml")
    os.symlink("../../outside/o.yaml", root / "spec/climbing.yaml")
    os.symlink("../../outside", root / "spec/folder")
    os.symlink("nowhere", root / "spec/dangling.yaml")
    os.symlink("loop.yaml", root / "spec/loop.yaml")
    os.symlink("../.git/config", root / "spec/config.yaml")


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("kind", [CommitTree, WorkTree])
def test_links_are_no_files_and_are_read_only_inside_the_repository(made, kind, committed):
    add_links(made.root)
    if committed:
        commit(made.root, {})
    elif kind is CommitTree:
        return
    tree = CommitTree(made, made.head()) if kind is CommitTree else WorkTree(made)
    assert contents(tree) == {"spec/a.yaml": b"a: 1\n"}
    assert tree.read("spec/inside.yaml") == b"a: 1\n"
    for path in ("spec/absolute.yaml", "spec/climbing.yaml", "spec/folder/o.yaml"):
        assert tree.read(path).code is codes.BAD_PATH
    assert isinstance(tree.read("spec/config.yaml"), Diagnostic)
    for path in ("spec/dangling.yaml", "spec/loop.yaml"):
        assert tree.read(path).code in {codes.NO_SUCH_FILE, codes.NOT_A_FILE}


def read_at_once(tree, folders, suffixes):
    return [*tree.files(folders, suffixes)]


def read_what_is_listed(tree, folders, suffixes):
    return [*tree.read_listed(tree.listed(folders, suffixes))]


@pytest.mark.parametrize("read", [read_at_once, read_what_is_listed])
@pytest.mark.parametrize("kind", ["commit", "work tree", "untracked"])
def test_what_may_declare_something_and_was_not_read_is_told(made, kind, read):
    add_links(made.root)
    os.symlink("a.yaml", made.root / "spec/notes.md")
    if kind != "untracked":
        git(made.root, "add", "-A")
        git(made.root, "commit", "--quiet", "-m", "links")
    tree = CommitTree(made, made.head()) if kind == "commit" else WorkTree(made)
    assert tree.passed_over == ()
    assert [f.path for f in read(tree, ["spec"], [".yaml"])] == ["spec/a.yaml"]
    names = ("absolute.yaml", "climbing.yaml", "config.yaml", "dangling.yaml", "folder", "inside.yaml", "loop.yaml")
    assert tree.passed_over == tuple(f"spec/{name}" for name in names)


@pytest.mark.parametrize("read", [read_at_once, read_what_is_listed])
def test_a_file_that_became_something_else_is_told_and_a_deleted_one_is_not(made, read):
    (made.root / "spec/a.yaml").unlink()
    tree = WorkTree(made)
    read(tree, ["spec"], [".yaml"])
    assert tree.passed_over == ()
    os.mkfifo(made.root / "spec/a.yaml")
    tree = WorkTree(made)
    read(tree, ["spec"], [".yaml"])
    assert tree.passed_over == ("spec/a.yaml",)


def test_a_folder_replaced_by_a_link_is_not_followed(made):
    outside = made.root.parent / "outside"
    outside.mkdir()
    (outside / "a.yaml").write_bytes(b"stolen: 1\n")
    (made.root / "spec/a.yaml").unlink()
    (made.root / "spec").rmdir()
    os.symlink(outside, made.root / "spec")
    tree = WorkTree(made)
    assert contents(tree) == {}
    assert tree.read("spec/a.yaml").code is codes.BAD_PATH


def test_a_commit_does_not_see_the_work_tree_and_the_work_tree_does(made):
    first = made.head()
    second = commit(made.root, {"spec/a.yaml": b"a: 2\n", "spec/b.yaml": b"b: 1\n"})
    write(made.root, {"spec/a.yaml": b"a: 3\n"})
    assert contents(CommitTree(made, first)) == {"spec/a.yaml": b"a: 1\n"}
    assert contents(CommitTree(made, Revision(second))) == {"spec/a.yaml": b"a: 2\n", "spec/b.yaml": b"b: 1\n"}
    assert contents(WorkTree(made)) == {"spec/a.yaml": b"a: 3\n", "spec/b.yaml": b"b: 1\n"}


def test_changed_and_new_files_have_no_blob_id_and_ignored_ones_are_left_out(made):
    write(made.root, {"spec/a.yaml": b"a: 2\n", "spec/new.yaml": b"n: 1\n", "spec/x.log": b""})
    found = {f.path: f.blob for f in WorkTree(made).files(["spec"], [".yaml", ".log"])}
    assert found == {"spec/a.yaml": "", "spec/new.yaml": ""}


def test_a_listed_file_has_a_blob_id_only_when_it_has_the_bytes_of_that_blob(made):
    commit(made.root, {"spec/b.yaml": b"b: 1\n", "spec/c.yaml": b"c: 1\n", "spec/d.yaml": b"d: 1\n"})
    git(made.root, "update-index", "--assume-unchanged", "spec/d.yaml")
    write(
        made.root, {"spec/a.yaml": b"a: 2\n", "spec/b.yaml": None, "spec/d.yaml": b"d: 2\n", "spec/e.yaml": b"e: 1\n"}
    )
    tree = WorkTree(made)
    listed = tree.listed(["spec"], [".yaml"])
    assert {f.path: f.blob for f in listed if f.blob} == {"spec/c.yaml": blob_id(b"c: 1\n", 40)}
    assert list(tree.read_listed(listed)) == list(WorkTree(made).files(["spec"], [".yaml"]))
    assert tree.revision == ""


def test_listing_a_folder_of_uncommitted_files_empties_the_revision(made):
    write(made.root, {"spec/new.yaml": b"n: 1\n"})
    tree = WorkTree(made)
    tree.listed(["spec"], [".yaml"])
    assert tree.revision == ""


def test_a_staged_file_has_the_blob_id_of_the_index_and_is_not_committed(made):
    write(made.root, {"spec/a.yaml": b"a: 2\n"})
    git(made.root, "add", "spec/a.yaml")
    tree = WorkTree(made)
    assert [f.blob for f in tree.files(["spec"], [".yaml"])] == [blob_id(b"a: 2\n", 40)]
    assert tree.revision == ""


@pytest.mark.parametrize(
    "changes", [{"spec/a.yaml": b"x"}, {"spec/a.yaml": None}, {"spec/n.txt": b""}, {"spec/deep/n.yaml": b""}]
)
def test_a_work_tree_with_changes_below_the_folders_has_no_revision(made, changes):
    write(made.root, changes)
    tree = WorkTree(made)
    list(tree.files(["spec"], [".yaml"]))
    assert tree.revision == ""


def test_changes_elsewhere_do_not_matter_until_they_are_read(made):
    write(made.root, {"other.txt": b"changed\n", "spec/x.log": b"ignored"})
    tree = WorkTree(made)
    list(tree.files(["spec"], [".yaml"]))
    assert tree.revision == made.head()
    assert tree.read("other.txt") == b"changed\n"
    assert tree.revision == ""


def test_reading_an_ignored_file_or_a_changed_link_is_reading_what_is_not_committed(made):
    write(made.root, {"spec/x.log": b"ignored"})
    tree = WorkTree(made)
    assert tree.read("spec/a.yaml") == b"a: 1\n"
    assert tree.revision == made.head()
    assert tree.read("spec/x.log") == b"ignored"
    assert tree.revision == ""
    os.symlink("a.yaml", made.root / "spec/link")
    linked = WorkTree(made)
    assert linked.read("spec/link") == b"a: 1\n"
    assert linked.revision == ""


def test_files_hidden_from_git_show_as_changed_when_they_are(made):
    git(made.root, "update-index", "--assume-unchanged", "spec/a.yaml")
    clean = WorkTree(made)
    assert contents(clean) == {"spec/a.yaml": b"a: 1\n"}
    assert clean.revision == made.head()
    write(made.root, {"spec/a.yaml": b"a: hidden\n"})
    changed = WorkTree(made)
    assert [(f.blob, f.content) for f in changed.files(["spec"], [".yaml"])] == [("", b"a: hidden\n")]
    assert changed.revision == ""


def test_files_left_out_of_a_sparse_checkout_are_read_from_git(made):
    git(made.root, "update-index", "--skip-worktree", "spec/a.yaml")
    (made.root / "spec/a.yaml").unlink()
    tree = WorkTree(made)
    assert contents(tree) == {"spec/a.yaml": b"a: 1\n"}
    assert tree.revision == made.head()


def test_a_clean_file_has_the_bytes_of_its_commit_when_checkout_converts_them(made):
    git(made.root, "config", "core.autocrlf", "true")
    (made.root / "spec/a.yaml").unlink()
    git(made.root, "checkout", "--", "spec/a.yaml")
    assert (made.root / "spec/a.yaml").read_bytes() == b"a: 1\r\n"
    tree = WorkTree(made)
    assert contents(tree) == contents(CommitTree(made, made.head()))
    assert tree.read("spec/a.yaml") == b"a: 1\n"
    assert tree.revision == made.head()


def test_submodules_pipes_and_nested_repositories_are_passed_over(made):
    inner = repository(made.root.parent / "inner", {"spec/i.yaml": b"i: 1\n"})
    git(made.root, "submodule", "--quiet", "add", str(inner.root), "spec/module.yaml")
    commit(made.root, {})
    repository(made.root / "spec/nested", {"n.yaml": b"n: 1\n"})
    os.mkfifo(made.root / "spec/pipe.yaml")
    assert contents(WorkTree(made)) == {"spec/a.yaml": b"a: 1\n"}
    assert contents(CommitTree(made, made.head())) == {"spec/a.yaml": b"a: 1\n"}
    assert CommitTree(made, made.head()).read("spec/module.yaml").code in {codes.NOT_A_FILE, codes.NO_SUCH_FILE}
    assert WorkTree(made).read("spec/pipe.yaml").code is codes.NOT_A_FILE


def test_a_changed_file_beyond_the_limit_still_says_that_it_is_not_empty(made):
    write(made.root, {"spec/a.yaml": b"#" * 3000})
    (file,) = WorkTree(made, limit_bytes=LIMIT).files(["spec"], [".yaml"])
    assert (file.content, file.blob) == (b"", blob_id(b"#" * 3000, 40))


def test_a_name_that_is_not_utf_8_shows_as_text_that_can_be_printed(made):
    with open(os.path.join(os.fsencode(made.root), b"spec/\xff.yaml"), "wb") as file:
        file.write(b"x: 1\n")
    assert "spec/\\xff.yaml" in contents(WorkTree(made))
    commit(made.root, {})
    assert contents(CommitTree(made, made.head())) == contents(WorkTree(made))


def test_a_repository_without_commits_has_a_work_tree_without_revision(tmp_path):
    made = repository(tmp_path / "r")
    write(made.root, {"spec/a.yaml": b"a: 1\n"})
    tree = WorkTree(made)
    assert contents(tree) == {"spec/a.yaml": b"a: 1\n"}
    assert tree.revision == ""


def test_thousands_of_blobs_come_in_order(tmp_path):
    files: dict[str, bytes | None] = {f"spec/{n:04}.yaml": b"%d" % n * 200 for n in range(2000)}
    made = repository(tmp_path / "r", files)
    assert contents(CommitTree(made, made.head())) == files


def test_a_missing_object_is_an_error_with_a_code(made):
    blob = blob_id(b"a: 1\n", 40)
    (made.git_dir / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError) as caught:
        list(CommitTree(made, made.head()).files(["spec"], [".yaml"]))
    assert caught.value.code in {codes.OBJECT_MISSING, codes.GIT_FAILED}


def test_a_work_tree_of_its_own_reads_the_shared_objects(made):
    other = made.root.parent / "linked"
    git(made.root, "worktree", "add", "--quiet", str(other), "-b", "side")
    linked = Repository.discover(other / "spec")
    assert contents(WorkTree(linked)) == {"spec/a.yaml": b"a: 1\n"}
    assert linked.common_dir == made.git_dir


def test_looking_at_a_work_tree_starts_no_filter(tmp_path):
    made = repository(tmp_path / "r", {"spec/a.yaml": b"a: 1\n", ".gitattributes": b"* filter=evil\n"})
    canary = tmp_path / "canary"
    for driver in ("evil", "a=b"):
        for step in ("clean", "process", "smudge"):
            git(made.root, "config", f"filter.{driver}.{step}", f"touch '{canary}'; cat")
        git(made.root, "config", f"filter.{driver}.required", "true")
    write(made.root, {"spec/a.yaml": b"a: 2\n", "spec/b.yaml": b"b: 1\n", "trueup.yaml": b"t: 1\n"})
    tree = WorkTree(made)
    assert [f.content for f in tree.files(["spec"], [".yaml"])] == [b"a: 2\n", b"b: 1\n"]
    assert tree.read("trueup.yaml") == b"t: 1\n"
    assert not canary.exists()


def test_a_line_end_in_a_name_does_not_end_a_line(tmp_path):
    made = repository(tmp_path / "r", {"spec/a\nerror: b.yaml": b"a: 1\n"})
    for tree in (WorkTree(made), CommitTree(made, made.head())):
        assert [f.path for f in tree.files(["spec"], [".yaml"])] == ["spec/a\\nerror: b.yaml"]


def test_what_is_brought_under_a_name_is_told_whatever_it_is(tmp_path):
    made = repository(tmp_path / "r", {"spec/a.yaml": b"a: 1\n"})
    assert (WorkTree(made).brought(".trueup"), CommitTree(made, made.head()).brought(".trueup")) == ("", "")
    for kind, path in (("file", ".TrueUp/store/x"), ("link", ".trueup"), ("submodule", ".trueup")):
        git(made.root, "checkout", "--quiet", "-B", kind, "main")
        if kind == "submodule":
            git(made.root, "update-index", "--add", "--cacheinfo", f"160000,{made.head()},{path}")
        else:
            (made.root / path).parent.mkdir(parents=True, exist_ok=True)
            (made.root / path).symlink_to("/") if kind == "link" else (made.root / path).write_text("x")
            git(made.root, "add", "--force", path)
        git(made.root, "commit", "--quiet", "--message=Bring it")
        assert WorkTree(made).brought(".trueup") == path
        assert CommitTree(made, made.head()).brought(".trueup") == path.partition("/")[0]
