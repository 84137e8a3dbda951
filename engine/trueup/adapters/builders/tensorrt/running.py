"""Runs one program of the toolchain to its end: its log on disk, its lines counted, nothing of it left behind."""

import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trueup.adapters.builders.tensorrt import codes
from trueup.adapters.builders.tensorrt.failures import LogReader
from trueup.core.errors import PermanentError

SILENCE_SECONDS = 3600.0
"""The longest that a program may write nothing: TensorRT tries tactics of large networks for minutes in silence."""

_GRACE_SECONDS = 10.0
"""From SIGTERM to SIGKILL."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run.

    Attributes:
        name: What it is called in messages.
        argv: Its command line.
        environment: All of its environment.
        folder: Its working folder.
        log: Where its output goes, appended.
        silence_seconds: After so long without output it is given up.
        end: Ends what signals to the program do not reach (a container).
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    silence_seconds: float = SILENCE_SECONDS
    end: Callable[[], None] = lambda: None


def run(program: Program, on_line: Callable[[str], None]) -> None:
    """Run *program*; *on_line* is told each line of its output.

    Raises:
        TrueupError: It failed, or stalled; with the class of the failure.
    """
    reader = LogReader()

    def heard(line: str) -> None:
        reader.read(line)
        on_line(line)

    with program.log.open("ab") as log:
        process = subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            cwd=program.folder,
            start_new_session=True,
        )
        try:
            _listen(process, program, log, heard)
            status = process.wait()
        except BaseException:
            _end(process, program)
            raise
    if status != 0:
        raise reader.failure(program.name, status, str(program.log))


def _listen(process: "subprocess.Popen[bytes]", program: Program, log: BinaryIO, heard: Callable[[str], None]) -> None:
    """Read output until its end."""
    if process.stdout is None:
        raise TypeError("output is piped")
    rest = b""
    with selectors.DefaultSelector() as selector, process.stdout as output:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if not selector.select(program.silence_seconds):
                detail = f"{program.name} wrote nothing for {program.silence_seconds:.0f} seconds. Log: {program.log}"
                raise PermanentError(codes.STALLED, detail)
            chunk = os.read(output.fileno(), 1 << 16)
            if not chunk:
                break
            log.write(chunk)
            log.flush()
            *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                heard(line.decode(errors="replace"))
    if rest:
        heard(rest.decode(errors="replace"))


def _end(process: "subprocess.Popen[bytes]", program: Program) -> None:
    """End the program and all that it started."""
    program.end()
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(_GRACE_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
