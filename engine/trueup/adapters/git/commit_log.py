"""The commits that the default branch took in, newest first."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from trueup.adapters.git.objects import records
from trueup.adapters.git.repository import Repository
from trueup.adapters.git.trees import folder_arguments
from trueup.core.digests import Revision
from trueup.ports import MergedCommit

_OLDER_IN_A_ROW = 200
"""Commits older than wanted after which the rest is taken to be older, too: a clock may have been wrong for a few."""


def merged_commits(
    repository: Repository, branch: str, folders: Sequence[str], since: datetime, until: datetime
) -> Iterator[MergedCommit]:
    """Yield what *branch* took in from *since* up to *until* that touches *folders*, along first parents.

    The remote's branch comes first, as for merged versions; nothing when the branch is not here.
    """
    tip = repository.default_branch(branch)
    if tip is None:
        return
    older = 0
    shape = ("log", "-z", "--first-parent", "--no-show-signature", "--format=%H %ct %P")
    for record in records(repository, *shape, tip, "--", *folder_arguments(folders)):
        revision, seconds, *parents = record.decode().split()
        at = datetime.fromtimestamp(int(seconds), UTC)
        if since <= at < until:
            yield MergedCommit(Revision(revision), Revision(parents[0] if parents else ""), at)
        older = older + 1 if at < since else 0
        if older >= _OLDER_IN_A_ROW:
            return
