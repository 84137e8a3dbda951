"""What a runtime plugin is: a declared server becomes a command line, and nothing is started here."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from trueup.adapters.targets.process import codes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.desired.state import ServerSpec

GROUP = "trueup.runtimes"
_IMPORT_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Launch:
    """How one server process is started.

    Attributes:
        argv: Command line; `wanted.PORT` stands where the port goes.
        env: Environment on top of the few inherited variables.
        model: The name the server knows its model by.
        ready_timeout_seconds: From start to the first good completion.
        drain_seconds: From SIGTERM to SIGKILL.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    model: str
    ready_timeout_seconds: float
    drain_seconds: float


class Runtime(Protocol):
    """Knows one kind of model server.

    What it starts must listen on 127.0.0.1 only, speak OpenAI's chat completions and answer GET /health, and end
    on SIGTERM after the answers under way.
    """

    module: str
    """The Python module that must be importable by its interpreter."""

    def launch(self, server: ServerSpec, artifact: Path, scratch: Path) -> Launch:
        """Return how to start *server* on *artifact*; *scratch* is a folder of the server's own.

        Raises:
            PermanentError: An argument is unknown or out of range, or the interpreter is missing.
        """
        ...


def load_runtime(name: str) -> Runtime:
    """Find the runtime called *name* among the installed ones.

    Raises:
        PermanentError: There is none, or it cannot be imported.
    """
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        hint = did_you_mean(name, found)
        known = ", ".join(sorted(found)) or "none"
        raise PermanentError(codes.RUNTIME_UNKNOWN, f"`{name}`; installed are: {known}", hint=hint)
    try:
        runtime: Runtime = found[name].load()()
    except ImportError as error:
        raise PermanentError(codes.RUNTIME_UNKNOWN, f"`{name}` cannot be imported: {error}") from error
    return runtime


def find_interpreter(declared: str) -> str:
    """Return the absolute path of the runtime's Python: the declared one, or ours.

    Raises:
        PermanentError: The declared one does not exist or cannot be executed.
    """
    if not declared:
        return sys.executable
    found = shutil.which(str(Path(declared).expanduser()))
    if found is None:
        raise PermanentError(codes.INTERPRETER_MISSING, f"{declared} is not an executable file")
    # Not resolved: the link inside a virtual environment is what makes it one.
    return os.path.abspath(found)


def is_installed(runtime: Runtime, interpreter: str) -> bool:
    """Tell whether *interpreter* (empty: ours) can import what the runtime needs; for `doctor`."""
    if not interpreter:
        return importlib.util.find_spec(runtime.module) is not None
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({runtime.module!r}) is None)"
    try:
        argv = [find_interpreter(interpreter), "-I", "-c", code]
        return subprocess.run(argv, timeout=_IMPORT_TIMEOUT_SECONDS, check=False, capture_output=True).returncode == 0
    except (subprocess.SubprocessError, OSError, PermanentError):
        return False


class Arguments:
    """Reads a runtime's declared arguments one by one; what nobody asked for is an error in the end."""

    def __init__(self, runtime: str, arguments: Sequence[tuple[str, Json]]) -> None:
        named = dict(arguments)
        # `args` holds what the deployment gives under the engine's own keys; null means not given.
        given = named.pop("args", None)
        own = given if isinstance(given, Mapping) else {}
        for name in sorted(own.keys() & named.keys()):
            hint = f"set `runtime.{name}` and leave it out of `runtime.args`"
            raise PermanentError(codes.ARGUMENT_INVALID, f"{runtime}: `{name}` has a field of its own", hint=hint)
        self._runtime = runtime
        self._left: dict[str, Json] = {k: v for k, v in {**own, **named}.items() if v is not None}
        self._known: list[str] = []

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number between *low* and *high*."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._invalid(name, value, f"a whole number from {low} to {high}")
        return value

    def seconds(self, name: str, default: float) -> float:
        """Return a time between one second and a day."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 86_400:
            raise self._invalid(name, value, "a number of seconds from 1 to 86400")
        return float(value)

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """Return one of *allowed*."""
        value = self._take(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise self._invalid(name, value, "one of " + ", ".join(allowed))
        return value

    def threads(self) -> int:
        """Return how many threads may compute: 1 unless declared, and never more than there are cores."""
        return self.integer("threads", 1, 1, cores())

    def finish(self) -> None:
        """Raise for an argument that this runtime does not know."""
        for name in self._left:
            hint = did_you_mean(name, self._known) or "known are: " + ", ".join(sorted(self._known))
            raise PermanentError(codes.ARGUMENT_INVALID, f"{self._runtime} has no argument `{name}`", hint=hint)

    def _take(self, name: str, default: Json) -> Json:
        self._known.append(name)
        return self._left.pop(name, default)

    def _invalid(self, name: str, value: Json, expected: str) -> PermanentError:
        return PermanentError(codes.ARGUMENT_INVALID, f"{self._runtime}: `{name}` is {value!r}, expected {expected}")


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def base_environment(threads: int) -> Mapping[str, str]:
    """Return variables for every runtime: threads are bounded, and nothing is imported from a current folder."""
    count = str(threads)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return {**dict.fromkeys(names, count), "OMP_WAIT_POLICY": "PASSIVE", "PYTHONSAFEPATH": "1"}
