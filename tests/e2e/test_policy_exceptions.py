"""`trueup policy exceptions` in a real repository: git says who wrote what, the exit code says whether all hold."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repositories import git

BOB = "Bob <bob@example.com>"


def trueup(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trueup", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def declare(folder: Path, approver: str, days: int) -> None:
    """Complete what `--new` proposes, and commit it as Ada."""
    text = trueup(folder, "policy", "exceptions", "--new", "OP-01", "--resource", "Deployment/dev/*").stdout
    last = datetime.now(UTC).date() + timedelta(days=days)
    for field, value in {
        "owner": "team",
        "reason": "no rota yet",
        "compensatingControl": "office hours",
        "approvedBy": approver,
        "expires": str(last),
    }.items():
        lines = [f"{line.split(':')[0]}: {value}" if f" {field}:" in line else line for line in text.splitlines()]
        text = "\n".join(lines)
    (folder / "spec" / "exception.yaml").write_text(text + "\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Excuse")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    trueup(tmp_path, "init", str(folder))
    return folder


@pytest.mark.parametrize(
    ("approver", "days", "state", "code"),
    [
        (BOB, 5, "expiring", 0),
        ("ADA@example.com", 40, "invalid", 8),
    ],
)
def test_the_exit_code_tells_whether_every_exception_holds(
    project: Path, approver: str, days: int, state: str, code: int
) -> None:
    declare(project, approver, days)
    done = trueup(project, "policy", "exceptions", "-o", "json")
    (listed,) = json.loads(done.stdout)["exceptions"]
    assert (listed["state"], done.returncode) == (state, code)
