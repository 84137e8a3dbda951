"""Brings the ledger together with its remote: fetch, take records over, push. Nothing is ever forced."""

import re
from dataclasses import dataclass
from enum import Enum

from trueup.adapters.git.ledger_git import Answer, GitTimeoutError, LedgerGit
from trueup.core.digests import digest_of_bytes, short
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.ledger.codes import REMOTE_REFUSED, REMOTE_REWRITTEN, REMOTE_UNREACHABLE

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
_RACES = ("cannot lock ref", "failed to update ref", "incorrect old value", "already exists", "failed to lock")
"""What git says when two runs met at one ref, here or at the remote: the other one won, so this one tries again."""


class RemoteUnreachableError(TransientError):
    """The remote does not answer; records wait in this clone."""


class RemoteRefusedError(PermanentError):
    """The remote answers and does not take records."""


class RemoteRewrittenError(PermanentError):
    """The remote's ledger is not the one that was fetched before."""


class Pushed(Enum):
    """How a push ended that reached the remote and was not refused."""

    DONE = "done"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class LedgerRemote:
    """The ledger's ref at one remote, and the ref here that remembers what it was."""

    git: LedgerGit
    ref: str
    remote: str

    @property
    def tracking(self) -> str:
        """The ref that holds the remote's ledger as last fetched or pushed."""
        name = self.remote if _NAME.match(self.remote) else short(digest_of_bytes(self.remote.encode()))
        return f"{tracking_folder(self.ref)}{name}/{self.ref.rsplit('/', 1)[-1]}"

    def tip(self) -> str:
        """Return the remote's newest commit as last seen; empty when it was never seen."""
        return self.git.commit_of(self.tracking)

    def fetch(self) -> bool:
        """Learn the remote's newest commit; False when another run here fetches at the same time.

        Raises:
            RemoteUnreachableError: It does not answer.
            RemoteRewrittenError: It no longer builds on what it had, nor is it an older state of that.
        """
        before = self.tip()
        refspec = f"+{self.ref}:{self.tracking}"
        answer = self._over_the_network(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--",
            self.remote,
            refspec,
        )
        if answer.status and any(race in answer.complaint for race in _RACES):
            return False
        if answer.status and "couldn't find remote ref" not in answer.complaint:
            raise self._unreachable(answer)
        after = self.tip()
        # An older state is put right by the next push; anything else must not be built on.
        if before and not self.git.is_ancestor(before, after) and not self.git.is_ancestor(after, before):
            self.git.ask("update-ref", self.tracking, before, after)
            detail = f"`{self._shown}` had commit {short(before)} and now has {short(after)}, which leaves it out."
            raise RemoteRewrittenError(REMOTE_REWRITTEN, detail)
        return True

    def push(self, commit: str) -> Pushed:
        """Offer *commit* as the remote's newest.

        Raises:
            RemoteUnreachableError: It does not answer.
            RemoteRefusedError: It answers and declines.
        """
        seen = self.tip()
        answer = self._over_the_network(
            "push", "--porcelain", "--no-verify", "--recurse-submodules=no", "--", self.remote, f"{commit}:{self.ref}"
        )
        if not answer.status:
            # When this fails, another run here has seen something newer.
            self.git.ask("update-ref", self.tracking, commit, seen)
            return Pushed.DONE
        verdict = next((line for line in answer.text.splitlines() if line.startswith("!")), "")
        if "[rejected]" in verdict or any(race in verdict for race in _RACES):
            return Pushed.OVERTAKEN
        if "[remote rejected]" in verdict:
            reason = verdict.split("\t")[-1]
            raise RemoteRefusedError(REMOTE_REFUSED, f"`{self._shown}` says: {reason}; {answer.complaint}")
        raise self._unreachable(answer)

    @property
    def _shown(self) -> str:
        return self.remote if _NAME.match(self.remote) else "the remote"

    def _over_the_network(self, *arguments: str) -> Answer:
        try:
            return self.git.ask(*arguments)
        except GitTimeoutError as error:
            raise RemoteUnreachableError(REMOTE_UNREACHABLE, error.detail) from error

    def _unreachable(self, answer: Answer) -> TrueupError:
        return RemoteUnreachableError(REMOTE_UNREACHABLE, f"`{self._shown}`: {answer.complaint}")


def tracking_folder(ref: str) -> str:
    """Return where the refs lie that remember remotes' ledgers, with its `/`."""
    return f"{ref.rsplit('/', 1)[0]}/remotes/"
