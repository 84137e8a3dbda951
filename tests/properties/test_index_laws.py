"""What an index and a change tell is what looking at everything tells, and the index that moved is the one made anew.

Random histories of small sets of files that name each other, in memory: thousands of changes in little time.
`TRUEUP_INDEX_EXAMPLES` sets how many histories there are. With `-s`, what was compared is printed.
"""

import os
import random
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import FakeTree
from indexes import FakeIndex, FakeParsedFiles, FakeTrunk
from trueup.core.digests import Revision
from trueup.desired.resolve import resolve
from trueup.ports import Remembered
from trueup.spec.groups import Narrowed
from trueup.spec.index import HEADER
from trueup.workflows.incremental import load_for
from trueup.workflows.loading import load

EXAMPLES = int(os.environ.get("TRUEUP_INDEX_EXAMPLES", "20"))
COUNTED = {"loads": 0, "valid": 0, "by the index": 0, "index moved": 0, "index made": 0}

HEAD = "apiVersion: trueup/v1alpha1\n"
PROJECT = f"{HEAD}kind: Project\nmetadata: {{name: shop}}\nspec: {{specs: [spec], policies: {{library: false}}}}\n"
NAMES, VERSIONS, PLACES, PATHS = ("a", "b"), ("1", "2"), ("dev", "test"), tuple(f"spec/{n}.yaml" for n in "pqrstu")


def model(draw: random.Random) -> str:
    name, version = draw.choice(NAMES), draw.choice(VERSIONS)
    base = f", baseModel: [{draw.choice(NAMES)}@{draw.choice(VERSIONS)}]" if draw.random() < 0.2 else ""
    phase = ", lifecycle: {phase: drained}" if draw.random() < 0.1 else ""
    # The same version has the same content, most of the time.
    content = f"vendor: v{draw.choice((0, 0, 0, 0, 0, 1))}, format: gguf{base}{phase}"
    source = f"source: {{uri: 'file:{name}', digest: 'sha256:{int(version):064}'}}"
    return f'{HEAD}kind: Model\nmetadata: {{name: {name}, version: "{version}"}}\nspec: {{{source}, {content}}}\n'


def prompt(draw: random.Random) -> str:
    text = draw.choice(("Hello.", "{file: text/one.txt}", "{file: ./text/two.txt}"))
    return (
        f'{HEAD}kind: Prompt\nmetadata: {{name: hello, version: "{draw.choice(VERSIONS)}"}}\n'
        f"spec: {{type: chat, messages: [{{role: system, content: {text}}}]}}\n"
    )


def deployment(draw: random.Random) -> str:
    named = f", prompt: hello@{draw.choice(VERSIONS)}" if draw.random() < 0.3 else ""
    return (
        f"{HEAD}kind: Deployment\nmetadata: {{name: {draw.choice(('chat', 'find'))}}}\n"
        f"spec: {{environment: {draw.choice(PLACES)}, release: {{model: {draw.choice(NAMES)}@{draw.choice(VERSIONS)}"
        f"{named}}}, runtime: {{engine: llama.cpp, threads: {draw.randint(1, 3)}}}}}\n"
    )


def environment(name: str, upstream: str = "") -> str:
    more = f", upstream: {upstream}" if upstream else ""
    return (
        f"{HEAD}kind: Environment\nmetadata: {{name: {name}}}\nspec: {{tier: dev{more}, target: {{type: process}}}}\n"
    )


def documents(draw: random.Random) -> bytes:
    if draw.random() < 0.03:
        return draw.choice((b"{", b"kind: Nothing\n", b"", b"# nothing\n"))
    makers = [draw.choice((model, model, deployment, deployment, prompt)) for _ in range(draw.choice((1, 1, 2)))]
    return "---\n".join(make(draw) for make in makers).encode()


def start(draw: random.Random) -> dict[str, bytes]:
    return {
        "trueup.yaml": PROJECT.encode(),
        "text/one.txt": b"One.",
        "text/two.txt": b"Two.",
        "spec/environments.yaml": (environment("dev") + "---\n" + environment("test", "dev")).encode(),
        "spec/p.yaml": b"---\n".join(model(random.Random(n)).encode() for n in (1,)),
    }


class Clone:
    """A repository, its default branch, and what earlier runs remember."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.files = start(draw)
        self.commits: dict[str, dict[str, bytes]] = {}
        self.history = FakeTrunk()
        self.known = Remembered(FakeParsedFiles(), FakeIndex())
        self.head = ""
        self.commit()
        self.merge()

    def tree(self, revision: str = "") -> FakeTree:
        found = FakeTree(self.commits[revision] if revision else self.files, revision)
        found.before = {Revision(r): files for r, files in self.commits.items()}
        return found

    def commit(self) -> None:
        self.head = f"{len(self.commits) + 1:040}"
        self.commits[self.head] = dict(self.files)

    def merge(self) -> None:
        self.history.commits.append(self.tree(self.head))

    def edit(self) -> None:
        draw, path = self.draw, self.draw.choice(PATHS)
        turn = draw.random()
        before = dict(self.files)
        if turn < 0.1 and path in self.files:
            del self.files[path]
        elif turn < 0.2 and path in self.files:
            self.files[draw.choice(PATHS)] = self.files.pop(path)
        elif turn < 0.27:
            self.files[draw.choice(("text/one.txt", "text/two.txt"))] = f"Text {draw.randint(1, 2)}.".encode()
        elif turn < 0.32:
            name = draw.choice(("spec/environments.yaml", "spec/z.yaml"))
            up = draw.choice(("", "dev", "test"))
            self.files[name] = (environment("dev") + "---\n" + environment("test", up)).encode()
        else:
            self.files[path] = documents(draw)
        # Most of what people keep is valid; some of what is not has to be looked at as well.
        if draw.random() < 0.85 and not load(self, "").is_valid:  # type: ignore[arg-type]
            self.files = before

    def turn(self) -> None:
        draw = self.draw
        for _ in range(draw.choice((0, 1, 1, 2, 4))):
            self.edit()
        if draw.random() < 0.6:
            self.commit()
            if draw.random() < 0.5:
                self.merge()
        if draw.random() < 0.15:  # another branch is checked out
            self.head = draw.choice(sorted(self.commits))
            self.files = dict(self.commits[self.head])
        if draw.random() < 0.05:  # the default branch was put back
            self.history.commits = self.history.commits[: draw.randint(1, len(self.history.commits))]
        if draw.random() < 0.05:
            self.known.files.packed.clear()  # type: ignore[attr-defined]
        if draw.random() < 0.03:
            self.known.index.texts = None  # type: ignore[attr-defined]

    def compare(self) -> None:
        where = self.draw.choice((*PLACES, "nowhere"))
        revision = self.draw.choice((self.head, self.head, ""))
        workspace: Any = SimpleNamespace(tree=self.tree, history=self.history)
        index = self.known.index
        moved, made = index.moved, index.made  # type: ignore[attr-defined]
        found = load_for(workspace, revision, where, self.known)
        whole = load(workspace, revision)
        assert found.diagnostics == whole.diagnostics
        if whole.is_valid:
            wanted = resolve(whole.resources, where, Revision(revision))
            assert resolve(found.resources, where, Revision(revision)) == wanted
        assert dict(found.resources) == dict(whole.resources)
        COUNTED["loads"] += 1
        COUNTED["valid"] += whole.is_valid
        COUNTED["by the index"] += isinstance(found.resources, Narrowed)
        COUNTED["index moved"] += index.moved - moved  # type: ignore[attr-defined]
        COUNTED["index made"] += index.made - made  # type: ignore[attr-defined]
        if index.moved > moved:  # type: ignore[attr-defined]
            again = Remembered(FakeParsedFiles(), FakeIndex())
            load_for(workspace, revision, where, again)
            texts, anew = (dict(i.texts) for i in (index, again.index))  # type: ignore[attr-defined]
            assert texts.pop(HEADER)
            assert anew.pop(HEADER)
            assert texts == anew


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.randoms(use_true_random=False))
def test_an_index_tells_what_looking_at_everything_tells(draw):
    clone = Clone(draw)
    for _ in range(25):
        clone.compare()
        clone.turn()


def test_the_histories_exercise_what_they_are_for():
    for seed in range(20):
        clone = Clone(random.Random(seed))
        for _ in range(40):
            clone.compare()
            clone.turn()
    print(COUNTED)
    assert COUNTED["by the index"] > 100
    assert COUNTED["index moved"] > 50
