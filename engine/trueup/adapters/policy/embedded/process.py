"""The worker as the parent sees it: started when needed, given a deadline, killed and forgotten when it fails."""

import contextlib
import importlib.util
import itertools
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

_BOOT = "import sys; sys.path.extend(sys.argv[2:]);from trueup.adapters.policy.embedded.worker import main; main()"
_CHUNK = 1 << 16
_TICKETS = itertools.count(1)
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

    def __init__(self, memory_bytes: int) -> None:
        command = [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, str(memory_bytes)]
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
        self._waiting, self._answers = bytearray(), bytearray()
        self._awaited: set[int] = set()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def is_owed(self) -> bool:
        """Whether answers to earlier requests have not come."""
        return bool(self._awaited)

    def send(self, request: dict[str, Any], seconds: float) -> int:
        """Lay *request* ready, to be answered in so many seconds of processor time; return its ticket.

        It goes out while an answer is waited for: a worker can be handed the next request before it is done.
        """
        ticket = next(_TICKETS)
        self._waiting += json.dumps({**request, "ticket": ticket, "seconds": max(int(seconds), 1)}).encode() + b"\n"
        self._awaited.add(ticket)
        return ticket

    def awaits(self, ticket: int) -> bool:
        """Whether the request with that ticket was sent to this worker and its answer not received."""
        return ticket in self._awaited

    def receive(self, ticket: int, seconds: float) -> dict[str, Any]:
        """Return the answer to the request with that ticket, within so many seconds.

        Answers to earlier ones, which nobody waits for any more, are dropped.

        Raises:
            WorkerLostError: No answer in time, or the process ended; it is killed in any case.
        """
        deadline = time.monotonic() + seconds
        try:
            while (answer := self._next_answer(deadline))["ticket"] != ticket:
                pass
        except TimeoutError:
            self.kill()
            raise WorkerLostError(f"No answer within {seconds:.3g} seconds", timed_out=True) from None
        except (OSError, EOFError, ValueError) as error:
            raise WorkerLostError(self._cause(error)) from error
        return answer

    def _next_answer(self, deadline: float) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._next_line(deadline))
        if answer.get("ticket") not in self._awaited:
            raise ValueError("it answers what it was not asked")
        self._awaited.discard(answer["ticket"])
        return answer

    def _next_line(self, deadline: float) -> bytes:
        """Write what waits while reading, so that neither side can wait for the other for ever."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            if self._waiting:
                selector.register(self._input, selectors.EVENT_WRITE)
            searched = 0
            while (end := self._answers.find(b"\n", searched) + 1) == 0:
                searched = len(self._answers)
                if searched > MAX_ANSWER_BYTES:
                    raise ValueError(f"its answer is larger than {MAX_ANSWER_BYTES:,} bytes")
                ready = selector.select(max(deadline - time.monotonic(), 0))
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fileobj is self._output:
                        self._answers += self._read()
                    elif self._write():
                        selector.unregister(self._input)
        line = bytes(self._answers[:end])
        del self._answers[:end]
        return line

    def _write(self) -> bool:
        """Write a piece of what waits; tell whether that was all."""
        del self._waiting[: os.write(self._input.fileno(), self._waiting[:_CHUNK])]
        return not self._waiting

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
