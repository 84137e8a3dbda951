"""The command as a process: what it imports, how fast it starts, how it ends when its reader leaves."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TRUEUP = [sys.executable, "-c", "import sys; from trueup.cli.main import main; sys.exit(main())"]
HEAVY = {
    "aiohttp", "asyncio", "git", "gguf", "jinja2", "json", "numpy", "psutil", "pydantic", "regorus", "ruamel",
    "subprocess", "torch", "threading", "xllamacpp", "yaml",
}  # fmt: skip


def _trueup(*words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    ours = ("TRUEUP_", "CI", "NO_COLOR", "FORCE_COLOR")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)} | variables
    command = [*TRUEUP, *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("words", ["--version", "--help", "-h"])
def test_version_and_help_import_nothing_heavy_and_no_command(words: str) -> None:
    code = f"""
import sys
from trueup.cli.main import main
assert main([{words!r}]) == 0
print(*sorted(sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    imported = set(done.stderr.split())
    assert {name.partition(".")[0] for name in imported} & HEAVY == set()
    assert not any(name.startswith(("trueup.cli.commands", "trueup.workflows", "trueup.adapters")) for name in imported)


@pytest.mark.parametrize("words", ["plan", "doctor", "schema", "audit log"])
def test_help_of_a_command_imports_no_library(words: str) -> None:
    code = f"""
import sys
from trueup.cli.main import main
main([*{words.split()!r}, "--help"])
print(*sorted(sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    assert imported & (HEAVY - {"json"}) == set()


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    # The schema is larger than a pipe's buffer, so that the reader is gone while it is written.
    process = subprocess.Popen([*TRUEUP, "schema", "Resource"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert errors == b""


def test_an_interrupt_ends_with_130_and_one_line() -> None:
    code = """
import sys, time
from trueup.cli.console import Console
from trueup.cli.main import ending_of
console = Console(sys.stdout, sys.stderr, {})
def work():
    console.out("ready")
    sys.stdout.flush()
    time.sleep(60)
    return 0
code = ending_of(work, console)
console.close()
sys.exit(code)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "interrupted\n"


def test_ascii_output_is_enough(tmp_path: Path) -> None:
    done = _trueup("-C", str(tmp_path), "doctor", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "Traceback" not in done.stderr
    assert done.stdout.isascii()


def test_doctor_finds_what_is_installed_here(tmp_path: Path) -> None:
    done = _trueup("-C", str(tmp_path), "doctor", "-o", "json", "--output-file", f"text={tmp_path / 'doctor.txt'}")
    assert not {"error", "warning", "Traceback"} & set(done.stderr.split()), (
        "at most that it is at work, where it is slow"
    )
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert {"python", "git", "gordon-to-regorus", "pydantic", "xllamacpp", "disk", "loopback"} <= checks.keys()
    assert checks["pydantic"]["level"] in ("ok", "warn")
    assert checks["project"]["advice"] == "Start one with `trueup init`."
    assert "python" in (tmp_path / "doctor.txt").read_text()
    assert done.returncode == (1 if any(c["level"] == "fail" for c in checks.values()) else 0)


def test_a_command_outside_a_project_says_how_to_start_one(tmp_path: Path) -> None:
    done = _trueup("-C", str(tmp_path), "validate")
    assert done.returncode == 1
    assert "CLI008" in done.stderr
    assert "Traceback" not in done.stderr
