"""Commits of one file on the user's branch, beside whatever the user is doing.

Made from git's plumbing with an index of its own: what is staged or changed elsewhere is not touched, no hook runs,
and the branch moves by compare-and-swap. The work tree and the index follow for that one file, which was clean.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from trueup.adapters.git import codes
from trueup.adapters.git.objects import blob_id
from trueup.adapters.git.paths import normal_path
from trueup.adapters.git.repository import GitBusyError, GitError, Repository
from trueup.adapters.git.single_file import entry_at, write_commit
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import BlobId, Revision
from trueup.core.errors import TrueupError

_ATTEMPTS = 5
"""Tries to move the branch while others move it too; one commit a try, so that five in a row are no accident."""

_INDEX_ATTEMPTS = 20
_INDEX_WAIT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _Base:
    """What a commit is built on: the branch, its tip, the file's mode and blob there (empty when absent)."""

    branch: str
    tip: Revision
    mode: str
    blob: BlobId


class BranchCommitter:
    """Commits to the branch that is checked out."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def commit(self, path: str, content: bytes, message: str) -> Revision:
        """Commit *content* as *path* on the current branch, and nothing else; the work tree follows.

        Content that the branch has already makes no commit; its tip is returned.

        Raises:
            GitError: HEAD is detached or unborn, the path leaves the repository, the file has uncommitted changes,
                git does not know the author, the commit cannot be signed, or the disk cannot be written. Nothing
                was changed.
            GitBusyError: Others moved the branch and changed this file, or git is locked; or, with code GIT035,
                the commit was made and the work tree could not follow.
        """
        name = self._checked(path)
        first = self._base(name)
        before = self._clean_content(name, first, content)
        wanted = blob_id(content, len(first.tip))
        base = first
        for _ in range(_ATTEMPTS):
            if base.blob == wanted:
                return base.tip
            if base.blob != first.blob:
                break
            made = write_commit(self._repository, base.tip, base.mode, name, content, message)
            if self._moved(base, made, message):
                self._follow(name, content, before, wanted, base.mode, made)
                return made
            base = self._base(name)
        raise GitBusyError(
            codes.BRANCH_MOVED, f"`{first.branch}` kept moving while `{name}` was committed.", hint="Run again."
        )

    def push(self) -> str:
        """Bring the current branch to the branch it tracks; return why that failed, empty when it did not.

        A branch that tracks nothing needs no push. Nothing is forced: what others pushed meanwhile is theirs.
        """
        name = self._repository.branch().removeprefix("refs/heads/")
        remote = self._repository.ask("config", f"branch.{name}.remote")
        merge = self._repository.ask("config", f"branch.{name}.merge")
        if not remote or not merge or remote == ".":
            return ""
        try:
            self._repository.run("push", "--quiet", "--no-verify", remote, f"refs/heads/{name}:{merge}")
        except (GitError, GitBusyError) as error:
            return error.detail
        return ""

    def _checked(self, path: str) -> str:
        name = normal_path(path)
        if isinstance(name, Diagnostic):
            raise GitError(name.code, name.detail, hint=name.hint)
        target = self._repository.root / name
        if target.is_symlink() or target.is_dir() or target.parent.resolve() != target.parent:
            raise GitError(codes.BAD_PATH, f"`{path}` is a folder, or is reached through a symbolic link.")
        parent = next(p for p in target.parents if p.exists())
        if not os.access(parent, os.W_OK):
            raise GitError(codes.NO_PERMISSION, f"`{parent}` cannot be written.", hint=codes.NO_PERMISSION.remedy)
        return name

    def _base(self, name: str) -> _Base:
        branch, tip = self._repository.branch(), self._repository.head()
        mode, blob = entry_at(self._repository, tip, name)
        return _Base(branch, tip, mode, blob)

    def _clean_content(self, name: str, base: _Base, content: bytes) -> bytes | None:
        """Return the file's bytes on disk, None when it is absent, and make sure that they are committed."""
        target = self._repository.root / name
        before = target.read_bytes() if target.exists() else None
        status = self._repository.run("status", "--porcelain=v1", "-z", "--untracked-files=all", "--", name)
        if not status and (before is None or base.blob):
            return before
        if self._was_left_behind(name, base, content, before):
            self._follow(name, content, before, base.blob, base.mode, base.tip)
            return content
        detail = f"`{name}` differs from commit {base.tip[:12]} in the work tree or in the index."
        raise GitError(codes.DIRTY_FILE, detail, hint=codes.DIRTY_FILE.remedy)

    def _was_left_behind(self, name: str, base: _Base, content: bytes, before: bytes | None) -> bool:
        """Tell whether a run was killed after it moved the branch: file and index are as before or as committed."""
        length = len(base.tip)
        if before is None or base.blob != blob_id(content, length):
            return False
        older = self._repository.ask("rev-parse", "--verify", "--quiet", f"{base.tip}~1:{name}")
        staged = self._repository.ask("rev-parse", "--verify", "--quiet", f":0:{name}")
        return {blob_id(before, length), staged} <= {older, base.blob}

    def _moved(self, base: _Base, made: Revision, message: str) -> bool:
        """Move the branch; False when it is no longer where it was."""
        reason = f"trueup: {message.splitlines()[0] if message else 'commit'}"
        try:
            self._repository.run("update-ref", "-m", reason, base.branch, made, base.tip)
        except GitBusyError as error:
            if error.code is not codes.BRANCH_MOVED:
                raise
            if self._repository.ask("rev-parse", "--verify", "--quiet", base.branch) == base.tip:
                raise
            return False
        return True

    def _follow(self, name: str, content: bytes, before: bytes | None, blob: BlobId, mode: str, made: Revision) -> None:
        """Bring the work tree and the index to the new content, unless the file was changed in the meantime."""
        try:
            target = self._repository.root / name
            is_absent = not target.exists()
            if (None if is_absent else target.read_bytes()) != before:
                raise _behind(name, made, "the file was changed meanwhile")
            is_sparse = is_absent and self._repository.ask("rev-parse", "--verify", "--quiet", f":0:{name}") is not None
            if not is_sparse:
                _replace(target, content, 0o755 if mode == "100755" else 0o644)
            self._stage(f"{mode},{blob},{name}")
        except OSError as error:
            raise _behind(name, made, error.strerror or str(error)) from error
        except TrueupError as error:
            if error.code is codes.COMMIT_NOT_IN_WORK_TREE:
                raise
            raise _behind(name, made, error.detail) from error

    def _stage(self, entry: str) -> None:
        for attempt in range(_INDEX_ATTEMPTS):
            try:
                self._repository.run("update-index", "--add", "--cacheinfo", entry)
                break
            except GitBusyError:
                if attempt == _INDEX_ATTEMPTS - 1:
                    raise
                sleep(_INDEX_WAIT_SECONDS)
        # Only refreshes what the index remembers of the file's times; it fails for files the user has changed.
        self._repository.ask("update-index", "-q", "--refresh")


def _replace(target: Path, content: bytes, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else mode)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _behind(name: str, made: Revision, why: str) -> GitBusyError:
    detail = f"Commit {made[:12]} holds `{name}`, but the work tree was left as it was: {why}."
    hint = f"`git restore --staged --worktree {name}` brings the committed content"
    return GitBusyError(codes.COMMIT_NOT_IN_WORK_TREE, detail, hint=hint)
