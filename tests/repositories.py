"""Git repositories made for a test, with an author and nothing from the machine's own configuration."""

import os
import subprocess
from pathlib import Path

from trueup.adapters.git.repository import Repository

AUTHOR = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-03-14T12:00:00Z",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_COMMITTER_DATE": "2026-03-14T12:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Run git in *folder* as Ada and return what it printed, without the last line break."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(command, cwd=folder, env=kept | AUTHOR, input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return os.fsdecode(done.stdout).removesuffix("\n")


def write(folder: Path, files: dict[str, bytes | None]) -> None:
    """Write *files* below *folder*; None removes one."""
    for path, content in files.items():
        target = folder / path
        if content is None:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def commit(folder: Path, files: dict[str, bytes | None], message: str = "Change") -> str:
    """Write and commit *files*; return the commit."""
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def repository(folder: Path, files: dict[str, bytes | None] | None = None) -> Repository:
    """Make a repository on branch `main`, with one commit when there are *files*; commits need no set-up."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.com")
    git(folder, "config", "commit.gpgsign", "false")
    if files is not None:
        commit(folder, files, "First")
    return Repository.discover(folder)
