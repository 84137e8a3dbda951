"""The process that does the heavy work: told of, killed with its builder, and never silent about why it ended."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from trueup.adapters.builders.modelopt import worker
from trueup.adapters.builders.modelopt.working import work
from trueup.core.errors import PermanentError, TrueupError

BEGIN = f"""
import importlib.util, sys, os, time
spec = importlib.util.spec_from_file_location("worker", {worker.__file__!r})
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
def main(channel):
"""
END = "\nsys.exit(worker.run(main))\n"


def script(tmp_path: Path, body: str) -> list[str]:
    path = tmp_path / "work.py"
    path.write_text(BEGIN + "\n".join(f"    {line}" for line in body.strip().splitlines()) + END)
    return [sys.executable, "-I", str(path)]


def told(tmp_path: Path, body: str) -> list[tuple[str, int, int]]:
    heard: list[tuple[str, int, int]] = []
    work(script(tmp_path, body), {"a": 1}, "tool", tmp_path, lambda *what: heard.append(what))
    return heard


def failure(tmp_path: Path, body: str) -> Exception:
    with pytest.raises((OSError, TrueupError)) as failed:
        told(tmp_path, body)
    return failed.value


def test_progress_is_passed_on_and_what_libraries_print_is_not(tmp_path: Path) -> None:
    body = "print('noise', flush=True)\nos.write(1, b'noise')\nchannel.progress('half', channel.job['a'], 2)"
    assert told(tmp_path, body) == [("tool: half", 1, 2), ("tool: half", 1, 1)]


ENDS = {
    "refused": ("raise worker.RefusedError('weights', 'missing: a')", "ART204", "tool: missing: a"),
    "unknown": ("raise worker.RefusedError('architecture', 'model_type x')", "ART201", "model_type x"),
    "no tokens": ("raise worker.RefusedError('calibration', 'example 1')", "ART304", "example 1"),
    "missing tools": ("import no_such_module", "ART301", "no_such_module"),
    "memory": ("raise MemoryError('x')", "ART306", "MemoryError"),
    "torch's memory": ("raise RuntimeError('DefaultCPUAllocator: can\\'t allocate memory')", "ART306", "allocate"),
    "a bug": ("raise ValueError('first\\nsecond')", "ART305", "ValueError: first."),
    "no words": ("raise ValueError", "ART305", "no message"),
    "the network": ("import socket; socket.create_connection(('127.0.0.1', 9))", "ART305", "nothing from the network"),
    "a crash": ("sys.stderr.write('Fatal: it broke\\n'); sys.stderr.flush(); os._exit(3)", "ART305", "it broke"),
    "silence": ("os._exit(3)", "ART305", "It said nothing"),
    "a kill": (f"os.kill(os.getpid(), {int(signal.SIGKILL)})", "ART306", "signal 9 (SIGKILL)"),
}


@pytest.mark.parametrize("case", ENDS)
def test_every_end_has_its_code_and_its_words(tmp_path: Path, case: str) -> None:
    body, code, words = ENDS[case]
    error = failure(tmp_path, body)
    assert isinstance(error, PermanentError)
    assert (error.code.id, words in error.detail) == (code, True), error


@pytest.mark.parametrize(
    "body",
    [
        "raise OSError(28, 'No space left on device')",
        "raise RuntimeError('Error: No space left on device (os error 28)')",
    ],
)
def test_a_full_disk_is_an_error_of_the_disk(tmp_path: Path, body: str) -> None:
    error = failure(tmp_path, body)
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC


def test_a_program_that_cannot_be_understood_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "work.py"
    path.write_text("import sys; sys.exit('cannot start')")
    with pytest.raises(PermanentError, match="cannot start"):
        work([sys.executable, str(path)], {}, "tool", tmp_path, lambda *_: None)


def test_tools_see_no_secrets_and_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    seen = tmp_path / "seen.json"
    told(tmp_path, f"import json; open({str(seen)!r}, 'w').write(json.dumps(dict(os.environ)))")
    variables = json.loads(seen.read_text())
    assert "secret" not in variables.values()
    assert (variables["OMP_NUM_THREADS"], variables["HF_HUB_OFFLINE"], variables["CUDA_VISIBLE_DEVICES"]) == (
        "1",
        "1",
        "",
    )


def test_whoever_interrupts_the_builder_ends_the_worker(tmp_path: Path) -> None:
    seen: list[int] = []

    def interrupt(what: str, done: int, total: int) -> None:
        seen.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(script(tmp_path, "channel.progress('', os.getpid(), 0)\ntime.sleep(600)"), {}, "tool", tmp_path, interrupt)
    assert not psutil.pid_exists(seen[0])


def test_a_worker_ends_when_its_builder_is_killed(tmp_path: Path) -> None:
    argv = script(tmp_path, "channel.progress('', os.getpid(), 0)\ntime.sleep(600)")
    builder = tmp_path / "builder.py"
    builder.write_text(
        "from pathlib import Path\n"
        "from trueup.adapters.builders.modelopt.working import work\n"
        f"work({argv!r}, {{}}, 'tool', Path('partial'), lambda what, done, total: print(done, flush=True))\n"
    )
    (tmp_path / "partial").mkdir()
    (tmp_path / "elsewhere").mkdir()
    variables = {**os.environ, "TMPDIR": str(tmp_path / "elsewhere")}
    parent = subprocess.Popen([sys.executable, str(builder)], stdout=subprocess.PIPE, cwd=tmp_path, env=variables)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    while _lives(pid):
        time.sleep(0.05)
    # What a killed build leaves lies where the next one clears up.
    assert len(list((tmp_path / "partial").iterdir())) == 1
    assert not list((tmp_path / "elsewhere").iterdir())


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
