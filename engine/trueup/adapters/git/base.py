"""Which branch a change is measured against: a pull request must not choose its own judge."""

from collections.abc import Callable
from dataclasses import dataclass

from trueup.adapters.git.repository import Repository
from trueup.core.digests import Revision
from trueup.ports import Base

PROJECT_FILE = "trueup.yaml"

DeclaredBranch = Callable[[Revision], str]
"""Returns the default branch that the project file of a commit names; empty when it has none that can be read."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """The branch that a change is to be merged into.

    Attributes:
        name: As it is called, or as the user asked for it.
        tip: Its last commit; None when it is not in this clone, or when more than one branch may be meant.
    """

    name: str
    tip: Revision | None


class Trunks:
    """Finds the branch that a change is to be merged into; answers hold while no ref moves.

    Args:
        repository: The repository.
        asked: What the user or the CI job names as the base; empty when they do not.
        declared_at: Finds the default branch that the project file of another commit has.
    """

    def __init__(self, repository: Repository, asked: str, declared_at: DeclaredBranch) -> None:
        self._repository = repository
        self._asked = asked
        self._declared_at = declared_at
        self._found: dict[tuple[str | None, ...], Trunk] = {}

    def base(self, reviewed: Revision, declared: str) -> Base:
        """Return the commit that governs *reviewed*, a commit, or what is checked out when it is empty.

        Raises:
            GitError: What was asked for leads to no commit.
        """
        head = _head(self._repository, reviewed)
        if head is None:
            return Base()  # nothing is committed, so nothing governs yet
        trunk = self.trunk(reviewed, declared)
        if trunk.tip is None:
            return Base(is_known=False)
        return Base() if _is_merged(self._repository, head, trunk.tip) else Base(trunk.tip)

    def trunk(self, reviewed: Revision, declared: str) -> Trunk:
        """Return the branch that *reviewed* is to be merged into; *declared* is what its project file says.

        That is believed last: who could change it could name a branch of their own.

        Raises:
            GitError: What was asked for leads to no commit.
        """
        if self._asked:
            return Trunk(self._asked, self._repository.resolve_base(self._asked))
        refs = self._repository.ask("for-each-ref", "--format=%(refname) %(objectname) %(symref)")
        key = (reviewed or _head(self._repository, reviewed), declared, refs)
        if key not in self._found:
            self._found = {key: self._trunk(reviewed, declared)}
        return self._found[key]

    def _trunk(self, reviewed: Revision, declared: str) -> Trunk:
        repository, declared_at = self._repository, self._declared_at
        remote = repository.ask("rev-parse", "--verify", "--quiet", "refs/remotes/origin/HEAD^{commit}")
        trusted = declared_at(Revision(remote)) if remote else ""
        if trusted:
            return Trunk(trusted, repository.default_branch(trusted))
        head = _head(repository, reviewed)
        former = _former(repository, head, declared, declared_at) if head else []
        tips = [Trunk(name, repository.default_branch(name)) for name in former]
        # The change, or one before it, named another branch, and that one is still here without it.
        others = [t for t in tips if t.tip is not None and head and not _is_merged(repository, head, t.tip)]
        if len({t.tip for t in others}) > 1:
            return Trunk(others[0].name, None)  # whoever wrote the names may have chosen among them
        return others[0] if others else Trunk(declared, repository.default_branch(declared))


def _head(repository: Repository, reviewed: Revision) -> str | None:
    return reviewed or repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def _former(repository: Repository, head: str, declared: str, declared_at: DeclaredBranch) -> list[str]:
    """Return the other names that the project file had for the default branch in any commit up to *head*.

    With the whole history: what git leaves out as uninteresting is where a change would hide what was said before.
    """
    shape = ("--full-history", "--raw", "--no-abbrev", "--no-renames", "-m", "--no-ext-diff", "--no-color")
    options = ("-c", "log.showRoot=true", "-c", "diff.relative=false")
    said = repository.ask(*options, "log", *shape, "--format=%H", head, "--", PROJECT_FILE) or ""
    first: dict[str, Revision] = {}
    revision = Revision("")
    for line in said.splitlines():
        if line.startswith(":"):
            first[line.split(" ")[3]] = revision  # the oldest commit that gave the file this content
        elif line:
            revision = Revision(line)
    names = dict.fromkeys(declared_at(revision) for revision in reversed(first.values()))
    return [name for name in names if name and name != declared]


def _is_merged(repository: Repository, head: str, tip: Revision) -> bool:
    return head == tip or repository.ask("merge-base", "--is-ancestor", head, tip) is not None
