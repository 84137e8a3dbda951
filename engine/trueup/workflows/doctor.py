"""Examines the machine: whether everything trueup needs is there, in a version that works, and what to do if not.

Looks only; the one thing it writes is a temporary file that it removes, to learn whether it could.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from trueup.adapters.git.repository import call
from trueup.core.frozen import dataclass
from trueup.core.json import Json

MINIMUM_PYTHON = (3, 11)
MINIMUM_GIT = (2, 31)
"""The first git that takes options from variables (`GIT_CONFIG_COUNT`), which keeps its answers exact."""

_IDENTITY = ("user.name", "user.email")
_GIB = 1024**3
_DISK_WARN_BYTES = 5 * _GIB
_DISK_FAIL_BYTES = _GIB // 2
_MEMORY_WARN_BYTES = 2 * _GIB

_IMPORT_NAMES = {"gitpython": "git", "gordon-to-regorus": "regorus", "pyyaml": "yaml", "ruamel-yaml": "ruamel.yaml"}
"""Import names of distributions whose name differs by more than case."""

_NATIVE = frozenset({"regorus", "xllamacpp"})
"""Packages with machine code of their own, tried in a process that may die."""

_OPTIONAL = {
    "transformers": ("transformers", "second runtime of the process target", "pip install 'trueup[transformers]'"),
    "opa-python-client": ("opa_client", "policy by an OPA server", "pip install 'trueup[opa]'"),
    "tensorrt-llm": ("tensorrt_llm", "builds for NVIDIA GPUs", "pip install 'trueup[tensorrt]'"),
}
"""Distribution: import name, what it is for, how to get it."""


class Level(StrEnum):
    """How a check went: `fail` means that commands will not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found and, unless it is well, what to do."""

    name: str
    level: Level
    found: str
    advice: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the check as JSON."""
        return {"name": self.name, "level": self.level.value, "found": self.found, "advice": self.advice}


def examine(folder: Path, project: Path | None) -> Iterator[Check]:
    """Yield one check after the other; *project* is the folder of the project file, None when there is none."""
    yield python_check(sys.version_info[:3], sys.executable)
    yield _platform()
    yield from _git(folder)
    yield from _packages()
    yield from _optional()
    yield disk_check(shutil.disk_usage(project or folder).free, str(project or folder))
    yield from _memory()
    yield _loopback()
    yield from _project(folder, project)


def python_check(version: tuple[int, ...], executable: str) -> Check:
    """Judge the interpreter."""
    found = f"{'.'.join(map(str, version))} ({executable})"
    if version[:2] < MINIMUM_PYTHON:
        return Check("python", Level.FAIL, found, "Install Python 3.11 or later.")
    return Check("python", Level.OK, found)


def git_check(version_text: str) -> Check:
    """Judge the output of `git --version`."""
    match = re.search(r"(\d+)\.(\d+)(?:\.\d+)*", version_text)
    if match is None:
        return Check("git", Level.WARN, version_text.strip() or "no answer", "Is this git? trueup expects git 2.31.")
    if (int(match[1]), int(match[2])) < MINIMUM_GIT:
        return Check("git", Level.WARN, match[0], "Install git 2.31 or later.")
    return Check("git", Level.OK, match[0])


def disk_check(free_bytes: int, place: str) -> Check:
    """Judge the free space at *place*: models are large."""
    found = f"{free_bytes / _GIB:.1f} GiB free at {place}"
    advice = "Models take gigabytes: free some space, or put the store elsewhere (`store.path` in trueup.yaml)."
    if free_bytes < _DISK_FAIL_BYTES:
        return Check("disk", Level.FAIL, found, advice)
    if free_bytes < _DISK_WARN_BYTES:
        return Check("disk", Level.WARN, found, advice)
    return Check("disk", Level.OK, found)


def version_check(name: str, version: str, requirement: str) -> Check:
    """Judge an installed version by its requirement, `>=3.10,<4`; clauses with other operators are not judged."""
    for operator, bound in re.findall(r"(>=|<)\s*([\d.]+)", requirement):
        older = _numbers(version) < _numbers(bound)
        if older == (operator == ">="):
            return Check(name, Level.WARN, version, f"trueup is tested with {requirement}; install trueup again.")
    return Check(name, Level.OK, version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version.partition("+")[0])[:3])


def _platform() -> Check:
    found = f"{sys.platform}, {os.cpu_count() or 1} CPUs"
    if sys.platform in ("linux", "darwin"):
        return Check("platform", Level.OK, found)
    return Check("platform", Level.WARN, found, "trueup is tested on Linux and macOS.")


def _git(folder: Path) -> Iterator[Check]:
    if shutil.which("git") is None:
        yield Check("git", Level.FAIL, "not found", "Install git 2.31 or later and have it on PATH.")
        return
    yield git_check(_output("git", "--version"))
    name, email = (call(folder, ("config", key))[1].decode(errors="replace").strip() for key in _IDENTITY)
    if name and email:
        yield Check("git identity", Level.OK, f"{name} <{email}>")
    else:
        advice = "git config --global user.name 'Your Name'; git config --global user.email you@example.com"
        yield Check("git identity", Level.WARN, "not set: rollback and the ledger write commits", advice)


def _packages() -> Iterator[Check]:
    try:
        requirements = importlib.metadata.requires("trueup") or []
    except importlib.metadata.PackageNotFoundError:
        yield Check("trueup", Level.FAIL, "not installed as a package", "Run `pip install --editable .` here.")
        return
    for requirement in requirements:
        if "extra ==" in requirement:
            continue
        match = re.match(r"([A-Za-z0-9._-]+)([^;]*)", requirement)
        if match is not None:
            yield _package(match[1], match[2].strip())


def _package(name: str, requirement: str) -> Check:
    module = _IMPORT_NAMES.get(name.lower(), name.lower().replace("-", "_"))
    problem = _import_problem(module)
    if problem:
        return Check(name, Level.FAIL, f"cannot be imported: {problem}", "Install trueup again into this environment.")
    check = version_check(name, importlib.metadata.version(name), requirement)
    return _PECULIAR[module](check) if module in _PECULIAR and check.level is Level.OK else check


def _import_problem(module: str) -> str:
    """Return why *module* cannot be imported, empty when it can."""
    if module in _NATIVE:
        run = subprocess.run(
            [sys.executable, "-c", f"import {module}"], capture_output=True, text=True, timeout=60, check=False
        )
        last = (run.stderr.strip().splitlines() or [f"exit {run.returncode}"])[-1]
        return last if run.returncode else ""
    try:
        importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a broken package may raise anything, which is what we look for
        return f"{type(error).__name__}: {error}"
    return ""


def _regorus(check: Check) -> Check:
    # Every fork has this import name; the older ones lack the limits that keep a policy from taking all memory.
    engine = importlib.import_module("regorus").Engine
    if hasattr(engine, "clone") and hasattr(engine, "set_policy_length_config"):
        return check
    advice = "Another package provides `regorus`: remove it, then install gordon-to-regorus again."
    return Check(check.name, Level.FAIL, "an older fork answers to `regorus`", advice)


def _libyaml(check: Check) -> Check:
    if getattr(importlib.import_module("yaml"), "__with_libyaml__", False):
        return check
    advice = "Install a PyYAML wheel for this platform: without libyaml, reading is about ten times slower."
    return Check(check.name, Level.WARN, f"{check.found}, without libyaml", advice)


_PECULIAR = {"regorus": _regorus, "yaml": _libyaml}


def _optional() -> Iterator[Check]:
    for name, (module, purpose, how) in _OPTIONAL.items():
        try:
            version = importlib.metadata.version(name) if importlib.util.find_spec(module) else ""
        except importlib.metadata.PackageNotFoundError:
            version = "installed, version unknown"
        found = version or f"not installed; for {purpose}: {how}"
        yield Check(f"{name} (optional)", Level.OK, found)


def _memory() -> Iterator[Check]:
    if importlib.util.find_spec("psutil") is None:
        return
    available = int(importlib.import_module("psutil").virtual_memory().available)
    found = f"{available / _GIB:.1f} GiB available"
    if available < _MEMORY_WARN_BYTES:
        yield Check("memory", Level.WARN, found, "A model server needs its model's size in memory, and some more.")
    else:
        yield Check("memory", Level.OK, found)


def _loopback() -> Check:
    try:
        with socket.create_server(("127.0.0.1", 0)):
            return Check("loopback", Level.OK, "a server can listen on 127.0.0.1")
    except OSError as error:
        advice = "The process target serves on 127.0.0.1; allow it, or run where that is allowed."
        return Check("loopback", Level.FAIL, f"cannot listen on 127.0.0.1: {error.strerror}", advice)


def _project(folder: Path, project: Path | None) -> Iterator[Check]:
    if project is None:
        yield Check("project", Level.WARN, f"no trueup.yaml at or above {folder}", "Start one with `trueup init`.")
        return
    yield Check("project", Level.OK, str(project))
    state = project / ".trueup"
    try:
        with tempfile.NamedTemporaryFile(dir=state if state.is_dir() else project, prefix=".trueup-doctor-"):
            yield Check("state folder", Level.OK, f"{state} is writable")
    except OSError as error:
        yield Check("state folder", Level.FAIL, f"{state}: {error.strerror}", "Give yourself write permission there.")
    # `check-ignore` knows no literal paths, which `call` asks for everywhere.
    words = ("--no-literal-pathspecs", "check-ignore", ".trueup/store")
    if state.is_dir() and shutil.which("git") and not call(project, words)[1]:
        yield Check("git ignore", Level.WARN, ".trueup/ is not ignored", "Add the line `.trueup/` to .gitignore.")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
