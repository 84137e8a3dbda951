#!/usr/bin/env python3
"""Cold validate and plan without Rego, against PyYAML's `CSafeLoader` that merely parses the same files.

Nothing is kept from run to run. *Work* leaves starting out (a tiny repository comes first in the same process);
*commands* are whole processes, starting included on both sides. `plan` reads, validates, resolves, compares and
prints an environment with a third of the deployments, none of which runs yet, so that every field is printed.

Bars: no longer than the parser, under 100 MB, and a resource of the largest size costs at most 1.3 times one of
the smallest.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

import corpus
import measure

HERE = Path(__file__).parent
TRUEUP = (sys.executable, "-m", "trueup")
JOBS = ("parse", "validate", "plan")


def work(job: str, folder: Path, tiny: Path) -> measure.Cost:
    """Run one job of `work.py` and return what it says it took."""
    words = [sys.executable, str(HERE / "work.py"), job, str(folder), str(tiny)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return measure.Cost(*json.loads(done.stdout))


def measured(folder: Path, tiny: Path, size: int, rounds: int) -> dict[str, float]:
    """Print what a repository of *size* takes, and return the processor seconds of each job for one resource."""
    costs = measure.by_turns({job: partial(work, job, folder, tiny) for job in JOBS}, rounds)
    print(measure.report(f"Work on {size} resources", costs, "parse", {"validate": 1.0, "plan": 1.0}))
    commands = {
        "CSafeLoader": partial(measure.command, [sys.executable, "-c", _PARSE], folder),
        "trueup validate, nothing kept": partial(measure.command, [*TRUEUP, "validate", "--cache", "off"], folder),
        "trueup plan -e staging, nothing kept": partial(
            measure.command, [*TRUEUP, "plan", "-e", "staging", "--cache", "off"], folder
        ),
    }
    whole = measure.by_turns(commands, rounds)
    print(measure.report(f"Commands on {size} resources, starting included", whole, "CSafeLoader"))
    return {job: median(c.cpu_seconds for c in taken) / size for job, taken in costs.items()}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    each: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        tiny = _made(Path(scratch, "tiny"), corpus.FEWEST)
        for size in options.sizes:
            folder = _made(Path(scratch, str(size)), size)
            each.append(measured(folder, tiny, size, options.rounds))
    print(f"A resource of {options.sizes[-1]} against one of {options.sizes[0]}, bar 1.3:")
    for job in JOBS:
        small, large = each[0][job], each[-1][job]
        print(f"  {job}: {small * 1e6:.0f} us -> {large * 1e6:.0f} us, x {large / small:.2f}")


def _made(folder: Path, resources: int) -> Path:
    folder.mkdir()
    corpus.write(folder, resources)
    return folder


_PARSE = """
import yaml
from pathlib import Path
for path in sorted(Path().rglob("*.yaml")):
    for _ in yaml.load_all(path.read_bytes(), yaml.CSafeLoader):
        pass
"""

if __name__ == "__main__":
    main()
