"""Ports of publishing: a branch with one commit, and the forge that reviews it as a pull request."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from trueup.core.digests import Revision
from trueup.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class BranchChange:
    """One file changed, on a branch of its own.

    Attributes:
        branch: Name of the branch, without `refs/heads/`.
        base: Name of the branch it is to be merged into.
        path: The file.
        before: Its bytes on the base, which *content* was made from.
        content: Its bytes on the branch.
        message: The commit message; a trailer with the digest of *content* is added.
    """

    branch: str
    base: str
    path: str
    before: bytes
    content: bytes
    message: str


@dataclass(frozen=True, slots=True)
class BuiltBranch:
    """A branch of this clone whose tip is the one commit of a change.

    Attributes:
        commit: The commit; the tip of the base when that has the content already.
        base: Tip of the base it is built on.
        is_needed: False when the base has the content already, so that there is no branch.
        is_new: False when the branch was there with this very change.
    """

    commit: Revision
    base: Revision
    is_needed: bool = True
    is_new: bool = True


class Publisher(Protocol):
    """Builds branches with one commit beside whatever the user is doing, and pushes them. Nothing is overwritten."""

    @property
    def remote(self) -> str:
        """The remote's address without credentials; empty when there is no remote."""
        ...

    def newest(self, base: str, branch: str) -> Revision:
        """Learn what the remote has of both branches, and return the tip of *base*, here when there is no remote.

        Raises:
            TransientError: The remote does not answer.
            PermanentError: It lets nobody read, or no such *base* exists.
        """
        ...

    def build(self, change: BranchChange) -> BuiltBranch:
        """Make the branch of *change* on the newest base known, or find it made.

        Raises:
            PermanentError: The branch has commits that trueup did not make, or is checked out.
            TransientError: The base has another file by now than the one *change* was made from.
        """
        ...

    def push(self, branch: str) -> None:
        """Bring *branch* to the remote, in place of what `newest` found there and nothing else.

        Raises:
            TransientError: The remote does not answer, or the branch moved meanwhile.
            PermanentError: There is no right to push, or the remote does not take the branch.
        """
        ...


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request (a merge request, on GitLab).

    Attributes:
        number: Its number in the repository.
        url: Its page.
        branch: The branch that is to be merged.
        title: Its title.
        body: Its text, markdown.
        head: The newest commit of the branch, as the forge knows it.
    """

    number: int
    url: str
    branch: str
    title: str
    body: str
    head: Revision


class ReviewState(StrEnum):
    """What a review says."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Review:
    """What one person says of a pull request.

    Attributes:
        login: Their name on the forge.
        email: Their address as the forge shows it; empty when it shows none.
        state: What they say.
        commit: The commit they said it of; empty when the forge does not tell.
        at: When, RFC 3339; empty when the forge does not tell.
    """

    login: str
    email: str
    state: ReviewState
    commit: Revision
    at: str


class Forge(Protocol):
    """Pull requests of one repository.

    Every method raises TransientError when the forge does not answer or is busy, and PermanentError when it refuses.
    """

    def opened(self, prefix: str) -> Sequence[PullRequest]:
        """Return the open pull requests from branches of this repository whose name begins with *prefix*."""
        ...

    def open(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request, or return the one that is open from *branch* into *base* already."""
        ...

    def update(self, number: int, title: str, body: str) -> PullRequest:
        """Give a pull request another title and text."""
        ...

    def close(self, number: int, comment: str) -> None:
        """Close a pull request without merging it, and say why."""
        ...

    def including(self, commit: Revision) -> Sequence[int]:
        """Return the numbers of the pull requests, open or merged, that have *commit* or brought it in."""
        ...

    def reviews(self, number: int) -> Sequence[Review]:
        """Return the newest review of each person who reviewed it, by name."""
        ...


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment on a pull request: its id at the forge, its text, its page (empty where nobody tells)."""

    id: str
    body: str
    url: str = ""


class Conversation(Protocol):
    """The comments of a pull request; errors are those of `Forge`."""

    def own_comments(self, number: int) -> Sequence[Comment]:
        """Return the comments that the token's own account wrote, oldest first: anybody can copy our first line."""
        ...

    def add_comment(self, number: int, body: str) -> Comment:
        """Write a comment."""
        ...

    def change_comment(self, number: int, comment: str, body: str) -> Comment:
        """Give the comment of that id another text."""
        ...

    def head_of(self, number: int) -> Revision:
        """Return the newest commit of the pull request, wherever its branch is."""
        ...
