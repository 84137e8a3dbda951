"""Runs git for the ledger: records reach the disk, messages are UTF-8, and a dead network ends in time."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from trueup.adapters.git.repository import Repository, error_from, start
from trueup.core.errors import TransientError, TrueupError
from trueup.ledger.codes import LEDGER_BUSY

_SETTINGS = (
    # By default git does not sync loose objects; a record must survive a power cut once append returned.
    "core.fsync=loose-object,reference",
    # The messages written and read here are UTF-8, whatever the user's commits are.
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    # Waiting for another run is the ledger's own business, bounded and through its clock.
    "core.filesRefLockTimeout=0",
    "log.showSignature=false",
    "log.showRoot=true",
)

_SECONDS = 120
"""Bound of one git command. Local ones take milliseconds; a slow network may need this long to be called dead."""

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class GitTimeoutError(TransientError):
    """A git command did not end in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a git command said: exit status, output, and its complaint in one line without credentials."""

    status: int
    output: bytes
    complaint: str

    @property
    def text(self) -> str:
        """The output without the line end."""
        return self.output.decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True)
class LedgerGit:
    """The `git` program in one repository."""

    repository: Repository

    def ask(self, *arguments: str, stdin: bytes = b"", identity: Mapping[str, str] | None = None) -> Answer:
        """Run git and return what it said, whatever its exit status.

        Raises:
            GitTimeoutError: It was stopped because it took too long.
        """
        pipe = subprocess.PIPE
        command = _with_settings(arguments)
        root = self.repository.root
        with start(root, command, variables=identity, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            try:
                output, errors = process.communicate(stdin, timeout=_SECONDS)
            except subprocess.TimeoutExpired as error:
                process.kill()
                detail = f"`git {arguments[0]}` did not end within {_SECONDS} seconds."
                raise GitTimeoutError(LEDGER_BUSY, detail) from error
        return Answer(process.returncode, output, complaint(errors))

    def tell(self, *arguments: str, stdin: bytes = b"", identity: Mapping[str, str] | None = None) -> str:
        """Run git and return its output; a failure raises what git's words stand for."""
        answer = self.ask(*arguments, stdin=stdin, identity=identity)
        if answer.status:
            raise failure(arguments[0], answer)
        return answer.text

    @contextmanager
    def converse(self, *arguments: str) -> "Iterator[subprocess.Popen[bytes]]":
        """Start git for a conversation; it is ended with the context, wherever it is then."""
        pipe = subprocess.PIPE
        with start(self.repository.root, _with_settings(arguments), stdin=pipe, stdout=pipe, stderr=pipe) as process:
            try:
                yield process
            finally:
                process.kill()
                # A question that git did not live to read would be written again when the pipe is closed.
                with suppress(BrokenPipeError):
                    process.stdin.close() if process.stdin else None

    def commit_of(self, ref: str) -> str:
        """Return the commit that *ref* names, empty when there is none."""
        return self.ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").text

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Tell whether *newer* builds on *older*, or is it."""
        return self.ask("merge-base", "--is-ancestor", older, newer).status == 0


def complaint(stderr: bytes) -> str:
    """Return what git complained of in one line, without the credentials that a URL may carry."""
    lines = (line.strip() for line in stderr.decode("utf-8", "replace").splitlines())
    return _CREDENTIALS.sub("***@", "; ".join(line for line in lines if line and not line.startswith("hint:")))


def failure(command: str, answer: Answer) -> TrueupError:
    """Return the error that a failed git command stands for."""
    return error_from([command], answer.complaint or f"exit status {answer.status}")


def _with_settings(arguments: tuple[str, ...]) -> list[str]:
    return [*(part for setting in _SETTINGS for part in ("-c", setting)), *arguments]
