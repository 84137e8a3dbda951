"""Runs commands of trueup that are killed at a chosen point: a process of its own that forks one child a command.

Started as `python killing.py`, it reads a request a line (JSON: folder, words, kill_at, skip, out) and answers how
the command ended. The child is the real command over the real wiring; what is added only counts the points at which a
kill can come, and at the chosen one it ends the child with SIGKILL. Points: after each journal entry, before each
entry that tells a step's end (the step is done and nobody wrote it down), before and after the journal is closed,
inside a store's write and its admission, around what a target is told, around the ledger's and the branch's ref, and
what a pull request is made of.
"""

import importlib
import json
import os
import pkgutil
import re
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import trueup
import trueup.adapters.forges.github as github
import trueup.adapters.git.committer as committing
import trueup.adapters.git.ledger as ledger
import trueup.adapters.git.publisher as publisher
import trueup.adapters.stores.directory as directory
import trueup.adapters.targets.process.control as control
from trueup.adapters.journals.file_journal import FileJournal
from trueup.cli.main import run
from trueup.cli.wiring import LocalWorkspace
from trueup.core.json import Json

_ENDS = ("done", "failed")


class Points:
    """Counts the points that are passed, writes their names down, and kills this process at one of them."""

    def __init__(self, kill_at: int, trace: Path, skip: str) -> None:
        self._kill_at = kill_at
        self._skip = skip
        self._passed = 0
        self._trace = trace

    def pass_(self, name: str) -> None:
        if self._skip and re.search(self._skip, name):
            return
        self._passed += 1
        with self._trace.open("a") as file:
            file.write(f"{self._passed} {name}\n")
        if self._passed == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _journal(points: Points, stack: ExitStack) -> None:
    write, close = FileJournal.write, FileJournal.close

    def counted_write(self: FileJournal, environment: str, entry: Mapping[str, Json]) -> None:
        name = " ".join(str(entry[k]) for k in ("type", "step", "address", "status") if k in entry)
        if entry.get("status") in _ENDS:
            points.pass_(f"journal, before: {name}")
        write(self, environment, entry)
        points.pass_(f"journal, after: {name}")

    def counted_close(self: FileJournal, environment: str) -> None:
        points.pass_("journal, before it is closed")
        close(self, environment)
        points.pass_("journal, after it is closed")

    stack.enter_context(patch.object(FileJournal, "write", counted_write))
    stack.enter_context(patch.object(FileJournal, "close", counted_close))


def _around(points: Points, stack: ExitStack, place: Any, name: str, what: str) -> None:
    """Count before and after each call of the function *name* in *place*."""
    original: Callable[..., Any] = getattr(place, name)

    def counted(*arguments: Any, **named: Any) -> Any:
        points.pass_(f"{what}, before")
        result = original(*arguments, **named)
        points.pass_(f"{what}, after")
        return result

    stack.enter_context(patch.object(place, name, counted))


def _progress(points: Points, stack: ExitStack) -> None:
    """Count the first word of progress of each kind: something is half done then."""
    seen: set[str] = set()
    start = LocalWorkspace.__init__

    def counted_start(self: LocalWorkspace, root: Path, _: object) -> None:
        def progress(what: str, done: int, total: int) -> None:
            if done and what not in seen:
                seen.add(what)
                points.pass_(f"half done: {what}")

        start(self, root, progress)

    stack.enter_context(patch.object(LocalWorkspace, "__init__", counted_start))


def _child(request: dict[str, Any]) -> int:
    points = Points(request["kill_at"], Path(request["out"] + ".points"), request["skip"])
    os.chdir(request["folder"])
    with ExitStack() as stack:
        _journal(points, stack)
        _progress(points, stack)
        _around(points, stack, ledger, "move", "ledger's ref")
        _around(points, stack, directory, "admit", "admission to the store")
        _around(points, stack, control, "wake", "target woken")
        _around(points, stack, committing.BranchCommitter, "_moved", "branch")
        _around(points, stack, committing.BranchCommitter, "_follow", "work tree")
        _around(points, stack, publisher.BranchPublisher, "_set", "branch of a pull request")
        _around(points, stack, publisher.BranchPublisher, "push", "push")
        _around(points, stack, github.GitHub, "open", "pull request")
        out = stack.enter_context(open(request["out"], "w"))
        err = stack.enter_context(open(request["out"] + ".err", "w"))
        return run(request["words"], out, err, dict(os.environ))


def _import_everything() -> None:
    """So that no child spends its time on it."""
    for module in pkgutil.walk_packages(trueup.__path__, "trueup."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("gguf", "numpy"):
        importlib.import_module(name)


def main() -> None:
    _import_everything()
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            code = 70
            try:
                code = _child(request)
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
