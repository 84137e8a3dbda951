"""A plan that takes what earlier runs found out is the plan that was made from nothing, to the last byte.

Random histories: edits, renames, copies, deletions, new versions, broken files, commits, branches, rebases, amended
commits, damaged and deleted caches, other versions of trueup, other settings. After each step the plan is made three
times, twice with caches and once without. `TRUEUP_INCREMENTAL_EXAMPLES` sets how many histories there are; each has 20
steps. With `-s`, what was compared is printed.
"""

import io
import os
import random
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import chdir, suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from repositories import AUTHOR, commit, git, repository
from trueup.adapters.caches import identity, surroundings
from trueup.adapters.caches.parsed_files import SqliteParsedFiles
from trueup.cli.console import Console
from trueup.cli.main import run
from trueup.core.digests import BlobId
from trueup.workflows import incremental

EXAMPLES = int(os.environ.get("TRUEUP_INCREMENTAL_EXAMPLES", "3"))
COUNTED = {"plans": 0, "valid": 0, "printed again": 0, "files recalled": 0, "loaded by the index": 0, "index moved": 0}
"""What was compared: plans with caches, those of them that were plans, and what was not done again for them."""

HEAD = "apiVersion: trueup/v1alpha1\n"
PROJECT = f"{HEAD}kind: Project\nmetadata: {{name: shop}}\nspec: {{specs: [spec], policies: {{library: false}}}}\n"
_TIMES = re.compile(r'"(created_at|expires_at)": "[^"]+"|valid\s+until\s+[0-9-]+\s+[0-9:]+\s+UTC')


def environment(name: str) -> str:
    return f"{HEAD}kind: Environment\nmetadata: {{name: {name}}}\nspec: {{tier: dev, target: {{type: process}}}}\n"


def model(name: str, version: int, more: str = "") -> str:
    return (
        f'{HEAD}kind: Model\nmetadata: {{name: {name}, version: "{version}"}}\n'
        f"spec: {{source: {{uri: 'file:{name}', digest: 'sha256:{version:064}'}}, format: gguf{more}}}\n"
    )


def prompt(name: str, version: int, text: str) -> str:
    return (
        f'{HEAD}kind: Prompt\nmetadata: {{name: {name}, version: "{version}"}}\n'
        f"spec: {{type: chat, messages: [{{role: system, content: {text}}}]}}\n"
    )


def deployment(name: str, where: str, of: str, threads: int = 1) -> str:
    return (
        f"{HEAD}kind: Deployment\nmetadata: {{name: {name}}}\n"
        f"spec: {{environment: {where}, release: {{model: {of}, prompt: hello@1}}, "
        f"runtime: {{engine: llama.cpp, threads: {threads}}}}}\n"
    )


FILES = {
    "trueup.yaml": PROJECT,
    ".gitignore": "*.ignored\n",
    "text/hello.txt": "Hello.\n",
    "spec/environments.yaml": f"{environment('dev')}---\n{environment('test')}",
    "spec/models/a.yaml": model("a", 1),
    "spec/models/more.yaml": f"{model('a', 2, ', baseModel: [a@1]')}---\n{model('b', 1)}",
    "spec/prompts/hello.yaml": prompt("hello", 1, "{file: text/hello.txt}"),
    "spec/chat.yaml": deployment("chat", "dev", "a@1"),
    "spec/search.yaml": deployment("search", "dev", "b@1"),
    "spec/other.yaml": deployment("chat", "test", "a@2"),
}


def attempt(folder: Path, *arguments: str) -> None:
    """Run git where it may well refuse."""
    with suppress(AssertionError):
        git(folder, *arguments)


small = st.integers(0, 5)
chosen = st.integers(0, 1_000)


class Histories(RuleBasedStateMachine):
    """One clone, and everything that happens to it and to its caches."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trueup-histories-"))
        self.root = self.folder / "r"
        repository(self.root, {path: text.encode() for path, text in FILES.items()})
        self.variables = {**{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "TRUEUP_"))}, **AUTHOR}
        self.version = "1"
        self.branches = self.turn = self.invalid = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        print(COUNTED)

    # What people do to files.

    def specs(self) -> list[Path]:
        return sorted((self.root / "spec").rglob("*.yaml"))

    def one(self, number: int) -> Path | None:
        found = self.specs()
        return found[number % len(found)] if found else None

    @rule(number=chosen, threads=small)
    def edit(self, number: int, threads: int) -> None:
        path = self.one(number)
        if path is not None:
            text = re.sub(r"threads: \d", f"threads: {threads}", path.read_text())
            path.write_text(text + f"# {threads}\n")

    @rule(number=chosen, version=st.integers(1, 4), name=st.sampled_from(["a", "b", "nobody"]))
    def point_elsewhere(self, number: int, version: int, name: str) -> None:
        path = self.one(number)
        if path is not None:
            path.write_text(re.sub(r"model: \w+@\d", f"model: {name}@{version}", path.read_text()))

    @rule(version=st.integers(1, 4), name=st.sampled_from(["a", "b"]), digit=small)
    def declare_a_version(self, version: int, name: str, digit: int) -> None:
        (self.root / f"spec/models/{name}{version}-{digit % 2}.yaml").write_text(
            model(name, version, f", vendor: v{digit}")
        )

    @rule(number=chosen, name=st.sampled_from(["chat", "search", "third"]), where=st.sampled_from(["dev", "test"]))
    def declare_a_deployment(self, number: int, name: str, where: str) -> None:
        (self.root / f"spec/{name}-{where}.yaml").write_text(deployment(name, where, "a@1", number % 4 + 1))

    @rule(
        number=chosen,
        text=st.sampled_from(["{", "kind: Nothing\n", "", "\ta: b", "a: [1\n", "%YAML 1.1\n---\na: no\n"]),
    )
    def break_a_file(self, number: int, text: str) -> None:
        path = self.one(number)
        if path is not None:
            path.write_text(text)

    @rule(number=chosen)
    def delete(self, number: int) -> None:
        path = self.one(number)
        if path is not None:
            path.unlink()

    @rule(number=chosen, to=st.sampled_from(["spec/moved.yaml", "spec/z/moved.yaml", "spec/0.yml", "elsewhere.yaml"]))
    def rename(self, number: int, to: str) -> None:
        path = self.one(number)
        if path is not None:
            (self.root / to).parent.mkdir(parents=True, exist_ok=True)
            path.rename(self.root / to)

    @rule(number=chosen)
    def copy(self, number: int) -> None:
        path = self.one(number)
        if path is not None:
            path.with_name(f"copy-{number % 2}.yaml").write_bytes(path.read_bytes())

    @rule(number=small)
    def change_what_is_included(self, number: int) -> None:
        (self.root / "text/hello.txt").write_text(f"Hello {number}.\n")

    @rule(number=small)
    def restore_files(self, number: int) -> None:
        for path, text in FILES.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        if number % 2:
            git(self.root, "clean", "-fdq", "spec")

    @rule(number=small)
    def change_the_project(self, number: int) -> None:
        text = PROJECT.replace("[spec]", "[spec, more]") if number == 1 else PROJECT
        (self.root / "trueup.yaml").write_text("{" if number == 2 else text)

    # What people do with git.

    @rule()
    def commit_all(self) -> None:
        commit(self.root, {})

    @rule()
    def discard(self) -> None:
        git(self.root, "reset", "--hard", "--quiet")

    @rule()
    def amend(self) -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--amend", "--quiet", "--allow-empty", "-m", "Amended")

    @rule()
    def branch_off(self) -> None:
        self.branches += 1
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--allow-empty", "-m", "Before branching")
        git(self.root, "checkout", "--quiet", "-b", f"change-{self.branches}")

    @rule(number=chosen)
    def switch(self, number: int) -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--allow-empty", "-m", "Before switching")
        names = git(self.root, "branch", "--format=%(refname:short)").splitlines()
        git(self.root, "checkout", "--quiet", names[number % len(names)])

    @rule()
    def rebase(self) -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--allow-empty", "-m", "Before rebasing")
        attempt(self.root, "rebase", "--quiet", "-X", "theirs", "main")
        attempt(self.root, "rebase", "--abort")
        git(self.root, "reset", "--hard", "--quiet")

    @rule(number=small)
    def move_the_main_branch(self, number: int) -> None:
        if git(self.root, "branch", "--show-current") != "main":
            attempt(self.root, "branch", "--force", "main", "HEAD" if number % 2 else "HEAD~1")

    @rule(number=small)
    def tell_git_not_to_look(self, number: int) -> None:
        word = "--assume-unchanged" if number % 2 else "--no-assume-unchanged"
        attempt(self.root, "update-index", word, "spec/chat.yaml")

    @rule(number=small)
    def configure_git(self, number: int) -> None:
        git(self.root, "config", "user.name", f"Ada {number}")

    # What happens to caches and versions.

    @rule(seed=chosen, count=st.integers(1, 50))
    def damage(self, seed: int, count: int) -> None:
        draw = random.Random(seed)
        for path in sorted((self.root / ".git/trueup").rglob("*")):
            if path.is_file() and draw.random() < 0.6:
                content = bytearray(path.read_bytes())
                for _ in range(count if content else 0):
                    content[draw.randrange(len(content))] = draw.randrange(256)
                path.write_bytes(content[: draw.randrange(len(content) + 1)] if draw.random() < 0.3 else content)

    @rule()
    def delete_caches(self) -> None:
        shutil.rmtree(self.root / ".git/trueup", ignore_errors=True)

    @rule(version=st.sampled_from(["1", "2"]))
    def take_another_version(self, version: str) -> None:
        self.version = version

    @rule(folder=st.sampled_from(["", "shared", "off"]))
    def keep_caches_elsewhere(self, folder: str) -> None:
        self.variables["TRUEUP_CACHE"] = str(self.folder / folder) if folder == "shared" else folder

    @rule(number=small)
    def change_state(self, number: int) -> None:
        store = self.root / ".trueup/store/objects"
        store.mkdir(parents=True, exist_ok=True)
        (store / "something").write_text(str(number))

    # The law.

    @invariant()
    def caches_change_nothing(self) -> None:
        self.turn += 1
        draw = random.Random(self.turn)
        where = draw.choice(["dev", "dev", "dev", "test", "nowhere"])
        revision = draw.choice([[], [], ["--revision", "HEAD"]])
        words = ["plan", "-e", where, "-o", draw.choice(["json", "text"]), *revision]
        first, second = self.planned(words), self.planned(words)
        whole = self.planned([*words, "--cache", "off"])
        assert first == whole
        assert second == whole
        COUNTED["plans"] += 2
        COUNTED["valid"] += 2 * (whole[0] == 0)
        self.invalid = 0 if whole[0] == 0 else self.invalid + 1
        if self.invalid > 3:  # nothing is learned from a repository that stays broken
            self.restore_files(1)

    def planned(self, words: list[str]) -> tuple[int, str, str]:
        """Return how the command ends and what it says, with the times it was made at left out."""
        told, problems = io.StringIO(), io.StringIO()
        own, named, loader = surroundings._program, identity.reader_identity, identity.loader_identity
        recall, again, narrowed = SqliteParsedFiles.recall, Console.again, incremental._narrowed

        def counting_recall(files: SqliteParsedFiles, blobs: Sequence[BlobId]) -> dict[BlobId, bytes]:
            found = recall(files, blobs)
            COUNTED["files recalled"] += len(found)
            return found

        def counting_again(console: Console, text: str) -> None:
            COUNTED["printed again"] += 1
            again(console, text)

        def counting_narrowed(*arguments: Any) -> Any:
            loaded = narrowed(*arguments)
            COUNTED["loaded by the index"] += 1
            COUNTED["index moved"] += bool(arguments[-1].changes)
            return loaded

        surroundings._program = lambda: iter([self.version.encode()])
        identity.reader_identity = identity.loader_identity = lambda: f"version {self.version}".ljust(64, "x")
        incremental._narrowed = counting_narrowed
        SqliteParsedFiles.recall, Console.again = counting_recall, counting_again
        try:
            with chdir(self.root):
                code = run(words, told, problems, self.variables)
        finally:
            surroundings._program, identity.reader_identity, identity.loader_identity = own, named, loader
            incremental._narrowed = narrowed
            SqliteParsedFiles.recall, Console.again = recall, again
        return code, _TIMES.sub("", told.getvalue()), problems.getvalue()


Histories.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestHistories = Histories.TestCase
