#!/usr/bin/env python3
"""What starting costs: `--version`, `--help` and `validate` of ten files, against `python -c pass`.

Bars: 5 times for `--version` and `--help`, 20 times for `validate`.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import corpus
import measure


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(arguments)
    trueup = [sys.executable, "-m", "trueup"]
    with tempfile.TemporaryDirectory() as scratch:
        all_kinds, project = Path(scratch, "kinds"), Path(scratch, "init")
        all_kinds.mkdir()
        corpus.write(all_kinds, corpus.FEWEST)
        project.mkdir()
        subprocess.run(["git", "init", "-q", "-b", "main"], cwd=project, check=True)
        subprocess.run([*trueup, "init"], cwd=project, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        here = Path(scratch)
        costs = measure.by_turns(
            {
                "python -c pass": lambda: measure.command([sys.executable, "-c", "pass"], here),
                "trueup --version": lambda: measure.command([*trueup, "--version"], here),
                "trueup --help": lambda: measure.command([*trueup, "--help"], here),
                "trueup validate, ten files of nine kinds": lambda: measure.command(
                    [*trueup, "validate", "--cache", "off"], all_kinds
                ),
                "trueup validate, what `init` writes": lambda: measure.command(
                    [*trueup, "validate", "--cache", "off"], project
                ),
                "import pydantic, one model": lambda: measure.command([sys.executable, "-c", _ONE_MODEL], here),
            },
            options.rounds,
        )
    bars = {
        "trueup --version": 5.0,
        "trueup --help": 5.0,
        "trueup validate, ten files of nine kinds": 20.0,
        "trueup validate, what `init` writes": 20.0,
    }
    print(measure.report("Start-up", costs, "python -c pass", bars))


_ONE_MODEL = "from pydantic import BaseModel\nclass M(BaseModel):\n    name: str\n"

if __name__ == "__main__":
    main()
