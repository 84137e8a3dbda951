"""Parts of the process target that need no process: state files, logs, diagnoses, first answers."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from trueup.adapters.targets.process import codes, logs, processes
from trueup.adapters.targets.process.control import change, current
from trueup.adapters.targets.process.diagnosis import exit_of
from trueup.adapters.targets.process.layout import Layout, is_locked, locked, read_json, reported, write_json
from trueup.adapters.targets.process.probes import nonsense
from trueup.adapters.targets.process.status import Status, read_status
from trueup.adapters.targets.process.supervision import Reason, fresh
from trueup.adapters.targets.process.wanted import Wanted, WantedGateway, WantedServer, read_wanted, wanted_from_json
from trueup.core.digests import digest_of
from trueup.core.errors import PermanentError, TransientError

SERVER = WantedServer(digest_of("a"), 0, {"runtime": "x"}, "/a", ("python", "@PORT@"), (("B", "2"), ("A", "1")), "m")
GATEWAY = WantedGateway("127.0.0.1", 8180, "/x.sock", ("python",), attempt=2)
WANTED = Wanted(3, (SERVER, replace(SERVER, replica=1)), GATEWAY)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "dev")
    made.create()
    return made


@pytest.mark.parametrize(
    ("text", "sane"),
    [
        ("Paris.", True),
        ("The capital of France is Paris.", True),
        ("no no no", True),
        ("4", True),
        ("", False),
        (" \n\t", False),
        ("\ufffd\ufffd", False),
        ("DDDDDDDDDDDDDDDD", False),
        ("<unk><unk><unk><unk><unk>", False),
        ("the the the the the the th", False),
        ("!!!!", False),
    ],
)
def test_only_what_no_working_model_says_is_nonsense(text: str, sane: bool) -> None:
    assert (nonsense(text) == "") is sane


@pytest.mark.parametrize(
    ("code", "log", "reason"),
    [
        (71, "", Reason.ARTIFACT),
        (72, "", Reason.MISSING),
        (73, "", Reason.PORT),
        (127, "", Reason.MISSING),
        (-9, "", Reason.MEMORY),
        (137, "", Reason.MEMORY),
        (1, "ERROR: [Errno 98] error while attempting to bind: Address already in use", Reason.PORT),
        (1, "ModuleNotFoundError: No module named 'transformers'", Reason.MISSING),
        (1, "torch.OutOfMemoryError: CUDA out of memory", Reason.MEMORY),
        (None, "failed to load model", Reason.ARTIFACT),
        (-signal.SIGSEGV, "", Reason.DIED),
        (1, "something else", Reason.DIED),
        (None, "", Reason.DIED),
    ],
)
def test_an_end_is_explained_by_exit_code_and_last_words(code: int | None, log: str, reason: Reason) -> None:
    found = exit_of(code, log)
    assert found.reason is reason
    assert log in found.detail


def test_wanted_state_reads_back_as_it_was_written(layout: Layout) -> None:
    write_json(layout.wanted, WANTED.to_json())
    found = read_wanted(layout)
    assert found is not None
    assert {i: c.fingerprint for i, c in found.children.items()} == {
        i: c.fingerprint for i, c in WANTED.children.items()
    }
    assert found.to_json() == WANTED.to_json()


def test_a_status_reads_back_as_it_was_published(layout: Layout) -> None:
    status = Status(7, 1.5, 3, tuple((fresh(i, c.fingerprint, 2.0), c) for i, c in WANTED.children.items()))
    write_json(layout.status, status.to_json())
    found = read_status(layout)
    assert found is not None
    assert found.to_json() == status.to_json()
    assert found.wanted().to_json() == WANTED.to_json()


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "servers": [1]}'])
def test_a_damaged_wanted_file_is_none(layout: Layout, damage: str) -> None:
    layout.wanted.write_text(damage)
    assert read_wanted(layout) is None


@pytest.mark.parametrize("damage", ["", "[]", '{"format": 9}', '{"format": 1, "supervisor": {}, "children": []}'])
def test_a_damaged_status_is_none(layout: Layout, damage: str) -> None:
    layout.status.write_text(damage)
    assert read_status(layout) is None


def test_state_of_another_version_is_not_guessed_at() -> None:
    with pytest.raises(PermanentError, match="RUN013"):
        wanted_from_json({"format": 2})


def test_a_damaged_wanted_file_is_made_good_from_what_the_supervisor_was_told(layout: Layout) -> None:
    status = Status(7, 1.5, 3, tuple((fresh(i, c.fingerprint, 2.0), c) for i, c in WANTED.children.items()))
    write_json(layout.status, status.to_json())
    layout.wanted.write_text("{")
    assert current(layout).to_json() == WANTED.to_json()


def test_a_change_that_changes_nothing_writes_nothing(layout: Layout) -> None:
    first = change(layout, lambda w: replace(w, gateway=GATEWAY))
    stamp = layout.wanted.stat().st_mtime_ns
    assert change(layout, lambda w: w) == first
    assert layout.wanted.stat().st_mtime_ns == stamp
    assert change(layout, lambda w: replace(w, gateway=None)).generation == first.generation + 1


def test_a_file_that_cannot_be_written_whole_is_left_as_it_was(layout: Layout) -> None:
    write_json(layout.wanted, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(layout.wanted, {"a": float("nan")})
    assert read_json(layout.wanted) == {"a": 1}


@pytest.mark.parametrize(("number", "kind"), [(28, TransientError), (13, PermanentError), (30, PermanentError)])
def test_a_full_disk_may_pass_and_a_missing_permission_does_not(number: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="RUN001"), reported(Path("/x")):
        raise OSError(number, os.strerror(number))


def test_a_lock_is_seen_while_it_is_held_and_never_made_by_looking(layout: Layout) -> None:
    assert not is_locked(layout.command_lock)
    assert not layout.command_lock.exists()
    with locked(layout.command_lock):
        assert is_locked(layout.command_lock)
    assert not is_locked(layout.command_lock)


def test_a_process_is_its_pid_and_its_start_time() -> None:
    started = processes.start_time(os.getpid())
    assert processes.is_alive(os.getpid(), started)
    assert not processes.is_alive(os.getpid(), started - 60)
    assert not processes.is_alive(0, 0.0)


def test_a_log_is_moved_aside_when_it_is_too_long(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab") as child:
        for turn in range(4):
            child.write(f"turn {turn}\n".encode() * 10)
            child.flush()
            assert logs.rotate(log, limit_bytes=50)
            assert log.stat().st_size == 0
        child.write(b"last\n")
    assert log.read_bytes() == b"last\n"
    assert (tmp_path / "a.log.1").read_text().startswith("turn 3")
    assert (tmp_path / "a.log.2").read_text().startswith("turn 2")
    assert not (tmp_path / "a.log.3").exists()
    assert not logs.rotate(log, limit_bytes=50)


def test_the_tail_of_a_log_starts_where_the_process_did(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"old\n")
    before = logs.size(log)
    with log.open("ab") as child:
        child.write(b"one\n\n\x1b[31mtwo\xff\nthree\n")
    assert logs.tail(log, lines=2, since=before).splitlines()[1] == "three"
    assert "old" not in logs.tail(log, since=before)
    assert "\x1b" not in logs.tail(log)
    assert logs.tail(tmp_path / "absent") == ""


def test_a_long_folder_gets_a_socket_elsewhere_and_always_the_same(tmp_path: Path) -> None:
    far = Layout(tmp_path / ("x" * 90))
    assert far.admin_socket() == far.admin_socket()
    assert far.admin_socket() != Layout(tmp_path / ("y" * 90)).admin_socket()
    assert len(os.fsencode(far.admin_socket())) < 104
    assert Layout(Path("/tmp/short")).admin_socket() == Path("/tmp/short/gateway.sock")
    assert far.admin_socket().parent.stat().st_mode & 0o077 == 0


def test_every_code_is_listed_once() -> None:
    ids = [c.id for c in codes.CODES]
    assert ids == sorted(set(ids))
    assert json.dumps(ids)
