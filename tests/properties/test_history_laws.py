"""Laws of the indexes of history: they answer what a walk over everything answers, whatever was done to them.

The walk over commits shares nothing with the index: it holds every file of every commit in memory, and reads them with
another reader of YAML. The walk over the ledger is the ledger itself.
"""

import json
import random
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
import yaml

from records import NOON, after, applied, held
from repositories import git, repository
from trueup.adapters.git.ledger import GitLedger
from trueup.adapters.git.ledger_git import LedgerGit
from trueup.adapters.git.repository import Repository
from trueup.adapters.history import changes, records
from trueup.adapters.history.changes import Asked, ChangeIndex, Found
from trueup.adapters.history.index_file import IndexFile
from trueup.adapters.history.records import IndexedRecords
from trueup.ledger.filters import Filter, filter_records
from trueup.ledger.history import serving_at
from trueup.ledger.record import Draft, RecordKind

NAMES = ("a", "b", "c", "d")
FILES = ("spec/one.yaml", "spec/two.yaml", "spec/deep/three.yml", "spec/notes.txt", "other/four.yaml")
REF = "refs/trueup/ledger"

Values = dict[str, dict[str, int]]
"""By file and name: the value that a document has."""


@dataclass
class Commit:
    date: int
    parents: list[int]
    files: dict[str, bytes]
    values: Values
    id: str = ""
    rank: int = 0


@dataclass
class World:
    """A history in memory, and the same one in git."""

    rng: random.Random
    repository: Repository
    commits: list[Commit] = field(default_factory=list)

    def grow(self, count: int) -> None:
        """Add commits: edits, moves, deletions, broken files, branches and merges."""
        start = len(self.commits)
        for _ in range(count):
            self.commits.append(self.next())
        mark = {
            number: f":{number + 1}" if number >= start else self.commits[number].id
            for number in range(len(self.commits))
        }
        stream = b"".join(self.spelled(number, mark) for number in range(start, len(self.commits)))
        marks = self.repository.git_dir / "marks"
        command = ["git", "fast-import", "--quiet", "--force", f"--export-marks={marks}"]
        subprocess.run(command, cwd=self.repository.root, input=stream, check=True)
        for line in marks.read_text().splitlines():
            number, id_ = line[1:].split()
            self.commits[int(number) - 1].id = id_

    def next(self) -> Commit:
        rng = self.rng
        parents = [rng.randrange(max(0, len(self.commits) - 6), len(self.commits))] if self.commits else []
        if len(self.commits) > 3 and rng.random() < 0.2:
            other = rng.randrange(len(self.commits))
            parents += [other] if other not in parents else []
        sides = [self.commits[p] for p in parents]
        values = {path: dict((sides[0].values if sides else {}).get(path, {})) for path in FILES}
        files = dict(sides[0].files) if sides else {}
        for side in sides[1:]:
            for path in FILES:
                if rng.random() < 0.5:
                    values[path] = dict(side.values.get(path, {}))
                    files.pop(path, None)
                    files |= {path: side.files[path]} if path in side.files else {}
        if not sides[1:] or rng.random() < 0.3:
            self.edit(values, files)
        # Clocks go wrong: now and then a commit is older than its parent, or as old.
        date = max((side.date for side in sides), default=1_700_000_000) + rng.choice((60, 60, 0, -500))
        rank = max([date, *(side.rank + 1 for side in sides)])
        return Commit(date, parents, files, values, rank=rank)

    def edit(self, values: Values, files: dict[str, bytes]) -> None:
        rng = self.rng
        for _ in range(rng.randrange(4)):
            path, name = rng.choice(FILES), rng.choice(NAMES)
            home = next((p for p, documents in values.items() if name in documents), path)
            action = rng.choice(("set", "move", "delete", "break", "format", "twice", "remove"))
            match action:
                case "set":
                    values[home][name] = rng.randrange(4)
                case "twice":
                    values[path][name] = rng.randrange(4)
                case "move" if name in values[home]:
                    values[path][name] = values[home].pop(name) + rng.randrange(2)
                case "delete":
                    values[home].pop(name, None)
                case "remove":
                    values[path] = {}
            for changed in {path, home}:
                files[changed] = spelled(values[changed], rng)
                if action == "break":
                    files[changed] += b"---\nkind: [Prompt\n"
                if action == "remove":
                    del files[changed]
                    values[changed] = {}

    def spelled(self, number: int, mark: dict[int, str]) -> bytes:
        """Return one commit as `git fast-import` reads it."""
        commit = self.commits[number]
        who = f"committer Ada <ada@example.com> {commit.date} +0000"
        lines = [f"commit refs/heads/n{number}", f"mark :{number + 1}", who, "data 1\nx"]
        lines += [f"{word} {mark[p]}" for word, p in zip(("from", "merge"), commit.parents, strict=False)]
        out = "\n".join(lines).encode() + b"\ndeleteall\n"
        for path, content in commit.files.items():
            out += f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
        return out + b"\n"

    def walked(self, head: int, name: str) -> list[tuple[str, ...]]:
        """Return what commits up to *head* did to the Prompt called *name*, found by looking at all of them."""
        seen, rest = set(), [head]
        while rest:
            number = rest.pop()
            if number not in seen:
                seen.add(number)
                rest += self.commits[number].parents
        address = f"Prompt/{name}@1"
        told = [(c.rank, c.id, t) for c in map(self.commits.__getitem__, seen) if (t := self.did(c, address))]
        return [(id_, *t) for _, id_, t in sorted(told, key=lambda row: (-row[0], row[1]))]

    def did(self, commit: Commit, address: str) -> tuple[str, ...] | None:
        sides = [self.commits[p].files for p in commit.parents] or [{}]
        own = [p for p in FILES if p.startswith("spec/") and p.endswith(("yaml", "yml"))]
        own = [p for p in own if all(side.get(p) != commit.files.get(p) for side in sides)]
        new = [(p, d) for p in sorted(own) for d in declared(commit.files.get(p, b"")).get(address, [])]
        old = [[(p, d) for p in sorted(own) for d in declared(side.get(p, b"")).get(address, [])] for side in sides]
        if any(sorted(before) == sorted(new) for before in old):
            return None
        before = old[0]
        if not before:
            return "create", new[0][0], ""
        if not new:
            return "delete", before[0][0], ""
        is_moved = sorted(d for _, d in before) == sorted(d for _, d in new)
        former = before[0][0] if before[0][0] != new[0][0] else ""
        return "move" if is_moved else "update", new[0][0], former


def spelled(documents: dict[str, int], rng: random.Random) -> bytes:
    """Spell documents: comments and the order of keys change, and mean nothing."""
    parts = []
    for name, value in documents.items():
        lines = [f"  size: {value}", "  text: |\n    a line\n    --- and no beginning"]
        rng.shuffle(lines)
        note = f"# note {rng.randrange(9)}\n" if rng.random() < 0.3 else ""
        head = f"kind: Prompt\nmetadata: {{name: {name}, version: '1'}}\n"
        parts.append(f"{note}{head}spec:\n" + "\n".join(lines) + "\n")
    return "---\n".join(parts).encode()


def declared(content: bytes) -> dict[str, list[str]]:
    """Read documents one by one; one that is broken declares nothing."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"(?m)^---\n", content.decode()):
        try:
            value = yaml.safe_load(part)
        except yaml.YAMLError:
            continue
        if value:
            address = f"Prompt/{value['metadata']['name']}@1"
            found.setdefault(address, []).append(json.dumps(value, sort_keys=True))
    return found


def shown(found: list[Found]) -> list[tuple[str, ...]]:
    return [(f.revision, f.did, f.path, f.former) for f in found]


def change_index(world: World, folder: Path) -> ChangeIndex:
    return ChangeIndex(world.repository, IndexFile(folder, "changes", "1", changes.TABLES), ("spec",))


@pytest.mark.parametrize("seed", range(12))
def test_commits_found_by_index_are_those_of_a_walk_on_any_branch_after_any_growth(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    world = World(rng, repository(tmp_path / "repository"))
    index = change_index(world, tmp_path / "index")
    for _ in range(6):
        world.grow(rng.randrange(1, 12))
        hurt(tmp_path / "index", rng)
        for _ in range(4):
            head = rng.choice((len(world.commits) - 1, rng.randrange(len(world.commits))))
            name = rng.choice(NAMES)
            found = index.find(world.commits[head].id, Asked(rng.choice((f"Prompt/{name}", f"Prompt/{name}@1", name))))
            assert shown(found) == world.walked(head, name)


def test_a_limit_and_times_choose_among_the_commits(tmp_path: Path) -> None:
    world = World(random.Random(1), repository(tmp_path / "repository"))
    world.grow(40)
    index, head = change_index(world, tmp_path / "index"), world.commits[-1].id
    everything = index.find(head, Asked("Prompt/a"))
    dates = {commit.id: commit.date for commit in world.commits}
    middle = sorted(dates[f.revision] for f in everything)[len(everything) // 2]
    assert index.find(head, Asked("Prompt/a", most=2)) == everything[:2]
    since = index.find(head, Asked("Prompt/a", since=middle))
    assert since == [f for f in everything if dates[f.revision] >= middle]
    until = index.find(head, Asked("Prompt/a", until=middle))
    assert until == [f for f in everything if dates[f.revision] < middle]
    assert len(since) * len(until) > 0
    assert index.find(head, Asked("Prompt/nobody")) == []


def test_builders_at_once_all_answer_as_a_walk_does(tmp_path: Path) -> None:
    world = World(random.Random(2), repository(tmp_path / "repository"))
    world.grow(60)
    wrong: list[object] = []

    def build(number: int) -> None:
        head = len(world.commits) - 1 - number
        found = shown(change_index(world, tmp_path / "index").find(world.commits[head].id, Asked("Prompt/b")))
        if found != world.walked(head, "b"):
            wrong.append((head, found))

    at_once(build, 6)
    assert wrong == []


def hurt(folder: Path, rng: random.Random) -> None:
    """Do to an index what may happen to a file; half of the time nothing."""
    files = sorted(folder.glob("*.sqlite")) if folder.exists() else []
    for file in files:
        content = file.read_bytes()
        match rng.randrange(10):
            case 0:
                file.unlink()
            case 1:
                file.write_bytes(content[: rng.randrange(len(content) + 1)])
            case 2:
                file.write_bytes(rng.randbytes(len(content)))
            case 3:
                page = rng.randrange(len(content) // 4096 + 1) * 4096
                file.write_bytes(content[:page] + bytes(len(content[page : page + 4096])) + content[page + 4096 :])
            case 4:
                shutil.rmtree(folder)
                return


def at_once(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# The ledger


@dataclass
class Book:
    """A ledger and its index."""

    rng: random.Random
    repository: Repository
    folder: Path

    @property
    def ledger(self) -> GitLedger:
        return GitLedger(self.repository, REF)

    @property
    def index(self) -> IndexedRecords:
        file = IndexFile(self.folder, "records", "1", records.TABLES)
        tip = self.repository.ask("rev-parse", "--verify", "--quiet", REF) or ""
        return IndexedRecords(LedgerGit(self.repository), tip, file, self.ledger.records)

    def draft(self) -> Draft:
        rng = self.rng
        environment, minutes = rng.choice(("dev", "prod")), rng.randrange(200)
        if rng.random() < 0.2:
            return held(rng.choice(NAMES), minutes=minutes, environment=environment)
        deployment = rng.choice(("support", "search"))
        kind = rng.choice((RecordKind.APPLY, RecordKind.APPLY, RecordKind.ROLLBACK))
        removed = (f"Deployment/{environment}/{rng.choice(('support', 'old'))}",) if rng.random() < 0.3 else ()
        name = rng.choice((*NAMES, ""))
        return applied(
            name, environment=environment, minutes=minutes, deployment=deployment, kind=kind, removed=removed
        )

    def wanted(self) -> Filter:
        rng = self.rng
        names = (
            "Deployment/support",
            "Deployment/dev/support",
            "support",
            "Prompt/support@1",
            "Prompt/support",
            "x",
            "",
        )
        return Filter(
            resource=rng.choice(names),
            environment=rng.choice(("", "dev", "nowhere")),
            since=rng.choice((None, after(rng.randrange(200)))),
            until=rng.choice((None, after(rng.randrange(200)))),
            kinds=rng.choice(((), (RecordKind.HOLD,), (RecordKind.APPLY, RecordKind.ROLLBACK))),
        )

    def assert_lawful(self) -> None:
        wanted, most = self.wanted(), self.rng.randrange(4)
        walked = list(islice(filter_records(self.ledger.records(), wanted), most or None))
        assert list(self.index.matching(wanted, most)) == walked
        time, environment = NOON + timedelta(minutes=self.rng.randrange(-5, 205)), self.rng.choice(("", "dev", "prod"))
        served = serving_at(self.ledger.records(), time, environment or None)
        assert serving_at(self.index.deciding(time, environment), time, environment or None) == served


@pytest.mark.parametrize("seed", range(6))
def test_records_found_by_index_are_those_of_a_walk_after_growth_and_moved_refs(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    book = Book(rng, repository(tmp_path / "repository"), tmp_path / "index")
    tips = [""]
    for _ in range(7):
        for _ in range(rng.randrange(1, 4)):
            record = book.ledger.append(book.draft())
            tips.append(record.commit)
        book.assert_lawful()
        hurt(tmp_path / "index", rng)
        book.assert_lawful()
        if rng.random() < 0.4:  # the ledger of another clone takes the place of this one
            tip = rng.choice(tips)
            git(book.repository.root, *(("update-ref", REF, tip) if tip else ("update-ref", "-d", REF)))
            book.assert_lawful()


def test_indexes_made_at_once_all_answer_as_a_walk_does(tmp_path: Path) -> None:
    book = Book(random.Random(3), repository(tmp_path / "repository"), tmp_path / "index")
    for _ in range(12):
        book.ledger.append(book.draft())
    walked = list(filter_records(book.ledger.records(), Filter(resource="Deployment/support")))
    answers: list[bool] = []
    at_once(lambda _: answers.append(list(book.index.matching(Filter(resource="Deployment/support"))) == walked), 6)
    assert answers == [True] * 6
