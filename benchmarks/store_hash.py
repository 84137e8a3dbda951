#!/usr/bin/env python3
"""Hashing an artifact and admitting it to the store, against `sha256sum` and `cp` of the same file.

Admitting is copying, hashing, checking and making durable; `cp` with `sync` is what the copy alone takes.
"""

import argparse
import random
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

import measure


def made(path: Path, megabytes: int) -> None:
    """Write a file that nothing can compress, the same at every run."""
    rng = random.Random(1)
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(rng.randbytes(1_000_000))


def main(arguments: list[str] | None = None) -> None:
    from trueup.adapters.builders.builtin import builtin_builders
    from trueup.adapters.sources.builtin import builtin_sources
    from trueup.adapters.stores.directory import DirectoryStore
    from trueup.adapters.stores.hashing import digest_of_file
    from trueup.desired.state import ArtifactPin

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        file = root / "data.jsonl"
        made(file, options.megabytes)
        pin = ArtifactPin("file:data.jsonl", digest_of_file(file), "dataset")

        def fetch() -> None:
            store = DirectoryStore(root / "store", builtin_sources(root), builtin_builders())
            store.fetch(pin, lambda *_: None)

        def admit() -> measure.Cost:
            shutil.rmtree(root / "store", ignore_errors=True)
            return measure.call(fetch)

        contenders: dict[str, measure.Contender] = {
            "sha256sum": partial(measure.command, [_hasher(), file.name], root),
            "digest_of_file": lambda: measure.call(lambda: digest_of_file(file)),
            "cp, then sync": partial(measure.command, ["sh", "-c", "cp data.jsonl copy && sync copy"], root),
            "store.fetch, first time": admit,
            "store.fetch, present": lambda: measure.call(fetch),
        }
        costs = measure.by_turns(contenders, options.rounds)
    print(measure.report(f"A file of {options.megabytes} MB", costs, "sha256sum", {"digest_of_file": 1.0}))
    together = [
        measure.Cost(a.cpu_seconds + b.cpu_seconds, a.wall_seconds + b.wall_seconds)
        for a, b in zip(costs["sha256sum"], costs["cp, then sync"], strict=True)
    ]
    compared = {"sha256sum and cp": together, "store.fetch, first time": costs["store.fetch, first time"]}
    print(measure.report("Admitting, against both", compared, "sha256sum and cp", {"store.fetch, first time": 1.0}))


def _hasher() -> str:
    if shutil.which("sha256sum") is None:
        sys.exit("sha256sum is not installed")
    return "sha256sum"


if __name__ == "__main__":
    main()
