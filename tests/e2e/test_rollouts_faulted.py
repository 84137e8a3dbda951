"""A canary in the middle, with a quarter of the requests, and everything that can go wrong around it.

Clients ask all the time. After each fault they are answered by a release that was verified or that has its share, the
next apply converges, git declares what serves or `git pending` is shown, the ledger verifies, nothing is left over.
The clock is moved for the processes that start here, by a module that Python loads first.
"""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from rolling import (
    PAUSED,
    ROUTES,
    Clients,
    Row,
    asking,
    at_rest,
    declare_good,
    held_releases,
    moment,
    new_shop,
    split_in_force,
    watching_splits,
)
from scratch import LONGEST_SECONDS, SUPPORT, Done, Scratch, cleaned_up, until
from test_killed import declare, declare_prompt

from faults_told import PROPERTY
from repositories import git
from serving import pid_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FAILED, LOCKED, INVALID = 1, 5, 8
CLOCK = ".trueup/seconds-that-the-clock-is-moved-by"
MOVED = textwrap.dedent("""\
    import time
    from datetime import timedelta
    from pathlib import Path

    try:
        from trueup.adapters.clock import SystemClock
    except ImportError:  # an interpreter of somebody else's
        SystemClock = None

    def seconds():
        try:
            return float(Path({file!r}).read_text())
        except (OSError, ValueError):  # it is being written
            return 0.0

    if SystemClock is not None:
        time_of_machine, now_of_machine = time.time, SystemClock.now
        time.time = lambda: time_of_machine() + seconds()
        SystemClock.now = lambda self: now_of_machine(self) + timedelta(seconds=seconds())
    """)
"""Moves the clocks of trueup's processes, as everything of them reads them, by what a file says."""

APPLY = ("apply", "-e", "dev", "--auto-approve", "-o", "ndjson")


@dataclass
class Shop:
    """A repository that rolls out by a canary that waits at a quarter, and clients that ask all the time.

    Attributes:
        scratch: Where.
        clients: Who asks.
        back: Moments at which a split ended.
        number: Releases declared so far.
        old: The release that served when the newest was declared.
        new: The newest one.
        file: The declaration before it.
        row: What the test says of the fault.
    """

    scratch: Scratch
    clients: Clients
    back: list[float]
    number: int = 0
    old: str = ""
    new: str = ""
    file: str = ""
    row: Row = field(default_factory=lambda: Row(""))

    def declare(self) -> None:
        """Commit a new release on other servers."""
        self.number += 1
        self.file, self.old = self.scratch.read(SUPPORT), str(self.scratch.deployment()["observed_release"])
        declare_good(self.scratch, self.number)
        self.new = str(self.scratch.deployment()["release"])
        self.clients.take()

    @contextlib.contextmanager
    def waiting(self) -> Iterator["subprocess.Popen[str]"]:
        """Roll the newest release out in another process, as far as to the quarter where it waits."""
        with self.rolling() as process:
            self.at_the_quarter(self.new)
            yield process

    @contextlib.contextmanager
    def rolling(self, *more: str) -> Iterator["subprocess.Popen[str]"]:
        """Apply in another process, which is ended when the test fails."""
        with self.scratch.start(*APPLY, *more) as process:
            try:
                yield process
            finally:
                process.kill()

    def at_the_quarter(self, release: str) -> None:
        """Wait until *release* has its quarter and answers."""

        def is_there() -> bool:
            split = split_in_force(self.scratch)
            return bool(split) and (split["candidates"][0]["release"], split["progress"]["stage"]) == (release, 1)

        until(is_there)
        until(lambda: self.clients.releases[release] > 0)

    def resume(self) -> None:
        assert self.scratch.look("rollout", "resume", "support", "-e", "dev").code == 0

    def abort(self) -> None:
        assert self.scratch.look("rollout", "abort", "support", "-e", "dev").code == 0

    def go_on(self, process: "subprocess.Popen[str]") -> None:
        """Have the rollout go on to its end, and look whether all is right."""
        self.resume()
        ended(process, 0)
        self.settled(self.new)

    def servers(self) -> dict[str, int]:
        """Return the pid of each server by its key."""
        status = self.scratch.status()
        rows = [*status["strays"], *status["deployments"][0]["servers"]]
        return {row["key"]: row["pid"] for row in rows}

    def server_pids(self) -> tuple[int, int]:
        """Return the pid of the stable release's server and that of the new one."""
        (route,) = json.loads(self.scratch.read(ROUTES))["table"]["routes"]
        known = {s.key: s.pid for s in observed(self.scratch)}
        return known[route["server"]], known[route["split"]["candidates"][0]["server"]]

    def settled(self, serves: str) -> None:
        """Check that all is right, and write down what was seen."""
        before = self.clients.releases.total()
        until(lambda: self.clients.releases.total() > before + 3, 20)
        seen = self.clients.take()
        self.row.count(seen)
        at_rest(self.scratch, self.row.fault, serves)
        assert self.scratch.ask().headers["x-trueup-release"] == serves
        self.row.survived = self.row.tried

    def answered(self) -> None:
        """Check that no request failed."""
        assert self.row.failed == 0, self.clients.failed

    def taken_back(self) -> None:
        """Check that git says so."""
        assert self.scratch.read(SUPPORT) == self.file
        assert held_releases(self.scratch).count(self.new) == 1
        assert "Trueup-Cause: rollback of release" in self.scratch.git("log", "-1", "--format=%B")


def observed(scratch: Scratch) -> Any:
    from trueup.adapters.clock import SystemClock
    from trueup.adapters.targets.process.target import ProcessTarget

    return ProcessTarget(scratch.folder / ".trueup/targets", SystemClock()).observe("dev").servers


def ended(process: "subprocess.Popen[str]", code: int) -> Done:
    """Wait until the rollout ends, which has to be with *code*."""
    out, err = process.communicate(timeout=LONGEST_SECONDS)
    done = Done(APPLY, process.returncode, out, err)
    assert "Traceback" not in err, done
    assert done.code == code, str(done)
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("faulted")
    made = new_shop(folder / "shop", PAUSED)
    (folder / "sitecustomize.py").write_text(MOVED.format(file=str(made.folder / CLOCK)))
    made.write(CLOCK, "0")
    ours = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    with cleaned_up(Scratch(made.folder, {"PYTHONPATH": ours})) as scratch:
        scratch.apply()
        with asking(scratch.address()) as clients, watching_splits(scratch) as back:
            yield Shop(scratch, clients, back)


@pytest.fixture
def shop(made: Shop, record_property: Callable[[str, Any], None]) -> Iterator[Shop]:
    """The shop with a newly declared release; what a test did to it is told at the end."""
    made.row = Row("", tried=1)
    made.declare()
    yield made
    record_property(PROPERTY, made.row.to_json())


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def write_at_most(process: psutil.Process, size: int) -> None:
    """Let *process* write so much into a file, or as much as it may."""
    _, most = process.rlimit(resource.RLIMIT_FSIZE)
    process.rlimit(resource.RLIMIT_FSIZE, (most if size == resource.RLIM_INFINITY else size, most))


def test_nothing_goes_wrong(shop: Shop) -> None:
    shop.row.fault = "none: `rollout resume`"
    with shop.waiting() as process:
        shop.go_on(process)
    shop.answered()


def test_somebody_aborts(shop: Shop) -> None:
    shop.row.fault = "none: `rollout abort`"
    known = len(shop.back)
    with shop.waiting() as process:
        shop.abort()
        done = ended(process, FAILED)
    decided = next(moment(e) for e in done.events if (e.get("step"), e.get("status")) == ("abort", "started"))
    shop.row.back_ms = [round(1000 * (at - decided)) for at in shop.back[known:]]
    assert len(shop.row.back_ms) == 1
    assert shop.row.back_ms[0] < 1000
    shop.settled(shop.old)
    shop.taken_back()
    shop.answered()


def test_servers_are_killed(shop: Shop) -> None:
    shop.row.fault, shop.row.tried = "the new release's only server killed, then the stable one's", 2
    with shop.waiting() as process:
        for who in (1, 0):
            kill(shop.server_pids()[who])
            until(lambda: all(s.health.value == "healthy" for s in observed(shop.scratch)))
            shop.at_the_quarter(shop.new)
        shop.go_on(process)
    shop.row.said = "the requests it was answering, and those for it until it is back, which the supervisor sees to"


def test_the_gateway_is_killed(shop: Shop) -> None:
    shop.row.fault = "gateway killed"
    with shop.waiting() as process:
        kill(pid_of(shop.scratch.folder, "gateways.local"))
        before = shop.clients.releases.total()
        until(lambda: shop.clients.releases.total() > before + 5)
        assert split_in_force(shop.scratch)
        shop.go_on(process)
    shop.row.said = "until the gateway is back, with the same table"


def test_the_supervisor_is_killed(shop: Shop) -> None:
    shop.row.fault = "supervisor killed"
    with shop.waiting() as process:
        kill(pid_of(shop.scratch.folder, "process.supervisor"))
        shop.go_on(process)
    shop.answered()


def test_everything_is_killed_at_once(shop: Shop) -> None:
    shop.row.fault = "engine, supervisor, gateway and both servers killed at once"
    with shop.waiting() as process:
        process.kill()
        for one in [p for p in shop.scratch.processes() if p.pid != process.pid]:
            with contextlib.suppress(psutil.Error):
                one.kill()
        process.wait(10)
    with shop.rolling() as process:
        shop.at_the_quarter(shop.new)
        shop.go_on(process)
    shop.row.said = "nothing is there to answer until the next apply"


@pytest.mark.parametrize("whose", ["the engine", "all processes"])
def test_the_disk_is_full(shop: Shop, whose: str) -> None:
    is_all = whose == "all processes"
    shop.row.fault = f"disk full for {whose}, then `rollout {'abort' if is_all else 'resume'}`"
    with shop.waiting() as process:
        others = shop.scratch.processes() if is_all else []
        for one in (psutil.Process(process.pid), *others):
            write_at_most(one, 0)
        ordered = shop.scratch.look("rollout", "abort" if is_all else "resume", "support", "-e", "dev")
        # It may have found out by itself, when it wanted to write that it waits.
        assert ordered.code == 0 or "WRK018" in ordered.err, ordered
        out, err = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode != 0, out
    assert "Traceback" not in err
    before = shop.clients.releases[shop.old]
    until(lambda: shop.clients.releases[shop.old] > before + 20)
    assert {shop.scratch.ask().headers["x-trueup-release"] for _ in range(20)} == {shop.old}, "traffic is back"
    assert shop.scratch.status()["unfinished"]
    for one in others:
        if one.is_running():
            write_at_most(one, resource.RLIM_INFINITY)
    with shop.rolling() as process:
        # The stored table may still share; the one in force does not, until the rollout has begun anew.
        until(lambda: bool(shop.scratch.deployment()["rollout"]))
        shop.at_the_quarter(shop.new)
        shop.go_on(process)
    shop.answered()
    shop.row.said = "traffic goes back though nothing can be written; the next apply begins the rollout anew"


@pytest.mark.parametrize("hours", [2, -2])
def test_the_clock_is_moved(shop: Shop, hours: int) -> None:
    shop.row.fault = f"the clock put {'forward' if hours > 0 else 'back'} by two hours, for all processes"
    with shop.waiting() as process:
        shop.scratch.write(CLOCK, str(3600 * hours))
        shop.go_on(process)
    shop.answered()
    shop.scratch.write(CLOCK, "0")


def test_two_engines_at_once(shop: Shop) -> None:
    shop.row.fault = "a second `apply`, and one that waits for the first"
    with shop.waiting() as process:
        refused = shop.scratch.run(*APPLY)
        assert refused.code == LOCKED, refused
        with shop.rolling("--lock-timeout", "60") as second:
            shop.go_on(process)
            ended(second, 0)
    shop.answered()


def test_the_engine_is_killed_while_another_waits(shop: Shop) -> None:
    shop.row.fault = "engine killed while a second `apply` waits for it"
    journal = shop.scratch.folder / ".trueup/journal/dev.jsonl"
    with shop.waiting() as process, shop.rolling("--lock-timeout", "60") as second:
        process.kill()
        process.wait(10)
        # What was killed is recorded and its journal closed before the journal of the next begins.
        until(lambda: journal.exists() and '"resume"' in journal.read_text())
        shop.go_on(second)
    shop.answered()


def test_a_newer_commit_comes(shop: Shop) -> None:
    shop.row.fault = "a newer commit declares another release"
    with shop.waiting() as process:
        first = shop.new
        declare(shop.scratch, "tiny@2", declare_prompt(shop.scratch, 1000 + shop.number))
        shop.new = str(shop.scratch.deployment()["release"])
        shop.at_the_quarter(shop.new)
        shop.go_on(process)
    assert held_releases(shop.scratch).count(first) == 0, "what was superseded is not bad"
    shop.answered()


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_revert_comes(shop: Shop, is_killed: bool) -> None:
    shop.row.fault = "the commit is reverted" + (" while the engine is dead" if is_killed else "")
    with shop.waiting() as process:
        stable = shop.server_pids()[0]
        if is_killed:
            process.kill()
            process.wait(10)
        shop.scratch.git("revert", "--no-edit", "HEAD")
        if not is_killed:
            ended(process, 0)
    shop.scratch.apply()
    shop.settled(shop.old)
    assert list(shop.servers().values()) == [stable], "the server that answered was left alone"
    shop.answered()


def test_the_stored_table_is_changed_by_hand(shop: Shop) -> None:
    shop.row.fault, shop.row.tried = "`routes.json` broken by hand, then without the split", 2
    with shop.waiting() as process:
        text = shop.scratch.read(ROUTES)
        changed = json.loads(text)
        del changed["table"]["routes"][0]["split"]
        for written in (text[:100], json.dumps(changed)):
            shop.scratch.write(ROUTES, written)
            before = shop.clients.releases.total()
            until(lambda before=before: shop.clients.releases.total() > before + 20)
        shop.go_on(process)
    shop.answered()


def test_the_release_is_edited_by_hand_in_the_middle(shop: Shop) -> None:
    shop.row.fault = "the release's file edited by hand, then `rollout abort`"
    edited = shop.scratch.read(SUPPORT) + "# a remark that nobody has committed\n"
    with shop.waiting() as process:
        shop.scratch.write(SUPPORT, edited)
        shop.abort()
        ended(process, FAILED)
    pending(shop)
    assert shop.scratch.read(SUPPORT) == edited, "it is left to whoever wrote it"
    shop.scratch.git("checkout", "--", SUPPORT)
    shop.scratch.apply()
    shop.settled(shop.old)
    shop.taken_back()
    shop.answered()
    shop.row.said = "`git pending` until the edit is committed or gone; it is not lost"


def test_git_cannot_be_written(shop: Shop) -> None:
    shop.row.fault = "the branch cannot be moved when an abort wants to commit"
    branch = shop.scratch.git("symbolic-ref", "HEAD")
    lock = shop.scratch.folder / f".git/{branch}.lock"
    with shop.waiting() as process:
        lock.write_text("")
        shop.abort()
        ended(process, FAILED)
    pending(shop)
    lock.unlink()
    shop.scratch.apply()
    shop.settled(shop.old)
    shop.taken_back()
    shop.answered()
    shop.row.said = "`git pending` until the next run lands it"


@pytest.fixture
def remote(shop: Shop) -> Iterator[Path]:
    """A remote that the branch tracks."""
    scratch, made = shop.scratch, shop.scratch.folder.parent / "remote.git"
    git(scratch.folder.parent, "init", "--quiet", "--bare", str(made))
    scratch.git("remote", "add", "origin", str(made))
    scratch.git("push", "--quiet", "--set-upstream", "origin", branch_of(scratch))
    yield made
    scratch.git("remote", "remove", "origin")
    shutil.rmtree(made)


def branch_of(scratch: Scratch) -> str:
    return scratch.git("symbolic-ref", "--short", "HEAD")


def pending(shop: Shop) -> None:
    """Check that traffic is back, and that everybody sees what git lacks."""
    assert "git pending" in shop.scratch.status()["git_pending"][0]
    assert shop.scratch.ask().headers["x-trueup-release"] == shop.old
    assert held_releases(shop.scratch).count(shop.new) == 1


def test_a_push_is_refused(shop: Shop, remote: Path) -> None:
    shop.row.fault = "the remote takes no push of the commit that takes it back: rights revoked"
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nwhile read old new ref; do case $ref in refs/heads/*) exit 1;; esac; done\n")
    hook.chmod(0o755)
    with shop.waiting() as process:
        shop.abort()
        ended(process, FAILED)
    pending(shop)
    hook.unlink()
    shop.scratch.apply()
    shop.settled(shop.old)
    shop.taken_back()
    assert git(remote, "rev-parse", branch_of(shop.scratch)) == shop.scratch.head()
    shop.answered()
    shop.row.said = "`git pending` until the next run lands it"


@pytest.mark.parametrize("is_same_line", [False, True])
def test_somebody_pushed_meanwhile(shop: Shop, remote: Path, is_same_line: bool) -> None:
    what = "another release" if is_same_line else "something else"
    shop.row.fault = f"somebody pushed {what} before the commit that takes it back"
    scratch, colleague = shop.scratch, Scratch(shop.scratch.folder.parent / "colleague")
    git(scratch.folder.parent, "clone", "--quiet", str(remote), str(colleague.folder))
    other = declare_prompt(colleague, 2000 + shop.number)
    if is_same_line:
        declare(colleague, "tiny@2", other)
    else:
        colleague.commit("Write a prompt that nobody uses")
    with shop.waiting() as process:
        colleague.git("push", "--quiet", "origin", "HEAD")
        shop.abort()
        ended(process, FAILED)
    pending(shop)
    if is_same_line:
        with pytest.raises(AssertionError, match="could not apply"):
            scratch.git("pull", "--quiet", "--rebase")
        assert f"{SUPPORT}:" in scratch.trueup("status", "-e", "dev", code=INVALID).err, "the line with the conflict"
        scratch.git("checkout", "--ours", SUPPORT)
        scratch.git("rebase", "--skip")
        shop.new = str(scratch.deployment()["release"])
        with shop.rolling() as process:
            shop.at_the_quarter(shop.new)
            shop.go_on(process)
        shop.row.said = "the conflict is for people: the newer release they declare takes its place"
    else:
        scratch.git("pull", "--quiet", "--rebase")
        scratch.apply()
        shop.settled(shop.old)
        assert "Trueup-Cause: rollback of release" in scratch.git("log", "-1", "--format=%B")
        assert git(remote, "rev-parse", branch_of(scratch)) == scratch.head()
        shop.row.said = "`git pending` until somebody pulls, and the next run pushes"
    shutil.rmtree(colleague.folder)
    shop.answered()
