"""Asking before something is changed: only the whole word, only from a person."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import io, sys
sys.path.insert(0, {path!r})
from trueup.cli.arguments import UsageError
from trueup.cli.asking import confirm
from trueup.cli.console import Console
stderr = io.StringIO()
try:
    answer = confirm(Console(io.StringIO(), stderr, {variables!r}), "Apply this plan?")
except UsageError as error:
    print("refused", error.hint)
else:
    print(answer, stderr.getvalue().strip())
"""


def asked(answer: str, variables: dict[str, str], *, terminal: bool = True) -> str:
    """Run a process that asks, with *answer* typed at its terminal or written to its pipe."""
    code = SCRIPT.format(path=str(ROOT / "engine"), variables=variables)
    ours, theirs = pty.openpty() if terminal else os.pipe()[::-1]
    try:
        os.write(ours, answer.encode())
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=theirs, capture_output=True, text=True, check=True, timeout=60
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.stdout.strip()


@pytest.mark.parametrize(("answer", "expected"), [("yes\n", True), ("y\n", False), ("\n", False), ("YES\n", False)])
def test_only_the_whole_word_goes_on(answer: str, expected: bool) -> None:
    assert asked(answer, {}) == f"{expected} Apply this plan? Only `yes` goes on:"


@pytest.mark.parametrize(("variables", "terminal"), [({"CI": "true"}, True), ({}, False)])
def test_nobody_is_asked_where_nobody_can_answer(variables: dict[str, str], terminal: bool) -> None:
    assert asked("yes\n", variables, terminal=terminal).startswith("refused review the plan, then add `--auto-approve`")
