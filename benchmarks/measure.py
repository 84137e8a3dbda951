"""Measures by turns: every round runs each contender once, so that a busy machine is busy for all of them.

A cost is what the operating system charged: processor time with that of all children, wall time, peak memory. What is
told are medians, and the median of each round's ratio to the baseline of the same round.
"""

import atexit
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

_MAXRSS_BYTES = 1024 if os.uname().sysname == "Linux" else 1


@dataclass(frozen=True)
class Cost:
    """What one run took; memory is None where it was not measured."""

    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float | None = None


Contender = Callable[[], Cost]


def command(
    words: Sequence[str],
    folder: Path,
    *,
    allowed: Sequence[int] = (0,),
    environment: Mapping[str, str] | None = None,
) -> Cost:
    """Run a program with its output thrown away, in our *environment* when none is given.

    Raises:
        RuntimeError: It ended with a code that is not *allowed*.
    """
    launcher = _launcher()
    asked = [
        list(map(str, words)),
        str(Path(folder).resolve()),
        dict(os.environ if environment is None else environment),
    ]
    assert launcher.stdin
    assert launcher.stdout
    launcher.stdin.write(json.dumps(asked) + "\n")
    launcher.stdin.flush()
    answer = launcher.stdout.readline()
    if not answer:
        _launcher.cache_clear()
        raise RuntimeError(f"{' '.join(map(str, words))} did not start")
    status, cpu, wall, maxrss = json.loads(answer)
    code = os.waitstatus_to_exitcode(status)
    if code not in allowed:
        raise RuntimeError(f"{' '.join(map(str, words))} ended with {code}")
    return Cost(cpu, wall, megabytes(maxrss))


_LAUNCH = """
import json, os, signal, sys, time
nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
for line in sys.stdin:
    words, folder, environment = json.loads(line)
    os.chdir(folder)
    start = time.perf_counter()
    usual = (signal.SIGPIPE, signal.SIGXFSZ)
    process = os.posix_spawnp(words[0], words, environment, file_actions=nowhere, setsigdef=usual)
    _, status, used = os.wait4(process, 0)
    wall = time.perf_counter() - start
    print(json.dumps([status, used.ru_utime + used.ru_stime, wall, used.ru_maxrss]), flush=True)
"""


@cache
def _launcher() -> subprocess.Popen[str]:
    """Return a small process that starts others: Linux counts the memory of who starts a program as the program's."""
    words = [sys.executable, "-I", "-S", "-c", _LAUNCH]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    process.wait()


def megabytes(maxrss: int) -> float:
    """Return the peak memory that the system reports, in kilobytes on Linux and in bytes on macOS."""
    return maxrss * _MAXRSS_BYTES / 1e6


def call(work: Callable[[], object]) -> Cost:
    """Run *work* in this process."""
    before, start = cpu_seconds(), time.perf_counter()
    work()
    return Cost(cpu_seconds() - before, time.perf_counter() - start)


def cpu_seconds() -> float:
    """Return the processor time of this process and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def by_turns(contenders: Mapping[str, Contender], rounds: int, uncounted: int = 1) -> dict[str, list[Cost]]:
    """Run each contender once a round; what comes first warms the disk cache and is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for number in range(rounds + uncounted):
        for name, run in contenders.items():
            cost = run()
            if number >= uncounted:
                costs[name].append(cost)
    return costs


def typical(costs: Sequence[Cost]) -> Cost:
    """Return the median of each time, and the highest peak."""
    peaks = [c.peak_megabytes for c in costs if c.peak_megabytes is not None]
    times = (median(c.cpu_seconds for c in costs), median(c.wall_seconds for c in costs))
    return Cost(*times, max(peaks) if peaks else None)


def ratio(costs: Sequence[Cost], baseline: Sequence[Cost], what: str = "cpu_seconds") -> float:
    """Return the median of each round's ratio."""
    return median(getattr(a, what) / max(getattr(b, what), 1e-9) for a, b in zip(costs, baseline, strict=True))


def report(title: str, costs: Mapping[str, list[Cost]], baseline: str, bars: Mapping[str, float] | None = None) -> str:
    """Return a markdown table of medians and ratios to *baseline*; *bars* are the most a contender's CPU may be."""
    rows = [
        f"### {title}",
        "",
        "| contender | CPU ms | wall ms | peak MB | x CPU | x wall | bar |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, taken in costs.items():
        peaks = [c.peak_megabytes for c in taken if c.peak_megabytes is not None]
        times = ratio(taken, costs[baseline])
        bar = (bars or {}).get(name)
        verdict = "" if bar is None else f"{bar:g} {'met' if times <= bar else 'MISSED'}"
        rows.append(
            f"| {name} | {median(c.cpu_seconds for c in taken) * 1e3:.1f} "
            f"| {median(c.wall_seconds for c in taken) * 1e3:.1f} | {f'{max(peaks):.0f}' if peaks else ''} "
            f"| {times:.2f} | {ratio(taken, costs[baseline], 'wall_seconds'):.2f} | {verdict} |"
        )
    return "\n".join([*rows, ""])
