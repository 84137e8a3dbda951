"""The repository of somebody who starts: looked at and made with GitPython, where speed is not the point.

What is asked often or must be exact to the byte goes through `repository.call` instead.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.git import codes
from trueup.adapters.git.program import trusted_path
from trueup.adapters.git.repository import GitError, error_from
from trueup.adapters.git.safety import safe_environment

if TYPE_CHECKING:
    import git


@dataclass(frozen=True, slots=True)
class UserRepository:
    """A repository as the person in front of it sees it.

    Attributes:
        root: Its work tree.
        branch: The branch it is on, also before the first commit; empty when the head is detached.
        knows_author: Git has a name and an e-mail address to commit with.
    """

    root: Path
    branch: str
    knows_author: bool


def find_repository(folder: Path) -> UserRepository | None:
    """Return the repository that *folder*, or the nearest folder above it that exists, is in; None for none.

    Raises:
        GitError: It has no work tree, or cannot be read.
    """
    existing = folder.absolute()
    while not existing.is_dir():
        existing = existing.parent
    with _undirected(existing):
        import git

        try:
            with git.Repo(existing, search_parent_directories=True) as found:
                return _described(found)
        except git.InvalidGitRepositoryError:
            return None
        except (ValueError, OSError) as error:
            raise GitError(codes.GIT_FAILED, f"`{existing}`: {error}", hint=codes.GIT_FAILED.remedy) from error


def start_repository(folder: Path, branch: str) -> UserRepository:
    """Make *folder* a repository whose first branch is *branch*.

    Raises:
        GitError: Git is missing or refused.
    """
    with _undirected(folder):
        import git

        try:
            with git.Repo.init(folder, initial_branch=branch, quiet=True) as made:
                return _described(made)
        except git.GitCommandNotFound as error:
            raise GitError(codes.GIT_MISSING, f"{error}", hint=codes.GIT_MISSING.remedy) from error
        except git.GitCommandError as error:
            raise error_from(("init",), str(error.stderr)) from error


def _described(repository: "git.Repo") -> UserRepository:
    root = repository.working_tree_dir
    if root is None:
        detail = f"`{repository.git_dir}` has no work tree."
        raise GitError(codes.BARE_REPOSITORY, detail, hint=codes.BARE_REPOSITORY.remedy)
    head = repository.head
    branch = "" if head.is_detached else head.reference.name
    return UserRepository(Path(root), branch, _knows_author(repository))


def _knows_author(repository: "git.Repo") -> bool:
    with repository.config_reader() as settings:
        return all(
            f"GIT_AUTHOR_{key.upper()}" in os.environ or settings.get_value("user", key, "")
            for key in ("name", "email")
        )


@contextmanager
def _undirected(folder: Path) -> Iterator[None]:
    """Take away the variables that point git elsewhere than at *folder*; GitPython reads only this process's own."""
    before = dict(os.environ)
    os.environ.clear()
    # Without it, the import of GitPython fails where there is no git program, before we can say so.
    path = trusted_path(before.get("PATH", os.defpath), folder)
    os.environ.update(safe_environment(before) | {"GIT_PYTHON_REFRESH": "quiet", "PATH": path})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
