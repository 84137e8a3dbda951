"""Two at once, and a machine that does not play along: clear ends, documented exit codes, and nothing lost."""

import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from scratch import LONGEST_SECONDS, SUPPORT, Done, Scratch, cleaned_up, until, variables

from artifacts import broken_tiny
from serving import chat, question
from trueup.adapters.stores.hashing import digest_of_artifact, digest_of_file, files_below, hash_files

ERROR, LOCKED = 1, 5
HOLDER = """
import sys
from pathlib import Path
from trueup.adapters.locks.file_lock import FileLock
with FileLock(Path(sys.argv[1])).hold("dev", "apply -e dev", 0.0):
    print("held", flush=True)
    sys.stdin.read()
"""
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24


@contextmanager
def held_lock(scratch: Scratch) -> Iterator["subprocess.Popen[str]"]:
    """Hold the lock of dev in another process until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(scratch.folder / ".trueup/locks")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process


def under(scratch: Scratch, limit: Callable[[], object], *words: str) -> Done:
    """Run a command in a process that *limit* was called in first."""
    done = subprocess.run(
        [sys.executable, "-m", "trueup", *words],
        cwd=scratch.folder,
        env=variables(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        preexec_fn=limit,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(words, done.returncode, done.stdout, done.stderr)


def test_a_second_apply_is_told_who_holds_the_lock(served: Scratch) -> None:
    served.upgrade()
    served.apply()
    served.scan("staging")
    served.change(SUPPORT, ("contextPerSlot: 512", "contextPerSlot: 256"))
    with held_lock(served) as holder:
        refused = served.apply(code=LOCKED)
        assert "LED040" in refused.err
        assert f"process {holder.pid}" in refused.err
        assert "`apply -e dev`" in refused.err
        assert served.status()["gateway"] == "healthy", "looking needs no lock"
        served.apply("staging")  # another environment is another lock
    served.apply()


def test_a_second_apply_waits_when_it_is_told_to(served: Scratch) -> None:
    served.upgrade()
    with held_lock(served) as holder:
        waiting = served.start("apply", "-e", "dev", "--auto-approve", "--lock-timeout", str(LONGEST_SECONDS))
        folder = served.folder / ".trueup/locks"
        until(lambda: any(str(folder) in f.path for f in psutil.Process(waiting.pid).open_files()))
        assert waiting.poll() is None
        holder.communicate()
        _, err = waiting.communicate(timeout=LONGEST_SECONDS)
    assert waiting.returncode == 0, err
    assert served.deployment()["sync"] == "in sync"


def test_two_applies_at_once_do_the_work_once(scratch: Scratch) -> None:
    words = ("apply", "-e", "dev", "--auto-approve")
    runs = [scratch.start(*words) for _ in range(2)]
    ends = [(run.communicate(timeout=LONGEST_SECONDS), run.returncode) for run in runs]
    assert {code for _, code in ends} <= {0, LOCKED}, ends
    assert 0 in {code for _, code in ends}, ends
    assert len(scratch.records()) == 1
    assert scratch.deployment()["sync"] == "in sync"


def test_a_rollback_while_an_apply_works_writes_nothing(served: Scratch) -> None:
    served.upgrade()
    served.apply()
    before = served.git("for-each-ref"), served.read(SUPPORT)
    with held_lock(served):
        refused = served.trueup("rollback", "support", "-e", "dev", "--auto-approve", code=LOCKED)
        assert "LED040" in refused.err
        served.trueup("down", "-e", "dev", "--auto-approve", code=LOCKED)
    assert (served.git("for-each-ref"), served.read(SUPPORT)) == before
    served.trueup("rollback", "support", "-e", "dev", "--auto-approve")


@pytest.mark.slow
def test_two_clones_that_record_at_once_lose_no_record(declared: Scratch, tmp_path: Path) -> None:
    origin = Scratch(tmp_path / "origin.git")
    base = declared.copied_to(tmp_path / "base")
    base.change("trueup.yaml", ("ref: refs/trueup/ledger", "ref: refs/trueup/ledger\n    remote: origin"))
    base.git("clone", "--quiet", "--bare", ".", str(origin.folder))
    with cleaned_up(clone(origin, "a")) as a, cleaned_up(clone(origin, "b")) as b:
        runs = [c.start("apply", "-e", "dev", "--auto-approve") for c in (a, b)]
        for run in runs:
            _, err = run.communicate(timeout=LONGEST_SECONDS)
            assert run.returncode == 0, err
        a.trueup("hold", "add", "support", "-e", "dev", "--reason", "under review")
        b.trueup("hold", "lift", "support", "-e", "dev")
        for c in (b, a):
            assert c.look("audit", "verify").code == 0
        assert [r["kind"] for r in b.records()] == ["lift", "hold", "apply", "apply"]
        assert origin.git("rev-parse", "refs/trueup/ledger") == b.git("rev-parse", "refs/trueup/ledger")
        assert b.status()["unpushed_records"] == 0


@pytest.mark.slow
def test_a_remote_that_does_not_answer_keeps_nobody_from_applying(declared: Scratch, tmp_path: Path) -> None:
    origin = Scratch(tmp_path / "origin.git")
    base = declared.copied_to(tmp_path / "base")
    base.change("trueup.yaml", ("ref: refs/trueup/ledger", "ref: refs/trueup/ledger\n    remote: origin"))
    base.git("clone", "--quiet", "--bare", ".", str(origin.folder))
    with cleaned_up(clone(origin, "a")) as a:
        away = origin.folder.rename(tmp_path / "away")
        a.apply()
        assert a.status()["unpushed_records"] == 2, "the provenance of a build, and the apply"
        away.rename(origin.folder)
        a.upgrade()
        a.apply()
        assert a.status()["unpushed_records"] == 0


def clone(origin: Scratch, name: str) -> Scratch:
    made = Scratch(origin.folder.parent / name)
    origin.git("clone", "--quiet", ".", str(made.folder))
    for key, value in (("user.name", name), ("user.email", f"{name}@example.com")):
        made.git("config", key, value)
    return made


def test_uncommitted_changes_are_planned_and_not_applied(served: Scratch) -> None:
    served.edit(SUPPORT, ("tiny@1", "tiny@2"))
    assert "update" in served.trueup("plan", "-e", "dev", "--out", "../plan.json").out
    for words in (("-e", "dev", "--auto-approve"), ("--plan", "../plan.json")):
        refused = served.trueup("apply", *words, code=ERROR)
        assert "APP002" in refused.err
    refused = served.trueup("rollback", "support", "-e", "dev", "--auto-approve", code=ERROR)
    assert refused.err
    assert len(served.records()) == 1
    # What is uncommitted elsewhere is nobody's business.
    served.git("restore", SUPPORT)
    served.write("notes.md", "to do")
    assert "Nothing to do." in served.apply().err


def test_a_detached_head_can_be_applied_and_not_rolled_back(served: Scratch) -> None:
    served.upgrade()
    served.git("checkout", "--quiet", "--detach")
    served.apply()
    head, records = served.head(), len(served.records())
    refused = served.trueup("rollback", "support", "-e", "dev", "--auto-approve", code=ERROR)
    assert "branch" in refused.err
    assert served.head() == head
    assert served.git("status", "--porcelain") == ""
    assert served.look("hold", "list", "-e", "dev", "-o", "json").json["holds"] == [], "no hold without its rollback"
    assert served.look("audit", "verify").code == 0
    assert len(served.records()) >= records
    served.git("checkout", "--quiet", "main")
    served.trueup("rollback", "support", "-e", "dev", "--auto-approve")


def test_a_repository_without_commits_is_planned_and_not_applied(scratch: Scratch) -> None:
    scratch.git("update-ref", "-d", "refs/heads/main")
    scratch.git("rm", "-r", "--quiet", "--cached", ".")
    scratch.trueup("validate")
    scratch.trueup("plan", "-e", "dev")
    refused = scratch.apply(code=ERROR)
    assert "commit" in refused.err.lower()
    assert scratch.trueup("audit", "verify").code == 0
    scratch.commit("The first")
    scratch.apply()


def test_a_shallow_clone_is_refused_for_what_it_cannot_know_until_it_is_whole(served: Scratch) -> None:
    served.upgrade()
    shallow = Scratch(served.folder.parent / "shallow")
    served.git("clone", "--quiet", "--depth", "1", f"file://{served.folder}", str(shallow.folder))
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
        shallow.git("config", key, value)
    with cleaned_up(shallow):
        shallow.trueup("validate")
        refused = shallow.apply(code=3)
        assert "The policy document has no usable `change.commits`" in " ".join(refused.err.split())
        shallow.git("fetch", "--quiet", "--unshallow")
        shallow.apply()
        assert shallow.deployment()["sync"] == "in sync"
        assert shallow.look("audit", "verify").code == 0


def without_privileges() -> None:
    """Have permissions count also for root; without effect for everybody else."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def test_a_state_folder_without_write_permission_is_named(served: Scratch) -> None:
    served.upgrade()
    state = served.folder / ".trueup"
    folders = [state, *(p for p in state.rglob("*") if p.is_dir())]
    modes = {p: p.stat().st_mode for p in folders}
    files = {p: p.stat().st_mode for p in state.rglob("*") if p.is_file()}
    for path in (*files, *folders):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        under(served, without_privileges, "status", "-e", "dev")
        refused = under(served, without_privileges, "apply", "-e", "dev", "--auto-approve")
    finally:
        for path, mode in (modes | files).items():
            path.chmod(mode)
    assert refused.code == ERROR, refused
    assert ".trueup" in refused.err
    assert "ermission" in refused.err
    assert len(served.records()) == 1
    served.apply()


@pytest.mark.parametrize("room_bytes", [0, 100, 1_000, 20_000, 1_000_000])
def test_a_full_disk_ends_clearly_and_is_made_good_later(served: Scratch, room_bytes: int) -> None:
    served.upgrade()
    before = served.ask().headers["x-trueup-release"]
    address = served.address()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, room_bytes))

    failed = under(served, limit, "apply", "-e", "dev", "--auto-approve")
    assert failed.code in (ERROR, 3), failed
    assert "error" in failed.err or "failed" in failed.err
    answer = chat(address, question())
    assert (answer.status, answer.headers["x-trueup-release"]) == (200, before)
    served.apply()
    assert served.deployment()["sync"] == "in sync"
    assert served.look("audit", "verify").code == 0
    assert served.status()["strays"] == []


def test_a_taken_port_is_named_and_freed_later(scratch: Scratch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        scratch.change("spec/environments/dev.yaml", ("port: 0", f"port: {port}"))
        refused = scratch.apply(code=ERROR)
        assert "RUN007" in refused.err
        assert str(port) in refused.err
        assert scratch.status()["strays"] == [], "the servers that were started for it are gone"
        assert scratch.records()[0]["outcome"] == "failed"
    scratch.apply()
    assert scratch.address() == f"http://127.0.0.1:{port}"


def declare_broken(scratch: Scratch, fault: str) -> None:
    """Commit a model with a fault, by its true digest, and serve it in dev."""
    folder = broken_tiny(scratch.folder / f"models/tiny/v3-{fault}", fault)
    files = hash_files(folder, files_below(folder), digest_of_file)
    digest = digest_of_artifact(files, is_folder=True)
    lines = scratch.read("spec/models/tiny-2.yaml").replace('version: "2"', f"version: 3-{fault}").splitlines()
    text = "\n".join(f"    digest: {digest}" if line.strip().startswith("digest:") else line for line in lines)
    scratch.write(f"spec/models/tiny-3-{fault}.yaml", text.replace("models/tiny/v2", f"models/tiny/v3-{fault}") + "\n")
    scratch.change(SUPPORT, ("tiny@1", f"tiny@3-{fault}"))


@pytest.mark.parametrize(("fault", "code"), [("nan", "RUN005"), ("short", "ART")])
def test_a_model_that_cannot_serve_gets_no_traffic(served: Scratch, fault: str, code: str) -> None:
    before = served.deployment()
    declare_broken(served, fault)
    failed = served.apply(code=ERROR)
    assert code in failed.err
    after = served.deployment()
    assert after["observed_release"] == before["observed_release"]
    assert [s["pid"] for s in after["servers"]] == [s["pid"] for s in before["servers"]]
    assert served.status()["strays"] == []
    assert served.ask().status == 200
    newest = served.records()[0]
    assert newest["outcome"] == "failed"
    assert code in str(newest["body"]["failed"])
    served.git("revert", "--no-edit", "HEAD")
    assert "Nothing to do." in served.apply().err


@pytest.mark.slow
def test_a_server_that_keeps_dying_comes_back_each_time(served: Scratch) -> None:
    address = served.address()
    for restarts in (1, 2, 3):
        (server,) = served.deployment()["servers"]
        os.kill(server["pid"], signal.SIGKILL)
        until(lambda: not psutil.pid_exists(server["pid"]))  # noqa: B023 - it is waited for here
        until(lambda: chat(address, question()).status == 200)
        until(lambda: served.deployment()["health"] == "healthy")
        (server,) = served.deployment()["servers"]
        assert server["restarts"] == restarts
    assert "Nothing to do." in served.apply().err
