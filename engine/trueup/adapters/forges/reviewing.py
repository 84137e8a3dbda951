"""Reviews of the change that a commit ends or brings in, as the facts of a change have them."""

import re
from collections.abc import Callable, Sequence

from trueup.core.digests import Revision
from trueup.core.errors import TransientError, TrueupError
from trueup.policy.facts.approving import Review, Reviews
from trueup.ports import Forge

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


MOST_COMMITS = 10
"""Commits of a change that the forge is asked about, newest first: each is a request, and `reconcile` asks again every
round that something waits."""


def reviews_of(forge: Forge, commits: Sequence[Revision], bring_in: Callable[[Revision], None]) -> Reviews:
    """Ask *forge* for the reviews of every pull request with one of *commits*, and bring in the commits they are of.

    A forge that does not answer is a reason why nothing counts, not an error: approvals may come from elsewhere.
    """
    try:
        numbers = sorted({number for commit in commits[:MOST_COMMITS] for number in forge.including(commit)})
        said = [r for number in numbers for r in forge.reviews(number)]
    except TrueupError as error:
        word = "does not answer" if isinstance(error, TransientError) else "refuses"
        return Reviews(problem=f"the forge {word}: {error.detail}")
    found = [Review(r.login, r.email, r.state.value, Revision(_commit(r.commit))) for r in said]
    for reviewed in sorted({r.commit for r in found if r.state == "approved" and r.commit} - set(commits)):
        bring_in(reviewed)
    return Reviews(tuple(found))


def _commit(text: str) -> str:
    return text if _COMMIT.fullmatch(text) else ""
