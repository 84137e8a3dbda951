"""Rollouts of every strategy with real servers: what is declared, who asks all the time, and how often it failed."""

import contextlib
import json
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from scratch import CAPITAL, SUPPORT, Scratch, new_scratch, until
from test_killed import declare, declare_prompt

from artifacts import broken_tiny, digest_of_content
from serving import chat, question

ROUTES = ".trueup/targets/dev/routes.json"

_FEW = "minRequests: 20, patience: 20s"
_LENGTH, _ERRORS = (
    "name: output_tokens, interval: 500ms",
    "{name: error_rate, interval: 500ms, successCondition: '<= 20%'}",
)
COMPARED = f"{{{_FEW}, metrics: [{{{_LENGTH}, successCondition: '<= stable * 1.5'}}, {_ERRORS}]}}"
ALONE = f"{{{_FEW}, metrics: [{{{_LENGTH}, successCondition: '<= 40'}}, {_ERRORS}]}}"
"""Where all traffic has moved, there is no stable release to compare with."""

STRATEGIES = {
    "canary": (
        "{strategy: canary, steps: "
        f"[{{setWeight: 25}}, {{analysis: {COMPARED}}}, {{setWeight: 50}}, {{analysis: {COMPARED}}}]}}"
    ),
    "blueGreen": f"{{strategy: blueGreen, analysis: {ALONE}}}",
    "shadow": f"{{strategy: shadow, mirror: {{percent: 50}}, analysis: {COMPARED}}}",
    "experiment": (
        "{strategy: experiment, weight: 50, sampleSize: 20, hypothesis: 'Answers are not longer.', "
        f"analysis: {COMPARED}}}"
    ),
    "inPlace": f"{{strategy: inPlace, analysis: {ALONE}}}",
    "recreate": f"{{strategy: recreate, analysis: {ALONE}}}",
}
PAUSED = (
    f"{{strategy: canary, steps: [{{setWeight: 25}}, {{pause: {{}}}}, {{setWeight: 50}}, {{analysis: {COMPARED}}}]}}"
)
"""A canary that stays at its first weight until someone says go, so that faults meet it there."""


@dataclass
class Clients:
    """Somebody who asks all the time.

    Attributes:
        address: Of the gateway.
        releases: Answers by the release that gave them.
        failed: What failed, with the time.
    """

    address: str
    releases: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[float, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sent(self) -> int:
        with self._lock:
            return self.releases.total() + len(self.failed)

    def take(self) -> "Clients":
        """Return what was asked since the last time, and begin anew."""
        with self._lock:
            taken = Clients(self.address, self.releases, self.failed)
            self.releases, self.failed = Counter(), []
        return taken

    def ask(self) -> None:
        """Send one request, and keep how it went."""
        try:
            answer = chat(self.address, question("support", CAPITAL))
            said = f"HTTP {answer.status}: {answer.body[:200]!r}"
        except OSError as error:
            answer, said = None, repr(error)
        except Exception as error:  # noqa: BLE001 - whatever a client meets is a failed request
            answer, said = None, repr(error)
        with self._lock:
            if answer is not None and answer.status == 200:
                self.releases[str(answer.headers.get("x-trueup-release"))] += 1
            else:
                self.failed.append((time.time(), said))


@contextlib.contextmanager
def asking(address: str, threads: int = 2) -> Iterator[Clients]:
    """Send requests until the context ends."""
    found, ending = Clients(address), threading.Event()

    def ask() -> None:
        while not ending.wait(0.01):
            found.ask()
            if found.failed:
                ending.wait(0.05)  # a door that is closed is not hammered at

    running = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield found
    finally:
        ending.set()
        for thread in running:
            thread.join()


def declare_models(scratch: Scratch) -> None:
    """Declare `tiny@3`, which has noise for weights and never ends an answer, and `tiny@4`, a twin of version 2."""
    models = scratch.folder / "models/tiny"
    broken_tiny(models / "v3", "noisy")
    shutil.copytree(models / "v2", models / "v4")
    (models / "v4/NOTES.md").write_text("The same weights in another folder, so that servers of its own serve them.\n")
    declared = scratch.read("spec/models/tiny-2.yaml")
    before, after = declared[: declared.index("    uri:")], declared[declared.index("  format:") :]
    for version in ("3", "4"):
        digest = digest_of_content({p.name: p.read_bytes() for p in (models / f"v{version}").iterdir()})
        source = f"    uri: file:models/tiny/v{version}\n    digest: {digest}\n"
        text = (before + source + after).replace('version: "2"', f'version: "{version}"')
        scratch.write(f"spec/models/tiny-{version}.yaml", text)


def new_shop(folder: Path, rollout: str) -> Scratch:
    """Make a repository whose `support` in dev rolls out so; nothing runs yet."""
    made = new_scratch(folder)
    made.edit(SUPPORT, ("requestsPerMinute: 600", "requestsPerMinute: 60000"), ("tiny@1", "tiny@2"))
    made.write(SUPPORT, made.read(SUPPORT) + f"  rollout: {rollout}\n")
    declare_models(made)
    made.commit("Say how releases are rolled out")
    return made


def declare_strategy(scratch: Scratch, rollout: str) -> None:
    """Commit that `support` in dev rolls out so from now on, where it does not already."""
    text = scratch.read(SUPPORT)
    changed = re.sub(r"(?m)^  rollout: .*$", lambda _: f"  rollout: {rollout}", text)
    if changed != text:
        scratch.write(SUPPORT, changed)
        scratch.commit("Roll out in another way")


def declare_good(scratch: Scratch, number: int) -> None:
    """Commit a release that was never seen before, on other servers than the newest, which answers as well."""
    model = "tiny@4" if "model: tiny@2" in scratch.read(SUPPORT) else "tiny@2"
    declare(scratch, model, declare_prompt(scratch, number))


def declare_bad(scratch: Scratch, number: int) -> None:
    """Commit a release that was never seen before and never ends its answers."""
    declare(scratch, "tiny@3", declare_prompt(scratch, number))


def split_in_force(scratch: Scratch) -> Any:
    """Return the split of the stored table, None when all traffic is at one release."""
    try:
        (route,) = json.loads(scratch.read(ROUTES))["table"]["routes"]
    except (OSError, ValueError):
        return None  # it is being written, or somebody broke it
    return route.get("split")


@contextlib.contextmanager
def watching_splits(scratch: Scratch) -> Iterator[list[float]]:
    """Give out a list to which every moment is added at which a split ended."""
    ended: list[float] = []
    ending = threading.Event()
    path = scratch.folder / ROUTES

    def watch() -> None:
        was_split, known = False, 0
        while not ending.wait(0.005):
            with contextlib.suppress(OSError):
                written = path.stat().st_mtime_ns
                if written != known:
                    known, is_split = written, bool(split_in_force(scratch))
                    if was_split and not is_split:
                        ended.append(time.time())
                    was_split = is_split

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield ended
    finally:
        ending.set()
        watcher.join()


def held_releases(scratch: Scratch) -> list[str]:
    """Return the releases that are on hold in dev."""
    return [h["release"] for h in scratch.look("hold", "list", "-e", "dev", "-o", "json").json["holds"]]


def at_rest(scratch: Scratch, why: str, serves: str) -> None:
    """Check that all is done, that git declares what serves, and that nothing is left over, lost, or told twice."""
    until(lambda: all(s["detail"] != "is ending" for s in scratch.status()["strays"]))
    status = scratch.status()
    assert status["in_sync"], f"{why}: {status}"
    assert status["git_pending"] == [], why
    (deployed,) = status["deployments"]
    assert (deployed["observed_release"], deployed["release"]) == (serves, serves), why
    assert deployed["verified"], why
    assert [s["health"] for s in deployed["servers"]] == ["healthy"], why
    assert not split_in_force(scratch), why
    runs = [r["body"]["run"] for r in scratch.records() if "run" in r["body"]]
    assert len(runs) == len(set(runs)), f"{why}: a run is recorded twice"
    assert scratch.look("audit", "verify").code == 0, why
    assert scratch.git("status", "--porcelain") == "", why
    until(lambda: len(scratch.processes()) == 3)  # supervisor, gateway, one server


def moment(event: dict[str, Any]) -> float:
    """Return when *event* happened, in seconds since the epoch."""
    return datetime.fromisoformat(event["at"]).timestamp()


@dataclass
class Row:
    """What the table of faults says of one.

    Attributes:
        fault: What was done.
        tried: How often.
        survived: How often everything was right afterwards.
        sent: Requests of clients meanwhile.
        failed: Those that failed.
        said: Why they did, or what else was seen.
        back_ms: Milliseconds from the decision to abort until all traffic was back, each time.
    """

    fault: str
    tried: int = 0
    survived: int = 0
    sent: int = 0
    failed: int = 0
    said: str = ""
    back_ms: list[int] = field(default_factory=list)

    def count(self, clients: Clients) -> None:
        """Add what clients saw."""
        self.sent += clients.sent
        self.failed += len(clients.failed)

    def to_json(self) -> dict[str, Any]:
        return {
            "fault": self.fault,
            "tried": self.tried,
            "survived": self.survived,
            "sent": self.sent,
            "failed": self.failed,
            "said": self.said,
            "back_ms": self.back_ms,
        }
