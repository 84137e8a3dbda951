#!/usr/bin/env python3
"""One job in a process of its own, its cost as JSON: `work.py parse|validate|plan FOLDER TINY`.

The same job on the repository TINY comes first and is not counted: what is measured is work, not starting.
"""

import contextlib
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import measure


def parse(folder: Path) -> None:
    """Read every declared file with PyYAML's own fast loader and throw the values away: the baseline."""
    import yaml

    contents = [path.read_bytes() for path in sorted(folder.rglob("*.yaml"))]
    for content in contents:
        for _ in yaml.load_all(content, yaml.CSafeLoader):
            pass


def _trueup(*words: str) -> None:
    from trueup.cli.main import main

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        status = main(words)
    if status:
        raise SystemExit(f"trueup {' '.join(words)} ended with {status}")


def validate(folder: Path) -> None:
    _trueup("-C", str(folder), "validate", "--cache", "off")


def plan(folder: Path) -> None:
    _trueup("-C", str(folder), "plan", "-e", "staging", "--cache", "off")


def main(arguments: list[str]) -> None:
    jobs: dict[str, Callable[[Path], None]] = {"parse": parse, "validate": validate, "plan": plan}
    job, folder, tiny = jobs[arguments[0]], Path(arguments[1]), Path(arguments[2])
    job(tiny)
    cost = measure.call(lambda: job(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([cost.cpu_seconds, cost.wall_seconds, measure.megabytes(peak)]))


if __name__ == "__main__":
    main(sys.argv[1:])
