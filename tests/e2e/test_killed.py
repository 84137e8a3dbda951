"""Promise 3: killed at any point, nothing is lost. Every point of an apply and of a rollback is killed here, in turn.

After each kill a verified release still answers, `status` says what did not end, the next apply finishes, the ledger
verifies and tells each run once, git is as it was or as it was to become, and nothing is left over.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from scratch import SUPPORT, Scratch, until, variables

from serving import chat, question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KILLED = -signal.SIGKILL
APPLY = ("apply", "-e", "dev", "--auto-approve")
ROLL_BACK = ("rollback", "support", "-e", "dev", "--auto-approve")
BETWEEN = r"after: .* done$|target woken, before$"
"""Points with nothing between them and the next one. The walk of the upgrade shows that this is so."""

QUICK = """\
apiVersion: trueup/v1alpha1
kind: Evaluation
metadata: {name: quick, version: "1", owner: ml-platform}
spec:
  suite: {tool: builtin}
  category: safety
  dataset: injections@1
  tasks: [{task: refusal, seed: 7}]
  metrics: [{name: refusal, unit: ratio, higherIsBetter: true}]
  metricDecisionThreshold: [{metric: refusal, op: ">=", value: 0.05}]
"""


class Harness:
    """The process of `killing.py`."""

    def __init__(self, folder: Path) -> None:
        self._out = folder / "out"
        self.points: list[str] = []
        self.err = ""
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killing.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=variables() | {"OPENBLAS_NUM_THREADS": "1"},
            text=True,
        )

    def run(self, scratch: Scratch, words: tuple[str, ...], kill_at: int = 0, skip: str = "") -> int:
        """Run a command, killed at that point if it gets there; `points` then has the points passed.

        Points whose names *skip* matches are not counted.
        """
        assert self._process.stdin
        assert self._process.stdout
        trace = Path(f"{self._out}.points")
        trace.write_text("")
        request = {"words": words, "kill_at": kill_at, "skip": skip}
        places = {"folder": str(scratch.folder), "out": str(self._out)}
        self._process.stdin.write(json.dumps(request | places) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        self.points = [line.split(" ", 1)[1] for line in trace.read_text().splitlines()]
        self.err = Path(f"{self._out}.err").read_text()
        return code

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    made = Harness(tmp_path_factory.mktemp("harness"))
    yield made
    made.close()


@dataclass
class Rounds:
    """Kills one command at its first point, its second, and so on, until it gets through.

    Attributes:
        scratch: Where.
        harness: What kills.
        words: The command.
        may_serve: Releases that may answer after a kill; empty when nothing has to.
        survived: The points at which it was killed.
        skip: Points that are left out.
    """

    scratch: Scratch
    harness: Harness
    words: tuple[str, ...]
    skip: str = BETWEEN
    may_serve: set[str] = field(default_factory=set)
    survived: list[str] = field(default_factory=list)

    def run(self, prepare: Callable[[int], None], check: Callable[[], None]) -> None:
        """Before each round *prepare* declares something new; *check* looks when it was finished."""
        number = 0
        while True:
            number += 1
            prepare(number)
            if self.harness.run(self.scratch, self.words, number, self.skip) != KILLED:
                check()
                return
            point = self.harness.points[-1]
            self._killed(f"killed at {number}: {point}")
            check()
            self.survived.append(point)

    def _killed(self, point: str) -> None:
        status = self.scratch.status()
        if self.may_serve:
            answer = chat(status["address"], question())
            assert answer.status == 200, f"{point}: {answer.body!r}"
            assert answer.headers["x-trueup-release"] in self.may_serve, point
        is_open = (self.scratch.folder / ".trueup/journal/dev.jsonl").exists()
        assert bool(status["unfinished"]) == is_open, point
        assert self.harness.run(self.scratch, APPLY) == 0, f"{point}: {self.harness.err}"
        self._whole(point)

    def _whole(self, point: str) -> None:
        """Nothing is left to do, left over, lost, or told twice."""
        # A server that the killed run had told to end may still be draining: it was asked, and goes by itself.
        until(lambda: all(stray["detail"] != "is ending" for stray in self.scratch.status()["strays"]))
        status = self.scratch.status()
        assert status["in_sync"], f"{point}: {status}"
        records = self.scratch.records()
        serving = {s["deployment"]: s for s in self.scratch.look("audit", "at", "0s", "-o", "json").json["serving"]}
        assert serving.keys() == {d["address"] for d in status["deployments"]}, point
        for row in status["deployments"]:
            assert row["verified"], f"{point}: {row['address']} is not verified"
            assert serving[row["address"]]["release"] == row["observed_release"], point
            assert [s["health"] for s in row["servers"]] == ["healthy"], point
        assert self.scratch.look("audit", "verify").code == 0, point
        runs = [r["body"]["run"] for r in records if "run" in r["body"]]
        assert len(runs) == len(set(runs)), f"{point}: a run is recorded twice"
        assert not list((self.scratch.folder / ".trueup/store/partial").iterdir()), point
        assert self.scratch.git("status", "--porcelain") == "", point

    def tell(self) -> None:
        """Check what runs in the end, and print what was survived."""
        wanted = len(self.scratch.status()["deployments"])
        # Servers, gateway, supervisor: not one more after all those kills.
        until(lambda: len(self.scratch.processes()) == wanted + 2)
        print(f"\n`trueup {' '.join(self.words[:1])}` survived {len(self.survived)} kills:")
        print("\n".join(f"  {point}" for point in self.survived))


def forget(scratch: Scratch) -> None:
    """Empty the store, so that everything has to be fetched and built anew."""
    shutil.rmtree(scratch.folder / ".trueup/store/objects")


def release_of(scratch: Scratch) -> str:
    return str(scratch.deployment()["release"])


def declare_prompt(scratch: Scratch, number: int) -> str:
    """Write a new version of the prompt, so that the release was never seen before; return its name."""
    prompt = scratch.read("spec/prompts/support-1.yaml")
    text = prompt.replace('version: "1"', f'version: "r{number}"').replace("one short", f"one short ({number})")
    scratch.write(f"spec/prompts/support-r{number}.yaml", text)
    return f"support@r{number}"


def declare(scratch: Scratch, model: str, prompt: str) -> None:
    """Commit what `support` in dev is made of."""
    lines = scratch.read(SUPPORT).splitlines()
    wanted = {"    model:": f"    model: {model}", "    prompt:": f"    prompt: {prompt}"}
    lines = [next((new for key, new in wanted.items() if line.startswith(key)), line) for line in lines]
    scratch.write(SUPPORT, "\n".join(lines) + "\n")
    scratch.commit(f"Serve {model} with {prompt}")


def kills(names: list[str], *parts: str) -> None:
    """Check that the walk came by each of *parts*: a harness that counts nothing would pass everything."""
    for part in parts:
        assert any(part in name for name in names), f"no kill at {part!r}"


def test_a_first_apply_survives_a_kill_at_every_point(scratch: Scratch, harness: Harness) -> None:
    rounds = Rounds(scratch, harness, APPLY)

    def prepare(_: int) -> None:
        harness.run(scratch, ("down", "--all", "--auto-approve"))
        shutil.rmtree(scratch.folder / ".trueup", ignore_errors=True)
        scratch.git("update-ref", "-d", "refs/trueup/ledger")

    rounds.run(prepare, lambda: None)
    rounds.tell()
    kills(rounds.survived, "after: begin", "half done: file:", "half done: gguf", "admission", "target woken")
    kills(rounds.survived, "before: event route Deployment/dev/support done", "ledger's ref", "after it is closed")


def test_an_upgrade_with_an_evaluation_survives_a_kill_at_every_point(scratch: Scratch, harness: Harness) -> None:
    scratch.write("spec/evaluations/quick.yaml", QUICK)
    scratch.change("spec/environments/dev.yaml", ("required: []", "required: [quick@1]"))
    scratch.scan()
    assert harness.run(scratch, APPLY) == 0, harness.err
    rounds = Rounds(scratch, harness, APPLY, skip="")

    def prepare(number: int) -> None:
        old = release_of(scratch)
        declare(scratch, "tiny@2" if number % 2 else "tiny@1", declare_prompt(scratch, number))
        forget(scratch)
        rounds.may_serve = {old, release_of(scratch)}

    rounds.run(prepare, lambda: None)
    rounds.tell()
    kills(rounds.survived, "half done: gguf", "after: event evaluate", "half done: Evaluation", "after: event stop")


def test_a_deletion_survives_a_kill_at_every_point(scratch: Scratch, harness: Harness) -> None:
    helper = "spec/deployments/dev/helper.yaml"
    text = scratch.read(SUPPORT).replace("name: support\n", "name: helper\n", 1).replace("tiny@1", "tiny@2")
    assert harness.run(scratch, APPLY) == 0, harness.err
    rounds = Rounds(scratch, harness, APPLY, may_serve={release_of(scratch)})

    def prepare(_: int) -> None:
        scratch.write(helper, text)
        scratch.commit("Add a helper")
        assert harness.run(scratch, APPLY) == 0, harness.err
        scratch.git("rm", "--quiet", helper)
        scratch.commit("Drop the helper")

    rounds.run(prepare, lambda: None)
    rounds.tell()
    kills(rounds.survived, "before: event route Deployment/dev/helper done", "after: event stop")


def test_a_rollback_survives_a_kill_at_every_point(scratch: Scratch, harness: Harness) -> None:
    assert harness.run(scratch, APPLY) == 0, harness.err
    good = release_of(scratch)
    rounds = Rounds(scratch, harness, ROLL_BACK)
    bad: dict[str, Any] = {}

    def prepare(number: int) -> None:
        # A new prompt alone needs no new servers, which makes the rounds short; the upgrade's walk starts and stops.
        declare(scratch, "tiny@1", declare_prompt(scratch, number))
        assert harness.run(scratch, APPLY) == 0, harness.err
        bad.update(release=release_of(scratch), file=scratch.read(SUPPORT), head=scratch.head())
        rounds.may_serve = {good, bad["release"]}

    def check() -> None:
        held = {h["release"] for h in scratch.look("hold", "list", "-e", "dev", "-o", "json").json["holds"]}
        if scratch.head() == bad["head"]:
            # It was killed before git knew: nothing has happened but, at most, the hold. Asking again does it.
            assert scratch.read(SUPPORT) == bad["file"]
            assert scratch.deployment()["observed_release"] == bad["release"]
            assert harness.run(scratch, ROLL_BACK) == 0, harness.err
            held = {h["release"] for h in scratch.look("hold", "list", "-e", "dev", "-o", "json").json["holds"]}
        assert scratch.git("rev-parse", "HEAD~1") == bad["head"]
        assert scratch.git("show", "--format=", "--name-only", "HEAD") == SUPPORT
        assert scratch.deployment()["observed_release"] == good
        assert bad["release"] in held, "what was taken back is on hold"

    rounds.run(prepare, check)
    rounds.tell()
    kills(rounds.survived, "branch, before", "branch, after", "work tree, before", "before: event route")


def test_a_recovery_survives_a_kill_at_every_point(scratch: Scratch, harness: Harness) -> None:
    assert harness.run(scratch, APPLY) == 0, harness.err
    rounds = Rounds(scratch, harness, APPLY, skip="event|begin|woken")

    def prepare(number: int) -> None:
        old = release_of(scratch)
        declare(scratch, "tiny@1", declare_prompt(scratch, number))
        rounds.may_serve = {old, release_of(scratch)}
        # The run before was killed when traffic had moved and nobody had written it down.
        assert harness.run(scratch, APPLY, 1, skip="^(?!.*before: event route)") == KILLED

    rounds.run(prepare, lambda: None)
    rounds.tell()
    kills(rounds.survived, "ledger's ref, before", "ledger's ref, after", "journal, after it is closed")
