"""A scratch repository of the shop example with the tiny models, driven by real commands in real processes."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from repositories import AUTHOR, git
from serving import Answered, chat, processes_of, question
from trueup.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = "spec/deployments/dev/support.yaml"
COPIED = ("spec", "models/tiny", "trueup.yaml")
REAL_MODEL = ("spec/deployments/dev/assistant.yaml", "spec/models/smollm2.yaml")
"""A real instruct model is not needed to show what a command does, and it takes seconds to start."""

LONGEST_SECONDS = 120.0
"""Longer than anything takes on a slow machine; only a test that fails waits this long."""

CAPITAL = "Which city is the capital of Japan?"


def variables() -> dict[str, str]:
    """Return this process's variables without those that change what trueup or git does."""
    ours = ("TRUEUP_", "CI", "NO_COLOR", "FORCE_COLOR", "GIT_", "PYTHONWARNINGS", "GITHUB_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return kept | {k: v for k, v in AUTHOR.items() if "CONFIG" in k}


def until(claim: Callable[[], bool], seconds: float = LONGEST_SECONDS) -> None:
    """Wait until *claim* holds."""
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def __str__(self) -> str:
        return f"trueup {' '.join(self.words)} ended with {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


@dataclass(frozen=True)
class Scratch:
    """The repository in *folder*."""

    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)

    def start(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        """Start `trueup` without waiting for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "trueup", *words],
            cwd=self.folder,
            env=variables() | dict(self.more) | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **more: str) -> Done:
        """Run `trueup` and return how it ended."""
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=LONGEST_SECONDS)
        done = Done(words, process.returncode, out, err)
        assert "Traceback" not in err, done
        return done

    def trueup(self, *words: str, code: int = 0) -> Done:
        """Run `trueup`, which has to end with *code*."""
        done = self.run(*words)
        assert done.code == code, done
        return done

    def apply(self, environment: str = "dev", *words: str, code: int = 0) -> Done:
        return self.trueup("apply", "-e", environment, "--auto-approve", *words, code=code)

    def look(self, *words: str) -> Done:
        """Run a command that only looks, in this process: it is the same, and starts no interpreter."""
        out, err = io.StringIO(), io.StringIO()
        code = run(["-C", str(self.folder), *words], out, err, variables() | dict(self.more))
        done = Done(words, code, out.getvalue(), err.getvalue())
        assert "Traceback" not in done.err, done
        return done

    def scan(self, environment: str = "dev") -> Done:
        """Scan all data that *environment* reaches, as DP-04 asks for where something is measured."""
        return self.trueup("scan", "-e", environment)

    def status(self, environment: str = "dev") -> Any:
        return self.look("status", "-e", environment, "-o", "json").json

    def deployment(self, environment: str = "dev", name: str = "support") -> Any:
        """Return a deployment's row of `status`."""
        rows = self.status(environment)["deployments"]
        return next(r for r in rows if r["address"] == f"Deployment/{environment}/{name}")

    def address(self, environment: str = "dev") -> str:
        return str(self.status(environment)["address"])

    def ask(self, environment: str = "dev", text: str = CAPITAL, model: str = "support") -> Answered:
        return chat(self.address(environment), question(model, text))

    def git(self, *words: str) -> str:
        return git(self.folder, *words)

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def read(self, path: str) -> str:
        return (self.folder / path).read_text()

    def write(self, path: str, content: str | bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def edit(self, path: str, *pairs: tuple[str, str]) -> None:
        """Replace text of a file that has to be there."""
        text = self.read(path)
        for before, after in pairs:
            assert before in text, f"{path} has no {before!r}"
            text = text.replace(before, after)
        self.write(path, text)

    def commit(self, message: str = "Change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        return self.head()

    def change(self, path: str, *pairs: tuple[str, str]) -> str:
        """Edit and commit."""
        self.edit(path, *pairs)
        return self.commit()

    def upgrade(self) -> str:
        """Commit better weights and a new prompt for `support` in dev."""
        return self.change(SUPPORT, ("tiny@1", "tiny@2"), ("support@1", "support@2"))

    def stage(self) -> None:
        """Bring the release that staging declares there, by way of dev, which has to verify it first."""
        self.upgrade()
        self.apply()
        self.scan("prod")  # which reaches all that staging does
        self.apply("staging")

    def records(self) -> list[dict[str, Any]]:
        """Return the ledger's records of what was done and measured, newest first."""
        return [r for r in self._records() if r["kind"] != "build"]

    def builds(self) -> list[dict[str, Any]]:
        """Return the ledger's records of how artifacts were built, newest first."""
        return [r for r in self._records() if r["kind"] == "build"]

    def _records(self) -> list[dict[str, Any]]:
        return list(self.look("audit", "log", "--limit", "0", "-o", "json").json["records"])

    def processes(self) -> list[psutil.Process]:
        """Return every process that works in this repository: commands, supervisors, gateways, servers, policy."""
        found = {p.pid: p for p in processes_of(self.folder)}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if Path(process.cwd()).is_relative_to(self.folder):
                    found[process.pid] = process
        return [p for p in found.values() if _is_running(p)]

    def copied_to(self, folder: Path) -> "Scratch":
        """Return a copy, which must not run anything yet."""
        assert not (self.folder / ".trueup/targets").exists()
        shutil.copytree(self.folder, folder, symlinks=True)
        return Scratch(folder, self.more)


def _is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:  # it has ended since it was listed
        return False


def new_scratch(folder: Path) -> Scratch:
    """Make the repository: the declared example without its large model, every gateway on a free port."""
    folder.mkdir(parents=True)
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
    for name in REAL_MODEL:
        (folder / name).unlink()
    for path in (folder / "spec/environments").glob("*.yaml"):
        path.write_text(re.sub(r"port: \d+", "port: 0", path.read_text()))
    scratch = Scratch(folder)
    scratch.write(".gitignore", ".trueup/\n")
    scratch.git("init", "--quiet")
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"), ("commit.gpgsign", "false")):
        scratch.git("config", key, value)
    scratch.commit("Declare the shop")
    return scratch


@contextlib.contextmanager
def cleaned_up(scratch: Scratch) -> Iterator[Scratch]:
    """Give *scratch* out; afterwards `trueup down --all` has to end every process of it."""
    try:
        yield scratch
        scratch.run("down", "--all", "--auto-approve")
        until(lambda: not scratch.processes(), 30.0)
    finally:
        for process in scratch.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
