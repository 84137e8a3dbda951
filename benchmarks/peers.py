#!/usr/bin/env python3
"""Other tools on work like ours: what they read, how they are installed, and the commands that are timed.

    peers.py --install DIR [--only NAME ...]

makes a virtual environment below DIR for each, with pinned versions; `speed.py --peers DIR` takes them from there. What
they are given is made here, as much as asked for. They run without a proxy that answers, a home of their own and with
telemetry off, so that nothing leaves the machine and nobody's settings count.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import measure
import peer_inputs

PINS = {
    "yamllint": "1.38.0",
    "check-jsonschema": "0.39.0",
    "kubernetes-validate": "1.37.0",
    "checkov": "3.3.30",
    "dvc": "3.67.1",
    "gto": "1.10.1",
    "sqlmesh": "0.236.4",
    "mlflow": "3.17.2",
}
SILENT = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONWARNINGS": "ignore",
    "TERM": "dumb",
    **peer_inputs.WHO,
}
OURS = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "VIRTUAL_ENV")


class NotRunError(Exception):
    """A peer is not there, or does not do the work; says why."""


@dataclass(frozen=True)
class Peers:
    """The folder that peers are installed in; None for none at all."""

    folder: Path | None

    def python(self, name: str) -> Path:
        """Return the Python of a peer.

        Raises:
            NotRunError: It is not installed, or in another version.
        """
        if self.folder is None:
            raise NotRunError("not asked for (`--peers DIR`)")
        failed = self.folder / f"{name}.failed"
        if failed.exists():
            raise NotRunError(f"did not install: {failed.read_text().strip()}")
        home = self.folder.resolve() / name
        if not any(home.glob(f"lib/python*/site-packages/{name.replace('-', '_')}-{PINS[name]}.dist-info")):
            raise NotRunError(f"{name} {PINS[name]} is not installed in {self.folder}")
        return home / "bin" / "python"


@dataclass(frozen=True)
class Work:
    """Work of a peer.

    Attributes:
        peer: Its name in `PINS`.
        does: The work, in words, for so many things.
        ours: Which work of trueup is most like it, by its name in `alike.py`.
        make: Makes its input in an empty folder: how its programs are run, the folder, how many.
        words: The program and its arguments, from the input folder.
        says: What its output holds when it did the work.
        before: Done before each run, uncounted.
    """

    peer: str
    does: str
    ours: str
    make: Callable[[peer_inputs.Run, Path, int], None]
    words: Callable[[Path], Sequence[str]]
    says: str
    before: Callable[[Path], None] | None = None


@dataclass(frozen=True)
class Call:
    """Programs of one peer, in its environment, with a home below *scratch*."""

    python: Path
    scratch: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if k not in OURS and not k.lower().endswith("_proxy")}
        path = f"{self.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        object.__setattr__(self, "environment", {**kept, **SILENT, "HOME": str(home), "PATH": path})

    def words(self, words: Sequence[str]) -> list[str]:
        return [str(self.python.parent / words[0]), *words[1:]]

    def run(self, folder: Path, *words: str) -> str:
        """Run a program and return all it says.

        Raises:
            NotRunError: It ended with an error.
        """
        done = subprocess.run(
            self.words(words),
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()[-1]
            raise NotRunError(f"`{' '.join(words)[:60]}` ended with {done.returncode}: {last[:120]}")
        return done.stdout + done.stderr

    def measured(self, work: Work, folder: Path) -> measure.Cost:
        """Do the work once.

        Raises:
            NotRunError: It ended with an error.
        """
        if work.before:
            work.before(folder)
        try:
            return measure.command(self.words(work.words(folder)), folder, environment=self.environment)
        except RuntimeError as error:
            raise NotRunError(f"`{work.words(folder)[0]}` {str(error)[-20:]}") from error


def contender(work: Work, peers: Peers, scratch: Path, number: int) -> measure.Contender:
    """Make the input of *work* in the new folder *scratch* and return the run that is timed.

    The same work on a small input comes first: it has the bytecode read, and shows that the work is done.

    Raises:
        NotRunError: The peer is not there, or does not do it.
    """
    python = peers.python(work.peer)
    scratch.mkdir()
    call = Call(python, scratch)
    for size in (min(10, number), number):
        folder = scratch / str(size)
        if folder.exists():
            break
        folder.mkdir()
        work.make(call.run, folder, size)
        if size <= 10:
            if work.before:
                work.before(folder)
            said = call.run(folder, *work.words(folder))
            if work.says not in said:
                raise NotRunError(f"{work.peer} did not say `{work.says}`")
    return partial(call.measured, work, folder)


def install(folder: Path, names: Sequence[str]) -> None:
    """Make an environment for each of *names*, with compiled bytecode; one that fails leaves a file that says why."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if k not in OURS}
    for name in names:
        home, failed = folder / name, folder / f"{name}.failed"
        failed.unlink(missing_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True, env=environment)
        python = str(home / "bin" / "python")
        words = [python, "-m", "pip", "install", "--quiet", f"{name}=={PINS[name]}"]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
            failed.write_text(lines[-1][:200] + "\n")
        else:
            compiling = [python, "-m", "compileall", "-q", *map(str, home.glob("lib/python*/site-packages"))]
            # Some packages bring files for other versions of Python, which do not compile.
            subprocess.run(compiling, env=environment, capture_output=True, check=False)
        print(f"{name} {PINS[name]}: {failed.read_text().strip() if done.returncode else 'installed'}", flush=True)


CHECKOV = ("checkov", "-d", ".", "--framework", "kubernetes", "--skip-download", "--soft-fail", "--quiet", "--compact")
SQLMESH_PLAN = ("sqlmesh", "plan", "--no-prompts", "--skip-tests", "--explain")


def _each(*words: str) -> Callable[[Path], Sequence[str]]:
    """Return *words* with all files of YAML after them."""
    return lambda folder: [*words, *sorted(str(p.relative_to(folder)) for p in folder.rglob("*.yaml"))]


def _fixed(*words: str) -> Callable[[Path], Sequence[str]]:
    return lambda _: words


def _prompt_files(folder: Path) -> Sequence[str]:
    files = sorted(str(p.relative_to(folder)) for p in folder.glob("spec/*.yaml"))
    return ["check-jsonschema", "--verbose", "--schemafile", "schema.json", *files]


WORKS = (
    Work(
        "yamllint",
        "lints the same files (relaxed)",
        "validate",
        peer_inputs.corpus_files,
        _fixed("yamllint", "-d", "relaxed", "."),
        "warning",
    ),
    Work(
        "check-jsonschema",
        "checks the same files by one schema",
        "validate prompts",
        peer_inputs.prompts_and_schema,
        _prompt_files,
        "ok -- validation done",
    ),
    Work(
        "kubernetes-validate",
        "validates as many Deployments of Kubernetes, one a file",
        "validate",
        peer_inputs.kubernetes,
        _each("kubernetes-validate"),
        "app-000000 against version",
    ),
    Work(
        "checkov",
        "judges as many Deployments of Kubernetes, one a file, by its rules",
        "judge",
        peer_inputs.kubernetes,
        _fixed(*CHECKOV),
        "CKV_K8S_",
    ),
    Work(
        "dvc",
        "`status` of as many files, none changed",
        "nothing changed",
        peer_inputs.dvc,
        _fixed("dvc", "status"),
        "up to date",
    ),
    Work(
        "dvc",
        "`status` of as many files, one changed",
        "one file changed",
        peer_inputs.dvc,
        _fixed("dvc", "status"),
        "modified:",
        peer_inputs.change_data,
    ),
    Work(
        "gto",
        "`show` of as many versions in git tags",
        "audit log",
        peer_inputs.gto,
        _fixed("gto", "show"),
        "model-0000",
    ),
    Work(
        "sqlmesh",
        "`plan` of as many SQL models, one changed",
        "one file changed",
        peer_inputs.sqlmesh,
        _fixed(*SQLMESH_PLAN),
        "warehouse.m",
        peer_inputs.change_model,
    ),
    Work(
        "mlflow",
        "lists as many versions of its registry in SQLite",
        "audit log",
        peer_inputs.mlflow,
        _fixed("python", "list.py"),
        "model-0000 1 ",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", type=Path, required=True, metavar="DIR", help="folder for their environments")
    parser.add_argument("--only", nargs="+", choices=list(PINS), default=list(PINS), metavar="NAME")
    options = parser.parse_args()
    install(options.install, options.only)


if __name__ == "__main__":
    main()
