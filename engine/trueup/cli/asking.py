"""Asks the person at the terminal before something is changed; never where nobody can answer."""

import sys

from trueup.cli.arguments import UsageError
from trueup.cli.console import Console
from trueup.cli.output import is_automation


def confirm(console: Console, question: str, flag: str = "--auto-approve") -> bool:
    """Ask *question* and tell whether the answer is the whole word `yes`.

    Raises:
        UsageError: Nobody can answer: a pipe, or a CI system.
    """
    if is_automation(console.environment) or not sys.stdin.isatty():
        raise UsageError(
            "Nobody is here to say `yes`.", hint=f"review the plan, then add `{flag}` or give a saved plan"
        )
    console.note(f"{question} Only `yes` goes on:")
    answer = sys.stdin.readline()
    return answer.strip() == "yes"
