"""Promise 3 while a release takes over: the engine is killed in rollouts of every strategy, and real clients ask on.

Each strategy brings a good release and one that its own metrics abort, and is killed at points of both: while traffic
moves, while it goes back, between the hold, the commit and the record, and again while the next apply recovers. After
each kill clients are answered by a release that was verified or that has its share; the next apply converges; git
declares what serves; the ledger verifies and tells each run once; nothing is left over.

A run kills at a sample of the points, the same every time. `TRUEUP_KILLS=all` kills at every one (an hour), and
`TRUEUP_KILLS=20` at so many of each rollout.
"""

import os
import random
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from rolling import (
    STRATEGIES,
    Clients,
    Row,
    asking,
    at_rest,
    declare_bad,
    declare_good,
    held_releases,
    moment,
    new_shop,
    watching_splits,
)
from scratch import SUPPORT, Scratch, cleaned_up, until
from test_killed import APPLY, BETWEEN, Harness

from faults_told import PROPERTY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

KILLED = -signal.SIGKILL
ABORTED = 1
LEFT_OUT = rf"{BETWEEN}|(fetch|build) Deployment|half done|admission|decision|(analyse|wait) .* waiting$"
"""Points where nothing of a rollout happens, or nothing since the one before; `test_killed.py` has the first ones."""

KILLS = os.environ.get("TRUEUP_KILLS", "")
SAMPLED = {("canary", "good"): 4, ("canary", "bad"): 5}
"""Kills of a run, by strategy and release; of the others `FEW`."""

FEW = {"good": 1, "bad": 2}


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


def points_of(names: list[str]) -> list[Point]:
    """Return the points of a run that are worth a kill."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        if not re.search(LEFT_OUT, name):
            found.append(Point(name, seen[name]))
    return found


def sampled(points: list[Point], strategy: str, release: str) -> list[Point]:
    """Return the points of this run, in their order."""
    if KILLS and KILLS != "all" and not KILLS.isdigit():
        return [point for point in points if re.search(KILLS, str(point))]
    few = len(points) if KILLS == "all" else int(KILLS or SAMPLED.get((strategy, release), FEW.get(release, 2)))
    chosen = random.Random(f"{strategy} {release}").sample(range(len(points)), min(few, len(points)))
    return [points[number] for number in sorted(chosen)]


@dataclass
class Shop:
    """A repository that rolls out by one strategy, with clients that ask all the time.

    Attributes:
        scratch: Where.
        strategy: How.
        harness: What runs commands, and kills them.
        clients: Who asks.
        number: Releases declared so far.
    """

    scratch: Scratch
    strategy: str
    harness: Harness
    clients: Clients
    number: int = 0
    back: list[float] = field(default_factory=list)

    @property
    def may_fail(self) -> bool:
        return self.strategy == "recreate"

    def declare(self, release: str) -> tuple[str, str]:
        """Commit a new release; return the one that serves and the new one."""
        self.number += 1
        old = str(self.scratch.deployment()["observed_release"])
        (declare_good if release == "good" else declare_bad)(self.scratch, self.number)
        self.clients.take()
        return old, str(self.scratch.deployment()["release"])

    def apply(self, point: Point | None = None) -> int:
        if point is None:
            return self.harness.run(self.scratch, APPLY)
        return self.harness.run(self.scratch, APPLY, point.nth, point.others)

    def answers(self, point: str) -> None:
        """Check that clients are answered now."""
        if self.may_fail:
            return  # it says that nobody answers while it has ended what served
        if self.strategy == "inPlace":
            return  # requests wait where there is room for one: the next apply has to answer them, which is counted
        before = self.clients.releases.total()
        until(lambda: self.clients.releases.total() > before + 3, 20)
        assert not self.clients.failed, f"{point}: {self.clients.failed[:3]}"

    def whole(self, point: str, row: Row, old: str, new: str, release: str, file: str) -> None:
        """Check that nothing is left to do, left over, lost, or told twice, and that git declares what serves."""
        scratch = self.scratch
        until(lambda: all(s["detail"] != "is ending" for s in scratch.status()["strays"]))
        before = self.clients.releases.total()
        until(lambda: self.clients.releases.total() > before + 3, 20)
        seen = self.clients.take()
        row.count(seen)
        assert self.may_fail or not seen.failed, f"{point}: {len(seen.failed)} failed: {seen.failed[:3]}"
        assert set(seen.releases) <= {old, new}, point
        assert release == "good" or self.strategy != "shadow" or set(seen.releases) == {old}, (
            f"{point}: {seen.releases}"
        )
        at_rest(scratch, point, serves=new if release == "good" else old)
        held = held_releases(scratch)
        assert held.count(new) == (release == "bad"), f"{point}: {held}"
        if release == "bad":
            assert scratch.read(SUPPORT) == file, f"{point}: git does not declare what it declared before"
            assert "Trueup-Cause: rollback of release" in scratch.git("log", "-1", "--format=%B"), point


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    made = Harness(tmp_path_factory.mktemp("harness"))
    yield made
    made.close()


@pytest.fixture(scope="module", params=STRATEGIES)
def shop(request: pytest.FixtureRequest, harness: Harness, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    strategy = str(request.param)
    folder = tmp_path_factory.mktemp(strategy) / "shop"
    with cleaned_up(new_shop(folder, STRATEGIES[strategy])) as made:
        assert harness.run(made, APPLY) == 0, harness.err
        assert harness.run(made, ("build", "tiny-q8@1", "--model", "tiny@3")) == 0, harness.err
        with asking(made.address()) as clients, watching_splits(made) as back:
            yield Shop(made, strategy, harness, clients, back=back)


def rolled_out(shop: Shop, release: str) -> tuple[list[str], Row]:
    """Roll out a release without a kill; return the points that were passed, and what was seen."""
    row = Row(f"`{shop.strategy}`: {'a good release' if release == 'good' else 'a worse release'}, no fault")
    file = shop.scratch.read(SUPPORT)
    old, new = shop.declare(release)
    ended = len(shop.back)
    code = shop.apply()
    names = list(shop.harness.points)
    assert code == (0 if release == "good" else ABORTED), shop.harness.err
    row.tried += 1
    shop.whole("no fault", row, old, new, release, file)
    row.survived += 1
    if release == "bad":
        record = next(r for r in shop.scratch.records() if r["kind"] == "apply" and r["outcome"] == "failed")
        decided = next(moment(e) for e in record["events"] if (e["step"], e["status"]) == ("abort", "started"))
        row.back_ms = [round(1000 * (at - decided)) for at in shop.back[ended:]]
        assert row.back_ms, "nobody saw that traffic went back"
        assert max(row.back_ms) < 1000
        assert "output_tokens" in next(e["detail"] for e in record["events"] if e["step"] == "abort")
    return names, row


@pytest.mark.parametrize("release", ["good", "bad"])
def test_a_rollout_survives_kills(shop: Shop, release: str, record_property: Callable[[str, Any], None]) -> None:
    names, calm = rolled_out(shop, release)
    what = "a good release" if release == "good" else "a worse release, aborted"
    row = Row(f"`{shop.strategy}`, {what}: engine killed")
    survived, missed = [], []
    for point in sampled(points_of(names), shop.strategy, release):
        file = shop.scratch.read(SUPPORT)
        old, new = shop.declare(release)
        if shop.apply(point) != KILLED:
            missed.append(str(point))
            shop.whole(f"not killed at {point}", calm, old, new, release, file)
            continue
        row.tried += 1
        status = shop.scratch.status()
        is_open = (shop.scratch.folder / ".trueup/journal/dev.jsonl").exists()
        assert bool(status["unfinished"]) == is_open, point
        shop.answers(str(point))
        assert shop.apply() in ((0,) if release == "good" else (0, ABORTED)), f"{point}: {shop.harness.err}"
        shop.whole(f"killed at {point}", row, old, new, release, file)
        row.survived += 1
        survived.append(str(point))
    if shop.may_fail:
        calm.said = row.said = "this strategy says that nobody answers while it swaps"
    elif shop.strategy == "inPlace":
        row.said = "requests wait until the next apply"
    record_property(PROPERTY, calm.to_json())
    record_property(PROPERTY, row.to_json())
    print(f"\n`{shop.strategy}` with {what} survived {len(survived)} kills:")
    print("\n".join(f"  {point}" for point in survived))
    print("\n".join(f"  not passed this time: {point}" for point in missed))
    assert survived


FIRST_KILLS = {
    "good": Point("journal, after: event share Deployment/dev/support done", 2),
    "bad": Point("journal, after: event abort Deployment/dev/support started", 1),
}
"""Where the run is killed that the next one recovers from: with a share of the traffic, and when it is to go back."""


@pytest.mark.parametrize("release", ["good", "bad"])
@pytest.mark.parametrize("shop", ["canary"], indirect=True)
def test_a_recovery_survives_kills_as_well(
    shop: Shop, release: str, record_property: Callable[[str, Any], None]
) -> None:
    row = Row(f"`canary`, a {'good' if release == 'good' else 'worse'} release: engine killed again while it recovers")
    names: list[str] = []
    survived: list[str] = []
    points: list[Point | None] = [None]
    while points:
        point = points.pop(0)
        file = shop.scratch.read(SUPPORT)
        old, new = shop.declare(release)
        assert shop.apply(FIRST_KILLS[release]) == KILLED
        shop.answers(str(point))
        if point is None:
            assert shop.apply() in (0, ABORTED), shop.harness.err
            names = list(shop.harness.points)
            # What comes after recovery is as in any rollout, which the other walk has.
            is_begun = next((n for n, name in enumerate(names) if name.endswith("after: begin") and n), len(names))
            points = list(sampled(points_of(names[:is_begun]), "canary", f"recovered {release}"))
        elif shop.apply(point) == KILLED:
            row.tried += 1
            shop.answers(str(point))
            assert shop.apply() in (0, ABORTED), f"{point}: {shop.harness.err}"
        shop.whole(f"killed again at {point}", row, old, new, release, file)
        if point is not None:
            row.survived += 1
            survived.append(str(point))
    record_property(PROPERTY, row.to_json())
    print(f"\nA recovery of a {release} release survived {len(survived)} kills:")
    print("\n".join(f"  {point}" for point in survived))
    assert survived
