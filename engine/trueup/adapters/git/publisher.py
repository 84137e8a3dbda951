"""Branches with one commit, made and pushed without the work tree, the index or the branch that is checked out.

Every commit names the digest of the file it writes in a trailer. A branch whose one commit keeps that promise is
trueup's own and is made anew when it has to be; any other is somebody's work and is left alone.
"""

import re
from urllib.parse import urlsplit

from trueup.adapters.git import codes
from trueup.adapters.git.objects import blob_id
from trueup.adapters.git.paths import normal_path
from trueup.adapters.git.remote_branches import REMOTE, RemoteBranches
from trueup.adapters.git.repository import GitBusyError, GitError, Repository
from trueup.adapters.git.single_file import entry_at, write_commit
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision, digest_of_bytes
from trueup.ports import BranchChange, BuiltBranch

TRAILER = "Trueup-Content"
_TRAILER_LINE = re.compile(r"^[A-Za-z][A-Za-z0-9-]*: \S")


class BranchPublisher:
    """Publishes through the remote `origin`; without one, branches stay in this clone."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._there = RemoteBranches(repository)

    @property
    def remote(self) -> str:
        """The remote's address without credentials; empty when there is no remote."""
        url = self._repository.ask("remote", "get-url", REMOTE) or ""
        parts = urlsplit(url) if "://" in url else None
        if parts is None or parts.scheme not in ("http", "https"):
            return url
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def newest(self, base: str, branch: str) -> Revision:
        """Learn what the remote has of both branches, and return the tip of *base*, here when there is no remote.

        Raises:
            GitBusyError: The remote does not answer.
            GitError: It lets nobody read, or no such *base* exists.
        """
        if self._there.is_there():
            self._there.fetch(base, branch)
        return self._base(base)

    def build(self, change: BranchChange) -> BuiltBranch:
        """Make the branch of *change* on the newest base known, or find it made.

        Raises:
            GitError: The branch has commits that trueup did not make, or is checked out; or git cannot commit.
            GitBusyError: The base has another file by now than the one *change* was made from; or git is locked.
        """
        name = normal_path(change.path)
        if isinstance(name, Diagnostic):
            raise GitError(name.code, name.detail, hint=name.hint)
        base = self._base(change.base)
        mode, blob = entry_at(self._repository, base, name)
        if blob == blob_id(change.content, len(base)):
            return BuiltBranch(base, base, is_needed=False, is_new=False)
        if blob != blob_id(change.before, len(base)):
            detail = f"`{name}` on `{change.base}` ({base[:12]}) is not what the change was made from."
            raise GitBusyError(codes.BASE_CHANGED, detail, hint=codes.BASE_CHANGED.remedy)
        message = _with_trailer(change.message, change.content)
        here, there = self._here(change.branch), self._there.tracked(change.branch)
        for tip in dict.fromkeys(t for t in (there, here) if t):
            self._require_own(change.branch, tip, base, name)
        made = next((t for t in (there, here) if t and self._is_as_wanted(t, base, name, change, message)), None)
        commit = made or write_commit(self._repository, base, mode, name, change.content, message)
        if commit != here:
            self._set(change.branch, commit, here)
        return BuiltBranch(commit, base, is_new=made is None)

    def push(self, branch: str) -> None:
        """Bring *branch* to the remote, in place of what `newest` found there and nothing else.

        Raises:
            GitBusyError: The remote does not answer, or the branch moved meanwhile.
            GitError: There is no right to push, or the remote does not take the branch.
        """
        commit = self._here(branch)
        if commit is None:
            raise GitError(codes.UNKNOWN_REVISION, f"There is no branch `{branch}`.")
        if self._there.tracked(branch) != commit:
            self._there.push(branch, commit)

    def _base(self, name: str) -> Revision:
        tip = self._repository.default_branch(name)
        if tip is None:
            raise GitError(
                codes.NO_DEFAULT_BRANCH, f"There is no branch `{name}`.", hint=codes.NO_DEFAULT_BRANCH.remedy
            )
        return tip

    def _here(self, branch: str) -> Revision | None:
        commit = self._repository.ask("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
        return Revision(commit) if commit else None

    def _set(self, branch: str, commit: Revision, before: Revision | None) -> None:
        ref = f"refs/heads/{branch}"
        listed = self._repository.ask("worktree", "list", "--porcelain") or ""
        if f"branch {ref}" in listed.splitlines():
            detail = f"`{branch}` is checked out."
            raise GitError(codes.BRANCH_CHECKED_OUT, detail, hint=codes.BRANCH_CHECKED_OUT.remedy)
        none = "0" * len(commit)
        self._repository.run("update-ref", "-m", "trueup: publish", ref, commit, before or none)

    def _is_as_wanted(self, tip: Revision, base: Revision, name: str, change: BranchChange, message: str) -> bool:
        """Tell whether *tip* is this very change, and merging it into *base* would make it."""
        if self._is_ancestor(tip, base):
            return False  # it is merged, and was taken back since
        _, blob = entry_at(self._repository, tip, name)
        _, before = entry_at(self._repository, f"{tip}^", name)
        return (
            blob == blob_id(change.content, len(tip))
            and before == blob_id(change.before, len(tip))
            and self._message(tip) == message.strip()
        )

    def _require_own(self, branch: str, tip: Revision, base: Revision, name: str) -> None:
        """Refuse to touch a branch that holds anything but one commit that trueup made, or what is merged already."""
        if self._is_ancestor(tip, base) or self._is_own(tip, base, name):
            return
        self._repository.require_history(f"Telling what is on `{branch}`")
        detail = f"`{branch}` is at {tip[:12]}, which is not the one commit that trueup made there."
        raise GitError(codes.BRANCH_TAKEN, detail, hint=codes.BRANCH_TAKEN.remedy)

    def _is_own(self, tip: Revision, base: Revision, name: str) -> bool:
        _, *parents = (self._repository.ask("rev-list", "--parents", "-n", "1", tip) or "").split()
        if len(parents) != 1 or not self._is_ancestor(Revision(parents[0]), base):
            return False
        shape = ("--no-commit-id", "--name-only", "-r", "-z", "--no-renames", "--no-ext-diff")
        changed = self._repository.run("diff-tree", *shape, parents[0], tip).split(b"\0")
        if [path for path in changed if path] != [name.encode()]:
            return False
        content = self._repository.run("cat-file", "blob", f"{tip}:{name}")
        return self._message(tip).endswith(f"\n{TRAILER}: {digest_of_bytes(content)}")

    def _message(self, commit: Revision) -> str:
        options = ("-c", "i18n.logOutputEncoding=UTF-8", "log", "-1", "--no-show-signature", "--format=%B")
        return self._repository.run(*options, commit).decode("utf-8", "replace").strip()

    def _is_ancestor(self, older: Revision, newer: Revision) -> bool:
        return self._repository.ask("merge-base", "--is-ancestor", older, newer) is not None


def _with_trailer(message: str, content: bytes) -> str:
    """Return *message* with the trailer that promises *content*, in the paragraph of trailers if it ends in one."""
    text = message.rstrip("\n")
    paragraphs = text.split("\n\n")
    is_trailers = len(paragraphs) > 1 and all(_TRAILER_LINE.match(line) for line in paragraphs[-1].splitlines())
    return f"{text}{'' if is_trailers else chr(10)}\n{TRAILER}: {digest_of_bytes(content)}\n"
