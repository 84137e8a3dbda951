#!/usr/bin/env python3
"""One table of what trueup costs: each row with its bar, what was measured beside it, and whether the bar is met.

    speed.py --peers DIR            # DIR: where `peers.py --install DIR` put the other tools

Ratios are of processor time, with that of all children, between contenders that ran by turns in this run; times are
medians and memory is that of the largest process. A peer that is not there has a row that says why. What is measured is
in the other scripts of this folder; this one chooses, runs and judges.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import alike
import edits
import history
import measure
import peers
import policy
import scale

SAME = 1.2
"""What is to be the same may differ by so much: the noise of a machine, and the bar of the issue."""
COLD_MEGABYTES = ((10_000, 100), (sys.maxsize, 400))
PYTHON = "python -c pass"
Costs = Mapping[str, Sequence[measure.Cost]]


@dataclass(frozen=True)
class Row:
    """A row: work, what was measured (None: nothing), what it is held against, how often that, the bar, the verdict."""

    work: str
    cost: measure.Cost | None
    against: str = ""
    ratio: str = ""
    bar: str = ""
    verdict: str = ""

    def __str__(self) -> str:
        cost = self.cost
        peak = f"{cost.peak_megabytes:.0f}" if cost and cost.peak_megabytes else ""
        times = f"{_seconds(cost.cpu_seconds)} | {_seconds(cost.wall_seconds)}" if cost else " | "
        return f"| {self.work} | {times} | {peak} | {self.against} | {self.ratio} | {self.bar} | {self.verdict} |"


def _seconds(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 0.02 else f"{value:.3f}" if abs(value) < 2 else f"{value:.1f}"


def verdict(**held: bool) -> str:
    """Return `met`, or what of a bar was missed."""
    missed = [name.replace("_", " ") for name, is_met in held.items() if not is_met]
    return f"**missed**: {', '.join(missed)}" if missed else "met"


# Plans.


def plans(options: argparse.Namespace, scratch: Path) -> Iterator[Row]:
    found: dict[int, Costs] = {}
    judged: list[Row] = []
    for size in options.sizes:
        repository = scale.Repository.of(scratch / str(size), size)
        _tell(f"plans of {size:,}")
        found[size] = scale.rows(repository, options.rounds, options.cold_rounds)
        if "library" in options.parts:
            _tell(f"plans of {size:,}, judged by the library")
            judged.append(by_library(repository, scratch / "judged", size, options.rounds))
            shutil.rmtree(scratch / "judged")
        shutil.rmtree(repository.folder)
    for name in ("commit", "work tree"):
        yield from unchanged(found, f"nothing changed, {name}", "bare", 5, 30)
    yield from unchanged(found, "one file changed, commit", "bare again", 20, 60)
    yield from judged
    yield from _cold(found)
    for size, costs in found.items():
        yield _dirty(costs, size)


def unchanged(found: Mapping[int, Costs], name: str, bare: str, times: float, megabytes: float) -> Iterator[Row]:
    """Yield the rows of work that is to cost about a start of Python, the same at every size."""
    told = name.replace(", commit", ", plan of a commit").replace(", work tree", ", plan of the work tree")
    ratios, peaks = {}, {}
    for size, costs in found.items():
        cost, start = measure.typical(costs[name]), measure.typical(costs[bare])
        ratios[size], peaks[size] = cost.cpu_seconds / start.cpu_seconds, cost.peak_megabytes or 0
        held = verdict(time=ratios[size] <= times, memory=peaks[size] < megabytes)
        against = f"`{PYTHON}` {_seconds(start.cpu_seconds)}"
        yield Row(f"{told}, {size:,}", cost, against, f"{ratios[size]:.1f}", f"{times:g} x, {megabytes:g} MB", held)
    least, most = min(found), max(found)
    if least != most:
        grown, more = ratios[most] / ratios[least], peaks[most] / peaks[least]
        held = verdict(time=grown <= SAME, memory=more <= SAME)
        work = f"the same, {most:,} against {least:,}"
        yield Row(work, None, f"{least:,}", f"{grown:.2f}, memory {more:.2f}", f"{SAME}", held)


def _cold(found: Mapping[int, Costs]) -> Iterator[Row]:
    for size, costs in found.items():
        if "cold" not in costs:
            yield Row(f"cold plan, no Rego, {size:,}", None, verdict="not run: `--cold-rounds 0`")
            continue
        cost, parse = measure.typical(costs["cold"]), measure.typical(costs["parse"])
        times = measure.ratio(costs["cold"], costs["parse"])
        megabytes = next(bar for most, bar in COLD_MEGABYTES if size <= most)
        told = verdict(time=times <= 1, memory=(cost.peak_megabytes or 0) < megabytes)
        against = f"`CSafeLoader` {_seconds(parse.cpu_seconds)}"
        yield Row(f"cold plan, no Rego, {size:,}", cost, against, f"{times:.2f}", f"1 x, {megabytes} MB", told)


def _dirty(costs: Costs, size: int) -> Row:
    more = difference(costs["one file changed, dirty"], costs["one file changed, commit"])
    commit = measure.typical(costs["one file changed, commit"])
    times = measure.ratio(costs["one file changed, dirty"], costs["one file changed, commit"])
    work = f"one file changed, not committed: more than committed, {size:,}"
    against = f"committed {_seconds(commit.cpu_seconds)}"
    return Row(work, more, against, f"{times:.2f}", "0.2 s more", verdict(time=more.cpu_seconds < 0.2))


def difference(costs: Sequence[measure.Cost], others: Sequence[measure.Cost]) -> measure.Cost:
    """Return what each round of *costs* took more than the same round of *others*: medians, and the peak of *costs*."""
    more = [
        measure.Cost(a.cpu_seconds - b.cpu_seconds, a.wall_seconds - b.wall_seconds, a.peak_megabytes)
        for a, b in zip(costs, others, strict=True)
    ]
    return measure.typical(more)


# One file changed, judged by the library.

COUNTED = """
import json, sys
from pathlib import Path
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
ask = EmbeddedEngine.evaluate
def evaluate(engine, bundle, documents, now):
    answers = ask(engine, bundle, documents, now)
    with Path(sys.argv[1]).open("a") as told:
        for document, answer in zip(documents, answers):
            print(len(json.loads(document)["deployments"]), len(answer.rules), file=told)
    return answers
EmbeddedEngine.evaluate = evaluate
from trueup.cli.main import main
sys.exit(main(sys.argv[2:]))
"""
REACHED = 1
"""Deployments that the changed file of `scale.py` reaches."""


def by_library(plain: scale.Repository, folder: Path, size: int, rounds: int) -> Row:
    """Return what the rule library adds to a plan after one change, beside judging only what the change reaches."""
    judged = plain.judged(folder)
    judged.warm()
    narrowed = ("--revision", "HEAD", "changed")
    costs = measure.by_turns(
        {
            "plain": plain.changed,
            "judged": judged.changed,
            "plain, narrowed": partial(plain.changed, *narrowed),
            "judged, narrowed": partial(judged.changed, *narrowed),
        },
        rounds,
    )
    asked = _counted(judged)
    more = difference(costs["judged"], costs["plain"])
    least = difference(costs["judged, narrowed"], costs["plain, narrowed"])
    times = more.cpu_seconds / max(least.cpu_seconds, 1e-9)
    deployments, decisions = sum(d for d, _ in asked), sum(d * r for d, r in asked)
    work = (
        f"one file changed, full library: more than without Rego, {size:,}; judged again: {deployments} deployments, "
        f"{decisions:,} decisions in {len(asked)} document{'s' * (len(asked) != 1)}"
    )
    against = f"judging the {REACHED} that it reaches {_seconds(least.cpu_seconds)}"
    told = verdict(others_judged=deployments <= REACHED, time=times <= SAME)
    return Row(work, more, against, f"{times:.2f}", f"{SAME} x, no other judged", told)


def _counted(judged: scale.Repository) -> list[tuple[int, int]]:
    """Plan after one more change; return deployments and rules of each document that was evaluated."""
    judged.changed()  # leaves the next change as the only one
    judged.write()
    scale.git(judged.folder, "commit", "-q", "-a", "-m", "Change once more")
    told = judged.folder.parent / "asked"
    words = [sys.executable, "-c", COUNTED, str(told), "plan", "-e", "staging", "--revision", "HEAD"]
    measure.command(words, judged.folder, allowed=(0, 3))
    lines = told.read_text().splitlines() if told.exists() else []
    told.unlink(missing_ok=True)
    return [(int(d), int(r)) for d, r in (line.split() for line in lines)]


# Policy, history, edits.


def policies(options: argparse.Namespace, _: Path) -> Iterator[Row]:
    _tell("policy")
    number = options.policy_documents
    taken = policy.judging(policy.many(number), options.policy_rounds, options.policy_seconds)
    one = measure.typical(taken.one)
    work = f"policy, one rule on one deployment a decision: {number:,} documents of one changed, {taken.asked:,} asked"
    yield _rate(work, taken, one, 1)
    if taken.two:
        times = median(a.wall_seconds / b.wall_seconds for a, b in zip(taken.one, taken.two, strict=True))
        against = f"one worker {_seconds(one.wall_seconds)} wall"
        told = verdict(time=times >= 2 / SAME)
        yield Row("the same, two workers", measure.typical(taken.two), against, f"{times:.2f} x wall", "near 2", told)
    changes = options.policy_changes
    whole = policy.judging([policy.together(policy.many(changes), changes)], 1, options.policy_seconds, 0)
    work = f"the same, one document of {changes:,} changed"
    yield _rate(work, whole, measure.typical(whole.one), changes)


def _rate(work: str, taken: policy.Judging, cost: measure.Cost, changes: int) -> Row:
    """Return the row of a rate; a decision is the answer of one rule on one changed deployment."""
    each = taken.asked * changes / cost.cpu_seconds
    told = verdict(time=each * taken.rules >= 1_800)
    against = f"{each:,.0f} deployments x {taken.rules} rules a CPU s"
    rate = f"{each * taken.rules:,.0f} decisions a second"
    return Row(work, cost, against, rate, "1,800 a second a core", told)


def past(options: argparse.Namespace, scratch: Path) -> Iterator[Row]:
    _tell("history")
    folder = scratch / "past"
    folder.mkdir()
    named = history.made(folder, options.history_resources, options.commits, options.records)
    names = ("audit log RESOURCE", "audit log RESOURCE, first index of commits")
    contenders = history.contenders(folder, *named)
    costs = measure.by_turns({n: contenders[n] for n in (PYTHON, *reversed(names))}, options.history_rounds)
    start = measure.typical(costs[PYTHON])
    for name, what, bar in zip(names, ("warm", "first index"), (0.1, 5.0), strict=True):
        cost = measure.typical(costs[name])
        times = f"{measure.ratio(costs[name], costs[PYTHON]):.1f}"
        against = f"`{PYTHON}` {_seconds(start.cpu_seconds)}"
        work = f"`audit log RESOURCE`, {options.commits:,} commits, {what}"
        yield Row(work, cost, against, times, f"{bar:g} s", verdict(time=cost.cpu_seconds < bar))
    shutil.rmtree(folder)


def edited(options: argparse.Namespace, _: Path) -> Iterator[Row]:
    _tell("edits")
    chosen = edits.cases(options.edits, deployments=True)
    costs = edits.compared(chosen, options.rounds)
    round_trip, ours = edits.WAYS
    astray = sum(edits.bytes_outside(text, path, edits.spliced(text, path, "new@2")) for text, path in chosen)
    took, other = (measure.typical(costs[name]) for name in (ours, round_trip))
    cost = measure.Cost(took.cpu_seconds / len(chosen), took.wall_seconds / len(chosen))
    against = f"{round_trip} {_seconds(other.cpu_seconds / len(chosen))}"
    told = verdict(time=cost.cpu_seconds * 1e3 < edits.BAR_MS, bytes=not astray)
    work = f"one text of a file of a deployment, after start-up; {astray} bytes beside it changed"
    times = f"{measure.ratio(costs[ours], costs[round_trip]):.2f}"
    yield Row(work, cost, against, times, f"{edits.BAR_MS:g} ms, 0 bytes", told)


# Peers, each beside the work of trueup that is most like it.


def beside_peers(options: argparse.Namespace, scratch: Path) -> Iterator[Row]:
    there = peers.Peers(options.peers)
    if options.peers is not None:
        for index, (_, make) in enumerate(alike.OURS.values()):  # has the bytecode read, as peers have theirs
            make(scratch / f"first-{index}", 10)()
    for index, work in enumerate(peers.WORKS):
        yield beside(work, there, scratch / f"peer-{index}", options)


def beside(work: peers.Work, there: peers.Peers, folder: Path, options: argparse.Namespace) -> Row:
    """Return the row of our work beside that of a peer; it says so when the peer did not run."""
    number = options.peer_resources
    name, make = alike.OURS[work.ours]
    ours, other = f"{name}, {number:,}", f"{work.peer} {peers.PINS[work.peer]} {work.does}"
    _tell(other)
    folder.mkdir()
    try:
        theirs = peers.contender(work, there, folder / "peer", number)
        mine = make(folder / "ours", number)
        costs = measure.by_turns({"ours": mine, "theirs": theirs}, options.peer_rounds, 0)
    except peers.NotRunError as error:
        return Row(ours, None, other, "", "under 1", f"not run: {error}")
    finally:
        shutil.rmtree(folder)
    cost, against = measure.typical(costs["ours"]), measure.typical(costs["theirs"])
    times = measure.ratio(costs["ours"], costs["theirs"])
    peak = f"{against.peak_megabytes or 0:.0f} MB"
    peer = f"{other}: {_seconds(against.cpu_seconds)} (wall {_seconds(against.wall_seconds)}; {peak})"
    told = f"{times:.3f} (1 : {1 / times:,.1f})"
    return Row(ours, cost, peer, told, "under 1", verdict(time=times < 1))


# The table.

PARTS: dict[str, Callable[[argparse.Namespace, Path], Iterator[Row]]] = {
    "plans": plans,
    "policy": policies,
    "history": past,
    "edits": edited,
    "peers": beside_peers,
}
HEAD = """\
| work | CPU s | wall s | peak MB | against, CPU s | ratio | bar | |
| --- | ---: | ---: | ---: | --- | ---: | --- | --- |"""


def table(rows: Iterable[Row]) -> str:
    return "\n".join([HEAD, *map(str, rows)])


def about() -> str:
    """Return what machine and versions this ran on."""
    from importlib.metadata import version

    git = subprocess.run(["git", "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    load = f"{os.getloadavg()[0]:.1f}"
    packages = ", ".join(f"{name} {version(name)}" for name in ("pydantic", "PyYAML"))
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load} at the end; "
        f"Python {platform.python_version()}, git {git}, {packages}."
    )


NOTES = f"""\
A decision is the answer of one rule on one changed deployment; the documents are those that a plan has judged, of
9 kB and more. With the whole library as one decision, the rate is the number of deployments beside it. Rows that tell
how much more are differences within a round. What is to be the same may differ by {SAME} times. The lists of gto and
mlflow stand beside `audit log`, which lists what was done with which release: trueup has no registry besides git.
Peers run from compiled bytecode and find what they keep between runs; trueup finds nothing where it says cold. Nearly
all that mlflow takes is its start."""


def _tell(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=[*PARTS, "library"], default=[*PARTS, "library"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold-rounds", type=int, default=1, help="rounds of reading everything; 0 leaves them out")
    parser.add_argument("--policy-documents", type=int, default=10_000)
    parser.add_argument("--policy-changes", type=int, default=10_000, help="changes in one document")
    parser.add_argument("--policy-seconds", type=float, default=8, help="of a round, about")
    parser.add_argument("--policy-rounds", type=int, default=3)
    parser.add_argument("--history-resources", type=int, default=10_000)
    parser.add_argument("--commits", type=int, default=5_000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--history-rounds", type=int, default=3)
    parser.add_argument("--edits", type=int, default=400, help="resources whose files are edited")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="where `peers.py --install DIR` put other tools")
    parser.add_argument("--peer-resources", type=int, default=1_000)
    parser.add_argument("--peer-rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for name, part in PARTS.items():
        if name in options.parts:
            with tempfile.TemporaryDirectory() as scratch:
                rows += part(options, Path(scratch))
    print(table(rows))
    print(f"\n{NOTES}\n\n{about()}")


if __name__ == "__main__":
    main()
