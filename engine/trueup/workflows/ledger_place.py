"""Where the ledger of a project is, and whose signatures count in it: the branch that governs says, not the change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trueup.core.digests import Revision
from trueup.core.frozen import dataclass

if TYPE_CHECKING:
    from trueup.ports import Base, SourceTree
    from trueup.workflows.loading import ProjectSettings


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """A ref, the remote that has it for everyone (empty without one), and the keys whose signatures count, by name."""

    ref: str = "refs/trueup/ledger"
    remote: str = "origin"
    trusted: tuple[tuple[str, str], ...] = ()

    @property
    def hint(self) -> str:
        """What to do when there are no records here."""
        return (
            "Nothing was recorded in this clone. If something was applied elsewhere: `git clone` does not fetch the "
            f"ledger, `git fetch {self.remote or 'origin'} {self.ref}:{self.ref}` does."
        )


def ledger_of(governing: ProjectSettings) -> LedgerPlace:
    """Return where the ledger is by the settings that govern.

    Another ledger than the one meant would show no holds and no releases, and take records that nobody looks for.
    """
    return LedgerPlace(governing.ledger_ref, governing.ledger_remote, governing.trusted_keys)


class Governed(Protocol):
    """What says which branch governs: a workspace, or what becomes one."""

    def base(self, revision: Revision, branch: str) -> Base:
        """Return what governs *revision*."""
        ...

    def tree(self, revision: str) -> SourceTree:
        """Open the files of *revision*."""
        ...


def settings_in_force(workspace: Governed, project: ProjectSettings) -> ProjectSettings:
    """Return the project's settings as the branch that governs has them; *project* where nothing else does."""
    from trueup.workflows.loading import read_project  # reads YAML, which a command that knows the place need not

    base = workspace.base(Revision(""), project.default_branch)
    theirs = read_project(workspace.tree(base.revision))[0] if base.revision else None
    return theirs or project
