"""First sightings: what of the default branch's history is read, and what is found there."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from repositories import commit, git, repository
from trueup.adapters.git import codes
from trueup.adapters.git.base import Trunk
from trueup.adapters.git.history import Declared, compared, file_versions, first_sightings
from trueup.adapters.git.repository import Repository
from trueup.adapters.git.trees import CommitTree
from trueup.adapters.git.work_tree import WorkTree
from trueup.core.diagnostics import Severity
from trueup.core.digests import BlobId, Revision, digest_of_bytes
from trueup.core.ids import ResourceId
from trueup.core.json import canonical
from trueup.ports import SourceTree
from trueup.spec.codes import VERSION_CHANGED
from trueup.spec.parse import parse
from trueup.spec.resource import Origin, Parsed, Resource, SourceFile
from trueup.spec.yaml.load import load_file

WHERE = Declared(("spec",), (".yaml",), Revision("f" * 40))


@dataclass
class Reader:
    """Reads `Kind: name@version` files, and remembers which ones it was asked to read."""

    read_files: list[str] = field(default_factory=list)

    def __call__(self, files: Iterable[SourceFile], read) -> Parsed:
        found = {}
        for file in files:
            self.read_files.append(f"{file.path}:{file.content.decode()}")
            for document in load_file(file).documents:
                value = dict(document.value)
                if "file" in value:
                    value["content"] = read(value["file"]).decode()
                id_ = ResourceId("Model", value["name"], str(value.get("version", "")))
                spelled = canonical(value)
                origin = Origin(file.path, file.blob, document.index, document.line)
                found[id_] = Resource(id_, digest_of_bytes(spelled), spelled, origin, ())
        return Parsed(found, ())


def model(version: str, size: int, name: str = "m") -> bytes:
    return f"kind: Model\nname: {name}\nversion: '{version}'\nsize: {size}\n".encode()


def trunk(made: Repository) -> Trunk:
    return Trunk("main", made.default_branch("main"))


def on_main(folder) -> tuple[Repository, Trunk]:
    made = Repository.discover(folder)
    return made, trunk(made)


def check(made: Repository, tree: SourceTree | None = None) -> tuple[list[str], list[str]]:
    """Return the changed versions under review and the files that were read from history."""
    tree = tree or CommitTree(made, made.head())
    under_review = Reader()(tree.files(WHERE.folders, WHERE.suffixes), tree.read).resources
    reader = Reader()
    problems = compared(made, trunk(made), WHERE, under_review, reader).diagnostics
    return [d.detail.split("`")[1] for d in problems if d.code is VERSION_CHANGED], reader.read_files


@pytest.fixture
def made(tmp_path) -> Repository:
    return repository(tmp_path / "r", {"spec/a.yaml": model("1", 1), "spec/b.yaml": model("1", 1, "other")})


def test_history_is_told_newest_first_with_commit_path_and_blob(made):
    second = commit(made.root, {"spec/a.yaml": model("1", 2), "README": b""})
    third = commit(made.root, {"spec/a.yaml": None})
    told = [(v.revision, v.path, bool(v.blob)) for v in file_versions(made, made.head(), ["spec"])]
    first = git(made.root, "rev-list", "--max-parents=0", "HEAD")
    assert told == [
        (third, "spec/a.yaml", False), (second, "spec/a.yaml", True),
        (first, "spec/a.yaml", True), (first, "spec/b.yaml", True),
    ]  # fmt: skip


def test_files_that_never_changed_are_not_read_again(made):
    commit(made.root, {"spec/c.yaml": model("2", 1)})
    assert check(made) == ([], [])


def test_a_version_changed_on_the_branch_is_found(made):
    commit(made.root, {"spec/a.yaml": model("1", 2)})
    changed, read = check(made)
    assert changed == ["Model/m@1"]
    assert len(read) == 1


def test_a_version_changed_in_a_pull_request_is_found(made):
    git(made.root, "switch", "--quiet", "-c", "feature")
    commit(made.root, {"spec/a.yaml": model("1", 2)})
    assert check(made)[0] == ["Model/m@1"]


def test_a_version_changed_in_the_work_tree_is_found(made):
    (made.root / "spec/a.yaml").write_bytes(model("1", 2))
    assert check(made, WorkTree(made))[0] == ["Model/m@1"]


def test_a_version_deleted_and_added_again_with_other_content_is_found(made):
    commit(made.root, {"spec/a.yaml": None})
    commit(made.root, {"spec/again.yaml": model("1", 2)})
    assert check(made)[0] == ["Model/m@1"]


def test_a_version_that_moved_with_its_content_is_fine(made):
    commit(made.root, {"spec/a.yaml": None, "spec/moved/a.yaml": b"# moved\n" + model("1", 1)})
    assert check(made)[0] == []


def test_a_version_that_was_given_its_first_content_back_is_fine(made):
    commit(made.root, {"spec/a.yaml": model("1", 2)})
    commit(made.root, {"spec/a.yaml": model("1", 1)})
    assert check(made)[0] == []
    commit(made.root, {"spec/a.yaml": model("1", 1) + b"# same value, other bytes\n"})
    assert check(made)[0] == []


def test_new_versions_and_other_documents_of_a_file_may_change(made):
    commit(made.root, {"spec/a.yaml": model("1", 1) + b"---\n" + model("2", 5)})
    assert check(made)[0] == []
    commit(made.root, {"spec/a.yaml": model("1", 1) + b"---\n" + model("2", 6)})
    assert check(made)[0] == ["Model/m@2"]


@pytest.mark.parametrize("text", ["spec/p.txt", "prompts/p.txt"])
def test_a_changed_text_that_a_version_includes_changes_the_version(tmp_path, text):
    declared = f"kind: Model\nname: p\nversion: '1'\nfile: {text}\n".encode()
    made = repository(tmp_path / "r", {"spec/p.yaml": declared, text: b"one", "spec/q.yaml": model("1", 1)})
    assert check(made) == ([], [])
    (made.root / text).write_bytes(b"two")
    assert check(made, WorkTree(made))[0] == ["Model/p@1"]
    commit(made.root, {})
    changed, read = check(made)
    assert changed == ["Model/p@1"]
    assert len(read) == 1
    commit(made.root, {text: b"one"})
    assert check(made)[0] == []


def test_what_was_changed_and_reverted_on_a_merged_branch_never_was_on_the_default_branch(made):
    git(made.root, "switch", "--quiet", "-c", "feature")
    commit(made.root, {"spec/n.yaml": model("1", 1, "new")})
    commit(made.root, {"spec/n.yaml": model("1", 2, "new")})
    git(made.root, "switch", "--quiet", "main")
    git(made.root, "merge", "--quiet", "--no-ff", "-m", "Merge", "feature")
    assert check(made)[0] == []
    dirty = Reader()([SourceFile("spec/n.yaml", BlobId(""), model("1", 3, "new"))], None).resources
    sighting = first_sightings(made, made.head(), WHERE, dirty, Reader()).sightings[ResourceId("Model", "new", "1")]
    assert sighting.revision == made.head()


def test_the_remote_branch_decides_where_there_is_one(made):
    clone = made.root.parent / "clone"
    git(made.root.parent, "clone", "--quiet", str(made.root), str(clone))
    cloned = Repository.discover(clone)
    for size in (2, 3):
        commit(clone, {"spec/n.yaml": model("1", size, "new")})
    assert check(cloned)[0] == []


def test_a_shallow_clone_is_compared_as_far_as_it_goes_with_a_warning(made):
    commit(made.root, {"spec/a.yaml": model("1", 2)})
    clone = made.root.parent / "clone"
    git(made.root.parent, "clone", "--quiet", "--depth=1", f"file://{made.root}", str(clone))
    problems = compared(*on_main(clone), WHERE, {}, Reader()).diagnostics
    assert [(d.code, d.severity) for d in problems] == [(codes.SHALLOW, Severity.WARNING)]
    assert "unshallow" in problems[0].hint


def test_a_version_stays_merged_when_its_folder_is_moved(tmp_path):
    def settings(folder: str) -> bytes:
        return (
            "apiVersion: trueup/v1alpha1\nkind: Project\nmetadata: {name: shop}\n"
            f"spec: {{specs: [{folder}], defaultBranch: main}}\n"
        ).encode()

    def prompt(text: str) -> bytes:
        return (
            "apiVersion: trueup/v1alpha1\nkind: Prompt\nmetadata: {name: p, version: '1'}\n"
            f"spec: {{template: {text}}}\n"
        ).encode()

    made = repository(tmp_path / "r", {"trueup.yaml": settings("spec"), "spec/p.yaml": prompt("kind")})
    moved = {"trueup.yaml": settings("declared"), "spec/p.yaml": None, "declared/p.yaml": prompt("unkind")}
    where = Declared(("declared",), (".yaml",), Revision("f" * 40), "trueup.yaml")
    for branch in ("pr", "main"):
        git(made.root, "checkout", "--quiet", "-B", branch)
        if branch == "pr":
            commit(made.root, moved)
        tree = CommitTree(made, made.head())
        under_review = parse(tree.files(where.folders, where.suffixes), tree.read).resources
        (problem,) = compared(made, trunk(made), where, under_review, parse).diagnostics
        assert problem.code is VERSION_CHANGED
    commit(made.root, {"declared/p.yaml": prompt("kind")})
    tree = CommitTree(made, made.head())
    under_review = parse(tree.files(where.folders, where.suffixes), tree.read).resources
    assert compared(made, trunk(made), where, under_review, parse).diagnostics == ()


def test_a_missing_default_branch_is_a_warning(made):
    problems = compared(made, Trunk("trunk", None), WHERE, {}, Reader()).diagnostics
    assert [(d.code, d.severity) for d in problems] == [(codes.NO_DEFAULT_BRANCH, Severity.WARNING)]


def test_before_the_first_commit_nothing_was_merged_and_nothing_is_warned_of(tmp_path):
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    assert compared(*on_main(tmp_path), WHERE, {}, Reader()).diagnostics == ()


def test_the_users_configuration_does_not_change_what_is_seen(made):
    for key, value in {"log.showRoot": "false", "diff.renames": "copies", "core.abbrev": "4",
                       "diff.relative": "true", "color.ui": "always", "log.showSignature": "true"}.items():  # fmt: skip
        git(made.root, "config", key, value)
    commit(made.root, {"spec/a.yaml": None, "spec/moved.yaml": model("1", 2)})
    assert check(made)[0] == ["Model/m@1"]


def test_past_files_that_declare_no_versioned_kind_are_not_parsed(made):
    for replicas in (1, 2, 3):
        commit(made.root, {"spec/d.yaml": b"kind: Deployment\nname: d\nreplicas: %d\n" % replicas})
    commit(made.root, {"spec/e.yaml": b'kind: "\\x4dodel"\nname: e\nversion: "1"\n'})
    commit(made.root, {"spec/e.yaml": model("1", 1, "e")})
    changed, read = check(made)
    assert changed == ["Model/e@1"]
    assert len(read) == 1


def test_one_broken_file_of_the_past_does_not_hide_the_others(made):
    commit(made.root, {"spec/a.yaml": b"a: [\n", "spec/b.yaml": model("1", 2, "other")})
    commit(made.root, {"spec/a.yaml": model("1", 1)})
    assert check(made)[0] == ["Model/other@1"]
