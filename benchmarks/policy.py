#!/usr/bin/env python3
"""Policy: decisions a second by the library, against the same rules in OPA's own engine, and the first decision.

The baseline is the OPA engine (Go, in process, from the wheel that the tests hold the rules to), asked over the same
kind of pipe and for the same answers. Documents are those of a plan that changes one deployment, each another one; and
one document of a plan that changes many. Wall times, by turns: work is done in other processes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import measure
import psutil

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden" / "policy" / "first_release" / "document.json"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
BAR = 1.5
"""Ahead of OPA by half, at least."""

Decide = Callable[[list[bytes]], list[int]]
"""Judges documents and returns the number of results of each."""
LIMITS = {"timeout_seconds": 600.0, "memory_bytes": 8 << 30}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 100, 10_000], help="changed deployments")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="of a round, about, for documents of one change")
    options = parser.parse_args(arguments)
    _cold(options.rounds)
    for size in options.sizes:
        asked = many(size)
        _compare(f"{size:,} documents of one change", asked, 1, options)
        if size > 1:
            _compare(f"one document of {size:,} changes", [together(asked, size)], size, options)


def _compare(title: str, documents: list[bytes], changes: int, options: argparse.Namespace) -> None:
    """Ask all contenders about as many of *documents* as the slowest of them judges in the seconds of a round."""
    from trueup.adapters.policy.embedded.engine import EmbeddedEngine
    from trueup.adapters.policy.embedded.pool import EnginePool

    with EmbeddedEngine(**LIMITS) as one, EnginePool(2, limits=LIMITS) as two:
        contenders = {"trueup, one worker": _by(one), "trueup, two workers": _by(two)}
        if len(documents) < 16:
            del contenders["trueup, two workers"]
        oracle = _oracle()
        if oracle is not None:
            contenders["OPA, in process"] = oracle
        for decide in contenders.values():
            decide([b"{}"])  # the first document has the bundle loaded
        each = max(_taken(decide, documents[:1])[0] for decide in contenders.values())
        number = min(max(int(options.seconds / each), 1), len(documents))
        repeats = max(int(options.seconds / each / number / 4), 1)
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        counts: dict[str, list[int]] = {}
        for _ in range(options.rounds):
            for name, decide in contenders.items():
                taken, counts[name] = _taken(decide, documents[:number], repeats)
                seconds[name].append(taken)
    if len({tuple(found) for found in counts.values()}) > 1:
        raise SystemExit(f"{title}: the engines disagree")
    asked = f", {number:,} of them asked" if number < len(documents) else ""
    print(_table(f"{title}, {len(documents[0]) / 1e3:,.0f} KB each{asked}", number, changes, seconds))


@dataclass(frozen=True)
class Judging:
    """What judging took: documents asked and rules that each was asked of, and costs of one worker and of two."""

    asked: int
    rules: int
    one: list[measure.Cost]
    two: list[measure.Cost]


def judging(documents: list[bytes], rounds: int, seconds: float, uncounted: int = 1) -> Judging:
    """Have the library judge about as many of *documents* as one worker does in so many *seconds*.

    Costs are with those of the workers. Two workers are not asked about fewer than 16 documents.
    """
    from trueup.adapters.policy.embedded.engine import EmbeddedEngine
    from trueup.adapters.policy.embedded.pool import EnginePool

    with EmbeddedEngine(**LIMITS) as one, EnginePool(2, limits=LIMITS) as two:
        engines = {"one": _by(one), "two": _by(two)} if len(documents) >= 16 else {"one": _by(one)}
        for decide in engines.values():
            decide([b"{}"] * 16)  # the first document has the bundle loaded; 16 start both workers
        chosen = documents
        if len(documents) > 16:
            each = with_children(partial(engines["one"], documents[:16])).cpu_seconds / 16
            chosen = documents[: max(int(seconds / each), 16)]
        turns = {name: partial(with_children, partial(decide, chosen)) for name, decide in engines.items()}
        costs = measure.by_turns(turns, rounds, uncounted)
        rules = len(one.evaluate(_library(), [b"{}"], NOW)[0].rules)
    return Judging(len(chosen), rules, costs["one"], costs.get("two", []))


def with_children(work: Callable[[], object]) -> measure.Cost:
    """Run *work* and count what it has processes do that live on."""
    before, start = _busy_seconds(), time.perf_counter()
    work()
    return measure.Cost(_busy_seconds() - before, time.perf_counter() - start, _children_peak())


def _busy_seconds() -> float:
    taken = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
    return measure.cpu_seconds() + sum(times.user + times.system for times in taken)


def _children_peak() -> float | None:
    """Return the highest memory that a child ever had, in megabytes; None where the system does not tell."""
    peaks = []
    for process in psutil.Process().children(recursive=True):
        status = Path(f"/proc/{process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        peaks += [int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:")]
    return max(peaks, default=None)


def _taken(decide: Decide, documents: list[bytes], repeats: int = 1) -> tuple[float, list[int]]:
    start = time.perf_counter()
    for _ in range(repeats):
        counts = decide(documents)
    return (time.perf_counter() - start) / repeats, counts


def _table(title: str, number: int, changes: int, seconds: dict[str, list[float]]) -> str:
    base = seconds.get("OPA, in process")
    rate = "decisions a second" if changes == 1 else "changes a second"
    rows = [
        f"### {title}",
        "",
        f"| engine | ms a document | {rate} | x OPA | bar |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for name, taken in seconds.items():
        each = median(taken) / number
        ratio = median(b / t for b, t in zip(base, taken, strict=True)) if base else float("nan")
        is_ours = bool(base) and name.startswith("trueup")
        bar = f"{BAR} {'met' if ratio >= BAR else 'MISSED'}" if is_ours else ""
        rows.append(f"| {name} | {each * 1e3:,.2f} | {changes / each:,.0f} | {ratio:.2f} | {bar} |")
    return "\n".join([*rows, ""])


def _by(engine: Any) -> Decide:
    library = _library()

    def decide(documents: list[bytes]) -> list[int]:
        answers = engine.evaluate(library, documents, NOW)
        if any(a.errors for a in answers):
            raise SystemExit(f"not decided: {next(a.errors[0] for a in answers if a.errors)}")
        return [len(a.results) for a in answers]

    return decide


def _library() -> Any:
    from trueup.adapters.policy.bundle import load_library

    return load_library()


def _oracle() -> Decide | None:
    """Return OPA's engine over the same rules; None, told, where it cannot be had."""
    sys.path.insert(0, str(ROOT / "tests"))
    import oracle
    from trueup.adapters.policy.bundle import load_library
    from trueup.adapters.policy.embedded.data import is_data, is_schema, merge, read_data
    from trueup.adapters.policy.embedded.engine import EmbeddedEngine

    reason = oracle.available()
    if reason:
        print(f"OPA is not at hand: {reason}\n")
        return None
    files = [(f.path, f.root, f.content.decode()) for f in load_library() if not f.path.endswith("_test.rego")]
    tree, _ = merge([read_data(*f) for f in files if is_data(f[0]) and not is_schema(f[0])])
    policies = {path: text for path, _, text in files if path.endswith(".rego")}
    with EmbeddedEngine() as engine:
        entries = [f"data.{rule.package}.{rule.entry}" for rule in engine.describe(load_library())]
    policies["ask.rego"] = "package ask\n\nall := [\n" + ",\n".join(entries) + "\n]\n"
    bundle, process = oracle.Bundle(policies, tree), oracle.Oracle()

    def decide(documents: list[bytes]) -> list[int]:
        answers = [process.ask(bundle, "data.ask.all", document.decode()) for document in documents]
        if any(a.error for a in answers):
            raise SystemExit(f"OPA did not decide: {next(a.error for a in answers if a.error)}")
        return [sum(map(len, a.value)) for a in answers]

    return decide


def many(number: int) -> list[bytes]:
    """Return so many documents of one change; from a thousand on, they come again."""
    different = list(documents(max(min(number, 1_000), 1)))
    return (different * (number // len(different) + 1))[:number]


def documents(number: int) -> Iterator[bytes]:
    """Yield documents that differ by the name of the deployment that changes."""
    text = GOLDEN.read_text()
    name = json.loads(text)["deployments"][0]["name"]
    for index in range(number):
        yield json.dumps(json.loads(text.replace(f"/{name}", f"/{name}-{index}"))).encode()


def together(documents: list[bytes], size: int) -> bytes:
    """Return one document of *size* changes: what is listed by deployment, of all of them."""
    text = documents[0].decode()
    whole = json.loads(text)
    address = whole["deployments"][0]["address"]
    parts = ("resources", "derived")
    for index in range(1, size):
        other = json.loads(text.replace(address, f"{address}-{index}"))
        whole["deployments"] += other["deployments"]
        whole["change"]["operations"] += other["change"]["operations"]
        whole["resources"] |= other["resources"]
        for name, facts in other[parts[1]].items():
            if isinstance(facts, dict) and any(address in key for key in facts):
                whole["derived"][name] |= facts
    return json.dumps(whole).encode()


def _cold(rounds: int) -> None:
    """Measure `policy check` of a small repository, with nothing remembered and with what the run before left."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        words = [sys.executable, "-m", "trueup"]
        subprocess.run([*words, "init", str(folder / "demo")], check=True, stdout=subprocess.DEVNULL)
        repository = folder / "demo"
        remembered = repository / ".git" / "trueup"
        check = [*words, "policy", "check", "-e", "dev"]

        def cold() -> measure.Cost:
            subprocess.run(["rm", "-rf", str(remembered)], check=True)
            return measure.command(check, repository, allowed=(0, 3))

        def changed() -> measure.Cost:
            for path in remembered.rglob("*.json"):
                if path.name not in ("image.json", "bundle.json"):
                    path.unlink()
            return measure.command(check, repository, allowed=(0, 3))

        costs = measure.by_turns(
            {
                "python -c pass": lambda: measure.command([sys.executable, "-c", "pass"], repository),
                "policy check, first on this machine": cold,
                "policy check, another document": changed,
                "policy check, the same document": lambda: measure.command(check, repository, allowed=(0, 3)),
            },
            rounds,
        )
        print(measure.report("Cold start of one resource (bar: 500 ms wall)", costs, "python -c pass"))


if __name__ == "__main__":
    os.environ.pop("TRUEUP_COLOR", None)
    main()
