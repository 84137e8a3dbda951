"""A build machine that checks a stranger's pull request, and what must be the same on it afterwards.

It has a home folder with secrets, a temporary folder, a listener that no trap may reach, and a clone of the repository
on the branch of the pull request, whose base is on the remote. `look` runs trueup there and tells everything that came
of it; where strace is at hand, every program that was started and every address that was reached are told as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from scratch import ROOT, Scratch

from repositories import git

WATCHING = Path(__file__).resolve().parent / "watching"
"""Holds a `sitecustomize.py` that notes what each Python process does."""

SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HF_TOKEN", "OPA_TOKEN", "TRUEUP_TEST_KEY")
RULE = """\
package few

# METADATA
# title: Few servers
# custom: {id: FEW-01, ruleSet: capacity, severity: high}
deny contains {"msg": "more than two servers", "address": deployment.address} if {
	some deployment in input.deployments
	object.get(deployment, ["server", "replicas"], 99) > 2
}
"""
"""One rule in place of the library: what is tried here is not what the library says, and reading it takes seconds."""
LONGEST_SECONDS = 90.0
_PROGRAM = "import sys\nfrom trueup.cli.main import main\nsys.exit(main())\n"
_EXECUTED = re.compile(r'execve\("(?P<program>(?:[^"\\]|\\.)*)", \[(?P<words>.*?)\].*\) = 0$')
_REACHED = re.compile(r"\b(?:connect|sendto|sendmsg|bind)\(.*(?:AF_INET6?|sin_addr|sin6_addr)")


@lru_cache(maxsize=1)
def strace() -> str:
    """Return the program that tells what processes ask of the system; empty where it cannot be used."""
    program = shutil.which("strace") or ""
    if not program:
        return ""
    done = subprocess.run([program, "-f", "-o", os.devnull, "true"], capture_output=True, check=False)
    return "" if done.returncode else program


@lru_cache(maxsize=1)
def without_network() -> tuple[str, ...]:
    """Return the words that start a program where there is no network at all; none where that is not allowed."""
    program = shutil.which("unshare") or ""
    words = (program, "--map-root-user", "--net")
    if not program or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        return ()
    return words


class Listener:
    """Counts who connects to it, and answers what a web server would."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heard: list[bytes] = []
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                self.heard.append(b"")
                try:
                    self.heard[-1] = peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
                except OSError:
                    continue


@dataclass(frozen=True)
class Seen:
    """What came of one command.

    Attributes:
        code: Exit code.
        texts: All that it wrote: output, errors, and every report, by name.
        effects: What is different outside of the clone, and in the clone outside of git's and trueup's own folders.
        programs: Programs that were started, as strace or Python told it.
        reached: Lines about the network.
        ran: Code of the clone that Python executed.
        seconds: How long it took.
        peak_bytes: Most memory that one of its processes had.
    """

    words: tuple[str, ...]
    code: int
    texts: Mapping[str, str]
    effects: tuple[str, ...]
    programs: tuple[str, ...]
    reached: tuple[str, ...]
    ran: tuple[str, ...]
    seconds: float
    peak_bytes: int

    @property
    def said(self) -> str:
        return "\n".join(self.texts.values())

    def __str__(self) -> str:
        told = "\n".join(f"--- {name}\n{text[-3000:]}" for name, text in self.texts.items())
        return f"trueup {' '.join(self.words)} ended with {self.code}\n{told}"


@dataclass
class Machine:
    """The build machine in *folder*."""

    folder: Path
    clone: Scratch
    listener: Listener
    secrets: dict[str, str] = field(default_factory=dict)
    path: str = ""
    """The value of PATH; the machine's own where it is empty."""
    start_in: str = ""
    """Where the command is started, from the root of the clone."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def outside(self) -> Path:
        """A folder beside the clone, with what a link of the pull request may want to show."""
        return self.folder / "outside"

    @property
    def canary(self) -> Path:
        """What every trap that runs something leaves."""
        return self.folder / "canaries" / "sprung"

    @property
    def touch(self) -> str:
        """A shell command that leaves the canary, whatever it is given as arguments."""
        return f"touch {self.canary}; true"

    @property
    def program(self) -> Path:
        """The command as an installation has it: a script outside of the repository."""
        return self.folder / "bin" / "trueup"

    def variables(self, **more: str) -> dict[str, str]:
        """Return the variables of a job."""
        return {
            "HOME": str(self.home),
            "TMPDIR": str(self.folder / "tmp"),
            "PATH": self.path or f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": f"{WATCHING}:{ROOT / 'engine'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "FORK_WATCH": str(self.folder / "watch" / "python.jsonl"),
            "FORK_CLONE": str(self.clone.folder),
            "GIT_CONFIG_SYSTEM": os.devnull,
            "LANG": "C.UTF-8",
            "CI": "true",
            **{name: self.secrets[name] for name in SECRET_VARIABLES},
            **more,
        }

    def script(self, path: Path, then: str = "") -> Path:
        """Write a program that leaves the canary."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{self.touch}\n{then}")
        path.chmod(0o755)
        return path

    def freshen(self) -> None:
        """Give every file of the work tree a new time, so that git has to look into it again."""
        now = time.time() - 60
        for folder, names, files in os.walk(self.clone.folder):
            names[:] = [n for n in names if n != ".git"]
            for name in files:
                os.utime(os.path.join(folder, name), (now, now), follow_symlinks=False)

    def careless(self, *words: str, shell: str = "", **more: str) -> str:
        """Run what a tool that takes no care would, in the clone, and return all that it said."""
        command = ["sh", "-c", shell] if shell else list(words)
        variables = {k: v for k, v in self.variables(**more).items() if k not in ("PYTHONPATH", "FORK_WATCH")}
        done = subprocess.run(
            command, cwd=self.clone.folder / self.start_in, env=variables, capture_output=True, check=False, timeout=60
        )
        return (done.stdout + done.stderr).decode("utf-8", "surrogateescape")

    def sprung(self, said: str = "", before: Mapping[str, str] | None = None) -> list[str]:
        """Return what shows that a trap was sprung.

        Its canary, a caller, a secret in what was *said*, or something that is not as *before* outside of the clone.
        """
        found = ["the canary is there"] if os.path.lexists(self.canary) else []
        found += [f"the listener was called: {heard[:80]!r}" for heard in self.listener.heard]
        found += [f"the secret {name} was told" for name, value in self.secrets.items() if value in said]
        changed = () if before is None else _differences(before, self.state())
        return found + [line for line in changed if not line.startswith("clone/")]

    def reset(self, before: Mapping[str, str] | None = None) -> None:
        """Take away what shows that a trap was sprung, and all that is new outside of the clone since *before*."""
        if os.path.lexists(self.canary):
            self.canary.unlink()
        self.listener.heard.clear()
        for name in sorted(self.state().keys() - before.keys()) if before is not None else ():
            path = self.folder / name
            if not name.startswith("clone/") and os.path.lexists(path):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def look(self, *words: str, module: bool = False, prefix: Sequence[str] = (), **more: str) -> Seen:
        """Run trueup in the clone and return everything that came of it."""
        shutil.rmtree(self.folder / "watch", ignore_errors=True)
        shutil.rmtree(self.folder / "reports", ignore_errors=True)
        (self.folder / "watch").mkdir()
        (self.folder / "reports").mkdir()
        before = self.state()
        traced = self.folder / "watch" / "strace"
        tracer = [
            strace(),
            "-f",
            "-qq",
            "--seccomp-bpf",
            "-s",
            "400",
            "-e",
            "trace=execve,connect,sendto,sendmsg,bind",
            "-o",
            traced,
        ]
        command = [*(tracer if strace() else ()), *prefix]
        command += [sys.executable, "-m", "trueup"] if module else [sys.executable, "-P", self.program]
        started = time.monotonic()
        process = subprocess.Popen(
            [*map(str, command), *words],
            cwd=self.clone.folder / self.start_in,
            env=self.variables(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = process.communicate(timeout=LONGEST_SECONDS)
        seconds = time.monotonic() - started
        texts = {"out": _text(out), "err": _text(err)}
        texts |= {p.name: _text(p.read_bytes()) for p in sorted((self.folder / "reports").rglob("*")) if p.is_file()}
        notes = self._notes()
        calls = traced.read_text(errors="replace").splitlines() if traced.exists() else []
        return Seen(
            words,
            process.returncode,
            texts,
            _differences(before, self.state()),
            tuple(dict.fromkeys([*_executed(calls), *(n["program"] for n in notes if "program" in n)])),
            (*(c for c in calls if _REACHED.search(c)), *(n["reached"] for n in notes if "reached" in n)),
            tuple(dict.fromkeys(n["ran"] for n in notes if "ran" in n)),
            seconds,
            max((n["peak"] for n in notes if "peak" in n), default=0),
        )

    def _notes(self) -> list[dict[str, Any]]:
        file = self.folder / "watch" / "python.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def state(self) -> dict[str, str]:
        """Return every file that must stay as it is, with what it is."""
        left_out = {self.folder / "watch", self.folder / "reports", self.clone.folder / ".git" / "trueup"}
        found: dict[str, str] = {}
        for folder, names, files in os.walk(self.folder):
            names[:] = [n for n in names if Path(folder, n) not in left_out]
            for name in [*names, *files]:
                path = Path(folder, name)
                found[str(path.relative_to(self.folder))] = _shape(path)
        return found


def new_machine(folder: Path, declared: Scratch, listener: Listener) -> Machine:
    """Make the machine; the clone is on the branch `change`, which has no commit of its own yet."""
    origin = declared.copied_to(folder / "upstream")
    origin.write("policies/few/rule.rego", RULE)
    origin.edit("spec/environments/dev.yaml", ("  budget: {maxBudget: 0, budgetDuration: 30d}\n", ""))
    origin.change("trueup.yaml", ("library: true", "library: false"), ("paths: []", "paths: [policies]"))
    origin.git("branch", "--move", "main")
    origin.git("clone", "--quiet", "--bare", ".", str(folder / "origin.git"))
    shutil.rmtree(origin.folder)
    git(folder, "clone", "--quiet", "origin.git", "clone")
    names = (*SECRET_VARIABLES, "id_ed25519", "netrc", "credentials", "outside")
    secrets = {name: f"s3cr3t-{name}-{hashlib.sha256(name.encode()).hexdigest()[:12]}" for name in names}
    made = Machine(folder, Scratch(folder / "clone"), listener, secrets)
    made.clone.git("checkout", "--quiet", "-b", "change")
    made.clone.git("config", "user.name", "Mallory")
    made.clone.git("config", "user.email", "mallory@example.com")
    for name in ("home/.ssh", "home/.aws", "tmp", "outside", "canaries", "bin"):
        (folder / name).mkdir(parents=True)
    (folder / "home/.ssh/id_ed25519").write_text(secrets["id_ed25519"])
    (folder / "home/.netrc").write_text(f"machine 127.0.0.1 login ci password {secrets['netrc']}\n")
    (folder / "home/.aws/credentials").write_text(f"[default]\naws_secret_access_key = {secrets['credentials']}\n")
    (folder / "outside/secret.txt").write_text(secrets["outside"])
    made.program.write_text(_PROGRAM)
    return made


def copied(machine: Machine, folder: Path) -> Machine:
    """Return a copy of *machine*, with what its trueup remembers of policies."""
    shutil.copytree(machine.folder, folder, symlinks=True)
    shutil.rmtree(folder / "clone" / ".trueup")
    clone = Scratch(folder / "clone")
    clone.git("remote", "set-url", "origin", str(folder / "origin.git"))
    return replace(machine, folder=folder, clone=clone)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _shape(path: Path) -> str:
    status = path.lstat()
    mode = stat.filemode(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return f"{mode} -> {os.readlink(path)}"
    if stat.S_ISREG(status.st_mode):
        small = status.st_size < 1 << 20
        content = hashlib.sha256(path.read_bytes()).hexdigest() if small else str(status.st_mtime_ns)
        return f"{mode} {status.st_size} {content}"
    return mode


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    changed = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
    return tuple(f"{p}: {before.get(p, 'not there')} -> {after.get(p, 'gone')}" for p in changed)


def _executed(calls: Sequence[str]) -> list[str]:
    found = [match for call in calls if (match := _EXECUTED.search(call))]
    return [match["program"] for match in found]
