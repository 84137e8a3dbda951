"""Commits that change one file, made from git's plumbing with an index of their own."""

import errno
import os
import tempfile

from trueup.adapters.git import codes
from trueup.adapters.git.repository import GitError, Repository
from trueup.core.digests import BlobId, Revision

_REGULAR = ("100644", "100755")
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)


def entry_at(repository: Repository, revision: str, name: str) -> tuple[str, BlobId]:
    """Return mode and blob that *revision* has for the file *name*; for none, those of a new one and an empty id.

    Raises:
        GitError: It is no regular file there.
    """
    record = repository.run("ls-tree", "-z", "--full-tree", revision, "--", name).rstrip(b"\0")
    if not record:
        return "100644", BlobId("")
    mode, _, blob = record.partition(b"\t")[0].decode().split(" ")
    if mode not in _REGULAR:
        raise GitError(codes.NOT_A_FILE, f"`{name}` is no regular file in {revision[:12]}.")
    return mode, BlobId(blob)


def write_commit(repository: Repository, parent: str, mode: str, name: str, content: bytes, message: str) -> Revision:
    """Write the commit that has *content* as *name* and all else as *parent*; no branch moves.

    Raises:
        GitError: Git does not know the author, cannot sign, or the disk cannot be written.
    """
    run = repository.run
    blob = run("hash-object", "-w", "--stdin", stdin=content).decode().strip()
    try:
        with tempfile.TemporaryDirectory(prefix="trueup-", dir=repository.git_dir) as folder:
            index = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
            run("read-tree", parent, variables=index)
            run("update-index", "--add", "--cacheinfo", f"{mode},{blob},{name}", variables=index)
            tree = run("write-tree", variables=index).decode().strip()
    except OSError as error:
        raise _from_os(error, str(repository.git_dir)) from error
    options = ("-c", "user.useConfigOnly=true", "-c", "i18n.commitEncoding=UTF-8")
    signed = ["-S"] if repository.ask("config", "--type=bool", "commit.gpgsign") == "true" else []
    commit = run(*options, "commit-tree", tree, "-p", parent, *signed, "-F", "-", stdin=message.encode())
    return Revision(commit.decode().strip())


def _from_os(error: OSError, where: str) -> GitError:
    if error.errno in _DISK_FULL:
        code = codes.DISK_FULL
    elif error.errno in _NO_PERMISSION:
        code = codes.NO_PERMISSION
    else:
        code = codes.GIT_FAILED
    return GitError(code, f"`{where}`: {error.strerror}.", hint=code.remedy)
