"""Promise 1: what was reviewed is what runs. A saved plan whose inputs have changed is refused, and writes nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from scratch import SUPPORT, Scratch, until, variables

from trueup.core.digests import Digest, digest_of
from trueup.plan.plan import Inputs

STALE, INVALID = 4, 8


def _judges(process: psutil.Process) -> bool:
    """Tell whether a process evaluates policies; it may outlive its command by a moment."""
    try:
        words = process.cmdline()  # none while it ends
        return not words or any("policy.embedded.worker" in word for word in words)
    except psutil.Error:
        return True


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def written(scratch: Scratch) -> dict[str, Any]:
    """Return all that an apply writes: journal, store, ledger, git, what should run, and the processes."""
    state = scratch.folder / ".trueup"
    return {
        "journal": files(state / "journal"),
        "store": sorted(str(p) for p in (state / "store/objects").glob("*/*")),
        "ledger": scratch.git("for-each-ref"),
        "work tree": scratch.git("status", "--porcelain", "--untracked-files=all"),
        "wanted": (state / "targets/dev/wanted.json").read_bytes(),
        "routes": (state / "targets/dev/routes.json").read_bytes(),
        "processes": sorted(p.pid for p in scratch.processes() if not _judges(p)),
    }


def at_rest(scratch: Scratch) -> dict[str, object]:
    """Return what is written once nothing that only passes (git tidying up, say) runs any more."""
    seen = [written(scratch)]

    def is_steady() -> bool:
        seen.append(written(scratch))
        return seen[-1] == seen[-2]

    until(is_steady)
    return seen[-1]


def saved(scratch: Scratch) -> str:
    """Plan the upgrade of `support` and save the plan beside the repository."""
    path = str(scratch.folder.parent / "plan.json")
    scratch.upgrade()
    scratch.trueup("plan", "-e", "dev", "--out", path)
    return path


def refused(scratch: Scratch, path: str, *said: str) -> None:
    """Apply the plan, which is stale: the difference is told and nothing is written."""
    before = at_rest(scratch)
    done = scratch.trueup("apply", "--plan", path, code=STALE)
    for text in said:
        assert text in done.err, done
    # The process that judged ends a moment after the command that started it.
    until(lambda: {p.pid for p in scratch.processes() if not _judges(p)} <= set(before["processes"]))
    assert written(scratch) == before


def test_a_plan_is_stale_when_the_target_has_changed(served: Scratch) -> None:
    path = saved(served)
    served.trueup("apply", "-e", "dev", "--revision", "HEAD", "--auto-approve")
    refused(served, path, "APP001", "observed")


def test_a_plan_is_stale_when_a_server_has_gone(served: Scratch) -> None:
    path = saved(served)
    (server,) = served.deployment()["servers"]
    supervisors = [p for p in served.processes() if "trueup.adapters.targets.process.supervisor" in p.cmdline()]
    for process in (*supervisors, psutil.Process(server["pid"])):
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(server["pid"]))
    refused(served, path, "APP001", "observed")


def test_a_plan_is_stale_when_a_release_was_put_on_hold(served: Scratch) -> None:
    path = saved(served)
    served.trueup("hold", "add", "support", "-e", "dev", "--reason", "under review")
    refused(served, path, "APP001")


def resealed(path: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change a plan file as one who knows how: with a new id and a new digest, so that only apply can find it."""
    document = json.loads(Path(path).read_text())
    del document["digest"]
    edit(document)
    inputs = document["plan"]["inputs"]
    names = {"desired": Digest, "observed": Digest, "policy": Digest, "tool": str}
    typed = {name: kind(inputs[name]) for name, kind in names.items()}
    document["plan"]["id"] = Inputs(**typed, targets=tuple(inputs["targets"])).plan_id
    Path(path).write_text(json.dumps({"digest": digest_of(document), **document}))


def test_a_plan_is_stale_when_another_commit_is_slipped_in(served: Scratch) -> None:
    path = saved(served)
    other = served.change(SUPPORT, ("contextPerSlot: 512", "contextPerSlot: 256"))
    resealed(path, lambda d: d["plan"].update(revision=other))
    refused(served, path, "APP001", "desired")


def test_a_plan_is_stale_when_it_was_judged_by_other_policies(served: Scratch) -> None:
    path = saved(served)
    resealed(path, lambda d: d["plan"]["inputs"].update(policy="sha256:" + "0" * 64))
    refused(served, path, "APP001", "polic")


def test_a_plan_is_stale_when_another_version_of_the_tool_applies_it(served: Scratch) -> None:
    path = saved(served)
    before = written(served)
    newer = "import sys, trueup; trueup.__version__ = '99.0'; from trueup.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", newer, "apply", "--plan", path]
    done = subprocess.run(command, cwd=served.folder, env=variables(), capture_output=True, text=True, check=False)
    assert done.returncode == STALE, done.stderr
    assert "99.0" in done.stderr
    assert written(served) == before


def test_an_expired_plan_is_refused(served: Scratch) -> None:
    path = saved(served)
    resealed(path, lambda d: d.update(expiresAt="2020-01-01T00:00:00+00:00"))
    refused(served, path, "expired", "2020-01-01")


def test_a_plan_of_an_older_commit_still_applies_that_commit(served: Scratch) -> None:
    path = saved(served)
    reviewed = served.head()
    served.change(SUPPORT, ("contextPerSlot: 512", "contextPerSlot: 256"))
    served.trueup("apply", "--plan", path)
    row = served.deployment()
    assert row["revision"] == reviewed
    assert row["sync"] == "to be applied", "the newer commit is not what was reviewed"


def test_a_plan_keeps_the_policies_of_its_commit(served: Scratch) -> None:
    served.write("policies/own/rule.rego", RULE)
    served.change("trueup.yaml", ("paths: []", "paths: [policies]"))
    path = saved(served)
    served.change("policies/own/rule.rego", ("1 == 2", "1 == 1"))
    served.trueup("plan", "-e", "dev", code=3)
    # What was reviewed was judged by the policies beside it, and they are part of what is applied.
    served.trueup("apply", "--plan", path)


RULE = """\
# METADATA
# title: Never
# description: Nothing is ever wrong.
# custom:
#   id: OWN-01
#   severity: low
package own.never

deny contains {"id": "OWN-01", "severity": "low", "address": "", "path": [], "message": "never"} if 1 == 2
"""


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "tampered": lambda content: content.replace(b"tiny@2", b"tiny@1", 1),
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "no plan": lambda content: b"[]",
    "nested": lambda content: b'{"a": ' * 100_000,
    "of a later version": lambda content: content.replace(b'"formatVersion": 1', b'"formatVersion": 9'),
    "no text": lambda content: b"\xff\xfe" + content,
}


def test_a_damaged_plan_is_refused_and_named(served: Scratch) -> None:
    path = saved(served)
    whole = Path(path).read_bytes()
    before = written(served)
    for name, damage in DAMAGES.items():
        Path(path).write_bytes(damage(whole))
        done = served.run("apply", "--plan", path)
        assert done.code == INVALID, f"{name}: {done}"
        assert "plan.json" in done.err, name
        assert served.look("show", path).code == INVALID, name
    assert written(served) == before


def test_a_plan_that_is_not_there_is_a_plain_error(served: Scratch) -> None:
    done = served.trueup("apply", "--plan", "nowhere.json", code=INVALID)
    assert "nowhere.json" in done.err
    assert served.trueup("show", "nowhere.json", code=INVALID).err
