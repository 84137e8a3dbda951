"""Branches at the remote: what it has, and bringing it one. A branch is replaced only where it is as it was seen."""

import subprocess
from dataclasses import dataclass
from typing import NoReturn

from trueup.adapters.git import codes
from trueup.adapters.git.ledger_git import complaint
from trueup.adapters.git.repository import GitBusyError, GitError, Repository, start
from trueup.core.digests import Revision

REMOTE = "origin"
_SECONDS = 120
"""A slow network may need this long to be called dead."""

# In git's own English, or that of its transports; the first that matches.
_NO_RIGHT = (
    "authentication failed",
    "could not read username",
    "could not read password",
    "permission denied",
    "permission to",
    "access denied",
    "not authorized",
    "you are not allowed",
    "returned error: 401",
    "returned error: 403",
    "invalid credentials",
)
_RACES = ("cannot lock ref", "failed to update ref")
_NO_PLACE = ("does not appear to be a git repository", "repository not found", "returned error: 404")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str
    complaint: str


@dataclass(frozen=True, slots=True)
class RemoteBranches:
    """The branches of the remote `origin`."""

    repository: Repository

    def is_there(self) -> bool:
        """Tell whether there is such a remote."""
        return self.repository.ask("remote", "get-url", REMOTE) is not None

    def tracked(self, branch: str) -> Revision | None:
        """Return the commit that *branch* had there when it was fetched or pushed last."""
        commit = self.repository.ask("rev-parse", "--verify", "--quiet", f"{_tracking(branch)}^{{commit}}")
        return Revision(commit) if commit else None

    def fetch(self, *branches: str) -> None:
        """Learn what the remote has of *branches*; one that it does not have is forgotten here.

        Raises:
            GitBusyError: It does not answer.
            GitError: It lets us not read.
        """
        listed = self._reach("ls-remote", "--", REMOTE, *(f"refs/heads/{b}" for b in branches))
        there = {line.partition("\t")[2].removeprefix("refs/heads/") for line in listed.splitlines()}
        present = [b for b in branches if b in there]
        if present:
            options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
            refspecs = (f"+refs/heads/{b}:{_tracking(b)}" for b in present)
            self._reach("fetch", *options, "--", REMOTE, *refspecs)
        for branch in set(branches) - there:
            self.repository.ask("update-ref", "-d", _tracking(branch))

    def push(self, branch: str, commit: Revision) -> None:
        """Bring *commit* to *branch* there, in place of what `tracked` says and of nothing else.

        Raises:
            GitBusyError: It does not answer, or the branch is another by now.
            GitError: There is no right, or it declines.
        """
        seen = self.tracked(branch)
        ref = f"refs/heads/{branch}"
        answer = self._call(
            "push",
            "--porcelain",
            "--no-verify",
            "--recurse-submodules=no",
            f"--force-with-lease={ref}:{seen or ''}",
            "--",
            REMOTE,
            f"{commit}:{ref}",
        )
        if not answer.status:
            self.repository.ask("update-ref", _tracking(branch), commit)
            return
        verdict = next((line for line in answer.text.splitlines() if line.startswith("!")), "")
        reason = verdict.split("\t")[-1]
        if "[remote rejected]" in verdict and not any(w in verdict for w in _RACES):
            detail = f"`{REMOTE}` says of `{branch}`: {reason}; {answer.complaint}"
            raise GitError(codes.PUSH_REFUSED, detail, hint=codes.PUSH_REFUSED.remedy)
        if verdict:
            detail = f"`{branch}` is no longer what it was at `{REMOTE}`: {reason}."
            raise GitBusyError(codes.BRANCH_MOVED, detail, hint="Run again.")
        self._fail("push", answer)

    def _reach(self, *arguments: str) -> str:
        answer = self._call(*arguments)
        if answer.status:
            self._fail(arguments[0], answer)
        return answer.text

    def _fail(self, verb: str, answer: _Answer) -> NoReturn:
        detail = f"`git {verb}` from `{REMOTE}` says: {answer.complaint or 'nothing'}"
        words = answer.complaint.lower()
        if any(part in words for part in (*_NO_RIGHT, *_NO_PLACE)):
            raise GitError(codes.PUSH_NOT_ALLOWED, detail, hint=codes.PUSH_NOT_ALLOWED.remedy)
        raise GitBusyError(codes.REMOTE_UNREACHABLE, detail, hint=codes.REMOTE_UNREACHABLE.remedy)

    def _call(self, *arguments: str) -> _Answer:
        pipe = subprocess.PIPE
        with start(self.repository.root, arguments, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe) as process:
            try:
                output, errors = process.communicate(timeout=_SECONDS)
            except subprocess.TimeoutExpired as error:
                process.kill()
                detail = f"`git {arguments[0]}` did not end within {_SECONDS} seconds."
                raise GitBusyError(codes.REMOTE_UNREACHABLE, detail) from error
        return _Answer(process.returncode, output.decode("utf-8", "replace"), complaint(errors))


def _tracking(branch: str) -> str:
    return f"refs/remotes/{REMOTE}/{branch}"
