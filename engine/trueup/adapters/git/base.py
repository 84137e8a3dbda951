"""Which branch a change is measured against: a pull request must not choose its own judge."""

from collections.abc import Callable

from trueup.adapters.git.repository import Repository
from trueup.core.digests import Revision
from trueup.ports import Base

DeclaredBranch = Callable[[Revision], str]
"""Returns the default branch that the project file of a commit names; empty when it has none that can be read."""


def base_of(repository: Repository, reviewed: Revision, asked: str, declared: str, declared_at: DeclaredBranch) -> Base:
    """Return the commit that governs *reviewed*.

    The name in the project file under review is believed last: who could change it could name a branch of their own.

    Args:
        repository: The repository.
        reviewed: A commit; empty for what is checked out.
        asked: What the user or the CI job names as the base; empty when they do not.
        declared: Default branch, as the project file under review has it.
        declared_at: Finds what another commit has.

    Raises:
        GitError: *asked* leads to no commit.
    """
    head = reviewed or repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head is None:
        return Base()  # nothing is committed, so nothing governs yet
    tip = repository.resolve(asked) if asked else _tip(repository, declared, declared_at)
    if tip is None:
        return Base(is_known=False)
    return Base() if _is_merged(repository, head, tip) else Base(tip)


def _tip(repository: Repository, declared: str, declared_at: DeclaredBranch) -> Revision | None:
    remote = repository.ask("rev-parse", "--verify", "--quiet", "refs/remotes/origin/HEAD^{commit}")
    trusted = declared_at(Revision(remote)) if remote else ""
    return repository.default_branch(trusted or declared)


def _is_merged(repository: Repository, head: str, tip: Revision) -> bool:
    return head == tip or repository.ask("merge-base", "--is-ancestor", head, tip) is not None
