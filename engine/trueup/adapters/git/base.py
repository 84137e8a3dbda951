"""Which branch a change is measured against: a pull request must not choose its own judge."""

from collections.abc import Callable, Iterator

from trueup.adapters.git.repository import Repository
from trueup.core.digests import Revision
from trueup.ports import Base

PROJECT_FILE = "trueup.yaml"
_MOST_VERSIONS = 100
"""Of the project file; it is written once and seldom again."""

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
    if asked:
        return _governed_by(repository, head, repository.resolve(asked))
    remote = repository.ask("rev-parse", "--verify", "--quiet", "refs/remotes/origin/HEAD^{commit}")
    trusted = declared_at(Revision(remote)) if remote else ""
    if trusted:
        return _governed_by(repository, head, repository.default_branch(trusted))
    for name in _former(repository, head, declared, declared_at):
        former = _governed_by(repository, head, repository.default_branch(name))
        if former.revision is not None:
            return former  # the change, or one before it, named another branch
    return _governed_by(repository, head, repository.default_branch(declared))


def _governed_by(repository: Repository, head: str, tip: Revision | None) -> Base:
    if tip is None:
        return Base(is_known=False)
    return Base() if _is_merged(repository, head, tip) else Base(tip)


def _former(repository: Repository, head: str, declared: str, declared_at: DeclaredBranch) -> Iterator[str]:
    """Yield the other names that the project file had for the default branch, oldest first."""
    said = repository.ask("log", "--format=%H", f"--max-count={_MOST_VERSIONS}", head, "--", PROJECT_FILE) or ""
    names = dict.fromkeys(declared_at(Revision(line)) for line in reversed(said.splitlines()))
    yield from (name for name in names if name and name != declared)


def _is_merged(repository: Repository, head: str, tip: Revision) -> bool:
    return head == tip or repository.ask("merge-base", "--is-ancestor", head, tip) is not None
