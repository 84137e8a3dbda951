#!/usr/bin/env python3
"""What a plan costs when nothing changed, when one file changed, and at first, in repositories of any size.

The environment that is planned has fifty deployments at every size, none of which runs yet; what grows is everything
around it. Baselines are a bare start of Python, and PyYAML's `CSafeLoader` that merely parses the same files.
Caches are those of the command itself, below `.git`; *cold* runs find them deleted. Ratios are of processor time, git's
included, as medians of rounds in which every contender ran once.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

import corpus
import measure

TRUEUP = (sys.executable, "-m", "trueup")
DEPLOYMENTS_EACH = 50
CHANGED = "spec/changed.yaml"
TEXT = """\
apiVersion: trueup/v1alpha1
kind: Model
metadata: {{name: changed, version: "1"}}
spec: {{source: {{uri: 'hf://example-models/changed', digest: 'sha256:{digest}'}}, format: gguf}}
---
apiVersion: trueup/v1alpha1
kind: Deployment
metadata: {{name: changed}}
spec: {{environment: staging, release: {{model: changed@1}}, runtime: {{engine: llama.cpp, threads: {number}}}}}
"""
PARSE = """
import yaml
from pathlib import Path
for path in sorted(Path().rglob("*.yaml")):
    for _ in yaml.load_all(path.read_bytes(), yaml.CSafeLoader):
        pass
"""


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Corpus", "-c", "user.email=corpus@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def environments(resources: int) -> int:
    """Return how many environments so many resources have, so that each has about as many deployments."""
    return max(len(corpus.ENVIRONMENTS), resources * 15 // 100 // DEPLOYMENTS_EACH)


class Repository:
    """One size, and what is measured on it."""

    def __init__(self, folder: Path, number: int = 0) -> None:
        """Take the repository in *folder*, whose file was changed *number* times."""
        self.folder, self.number = folder, number

    @classmethod
    def of(cls, folder: Path, resources: int) -> "Repository":
        """Make the new *folder* a repository of so many resources."""
        folder.mkdir()
        corpus.write(folder, resources, environments=environments(resources))
        git(folder, "config", "gc.auto", "0")
        return cls(folder)

    def judged(self, folder: Path) -> "Repository":
        """Return a copy in the new *folder* whose plans are judged by the whole rule library."""
        shutil.copytree(self.folder, folder, symlinks=True)
        settings = folder / "trueup.yaml"
        settings.write_text(settings.read_text().replace("{library: false}", "{library: true}"))
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "Judge by the library")
        return Repository(folder, self.number)

    def run(self, *words: str) -> measure.Cost:
        """Run a command of trueup; a denial is an answer like another."""
        return measure.command([*TRUEUP, *words], self.folder, allowed=(0, 3))

    def plan(self, *words: str) -> measure.Cost:
        return self.run("plan", "-e", "staging", *words)

    def cold(self, *words: str) -> measure.Cost:
        """Run a command, or plan, with nothing kept from before."""
        shutil.rmtree(self.folder / ".git/trueup", ignore_errors=True)
        return self.run(*words) if words else self.plan("--revision", "HEAD")

    def changed(self, *words: str) -> measure.Cost:
        """Plan after one file was changed and committed."""
        self.write()
        git(self.folder, "add", ".")
        git(self.folder, "commit", "-q", "-m", f"Change {self.number}")
        return self.plan(*(words or ("--revision", "HEAD")))

    def dirty(self) -> measure.Cost:
        """Plan after one file was changed and not committed."""
        self.write()
        return self.plan()

    def write(self) -> None:
        self.number += 1
        (self.folder / CHANGED).write_text(TEXT.format(number=self.number, digest="1" * 64))

    def warm(self) -> None:
        """Have everything kept that can be, and print again."""
        for words in (("--revision", "HEAD"), ()):
            for _ in range(3):
                self.plan(*words)


def rows(repository: Repository, rounds: int, cold_rounds: int) -> dict[str, list[measure.Cost]]:
    """Return the costs of every contender on *repository*."""
    bare = partial(measure.command, [sys.executable, "-c", "pass"], repository.folder)
    slow: dict[str, measure.Contender] = {
        "parse": partial(measure.command, [sys.executable, "-c", PARSE], repository.folder),
        "cold": repository.cold,
    }
    found: dict[str, list[measure.Cost]] = measure.by_turns(slow, cold_rounds) if cold_rounds else {}
    repository.warm()
    again: dict[str, measure.Contender] = {
        "bare": bare,
        "nothing changed, commit": partial(repository.plan, "--revision", "HEAD"),
        "nothing changed, work tree": repository.plan,
    }
    found |= measure.by_turns(again, rounds)
    changing: dict[str, measure.Contender] = {
        "bare again": bare,
        "one file changed, commit": repository.changed,
        "one file changed, dirty": repository.dirty,
    }
    return found | measure.by_turns(changing, rounds)


def table(found: dict[int, dict[str, list[measure.Cost]]]) -> str:
    lines = [
        "| work | resources | CPU s | wall s | peak MB | x bare Python | x CSafeLoader |",
        "| --- | ---: " + "| ---: " * 5 + "|",
    ]
    for name in (
        "nothing changed, commit",
        "nothing changed, work tree",
        "one file changed, commit",
        "one file changed, dirty",
        "parse",
        "cold",
    ):
        for size, costs in found.items():
            taken = costs.get(name)
            if taken is None:
                continue
            bare = costs["bare again" if "one file" in name else "bare"]
            times = median(c.cpu_seconds for c in taken) / median(c.cpu_seconds for c in bare)
            parse = f"{measure.ratio(taken, costs['parse']):.2f}" if name == "cold" else ""
            cpu, wall = (median(getattr(c, f"{what}_seconds") for c in taken) for what in ("cpu", "wall"))
            peak = max(c.peak_megabytes or 0 for c in taken)
            lines.append(f"| {name} | {size:,} | {cpu:.3f} | {wall:.3f} | {peak:.0f} | {times:.1f} | {parse} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold-rounds", type=int, default=3, help="rounds of reading everything; 0 leaves them out")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        found = {}
        for size in options.sizes:
            found[size] = rows(Repository.of(Path(scratch, str(size)), size), options.rounds, options.cold_rounds)
    print(table(found))


if __name__ == "__main__":
    main()
