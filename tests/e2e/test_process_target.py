"""The process target with real model servers: what survives, what is restarted, what is refused, what is left."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from serving import (
    ask,
    chat,
    gguf,
    kill_all_of,
    pid_of,
    process_target,
    processes_of,
    question,
    release_of,
    route,
    scripted,
    server,
    table,
)
from trueup.adapters.targets.process.target import ProcessTarget
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.observed.state import Health, ObservedServer

SUPERVISOR, GATEWAY = "process.supervisor", "gateways.local"
V1, V2 = server("v1"), server("v2")
LONGEST_SECONDS = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "targets"


@pytest.fixture
def target(folder: Path) -> Iterator[ProcessTarget]:
    with process_target(folder) as made:
        yield made


@pytest.fixture
def address(target: ProcessTarget) -> str:
    """An environment that serves version 2 as `support`."""
    target.start("dev", V2, gguf("v2"))
    target.route("dev", table(route(V2)))
    return target.observe("dev").address


def until(claim: Callable[[], bool]) -> None:
    """Wait until *claim* holds."""
    end = time.monotonic() + LONGEST_SECONDS
    while not claim():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def only(target: ProcessTarget, environment: str = "dev") -> ObservedServer:
    (found,) = target.observe(environment).servers
    return found


def test_a_question_gets_the_release_s_answer(target: ProcessTarget, address: str) -> None:
    answer = chat(address, question())
    assert answer.status == 200
    assert answer.text == "The capital of Japan is Tokyo."
    assert answer.json["model"] == "support"
    assert answer.headers["x-trueup-release"] == release_of(V2)
    assert answer.headers["x-trueup-deployment"] == "Deployment/dev/support"
    (seen,) = target.observe("dev").routes
    assert (seen.requests, seen.failures) == (1, 0)


def test_a_killed_server_is_seen_and_restarted(target: ProcessTarget, address: str) -> None:
    before = only(target)
    os.kill(before.pid, signal.SIGKILL)
    assert only(target).health is not Health.HEALTHY
    until(lambda: only(target).health is Health.HEALTHY)
    after = only(target)
    assert after.pid != before.pid
    assert after.restarts == 1
    until(lambda: chat(address, question()).status == 200)


def test_a_killed_supervisor_leaves_everything_serving_and_its_successor_adopts_it(
    target: ProcessTarget, folder: Path, address: str
) -> None:
    before, gateway = only(target), pid_of(folder, GATEWAY)
    os.kill(pid_of(folder, SUPERVISOR), signal.SIGKILL)
    assert chat(address, question()).status == 200
    assert target.observe("dev").gateway is Health.HEALTHY
    assert only(target).health is Health.HEALTHY

    target.start("dev", V2, gguf("v2"))
    assert pid_of(folder, SUPERVISOR)
    assert only(target) == before
    assert pid_of(folder, GATEWAY) == gateway


def test_a_server_killed_while_no_supervisor_watches_is_healed_by_the_next_start(
    target: ProcessTarget, folder: Path, address: str
) -> None:
    os.kill(pid_of(folder, SUPERVISOR), signal.SIGKILL)
    os.kill(only(target).pid, signal.SIGKILL)
    until(lambda: only(target).health is Health.STOPPED)
    assert chat(address, question()).status == 503
    target.start("dev", V2, gguf("v2"))
    assert only(target).health is Health.HEALTHY
    until(lambda: chat(address, question()).status == 200)


def test_a_killed_gateway_comes_back_on_its_port_with_its_table(
    target: ProcessTarget, folder: Path, address: str
) -> None:
    target.route("dev", table(route(V2), route(V2, "second")))
    os.kill(pid_of(folder, GATEWAY), signal.SIGKILL)
    assert target.observe("dev").gateway is not Health.HEALTHY
    until(lambda: target.observe("dev").gateway is Health.HEALTHY)
    found = target.observe("dev")
    assert found.address == address
    assert [r.deployment.name for r in found.routes] == ["second", "support"]
    assert chat(address, question("second")).status == 200


def test_a_port_that_was_chosen_is_kept(target: ProcessTarget, address: str) -> None:
    target.route("dev", table(route(V2)))
    assert target.observe("dev").address == address


def test_killing_everything_at_once_loses_nothing(target: ProcessTarget, folder: Path, address: str) -> None:
    kill_all_of(folder)
    found = target.observe("dev")
    assert found.gateway is Health.STOPPED
    assert [s.health for s in found.servers] == [Health.STOPPED]
    assert [r.deployment.name for r in found.routes] == ["support"]
    target.start("dev", V2, gguf("v2"))
    target.route("dev", table(route(V2)))
    assert target.observe("dev").address == address
    assert chat(address, question()).status == 200


def test_observing_a_dead_environment_starts_nothing(target: ProcessTarget, folder: Path, address: str) -> None:
    kill_all_of(folder)
    files = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    target.observe("dev")
    assert processes_of(folder) == []
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == files


def test_a_route_table_changed_by_hand_is_seen_and_not_served(
    target: ProcessTarget, folder: Path, address: str
) -> None:
    stored = folder / "dev" / "routes.json"
    stored.write_text(stored.read_text().replace('"support"', '"stolen"'))
    found = target.observe("dev")
    assert found.gateway is Health.UNHEALTHY
    assert "changed by hand" in found.detail
    assert chat(address, question("stolen")).status == 404
    assert chat(address, question()).status == 200

    os.kill(pid_of(folder, GATEWAY), signal.SIGKILL)
    until(lambda: bool(processes_of(folder)) and target.observe("dev").detail.startswith("Stored route table"))
    assert chat(address, question("stolen")).status == 503

    target.route("dev", table(route(V2)))
    assert target.observe("dev").gateway is Health.HEALTHY
    assert chat(address, question()).status == 200


def test_weights_with_nan_are_healthy_and_refused_all_the_same(target: ProcessTarget, folder: Path) -> None:
    with pytest.raises(PermanentError, match="RUN005"):
        target.start("dev", server("nan"), gguf("nan"))
    assert target.observe("dev").servers == ()
    assert processes_of(folder) == []


def test_a_server_that_never_gets_healthy_is_given_up_after_its_declared_time(
    target: ProcessTarget, tmp_path: Path, folder: Path
) -> None:
    mute = server("mute", interpreter=scripted(tmp_path, "mute"), readyTimeoutSeconds=1)
    with pytest.raises(TransientError, match=r"RUN004 .*not ready after 1 s"):
        target.start("dev", mute, gguf("v1"))
    assert processes_of(folder) == []


def test_a_server_that_dies_at_start_is_reported_with_its_last_words(target: ProcessTarget, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"RUN003 (.|\n)*the scripted server cannot go on"):
        target.start("dev", server("dying", interpreter=scripted(tmp_path, "dying")), gguf("v1"))


def test_constant_answers_are_refused(target: ProcessTarget, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="RUN005"):
        target.start("dev", server("silly", interpreter=scripted(tmp_path, "silly")), gguf("v1"))


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (server("v1", interpreter="/nowhere/python"), "RUN008"),
        (server("v1", threads=10_000), "RUN010"),
        (server("v1", contextPerSlots=512), "RUN010 .*contextPerSlots"),
        (server("v1", slots=0), "RUN010"),
        (replace(server("v1"), runtime="lama.cpp"), "RUN011"),
    ],
    ids=["interpreter", "threads", "misspelt", "slots", "runtime"],
)
def test_what_cannot_be_started_is_refused_before_anything_is_written(
    target: ProcessTarget, folder: Path, spec: object, code: str
) -> None:
    with pytest.raises(PermanentError, match=code):
        target.start("dev", spec, gguf("v1"))  # type: ignore[arg-type]
    assert target.observe("dev").servers == ()
    assert processes_of(folder) == []


def test_an_interpreter_without_the_runtime_is_told_apart(target: ProcessTarget, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(PermanentError, match=r"RUN008 (.|\n)*xllamacpp"):
        target.start("dev", server("v1", interpreter=str(bare)), gguf("v1"))


def test_a_server_that_keeps_crashing_is_restarted_ever_later(target: ProcessTarget, tmp_path: Path) -> None:
    crashing = server("crashing", interpreter=scripted(tmp_path, "crashing"))
    target.start("dev", crashing, gguf("v1"))
    until(lambda: only(target).restarts >= 2)
    log = (tmp_path / "targets" / "dev" / "logs" / "supervisor.log").read_text()
    assert "exit code 3" in log
    target.stop("dev", [crashing.key])
    assert processes_of(tmp_path / "targets") == []


def test_a_taken_port_is_named_and_nothing_is_left(target: ProcessTarget, folder: Path) -> None:
    target.start("dev", V2, gguf("v2"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(TransientError, match=f"RUN007 .*127.0.0.1:{port}"):
            target.route("dev", table(route(V2), port=port))
    assert target.observe("dev").gateway is Health.STOPPED
    target.route("dev", table(route(V2), port=port))
    assert target.observe("dev").address == f"http://127.0.0.1:{port}"


def test_another_port_moves_the_gateway(target: ProcessTarget, folder: Path, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    target.route("dev", table(route(V2), port=port))
    assert target.observe("dev").address == f"http://127.0.0.1:{port}"
    assert chat(f"http://127.0.0.1:{port}", question()).status == 200
    with pytest.raises(OSError, match="refused"):
        ask(address, "/health")


def test_nothing_listens_beyond_loopback(target: ProcessTarget, folder: Path, address: str) -> None:
    listening = {
        connection.laddr.ip
        for process in processes_of(folder)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    for path in (folder / "dev", folder / "dev" / "gateway.sock", folder / "dev" / "wanted.json"):
        if path.exists():
            assert path.stat().st_mode & 0o077 == 0


def test_a_long_path_still_gets_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with process_target(deep) as target:
        target.start("dev", V2, gguf("v2"))
        target.route("dev", table(route(V2)))
        assert target.observe("dev").gateway is Health.HEALTHY


def test_stopping_everything_leaves_no_process_and_only_logs(target: ProcessTarget, folder: Path, address: str) -> None:
    target.route("dev", table())
    target.stop("dev", [V2.key])
    assert processes_of(folder) == []
    left = sorted(p.relative_to(folder / "dev").parts[0] for p in (folder / "dev").rglob("*") if p.is_file())
    assert set(left) == {"logs", "command.lock", "supervisor.lock"}


def test_shutdown_leaves_nothing_at_all(target: ProcessTarget, folder: Path, address: str) -> None:
    target.shutdown("dev")
    assert processes_of(folder) == []
    assert list(folder.iterdir()) == []
    target.shutdown("dev")


def test_a_stubborn_server_is_killed_in_the_end(target: ProcessTarget, tmp_path: Path, folder: Path) -> None:
    stubborn = server("stubborn", interpreter=scripted(tmp_path, "stubborn"), drainTimeoutSeconds=1)
    target.start("dev", stubborn, gguf("v1"))
    target.stop("dev", [stubborn.key])
    assert processes_of(folder) == []


def test_everything_ends_when_its_folder_is_deleted(target: ProcessTarget, folder: Path, address: str) -> None:
    shutil.rmtree(folder)
    until(lambda: processes_of(folder) == [])


def test_two_supervisors_are_impossible(target: ProcessTarget, folder: Path, address: str) -> None:
    first = pid_of(folder, SUPERVISOR)
    command = [sys.executable, "-m", "trueup.adapters.targets.process.supervisor", str(folder / "dev")]
    for _ in range(2):
        subprocess.run(command, check=True, timeout=LONGEST_SECONDS)
    until(lambda: pid_of_supervisors(folder) == [first])


def pid_of_supervisors(folder: Path) -> list[int]:
    return [p.pid for p in processes_of(folder) if any(SUPERVISOR in part for part in p.cmdline())]


def test_a_damaged_wanted_file_stops_nothing(target: ProcessTarget, folder: Path, address: str) -> None:
    (folder / "dev" / "wanted.json").write_text("{ this is not JSON")
    before = only(target)
    target.start("dev", V1, gguf("v1"))
    found = {s.key: s for s in target.observe("dev").servers}
    assert found[V2.key] == before
    assert found[V1.key].health is Health.HEALTHY
    assert chat(address, question()).status == 200


def test_a_command_killed_while_a_server_starts_loses_nothing(folder: Path, target: ProcessTarget) -> None:
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from serving import server; from trueup.adapters.clock import SystemClock\n"
        "from trueup.adapters.targets.process.target import ProcessTarget\n"
        "print('starting', flush=True)\n"
        "ProcessTarget(Path(sys.argv[2]), SystemClock()).start('dev', server('v2'), Path(sys.argv[3]))\n"
    )
    tests = str(Path(__file__).parents[1])
    argv = [sys.executable, "-c", script, tests, str(folder), str(gguf("v2"))]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        command.stdout.readline()
        until((folder / "dev" / "wanted.json").exists)
        command.kill()
    target.start("dev", V2, gguf("v2"))
    assert [s.health for s in target.observe("dev").servers] == [Health.HEALTHY]
    assert len([p for p in processes_of(folder) if any("llamacpp_server" in part for part in p.cmdline())]) == 1


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "targets").write_text("a file is in the way")
    with process_target(tmp_path / "targets") as target, pytest.raises(PermanentError, match="RUN001"):
        target.start("dev", V2, gguf("v2"))


def test_a_full_disk_is_a_clear_error_and_a_retry_works(folder: Path, target: ProcessTarget) -> None:
    script = (
        "import resource, signal, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from serving import server; from trueup.adapters.clock import SystemClock\n"
        "from trueup.adapters.targets.process.target import ProcessTarget\n"
        "from trueup.core.errors import TransientError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
        "try:\n"
        "    ProcessTarget(Path(sys.argv[2]), SystemClock()).start('dev', server('v2'), Path(sys.argv[3]))\n"
        "except TransientError as error:\n"
        "    print(error.code.id)\n"
    )
    tests = str(Path(__file__).parents[1])
    argv = [sys.executable, "-c", script, tests, str(folder), str(gguf("v2"))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=True)
    assert done.stdout == "RUN001\n"
    assert target.observe("dev").servers == ()
    target.start("dev", V2, gguf("v2"))
    assert only(target).health is Health.HEALTHY


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden"])
def test_an_environment_name_that_is_no_folder_is_refused(target: ProcessTarget, name: str) -> None:
    with pytest.raises(TrueupError, match="RUN015"):
        target.observe(name)


def test_a_command_s_secrets_do_not_reach_a_server(
    target: ProcessTarget, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "do-not-leak")
    target.start("dev", V2, gguf("v2"))
    target.route("dev", table(route(V2)))
    for process in processes_of(folder):
        assert "SECRET_TOKEN" not in process.environ()
    assert all(b"do-not-leak" not in p.read_bytes() for p in folder.rglob("*") if p.is_file())
