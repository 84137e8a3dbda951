#!/usr/bin/env python3
"""Checks of datasets: MB/s of one core against a reader of plain lines, and memory on a file larger than it.

The second part makes a file, runs the checks over it in a process that may have 300 MB, and fails when it needed more.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

import measure

LIMIT_MEGABYTES = 300
LABELS = ("question", "answer", "other")
QUESTIONS = 2_000
"""Records of the data that is measured on: what the large file is compared with."""


def made(path: Path, megabytes: int, seed: int = 1) -> None:
    """Write records of a few hundred words at random, the same at every run; each has a number of its own."""
    rng = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 10))) for _ in range(20_000)]
    parts = [" ".join(rng.choices(words, k=12)) for _ in range(20_000)]
    written = number = 0
    with path.open("w", buffering=1 << 20) as file:
        while written < megabytes * 1_000_000:
            number += 1
            text = f"{' '.join(rng.choices(parts, k=rng.randint(3, 14)))} {number}"
            written += file.write(
                f'{{"id": {number}, "prompt": "{text[:60]}", "completion": "{text}", '
                f'"label": "{rng.choice(LABELS)}"}}\n'
            )


def check(kind: str, column: str = "", **params: object) -> object:
    from trueup.evidence.data import DataCheck

    return DataCheck(kind, column, tuple(sorted(params.items())))  # type: ignore[arg-type]


def checks() -> dict[str, object]:
    """Return each check by its type; `language` is told apart: its model is slow and of 100 MB, whatever the data."""
    schema = {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string"}}}
    return {
        "not_null": check("not_null"),
        "length": check("length", "completion", max=5_000),
        "balance": check("balance", "label", min_share=0.2),
        "drift": check("drift", "label", baseline="questions@1"),
        "unique": check("unique"),
        "schema": check("schema", schema=schema),
        "secrets": check("secrets"),
        "pii": check("pii"),
        "near_duplicates": check("near_duplicates", "completion"),
    }


def run(path: Path, asked: Sequence[object], other: Path) -> object:
    from trueup.adapters.datasets.checker import StreamingChecker
    from trueup.ports.datasets import DataFiles

    data, questions = DataFiles("data@1", path, path.name), DataFiles("questions@1", other, other.name)
    others = {"questions@1": questions, "data@1": data}
    return StreamingChecker().check(data, asked, others, lambda *_: None)  # type: ignore[arg-type]


def read_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def speed(folder: Path, megabytes: int, rounds: int) -> None:
    """Print MB/s of each check."""
    path, questions = folder / "speed.jsonl", folder / "questions.jsonl"
    made(path, megabytes)
    short = folder / "short.jsonl"
    with path.open() as file, short.open("w") as out:
        out.writelines(line for _, line in zip(range(QUESTIONS), file, strict=False))
    made(questions, 1, seed=2)
    contenders: dict[str, measure.Contender] = {
        "lines": lambda: measure.call(lambda: read_lines(path)),
        "json.loads of each line": lambda: measure.call(lambda: read_json(path)),
        "no check": lambda: measure.call(lambda: run(path, [], questions)),
    }
    asked = checks()
    for name, one in asked.items():
        contenders[name] = partial(_timed, path, [one], questions)
    contenders["overlap (1 MB measured on, with this)"] = partial(
        _timed, questions, [check("overlap", against="data@1")], path, swapped=True
    )
    contenders["all of these"] = partial(_timed, path, list(asked.values()), questions)
    contenders["language"] = partial(_timed, path, [check("language", "completion", allowed=["en"])], questions)
    costs = measure.by_turns(contenders, rounds)
    print(f"### A file of {megabytes} MB, one core\n\n| what | MB/s | x lines |\n| --- | ---: | ---: |")
    for name, taken in costs.items():
        rate = megabytes / max(median(c.cpu_seconds for c in taken), 1e-9)
        print(f"| {name} | {rate:.1f} | {measure.ratio(taken, costs['lines']):.1f} |")
    print()


def _timed(path: Path, asked: Sequence[object], other: Path, *, swapped: bool = False) -> measure.Cost:
    from trueup.adapters.datasets.checker import StreamingChecker
    from trueup.ports.datasets import DataFiles

    if not swapped:
        return measure.call(lambda: run(path, asked, other))
    data, large = DataFiles("questions@1", path, path.name), DataFiles("data@1", other, other.name)
    checker = StreamingChecker()
    return measure.call(lambda: checker.check(data, asked, {"data@1": large}, lambda *_: None))  # type: ignore[arg-type]


def read_json(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def memory(folder: Path, megabytes: int) -> bool:
    """Run all checks over a file in a limited process, and its comparison with data that is measured on; print it."""
    path, questions = folder / "large.jsonl", folder / "questions.jsonl"
    made(path, megabytes)
    made(questions, 1, seed=2)
    lines = measure.call(lambda: read_lines(path))
    words = [sys.executable, __file__, "--child", str(path), str(questions)]
    cost = measure.command(words, folder)
    peak = cost.peak_megabytes or 0.0
    verdict = "met" if peak <= LIMIT_MEGABYTES else "MISSED"
    print(f"### Memory: {path.stat().st_size / 1e6:.0f} MB, all checks and a comparison\n")
    print(f"- a reader of plain lines: {lines.cpu_seconds:.1f} s, {megabytes / lines.cpu_seconds:.0f} MB/s")
    print(f"- checks: {cost.cpu_seconds:.1f} s, {megabytes / cost.cpu_seconds:.1f} MB/s of one core")
    print(f"- peak memory: {peak:.0f} MB, bar {LIMIT_MEGABYTES} MB {verdict}\n")
    return peak <= LIMIT_MEGABYTES


def child(path: Path, questions: Path) -> None:
    """Do the work of `memory`; more memory than the limit is refused by the system where it can."""
    if hasattr(resource, "RLIMIT_DATA") and sys.platform == "linux":
        most = LIMIT_MEGABYTES * 1_000_000
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    done = run(path, list(checks().values()), questions)
    _timed(questions, [check("overlap", against="data@1")], path, swapped=True)
    failed = [(r.check.type, r.findings[:3]) for r in done.results if str(r.outcome) == "failed"]  # type: ignore[attr-defined]
    if failed:
        raise SystemExit(f"checks failed that should not: {failed}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=30, help="size of the file that speed is measured on")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory-megabytes", type=int, default=5_000, help="size of the file for memory; 0 for none")
    parser.add_argument("--child", nargs=2, metavar="PATH", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        child(*map(Path, options.child))
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that nothing uses would count as memory
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        if options.rounds:
            speed(Path(scratch), options.megabytes, options.rounds)
        is_met = not options.memory_megabytes or memory(Path(scratch), options.memory_megabytes)
    print(f"took {time.perf_counter() - start:.0f} s")
    if not is_met:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
