"""Which policies a command is about: the project's, or a folder's, in a project or outside of one."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.cli.console import Console
from trueup.cli.project import find_project
from trueup.core.errors import PermanentError

if TYPE_CHECKING:
    from trueup.cli.wiring import LocalWorkspace
    from trueup.workflows.policy import PolicySource


def add_policies(parser: argparse.ArgumentParser) -> None:
    """Add `--policies`."""
    parser.add_argument(
        "--policies", metavar="DIR", default="", help="policies of this folder in place of the project's own"
    )


def open_policies(
    arguments: argparse.Namespace, console: Console, *, needs_project: bool = False
) -> "tuple[LocalWorkspace, PolicySource]":
    """Return the workspace and where the policies come from; with `--policies` no project is needed, mostly.

    Raises:
        PermanentError: There is no project, and no folder was named.
    """
    from trueup.cli.wiring import LocalWorkspace
    from trueup.workflows.policy import PolicySource

    folder, revision = arguments.policies, getattr(arguments, "revision", "")
    try:
        root = find_project()
    except PermanentError as error:
        if needs_project or revision:
            raise
        if not folder:
            hint = f"{error.hint or error.code.remedy} Or name a folder of policies with `--policies DIR`."
            raise PermanentError(error.code, error.detail, hint=hint) from error
        return LocalWorkspace(Path.cwd(), console.progress), PolicySource("", folder, in_project=False)
    return LocalWorkspace(root, console.progress), PolicySource(revision, folder)
