"""What the default branch took in since it was looked at, and when all has to be looked at again."""

import pytest
from test_history import WHERE, Reader, model, on_main, trunk

from repositories import commit, git, repository
from trueup.adapters.git.history import Declared, compared, merged_since
from trueup.adapters.git.repository import Repository
from trueup.core.digests import Revision
from trueup.core.ids import ResourceId
from trueup.ports import Compared, News
from trueup.spec.parse import parse
from trueup.spec.resource import SourceFile, content_digest


@pytest.fixture
def made(tmp_path) -> Repository:
    return repository(tmp_path / "r", {"spec/a.yaml": model("1", 1), "spec/b.yaml": model("1", 1, "other")})


def looked_at(made: Repository, where: Declared = WHERE) -> Compared:
    return compared(made, trunk(made), where, {}, Reader())


def since(made: Repository, earlier: Compared, where: Declared = WHERE) -> News | None:
    tip = made.default_branch("main")
    assert tip is not None
    return merged_since(made, tip, earlier, where, Reader())


def sizes(news: News | None) -> dict[str, int]:
    """Return the size in the first content of each version."""
    assert news is not None
    contents = {}
    for id_, digest in news.seen.items():
        for size in range(9):
            read = Reader()([SourceFile("x", "", model(id_.version, size, id_.name))], None)
            if content_digest(read.resources[ResourceId("Model", id_.name, id_.version)]) == digest:
                contents[f"{id_.name}@{id_.version}"] = size
    return contents


def test_nothing_new_is_nothing(made):
    news = since(made, looked_at(made))
    assert news == News(made.head())


def test_the_first_content_of_each_version_is_told(made):
    earlier = looked_at(made)
    commit(made.root, {"spec/a.yaml": model("2", 2), "spec/c.yaml": model("3", 3), "text.txt": b"elsewhere"})
    commit(made.root, {"spec/a.yaml": model("2", 4), "spec/c.yaml": None})
    assert sizes(since(made, earlier)) == {"m@2": 2, "m@3": 3}
    assert since(made, earlier).tip == made.head()


def test_a_merged_branch_counts_as_one_commit(made):
    earlier = looked_at(made)
    git(made.root, "checkout", "--quiet", "-b", "change")
    commit(made.root, {"spec/a.yaml": model("2", 2)})
    commit(made.root, {"spec/a.yaml": model("2", 5)})
    git(made.root, "checkout", "--quiet", "main")
    commit(made.root, {"spec/z.yaml": model("9", 1)})
    git(made.root, "merge", "--quiet", "--no-ff", "-m", "Merge", "change")
    assert sizes(since(made, earlier)) == {"m@9": 1, "m@2": 5}


def test_a_branch_that_went_another_way_is_looked_at_as_a_whole(made):
    start = made.head()
    commit(made.root, {"spec/a.yaml": model("2", 2)})
    earlier = looked_at(made)
    git(made.root, "reset", "--quiet", "--hard", start)
    assert since(made, earlier) is None
    commit(made.root, {"spec/a.yaml": model("2", 3)})
    assert since(made, earlier) is None


def test_what_was_looked_at_must_lie_on_the_first_parents(made):
    git(made.root, "checkout", "--quiet", "-b", "change")
    commit(made.root, {"spec/a.yaml": model("2", 2)})
    git(made.root, "branch", "--force", "main", "change")
    earlier = looked_at(made)
    git(made.root, "branch", "--force", "main", "change~1")
    git(made.root, "checkout", "--quiet", "main")
    commit(made.root, {"spec/z.yaml": model("9", 1)})
    git(made.root, "merge", "--quiet", "--no-ff", "-m", "Merge", "change")
    assert since(made, earlier) is None


def test_another_project_file_is_looked_at_as_a_whole(tmp_path):
    where = Declared(("spec",), (".yaml",), Revision("f" * 40), "trueup.yaml")
    made = repository(tmp_path / "r", {"spec/a.yaml": model("1", 1), "trueup.yaml": model("0", 1)})
    earlier = looked_at(made, where)
    commit(made.root, {"spec/a.yaml": model("2", 1)})
    assert since(made, earlier, where) is not None
    commit(made.root, {"trueup.yaml": model("0", 2)})
    assert since(made, earlier, where) is None


def test_very_much_is_looked_at_as_a_whole(made, monkeypatch):
    earlier = looked_at(made)
    monkeypatch.setattr("trueup.adapters.git.history._MOST_NEWS", 1)
    commit(made.root, {"spec/a.yaml": model("2", 1)})
    assert since(made, earlier) is not None
    commit(made.root, {"spec/a.yaml": model("3", 1)})
    assert since(made, earlier) is None


def test_where_commits_are_missing_all_is_looked_at(made, tmp_path):
    commit(made.root, {"spec/a.yaml": model("2", 1)})
    git(tmp_path, "clone", "--quiet", "--depth", "1", made.root.as_uri(), "shallow")
    shallow, _ = on_main(tmp_path / "shallow")
    assert merged_since(shallow, shallow.head(), Compared((), shallow.head(), ("spec",)), WHERE, Reader()) is None


def test_where_nothing_was_looked_at_there_is_no_since(made):
    assert since(made, Compared(())) is None


def test_a_broken_file_hides_no_version_of_another_file(made):
    source = f"{{uri: 'file:m', digest: 'sha256:{1:064}'}}"
    head = "apiVersion: trueup/v1alpha1\nkind: Model\nmetadata: {name: m, version: '2'}\n"
    good = f"{head}spec: {{source: {source}, format: gguf}}\n".encode()
    broken = f"{head}spec: {{source: {source}, format: gguf, no: field}}\n".encode()
    earlier = looked_at(made)
    commit(made.root, {"spec/x.yaml": broken, "spec/y.yaml": good, "spec/z.yaml": broken})
    news = merged_since(made, made.head(), earlier, WHERE, parse)
    assert news is not None
    assert list(news.seen) == [ResourceId("Model", "m", "2")]


def test_where_commits_were_given_other_parents_all_is_looked_at(made):
    earlier = looked_at(made)
    commit(made.root, {"spec/a.yaml": model("2", 2)})
    grafts = made.common_dir / "info" / "grafts"
    grafts.write_text(f"{made.head()}\n")
    assert since(made, earlier) is None
    assert looked_at(made).tip is None
    grafts.unlink()
    assert sizes(since(made, earlier)) == {"m@2": 2}
    assert looked_at(made).tip == made.head()
