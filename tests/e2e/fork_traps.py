"""Traps that a stranger's pull request may bring, each with what a careless tool does to spring it.

`arm` brings the trap into the clone of a build machine, `spring` proves that it is live: what it does there must leave
the canary, call the listener, tell a secret, or change the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from build_machine import Machine

Act = Callable[[Machine], str | None]


@dataclass(frozen=True)
class Trap:
    """One trap.

    Attributes:
        name: Of the test, and of the row in docs/fork-safety.md.
        arm: Brings it in.
        spring: Does what a careless tool would; returns what that said.
        codes: How `validate` and `plan` end.
        says: What one of them says, in words that are always the same.
        module: Whether it is about `python -m trueup`, too.
    """

    name: str
    arm: Act
    spring: Act
    codes: tuple[int, int] = (0, 0)
    says: str = ""
    module: bool = False


def python(machine: Machine, code: str) -> str:
    """Run Python in the clone as a careless tool does: with the folder it is started in first on its path."""
    return machine.careless(sys.executable, "-c", code)


def shell(words: str) -> Act:
    """Return what runs *words* in the clone."""
    return lambda machine: machine.careless(shell=words)


def commit(machine: Machine) -> None:
    """Commit all that lies in the work tree."""
    machine.clone.git("add", "--all")
    machine.clone.git("commit", "--quiet", "--allow-empty", "--message=Change")
