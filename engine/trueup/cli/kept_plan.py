"""`trueup plan` when nothing changed: what was printed before is printed again, without looking into any file of specs.

Imports nothing that planning needs. What may be kept, and why it is still true, is in
`docs/decisions/0015-what-a-plan-remembers.md`.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from trueup.adapters.caches.kept_plans import keep_plan, read_plan
from trueup.adapters.caches.places import is_off
from trueup.adapters.caches.surroundings import CannotTellError, surroundings
from trueup.cli.output import Format
from trueup.cli.reports import PLAN_LIFE_DAYS

if TYPE_CHECKING:
    import argparse

    from trueup.cli.console import Console
    from trueup.cli.wiring import LocalWorkspace
    from trueup.workflows.planning import Planned

_LIFE = timedelta(days=PLAN_LIFE_DAYS)


class KeptPlan(NamedTuple):
    """Where the plan of one command line is kept while nothing around it changes.

    Attributes:
        root: Folder of the project.
        folder: Where plans are kept.
        key: Digest of everything around it.
        asked: What decides about it, to be asked again.
    """

    root: str
    folder: str
    key: str
    asked: tuple[str, tuple[str, str], tuple[str, ...]]


def kept_plan(arguments: "argparse.Namespace", console: "Console") -> KeptPlan | None:
    """Return where the plan that is asked for would be kept; None when it never is."""
    is_plain = console.format in (Format.TEXT, Format.JSON) and not console.files
    if not is_plain or arguments.out or arguments.behaviour:
        return None
    root = "" if is_off(arguments.cache) else _root(os.getcwd())
    if not root:
        return None
    said = (
        *(f"{k}={v}" for k, v in sorted(vars(arguments).items())),
        repr((console.style, console.width)),
        os.getcwd(),
    )
    asked = (arguments.environment, (arguments.revision, arguments.base), said)
    try:
        key = _key(root, asked, console)
    except CannotTellError:
        return None
    # In git's own folder whatever the user says of other caches: it is good for this clone on this machine alone.
    return KeptPlan(root, os.path.join(root, ".git", "trueup", "plans"), key, asked)


def print_kept(kept: KeptPlan, console: "Console") -> int | None:
    """Print what is kept and return the exit code; None when nothing is."""
    found = read_plan(kept.folder, kept.key)
    if found is None or len(found[1]) != 3:
        return None
    code, (start, middle, end) = found
    now = datetime.now(UTC)
    first, second = _times(now, console.format)
    console.out(f"{start.decode()}{first}{middle.decode()}{second}{end.decode()}")
    return code


def keep(
    kept: KeptPlan, planned: "Planned", workspace: "LocalWorkspace", console: "Console", printed: str, code: int
) -> None:
    """Keep what was *printed*, when it is true for the rest of the day while nothing around it changes."""
    from trueup.workflows.steadiness import is_steady

    parts = _parts(printed, planned.plan.created_at, console.format)
    if parts is None or not workspace.sees_all_changes(planned.loaded.tree):
        return
    if not is_steady(workspace, planned, workspace.clock_read(planned.policies)):
        return
    try:
        # What changed while the plan was made may be in it, or not.
        if _key(kept.root, kept.asked, console) != kept.key:
            return
    except CannotTellError:
        return
    keep_plan(kept.folder, kept.key, code, [part.encode() for part in parts])


def _root(folder: str) -> str:
    """Return the repository around *folder* that has its project file at its root; empty when there is none."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return ""
    return os.path.realpath(folder) if os.path.isfile(os.path.join(folder, "trueup.yaml")) else ""


def _key(root: str, asked: tuple[str, tuple[str, str], tuple[str, ...]], console: "Console") -> str:
    environment, revisions, said = asked
    today = datetime.now(UTC).date().isoformat()
    return surroundings(root, environment, revisions, (*said, today), console.environment)


def _times(made: datetime, output: Format) -> tuple[str, str]:
    """Return the two times that change whenever a plan is made, as they are printed."""
    until = made + _LIFE
    if output is Format.JSON:
        return made.isoformat(), until.isoformat()
    return f"{until:%Y-%m-%d}", f"{until:%H:%M}"


def _parts(printed: str, made: datetime, output: Format) -> tuple[str, str, str] | None:
    """Return what was *printed* around its two times; None when they are not where they are expected, once."""
    import re

    first, second = map(re.escape, _times(made, output))
    gap = r"(?:\s|\x1b\[[0-9;]*m)+"
    pattern = rf'"created_at": "({first})",\s+"expires_at": "({second})"'
    if output is Format.TEXT:
        pattern = rf"valid{gap}until{gap}({first}){gap}({second}){gap}UTC"
    found = list(re.finditer(pattern, printed))
    if len(found) != 1:
        return None
    (start, end), (then, last) = found[0].span(1), found[0].span(2)
    return printed[:start], printed[end:then], printed[last:]
