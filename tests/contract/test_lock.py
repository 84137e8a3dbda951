"""What every lock does, and what the one over files does besides."""

import errno
import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakes import FakeClock, FakeLock
from trueup.adapters.locks.file_lock import FileLock, LockHeldError, LockUnavailableError
from trueup.ports import Lock

HOLDING = """
import sys
from pathlib import Path
from trueup.adapters.locks.file_lock import FileLock
with FileLock(Path(sys.argv[1])).hold("dev", "apply -e dev", 0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["file", "fake"])
def lock(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Lock:
    return FakeLock(clock) if request.param == "fake" else FileLock(tmp_path / "locks", clock)


def test_a_free_lock_is_held_at_once(lock: Lock, clock: FakeClock) -> None:
    with lock.hold("dev", "apply -e dev", 10):
        assert clock.slept == []


def test_a_held_lock_refuses_and_names_its_holder(lock: Lock) -> None:
    with (
        lock.hold("dev", "apply -e dev", 0),
        pytest.raises(LockHeldError, match="apply -e dev") as caught,
        lock.hold("dev", "rollback -e dev", 0),
    ):
        pytest.fail("two runs hold one lock")
    assert caught.value.environment == "dev"
    assert caught.value.code.id == "LED040"
    assert caught.value.holder
    assert caught.value.holder.pid


def test_a_lock_can_be_shared_by_many_and_is_then_held_by_none(lock: Lock) -> None:
    with lock.share("@store", "build a@1", 0), lock.share("@store", "build b@1", 0):
        with pytest.raises(LockHeldError, match="build") as caught, lock.hold("@store", "gc", 0):
            pytest.fail("it is shared")
        assert caught.value.environment == "@store"
    with (
        lock.hold("@store", "gc", 0),
        pytest.raises(LockHeldError, match="gc"),
        lock.share("@store", "build a@1", 0),
    ):
        pytest.fail("it is held")


def test_two_environments_do_not_meet(lock: Lock) -> None:
    with lock.hold("dev", "apply", 0), lock.hold("prod", "apply", 0):
        pass


def test_a_lock_is_free_afterwards_whatever_happened(lock: Lock) -> None:
    with pytest.raises(KeyError), lock.hold("dev", "apply", 0):
        raise KeyError
    with lock.hold("dev", "apply", 0):
        pass


def test_waiting_ends_at_the_timeout(lock: Lock, clock: FakeClock) -> None:
    with lock.hold("dev", "apply", 0):
        with pytest.raises(LockHeldError), lock.hold("dev", "apply", 2.55):
            pass
        assert sum(clock.slept) == pytest.approx(2.55)


def test_waiting_ends_when_the_lock_is_free(tmp_path: Path) -> None:
    with ExitStack() as holding:
        holding.enter_context(FileLock(tmp_path).hold("dev", "apply", 0))

        class Releasing(FakeClock):
            def sleep(self, seconds: float) -> None:
                super().sleep(seconds)
                if len(self.slept) == 3:
                    holding.close()

        clock = Releasing()
        with FileLock(tmp_path, clock).hold("dev", "apply", 60):
            assert len(clock.slept) == 3


def _held_by_another_process(folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    return process


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    with _held_by_another_process(tmp_path) as process:
        lock = FileLock(tmp_path)
        with pytest.raises(LockHeldError, match=f"process {process.pid}"), lock.hold("dev", "apply", 0):
            pass
        holder = lock.holder("dev")
        assert holder
        assert (holder.pid, holder.command) == (process.pid, "apply -e dev")
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert lock.holder("dev") is None
        with lock.hold("dev", "apply", 0):
            pass


def test_a_program_started_under_the_lock_does_not_keep_it(tmp_path: Path) -> None:
    lock = FileLock(tmp_path)
    with lock.hold("dev", "apply", 0):
        child = subprocess.Popen(["sleep", "60"])
    try:
        with lock.hold("dev", "apply", 0):
            pass
    finally:
        child.kill()
        child.wait()


def test_nobody_holds_a_lock_that_was_given_back(tmp_path: Path) -> None:
    lock = FileLock(tmp_path)
    assert lock.holder("dev") is None
    with lock.hold("dev", "apply", 0):
        holder = lock.holder("dev")
        assert holder
        assert holder.pid == os.getpid()
    assert lock.holder("dev") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff"])
def test_a_holder_that_cannot_be_read_is_another_run(tmp_path: Path, content: bytes) -> None:
    lock = FileLock(tmp_path)
    with lock.hold("dev", "apply", 0):
        (tmp_path / "dev.lock").write_bytes(content)
        with pytest.raises(LockHeldError, match="another run"), lock.hold("dev", "apply", 0):
            pass


def test_a_holder_on_another_machine_is_believed(tmp_path: Path) -> None:
    said = {"pid": 1, "host": "elsewhere", "user": "u", "command": "apply", "since": "2026-03-14T12:00:00+00:00"}
    (tmp_path / "dev.lock").write_text(json.dumps(said))
    holder = FileLock(tmp_path).holder("dev")
    assert holder
    assert "on elsewhere" in str(holder)


@pytest.mark.parametrize("environment", ["../prod", "a/b", ".", "..", "x" * 50, "é", "a b"])
def test_no_name_leaves_the_folder(tmp_path: Path, environment: str) -> None:
    folder = tmp_path / "locks"
    with FileLock(folder).hold(environment, "apply", 0):
        assert len(list(folder.iterdir())) == 1
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LockUnavailableError, match="LED041"), FileLock(tmp_path / "file").hold("dev", "apply", 0):
        pass


def test_a_folder_in_the_place_of_the_lock_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "dev.lock").mkdir()
    with pytest.raises(LockUnavailableError, match=os.strerror(errno.EISDIR)), FileLock(tmp_path).hold("dev", "x", 0):
        pass
