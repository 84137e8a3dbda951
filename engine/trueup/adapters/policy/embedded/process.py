"""The worker as the parent sees it: started when needed, given a deadline, killed and forgotten when it fails."""

import contextlib
import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, cast

import trueup

_BOOT = "import sys; sys.path.extend(sys.argv[3:]);from trueup.adapters.policy.embedded.worker import main; main()"
_CHUNK = 1 << 16
MAX_ANSWER_BYTES = 32 << 20
"""A larger answer is a bomb; nobody reads a million violations."""


class WorkerLostError(Exception):
    """The worker did not answer: `timed_out` when it was ended for taking too long; `how` in words."""

    def __init__(self, how: str, *, timed_out: bool = False) -> None:
        super().__init__(how)
        self.how = how
        self.timed_out = timed_out


class WorkerProcess:
    """One worker process and the pipes to it. After `WorkerLostError` it is dead; make another."""

    def __init__(self, memory_bytes: int, cpu_seconds: int) -> None:
        command = [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, str(memory_bytes), str(cpu_seconds)]
        # Its own session: Ctrl-C ends the command, and the command ends the worker. An empty environment:
        # RUST_BACKTRACE and PYTHON* variables of the user must not change what it says.
        self._process = subprocess.Popen(
            [*command, *_import_folders()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            start_new_session=True,
            bufsize=0,
        )
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._input, self._output, self._errors = cast("tuple[IO[bytes], IO[bytes], IO[bytes]]", pipes)
        for pipe in (self._input, self._output, self._errors):
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
        """Send *request* and return the answer.

        Raises:
            WorkerLostError: No answer in time, or the process ended; it is killed in any case.
        """
        try:
            line = self._exchange(json.dumps(request).encode() + b"\n", time.monotonic() + timeout_seconds)
            answer: dict[str, Any] = json.loads(line)
        except TimeoutError:
            self.kill()
            raise WorkerLostError(f"No answer within {timeout_seconds:g} seconds", timed_out=True) from None
        except (OSError, EOFError, ValueError) as error:
            raise WorkerLostError(self._cause(error)) from error
        return answer

    def _exchange(self, request: bytes, deadline: float) -> bytes:
        """Write *request* while reading, so that neither side can wait for the other for ever."""
        waiting, answer = memoryview(request), bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._input, selectors.EVENT_WRITE)
            selector.register(self._output, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                ready = selector.select(max(deadline - time.monotonic(), 0))
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fileobj is self._input:
                        waiting = waiting[os.write(self._input.fileno(), waiting[:_CHUNK]) :]
                        if not waiting:
                            selector.unregister(self._input)
                    else:
                        answer += self._read()
                if len(answer) > MAX_ANSWER_BYTES:
                    raise ValueError(f"its answer is larger than {MAX_ANSWER_BYTES:,} bytes")
        return bytes(answer)

    def _read(self) -> bytes:
        chunk = os.read(self._output.fileno(), _CHUNK)
        if not chunk:
            raise EOFError("it closed its output")
        return chunk

    def _cause(self, error: Exception) -> str:
        """Say how the process ended: its signal, or its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            # A dying process closes its pipes first; a moment later its status is known.
            self._process.wait(1)
        status = self._process.poll()
        words = self._last_words()
        self.kill()
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            return f"Its process was ended by {name}" + (f" ({words})" if words else "")
        return words or f"{type(error).__name__}: {error}"

    def _last_words(self) -> str:
        try:
            text = os.read(self._errors.fileno(), _CHUNK).decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("note:")]
        return lines[-1][:300] if lines else ""

    def kill(self) -> None:
        """End the process now and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._input, self._output, self._errors):
            with contextlib.suppress(OSError):
                pipe.close()


def _import_folders() -> list[str]:
    """Return the folders the worker imports from: trueup's, the engine's and the YAML reader's."""
    folders = [str(Path(trueup.__file__).resolve().parents[1])]
    for name in ("regorus", "yaml"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folders.append(str(Path(spec.origin).resolve().parents[1]))
    return list(dict.fromkeys(folders))
