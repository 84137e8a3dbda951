"""Kills the engine in rollouts with real servers, while real clients ask all the time; what tests of it share.

A run kills at a sample of the points, evenly spread and the same every time. `TRUEUP_KILLS=all` kills at every one
(an hour), `TRUEUP_KILLS=20` at so many of each rollout, and `TRUEUP_KILLS='branch, .*'` at those with such a name.
"""

import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from rolling import (
    STRATEGIES,
    Clients,
    Row,
    at_rest,
    declare_bad,
    declare_good,
    declare_strategy,
    held_releases,
    moment,
)
from scratch import SUPPORT, Scratch, until
from test_killed import APPLY, BETWEEN, ROLL_BACK, Harness

from faults_told import PROPERTY

KILLED = -signal.SIGKILL
ABORTED = 1
BY_HAND = "found bad"
ENDS = {"good": (0,), "bad": (0, ABORTED)}
"""How an apply ends that finishes what a killed one began, by release."""

LEFT_OUT = rf"{BETWEEN}|(fetch|build) Deployment|half done|admission|decision|(analyse|wait) .* waiting$"
"""Points where nothing of a rollout happens, or nothing since the one before; `test_killed.py` has the first ones."""

KILLS = os.environ.get("TRUEUP_KILLS", "")
IS_WHOLE = KILLS == "all"

Record = Callable[[str, Any], None]


@dataclass(frozen=True)
class Point:
    """The *nth* time that the point of this *name* is passed."""

    name: str
    nth: int

    @property
    def others(self) -> str:
        """Matches every other name, for a harness that is to count this one alone."""
        return f"^(?!{re.escape(self.name)}$)"

    def __str__(self) -> str:
        return f"{self.name} ({self.nth})" if self.nth > 1 else self.name


def points_of(names: Iterable[str]) -> list[Point]:
    """Return the points of a run that are worth a kill."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        if not re.search(LEFT_OUT, name):
            found.append(Point(name, seen[name]))
    return found


def sampled(points: list[Point], few: int, where: float = 0.5) -> list[Point]:
    """Return *few* of the points, evenly spread, or what was asked for; *where* in its stretch each of them lies."""
    if KILLS and not IS_WHOLE and not KILLS.isdigit():
        return [point for point in points if re.search(KILLS, str(point))]
    count = len(points) if IS_WHOLE else min(int(KILLS or few), len(points))
    return [points[int((number + where) * len(points) / count)] for number in range(count)]


@dataclass
class Shop:
    """A repository that rolls out by one strategy after the other, with clients that ask all the time.

    Attributes:
        scratch: Where.
        harness: What runs commands, and kills them.
        clients: Who asks.
        back: Moments at which all traffic was one release's again.
        strategy: How it rolls out now.
        number: Releases declared so far.
        old: The release that served when the newest was declared.
        new: The newest one.
        release: Whether that is `good`, `bad` or found bad when it serves.
        file: The declaration before it.
    """

    scratch: Scratch
    harness: Harness
    clients: Clients
    back: list[float]
    strategy: str = ""
    number: int = 0
    old: str = ""
    new: str = ""
    release: str = ""
    file: str = ""

    def use(self, strategy: str) -> "Shop":
        """Roll out by *strategy* from now on."""
        if strategy != self.strategy:
            declare_strategy(self.scratch, STRATEGIES[strategy])
            assert self.apply() == 0, self.harness.err
            self.strategy = strategy
        return self

    @property
    def may_fail(self) -> bool:
        return self.strategy == "recreate"

    @property
    def said(self) -> str:
        """Say what the strategy does to requests while nobody finishes what was begun."""
        if self.may_fail:
            return "this strategy says that nobody answers while it swaps"
        return "requests wait until the next apply" if self.strategy == "inPlace" else ""

    def declare(self, release: str) -> None:
        """Commit a new release."""
        self.number += 1
        self.release, self.file = release, self.scratch.read(SUPPORT)
        self.old = str(self.scratch.deployment()["observed_release"])
        (declare_good if release == "good" else declare_bad)(self.scratch, self.number)
        self.clients.take()
        self.new = str(self.scratch.deployment()["release"])

    def apply(self, point: Point | None = None, words: tuple[str, ...] = APPLY) -> int:
        """Run a command, killed at *point*."""
        if point is None:
            return self.harness.run(self.scratch, words)
        return self.harness.run(self.scratch, words, point.nth, point.others)

    def answers(self, point: str) -> None:
        """Check that clients are answered now, by a release that was verified or has its share, and that it is told."""
        is_open = (self.scratch.folder / ".trueup/journal/dev.jsonl").exists()
        assert bool(self.scratch.status()["unfinished"]) == is_open, point
        if self.said:
            return  # the next apply has to answer them, which is counted
        before = self.clients.releases.total()
        until(lambda: self.clients.releases.total() > before + 3, 20)
        assert not self.clients.failed, f"{point}: {self.clients.failed[:3]}"

    def whole(self, point: str, row: Row) -> None:
        """Check that nothing is left to do, left over, lost, or told twice, and that git declares what serves."""
        scratch, is_bad = self.scratch, self.release != "good"
        serves = self.old if is_bad else self.new
        before = self.clients.releases[serves]
        until(lambda: self.clients.releases[serves] > before + 3, 20)
        seen = self.clients.take()
        row.count(seen)
        assert self.may_fail or not seen.failed, f"{point}: {len(seen.failed)} failed: {seen.failed[:3]}"
        assert set(seen.releases) <= {self.old, self.new}, point
        if (self.release, self.strategy) == ("bad", "shadow"):
            assert set(seen.releases) == {self.old}, f"{point}: {seen.releases}"
        at_rest(scratch, point, serves)
        assert held_releases(scratch).count(self.new) == is_bad, point
        if is_bad:
            self.taken_back(point)

    def taken_back(self, point: str) -> None:
        """Check that git and the ledger say once what was taken back."""
        assert self.scratch.read(SUPPORT) == self.file, f"{point}: git does not declare what it declared before"
        assert f"Trueup-Cause: rollback of release {self.new}" in self.scratch.git("log", "-1", "--format=%B"), point
        said = [r for r in self.scratch.records() if r["kind"] == "rollback" and r["body"].get("from") == self.new]
        assert len(said) == (self.release == "bad"), f"{point}: {len(said)} records say so"


def roll_out(shop: Shop, release: str) -> tuple[list[str], Row]:
    """Roll out a release without a kill; return the points that were passed, and what was seen."""
    row = Row(f"`{shop.strategy}`: {'a good release' if release == 'good' else 'a worse release'}, no fault", tried=1)
    shop.declare(release)
    ended = len(shop.back)
    assert shop.apply() == (0 if release == "good" else ABORTED), shop.harness.err
    names = list(shop.harness.points)
    shop.whole("no fault", row)
    row.survived, row.said = 1, shop.said if shop.may_fail else ""
    if release == "bad":
        record = next(r for r in shop.scratch.records() if r["kind"] == "apply" and r["outcome"] == "failed")
        decided = next(moment(e) for e in record["events"] if (e["step"], e["status"]) == ("abort", "started"))
        row.back_ms = [round(1000 * (at - decided)) for at in shop.back[ended:]]
        assert row.back_ms, "nobody saw that traffic went back"
        assert max(row.back_ms) < 1000
        assert "output_tokens" in next(e["detail"] for e in record["events"] if e["step"] == "abort")
    return names, row


def survive(shop: Shop, release: str, few: int, record: Record) -> None:
    """Roll a release out, once without a kill and then with a kill at a sample of the points."""
    names, calm = roll_out(shop, release)
    what = "a good release" if release == "good" else "a worse release, aborted"
    row = Row(f"`{shop.strategy}`, {what}: engine killed", said=shop.said)
    told = Told(f"`{shop.strategy}` with {what}")
    for point in sampled(points_of(names), few, spread(shop.strategy)):
        shop.declare(release)
        if shop.apply(point) != KILLED:
            told.missed.append(str(point))
            shop.whole(f"not killed at {point}", calm)
            continue
        row.tried += 1
        shop.answers(str(point))
        assert shop.apply() in ENDS[release], f"{point}: {shop.harness.err}"
        shop.whole(f"killed at {point}", row)
        row.survived += 1
        told.survived.append(str(point))
    record(PROPERTY, calm.to_json())
    record(PROPERTY, row.to_json())
    told.print()


def survive_again(shop: Shop, release: str, first: Point, few: int, record: Record) -> None:
    """Kill a rollout at *first*, and the next apply at a sample of the points at which it recovers."""
    what = f"a {'good' if release == 'good' else 'worse'} release"
    row = Row(f"`{shop.strategy}`, {what}: engine killed again while it recovers", said=shop.said)
    told = Told(f"A recovery of `{shop.strategy}` with {what}")
    kill_first(shop, release, first)
    assert shop.apply() in ENDS[release], shop.harness.err
    names = list(shop.harness.points)
    shop.whole("killed once", row)
    if release == "good":
        # What comes after recovery is as in any rollout, which has a walk of its own.
        names = names[: next((n for n, name in enumerate(names) if name.endswith("after: begin")), len(names))]
    for point in sampled(points_of(names), few):
        kill_first(shop, release, first)
        if shop.apply(point) == KILLED:
            row.tried += 1
            shop.answers(str(point))
            assert shop.apply() in ENDS[release], f"{point}: {shop.harness.err}"
            row.survived += 1
            told.survived.append(str(point))
        shop.whole(f"killed again at {point}", row)
    record(PROPERTY, row.to_json())
    told.print()


def kill_first(shop: Shop, release: str, point: Point) -> None:
    """Declare a release, and kill its rollout at *point*."""
    shop.declare(release)
    assert shop.apply(point) == KILLED, shop.harness.err
    shop.answers(str(point))


def survive_rollback(shop: Shop, few: int, record: Record) -> None:
    """Roll back by hand, once without a kill and then with a kill at a sample of the points."""
    calm = Row(f"`{shop.strategy}`: `trueup rollback`, no fault", tried=1, said=shop.said if shop.may_fail else "")
    row = Row(f"`{shop.strategy}`, `trueup rollback`: engine killed", said=shop.said)
    told = Told(f"`trueup rollback` of `{shop.strategy}`")
    find_bad(shop)
    assert shop.apply(words=ROLL_BACK) == 0, shop.harness.err
    names = list(shop.harness.points)
    shop.whole("no fault", calm)
    calm.survived = 1
    for point in sampled(points_of(names), few, spread(shop.strategy)):
        find_bad(shop)
        head = shop.scratch.head()
        assert shop.apply(point, ROLL_BACK) == KILLED, shop.harness.err
        row.tried += 1
        shop.answers(str(point))
        assert shop.apply() == 0, f"{point}: {shop.harness.err}"
        if shop.scratch.head() == head:
            # It was killed before git knew: nothing has happened but, at most, the hold. Asking again does it.
            assert shop.scratch.deployment()["observed_release"] == shop.new
            assert shop.apply(words=ROLL_BACK) == 0, shop.harness.err
        shop.whole(f"killed at {point}", row)
        row.survived += 1
        told.survived.append(str(point))
    record(PROPERTY, calm.to_json())
    record(PROPERTY, row.to_json())
    told.print()


def find_bad(shop: Shop) -> None:
    """Roll out a release that nobody can blame by its metrics, and find it bad afterwards."""
    shop.declare("good")
    assert shop.apply() == 0, shop.harness.err
    shop.clients.take()
    shop.release = BY_HAND


@dataclass
class Told:
    """Prints at which points something was killed."""

    what: str
    survived: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def print(self) -> None:
        print(f"\n{self.what} survived {len(self.survived)} kills:")
        print("\n".join(f"  {point}" for point in self.survived))
        print("\n".join(f"  not passed this time: {point}" for point in self.missed))
        assert self.survived, "a harness that kills nothing would pass everything"


def spread(strategy: str) -> float:
    """Return where in their stretches the points of *strategy* lie, so that each has others."""
    return (list(STRATEGIES).index(strategy) + 0.5) / len(STRATEGIES)
