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


def base_of(repository: Repository, reviewed: Revision, asked: str, declared: str, declared_at: DeclaredBranch) -> Base:
    """Return the commit that governs *reviewed*.

    Args:
        repository: The repository.
        reviewed: A commit; empty for what is checked out.
        asked: What the user or the CI job names as the base; empty when they do not.
        declared: Default branch, as the project file under review has it.
        declared_at: Finds what another commit has.

    Raises:
        GitError: *asked* leads to no commit.
    """
    head = _head(repository, reviewed)
    if head is None:
        return Base()  # nothing is committed, so nothing governs yet
    trunk = trunk_of(repository, reviewed, asked, declared, declared_at)
    if trunk.tip is None:
        return Base(is_known=False)
    return Base() if _is_merged(repository, head, trunk.tip) else Base(trunk.tip)


def trunk_of(
    repository: Repository, reviewed: Revision, asked: str, declared: str, declared_at: DeclaredBranch
) -> Trunk:
    """Return the branch that *reviewed* is to be merged into; the arguments are those of `base_of`.

    The name in the project file under review is believed last: who could change it could name a branch of their own.

    Raises:
        GitError: *asked* leads to no commit.
    """
    if asked:
        return Trunk(asked, repository.resolve_base(asked))
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
