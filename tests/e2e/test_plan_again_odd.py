"""What is odd about a repository shows in no plan that an index helped to make: it is the plan made from nothing."""

import io
import os
import re
from contextlib import chdir
from pathlib import Path

import pytest

from repositories import AUTHOR, commit, git, repository, write
from trueup.adapters.git.work_tree import WorkTree
from trueup.cli.main import run
from trueup.workflows import incremental

HEAD = "apiVersion: trueup/v1alpha1\n"
_TIMES = re.compile(r'"(created_at|expires_at)": "[^"]+"')
DEV = f"{HEAD}kind: Environment\nmetadata: {{name: dev}}\nspec: {{tier: dev, target: {{type: process}}}}\n"


def project(*folders: str) -> bytes:
    specs = f"spec: {{specs: [{', '.join(folders)}], policies: {{library: false}}}}"
    return f"{HEAD}kind: Project\nmetadata: {{name: shop}}\n{specs}\n".encode()


def model(name: str, more: str = "") -> bytes:
    source = f"{{uri: 'file:{name}', digest: 'sha256:{1:064}'}}"
    metadata = f'{{name: {name}, version: "1"}}'
    return f"{HEAD}kind: Model\nmetadata: {metadata}\nspec: {{source: {source}, format: gguf{more}}}\n".encode()


def prompt(name: str, text: str) -> bytes:
    messages = f"[{{role: system, content: {text}}}]"
    metadata = f'{{name: {name}, version: "1"}}'
    return f"{HEAD}kind: Prompt\nmetadata: {metadata}\nspec: {{type: chat, messages: {messages}}}\n".encode()


def deployment(name: str, more: str = "") -> bytes:
    spec = f"{{environment: dev, release: {{model: a@1{more}}}, runtime: {{engine: llama.cpp, threads: 1}}}}"
    return f"{HEAD}kind: Deployment\nmetadata: {{name: {name}}}\nspec: {spec}\n".encode()


class Clone:
    """A repository whose plans are made with caches and without."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.variables = {**{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "TRUEUP_"))}, **AUTHOR}
        self.by_index = 0
        narrowed = incremental._narrowed

        def counted(*arguments):
            loaded = narrowed(*arguments)
            self.by_index += 1
            return loaded

        monkeypatch.setattr(incremental, "_narrowed", counted)

    def same(self, revision: str = "") -> tuple[int, bool]:
        """Plan twice with caches and once without; return how all end, and whether the index helped the first."""
        words = ["plan", "-e", "dev", "-o", "json", *(["--revision", revision] if revision else [])]
        before = self.by_index
        first = self._planned(words)
        is_by_index = self.by_index > before
        assert first == self._planned(words) == self._planned([*words, "--cache", "off"])
        return first[0], is_by_index

    def _planned(self, words: list[str]) -> tuple[int, str, str]:
        told, problems = io.StringIO(), io.StringIO()
        with chdir(self.root):
            code = run(words, told, problems, self.variables)
        return code, _TIMES.sub("", told.getvalue()), problems.getvalue()


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Clone:
    files = {
        "trueup.yaml": project("spec"),
        ".gitignore": b"/.trueup\n",
        "text/hello.txt": b"Hello.\n",
        "spec/dev.yaml": DEV.encode(),
        "spec/models/a.yaml": model("a"),
        "spec/hello.yaml": prompt("hello", "{file: text/hello.txt}"),
        "spec/chat.yaml": deployment("chat"),
    }
    return Clone(repository(tmp_path / "r", files).root, monkeypatch)


def test_a_text_that_is_reached_through_a_link_is_seen_to_change(clone):
    commit(clone.root, {"other/text.txt": b"One.\n"})
    (clone.root / "link.txt").symlink_to("other/text.txt")
    commit(clone.root, {})
    assert clone.same() == (0, False)
    commit(clone.root, {"spec/new.yaml": prompt("new", "{file: link.txt}")})
    assert clone.same() == (0, True)
    assert clone.same("HEAD") == (0, True)
    git(clone.root, "checkout", "--quiet", "-b", "change")
    commit(clone.root, {"other/text.txt": b"Two.\n"})
    assert clone.same("HEAD") == (8, False)
    assert clone.same() == (8, False)


def test_a_text_whose_folder_became_a_link_is_seen_to_change(clone):
    assert clone.same() == (0, False)
    git(clone.root, "mv", "text", "other")
    (clone.root / "text").symlink_to("other")
    commit(clone.root, {})
    assert clone.same() == (0, True)
    commit(clone.root, {"other/hello.txt": b"Good evening.\n"})
    assert clone.same("HEAD") == (8, False)


def test_an_index_is_not_made_of_texts_that_links_lead_to(clone):
    (clone.root / "link.txt").symlink_to("text/hello.txt")
    commit(clone.root, {"spec/hello.yaml": prompt("bye", "{file: link.txt}")})
    assert clone.same() == (0, False)
    commit(clone.root, {"text/hello.txt": b"Good evening.\n"})
    assert clone.same("HEAD") == (8, False)


def test_a_text_that_nobody_takes_in_any_more_may_be_changed(clone):
    assert clone.same() == (0, False)
    commit(clone.root, {"spec/hello.yaml": prompt("bye", "Bye")})
    write(clone.root, {"text/hello.txt": b"Changed.\n"})
    assert clone.same() == (0, False)


def test_a_folder_that_loses_its_last_file_is_told_of_even_if_that_declared_nothing(clone):
    commit(clone.root, {"trueup.yaml": project("spec", "more"), "more/nothing.yaml": b"# nothing\n"})
    assert clone.same() == (0, False)
    write(clone.root, {"more/nothing.yaml": None})
    assert clone.same() == (8, False)
    commit(clone.root, {})
    assert clone.same("HEAD") == (8, False)


def test_a_file_that_is_spelled_as_another_one_does_not_take_its_place(clone):
    commit(clone.root, {"spec/a\\xff.yaml": deployment("first")})
    assert clone.same() == (0, False)
    with open(os.fsencode(clone.root) + b"/spec/a\xff.yaml", "wb") as file:
        file.write(deployment("second"))
    commit(clone.root, {})
    assert clone.same() == (0, False)
    assert clone.same("HEAD") == (0, False)


@pytest.mark.parametrize("folder", ["spec/./models", "spec//models", "spec/models/."])
def test_folders_may_be_spelled_in_odd_ways(clone, folder):
    files = {"trueup.yaml": project("spec/dev.yaml", "spec/chat.yaml", folder)}
    commit(clone.root, files)
    assert clone.same("HEAD") == (0, False)
    commit(clone.root, {"spec/models/a.yaml": model("a", ", vendor: other")})
    assert clone.same("HEAD") == (8, False)


@pytest.mark.parametrize("path", ["weights/config.json", "weights/none.json", "weights"])
def test_git_does_not_tell_of_what_it_ignores_or_may_ignore(tmp_path, path):
    found = repository(tmp_path / "r", {".gitignore": b"/weights\n", "a.txt": b"A", "spec/a.yaml": b"a"})
    write(found.root, {"weights/config.json": b"{}"})
    tree = WorkTree(found)
    assert list(tree.files(["spec"], [".yaml"]))
    tree.read("a.txt")
    assert tree.is_watched
    tree.read(path)
    assert not tree.is_watched
