"""`trueup plan` when nothing changed: what was printed before is printed again, without looking into any declared file.

Found by the words of the command line before they are parsed, and printed without importing what planning needs. What
may be kept, and why it is still true, is in `docs/decisions/0017-what-a-plan-remembers.md`.
"""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from trueup.adapters.caches.kept_plans import keep_parts, read_parts
from trueup.adapters.caches.places import is_off
from trueup.adapters.caches.surroundings import CannotTellError, surroundings, words_digest
from trueup.cli.output import Format

if TYPE_CHECKING:
    import argparse

    from trueup.cli.console import Console
    from trueup.cli.wiring import LocalWorkspace
    from trueup.workflows.planning import Planned

PLAN_LIFE_DAYS = 7
"""Longer than a review takes, shorter than anyone remembers what was reviewed."""
_LIFE = timedelta(days=PLAN_LIFE_DAYS)


class KeptPlan(NamedTuple):
    """Where the plan of one command line is kept while nothing around it changes.

    Attributes:
        root: Folder of the project.
        words: Digest of the command line, and of what decides how it is printed.
        asked: Environment, revision and base that it names.
        key: Digest of everything around the plan.
    """

    root: str
    words: str
    asked: tuple[str, str, str]
    key: str

    @property
    def folder(self) -> str:
        """Git's own, whatever the user says of other caches: it is good for this clone on this machine alone."""
        return _folder(self.root)


def print_kept(console: "Console") -> int | None:
    """Print the plan that is kept for the words of this command and return the exit code; None when there is none."""
    root = _root(os.getcwd())
    words = _words(root, console)
    asked = read_parts(_folder(root), words) if root else None
    if asked is None or len(asked) != 4:
        return None
    environment, revision, base, form = (part.decode() for part in asked)
    try:
        found = read_parts(_folder(root), _key_at_start(root, words, (environment, revision, base), console))
    except CannotTellError:
        return None
    if found is None or len(found) != 4:
        return None
    code, start, middle, end = found
    first, second = _times(datetime.now(UTC), form)
    console.again(f"{start.decode()}{first}{middle.decode()}{second}{end.decode()}")
    return int(code)


def kept_plan(arguments: "argparse.Namespace", console: "Console") -> KeptPlan | None:
    """Return where the plan that is asked for would be kept; None when it never is."""
    is_plain = console.format in (Format.TEXT, Format.JSON) and not console.files
    is_alone = not (arguments.out or arguments.behaviour or arguments.directory or arguments.ask_others)
    root = _root(os.getcwd()) if is_plain and is_alone and not is_off(arguments.cache) else ""
    if not root:
        return None
    words, asked = _words(root, console), (arguments.environment, arguments.revision, arguments.base)
    try:
        return KeptPlan(root, words, asked, _key_at_start(root, words, asked, console))
    except CannotTellError:
        return None


def keep(
    kept: KeptPlan, planned: "Planned", workspace: "LocalWorkspace", console: "Console", ended: tuple[int, str]
) -> None:
    """Keep how a plan *ended* and what was printed, when it is true all day while nothing around it changes."""
    from trueup.workflows.steadiness import is_steady

    code, printed = ended
    parts = _parts(console.shown(printed), planned.plan.created_at, console.format)
    # The document of a decision has the time in it, and for programs its digest is told.
    is_timed = console.format == Format.JSON and planned.judged.evaluation is not None
    if parts is None or is_timed or not workspace.sees_all_changes(planned.loaded.tree):
        return
    if not is_steady(workspace, planned, workspace.clock_read(planned.policies)):
        return
    try:
        # What changed while the plan was made may be in it, or not.
        if _key(kept.root, kept.words, kept.asked, console) != kept.key:
            return
    except CannotTellError:
        return
    keep_parts(kept.folder, kept.key, [str(code), *parts])
    keep_parts(kept.folder, kept.words, [*kept.asked, console.format])


def _folder(root: str) -> str:
    return os.path.join(root, ".git", "trueup", "plans")


def _root(folder: str) -> str:
    """Return the repository around *folder* that has its project file at its root; empty when there is none."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return ""
    return os.path.realpath(folder) if os.path.isfile(os.path.join(folder, "trueup.yaml")) else ""


def _words(root: str, console: "Console") -> str:
    said = (root, os.getcwd(), repr((console.are_terminals, console.width)), *console.words)
    return words_digest(said, console.environment)


def _key(root: str, words: str, asked: tuple[str, str, str], console: "Console") -> str:
    today = datetime.now(UTC).date().isoformat()
    return surroundings(root, asked[0], asked[1:], (words, today), console.environment)


@cache
def _key_at_start(root: str, words: str, asked: tuple[str, str, str], console: "Console") -> str:
    """Return the key before anything was planned, found out once for finding a plan and for keeping one."""
    return _key(root, words, asked, console)


def _times(made: datetime, output: str) -> tuple[str, str]:
    """Return the two times that change whenever a plan is made, as they are printed."""
    until = made + _LIFE
    if output == Format.JSON:
        return made.isoformat(), until.isoformat()
    return f"{until:%Y-%m-%d}", f"{until:%H:%M}"


def _parts(printed: str, made: datetime, output: str) -> tuple[str, str, str] | None:
    """Return what was *printed* around its two times; None when they are not where they are expected, once."""
    import re

    first, second = map(re.escape, _times(made, output))
    gap = r"(?:\s|\x1b\[[0-9;]*m)+"
    pattern = rf'"created_at": "({first})",\s+"expires_at": "({second})"'
    if output == Format.TEXT:
        pattern = rf"valid{gap}until{gap}({first}){gap}({second}){gap}UTC"
    found = list(re.finditer(pattern, printed))
    if len(found) != 1:
        return None
    (start, end), (then, last) = found[0].span(1), found[0].span(2)
    return printed[:start], printed[end:then], printed[last:]
