"""One git repository and the only way to start the `git` program on it.

Every command runs with an environment that nobody outside the repository can redirect, without hooks, pagers,
prompts, replacement objects or translations. What the commands mean is left to the modules beside this one.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.adapters.git import codes
from trueup.adapters.git.program import git_program, trusted_path
from trueup.adapters.git.safety import SAFE_OPTIONS, safe_environment
from trueup.core.diagnostics import Code
from trueup.core.digests import Revision
from trueup.core.errors import PermanentError, TransientError, TrueupError

_REACHING = frozenset({"clone", "fetch", "ls-remote", "push"})
"""The commands that speak to other repositories; no other one may, not even for an object that is missing here."""

# First match wins; in git's own English, which LC_ALL=C guarantees.
_PERMANENT: tuple[tuple[str, Code], ...] = (
    ("dubious ownership", codes.DUBIOUS_OWNERSHIP),
    ("not a git repository", codes.NOT_A_REPOSITORY),
    ("must be run in a work tree", codes.BARE_REPOSITORY),
    ("cannot use bare repository", codes.BARE_REPOSITORY),
    ("no space left on device", codes.DISK_FULL),
    ("disk quota exceeded", codes.DISK_FULL),
    ("permission denied", codes.NO_PERMISSION),
    ("insufficient permission", codes.NO_PERMISSION),
    ("read-only file system", codes.NO_PERMISSION),
    ("operation not permitted", codes.NO_PERMISSION),
    ("tell me who you are", codes.NO_IDENTITY),
    ("empty ident name", codes.NO_IDENTITY),
    ("no name was given", codes.NO_IDENTITY),
    ("no email was given", codes.NO_IDENTITY),
    ("auto-detection is disabled", codes.NO_IDENTITY),
    ("failed to sign", codes.SIGNING_FAILED),
    ("failed to write commit object", codes.SIGNING_FAILED),
    ("bad object", codes.OBJECT_MISSING),
    ("could not fetch", codes.OBJECT_MISSING),
    ("unable to read tree", codes.OBJECT_MISSING),
    ("missing blob", codes.OBJECT_MISSING),
    ("is corrupt", codes.OBJECT_MISSING),
)
_TRANSIENT: tuple[tuple[str, Code], ...] = (
    (".lock': file exists", codes.LOCKED),
    ("cannot lock ref", codes.BRANCH_MOVED),
)


class GitError(PermanentError):
    """A git command failed, and would fail again."""


class GitBusyError(TransientError):
    """Another git command holds a lock or moved a ref first."""


_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def error_from(command: Sequence[str], stderr: str) -> TrueupError:
    """Return the error that git's own words stand for."""
    words = " ".join(stderr.split())
    detail = f"`git {_verb(command)}` says: {words or 'nothing'}"
    for part, code in _TRANSIENT:
        if part in words.lower():
            return GitBusyError(code, detail, hint=code.remedy)
    for part, code in _PERMANENT:
        if part in words.lower():
            return GitError(code, detail, hint=code.remedy)
    return GitError(codes.GIT_FAILED, detail, hint=codes.GIT_FAILED.remedy)


def _verb(command: Sequence[str]) -> str:
    return next((word for word in command if word[:1] != "-" and "=" not in word), "")


def _not_discovered(folder: Path, error: TrueupError) -> TrueupError:
    """Return *error* with the folder it is about, which git's own words leave out."""
    if error.code is codes.NOT_A_REPOSITORY:
        return GitError(error.code, f"`{folder}` is not inside a git repository: {error.detail}", hint=error.hint)
    if error.code is codes.DUBIOUS_OWNERSHIP:
        hint = f"when you trust it: `git config --global --add safe.directory {folder}`"
        return GitError(error.code, error.detail, hint=hint)
    return error


def start(
    folder: Path, arguments: Sequence[str], *, variables: Mapping[str, str] | None = None, **streams: Any
) -> subprocess.Popen[bytes]:
    """Start git in *folder*; the caller reads its output and waits for it.

    Raises:
        GitError: The program is missing or the folder cannot be entered.
    """
    path = trusted_path(os.environ.get("PATH", os.defpath), folder)
    command = [git_program(path) or "git", *SAFE_OPTIONS, *arguments]
    environment = safe_environment(os.environ) | {"PATH": path} | dict(variables or {})
    if _verb(arguments) not in _REACHING:
        environment["GIT_ALLOW_PROTOCOL"] = "none"
    try:
        return subprocess.Popen(command, cwd=folder, env=environment, **streams)
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise GitError(codes.NOT_A_REPOSITORY, f"The folder `{folder}` does not exist.") from error
        detail = "No program named `git` is on the PATH; what is relative there, or in the repository, does not count."
        raise GitError(codes.GIT_MISSING, detail) from error
    except OSError as error:
        raise GitError(codes.NOT_A_REPOSITORY, f"`{folder}` cannot be entered: {error.strerror}.") from error


def call(
    folder: Path, arguments: Sequence[str], *, stdin: bytes = b"", variables: Mapping[str, str] | None = None
) -> tuple[int, bytes, str]:
    """Run git in *folder* and return its exit status, output and error text."""
    pipe = subprocess.PIPE
    with start(folder, arguments, variables=variables, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        output, errors = process.communicate(stdin)
    return process.returncode, output, errors.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository with a work tree.

    Attributes:
        root: Top folder of the work tree, absolute, symbolic links resolved.
        git_dir: Git's own folder of this work tree.
        common_dir: Git's own folder shared by all work trees; refs and objects lie there.
    """

    root: Path
    git_dir: Path
    common_dir: Path

    @classmethod
    def discover(cls, start_at: Path) -> "Repository":
        """Find the repository that *start_at* lies in.

        Raises:
            GitError: There is none, it is bare, it belongs to someone else, or git is missing.
        """
        question = ("rev-parse", "--git-dir", "--git-common-dir", "--show-toplevel")
        status, output, errors = call(start_at, question)
        if status:
            raise _not_discovered(start_at, error_from(question, errors))
        git_dir, common_dir, root = os.fsdecode(output).removesuffix("\n").split("\n")
        return cls(Path(root), (start_at / git_dir).resolve(), (start_at / common_dir).resolve())

    def run(self, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
        """Run git in the work tree's root and return what it printed.

        Raises:
            GitError: It failed, and would again.
            GitBusyError: It failed because another git command was at work.
        """
        status, output, errors = call(self.root, arguments, stdin=stdin, variables=variables)
        if status:
            raise error_from(arguments, errors)
        return output

    def ask(self, *arguments: str, stdin: bytes = b"") -> str | None:
        """Run git for one line of text; None when it fails, which for questions means "there is none"."""
        status, output, _ = call(self.root, arguments, stdin=stdin)
        return None if status else os.fsdecode(output).removesuffix("\n")

    def resolve(self, revision: str) -> Revision:
        """Return the commit that *revision* leads to.

        Raises:
            GitError: It leads to none, or the repository has no commits.
        """
        if revision and not revision.startswith("-") and revision.isprintable():
            commit = self.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
            if commit is not None:
                return Revision(commit)
        if revision == "HEAD":
            raise GitError(codes.NO_COMMITS, f"`{self.root}` has no commit on its current branch yet.")
        hint = codes.SHALLOW.remedy if self.is_shallow() else ""
        raise GitError(codes.UNKNOWN_REVISION, f"`{revision}` leads to no commit of `{self.root}`.", hint=hint)

    def resolve_base(self, name: str) -> Revision:
        """Return the tip of the branch *name*, or the commit it leads to when no branch is called so.

        A branch comes first: git itself prefers a tag of the same name, and whoever can push tags could move the base.
        A whole commit id is that commit, whatever a branch may be called.

        Raises:
            GitError: It leads to none.
        """
        if _COMMIT.fullmatch(name):
            return self.resolve(name)
        refs = (f"refs/remotes/{name}", f"refs/heads/{name}", f"refs/remotes/origin/{name}")
        return next((tip for ref in refs if (tip := self._tip(ref))), None) or self.resolve(name)

    def remote_tip(self, branch: str) -> Revision | None:
        """Return the tip that `origin` has of *branch*; None when it is not in this clone.

        Never a branch of this clone: a CI system checks out what is reviewed under the name that its author chose.
        """
        return self._tip(f"refs/remotes/origin/{branch}") if branch else None

    def commit_at(self, revision: Revision) -> Revision | None:
        """Return *revision*, a whole commit id, when this clone has that commit."""
        return self._tip(revision) if _COMMIT.fullmatch(revision) else None

    def _tip(self, ref: str) -> Revision | None:
        commit = self.ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") if ref.isprintable() else None
        return Revision(commit) if commit else None

    def head(self) -> Revision:
        """Return the commit that is checked out.

        Raises:
            GitError: There are no commits.
        """
        return self.resolve("HEAD")

    def branch(self) -> str:
        """Return the full name of the branch that is checked out, `refs/heads/main`; it may have no commits yet.

        Raises:
            GitError: HEAD is detached.
        """
        name = self.ask("symbolic-ref", "--quiet", "HEAD")
        if name is None:
            raise GitError(codes.DETACHED_HEAD, f"No branch is checked out in `{self.root}`.")
        return name

    def is_shallow(self) -> bool:
        """Tell whether commits beyond a boundary were left out when cloning."""
        return (self.common_dir / "shallow").is_file()

    def require_history(self, purpose: str) -> None:
        """Raise when the repository is shallow, so that *purpose* cannot be served.

        Raises:
            GitError: Commits are missing.
        """
        if self.is_shallow():
            raise GitError(codes.SHALLOW, f"{purpose} needs the whole history of `{self.root}`.")

    def default_branch(self, name: str) -> Revision | None:
        """Return the tip of the default branch; None when it is not here.

        The remote-tracking branch comes first: a version is merged once others have it, and local commits that
        were not pushed may still change.
        """
        refs = (f"refs/remotes/origin/{name}", f"refs/heads/{name}")
        lines = self.ask("for-each-ref", "--format=%(refname) %(objectname)", *refs) or ""
        tips = dict(line.split(" ") for line in lines.splitlines())
        return next((Revision(tips[ref]) for ref in refs if ref in tips), None)
