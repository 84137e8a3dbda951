"""Reviews on a forge become facts of the change they are of."""

import pytest

from forge_server import ForgeState
from forges import FakeForge
from trueup.adapters.forges import codes
from trueup.adapters.forges.http import ForgeRefusedError, ForgeUnreachableError
from trueup.adapters.forges.reviewing import MOST_COMMITS, reviews_of
from trueup.core.digests import Revision
from trueup.core.errors import TrueupError
from trueup.policy.facts.approving import Review

HEAD, OTHER = Revision("1" * 40), Revision("2" * 40)


def forge(*reviews: dict[str, str], head: str = HEAD) -> FakeForge:
    state = ForgeState()
    number = state.add("topic")
    state.requests[number]["head"] = head
    state.reviews[number] = list(reviews)
    return FakeForge(state)


def said(login: str, state: str = "approved", commit: str = HEAD) -> dict[str, str]:
    return {"login": login, "state": state, "commit": commit, "at": ""}


def test_reviews_of_every_pull_request_with_a_commit_of_the_change_are_found() -> None:
    asked: list[Revision] = []
    found = reviews_of(forge(said("g", commit=OTHER), said("b", "dismissed", "3" * 40)), [OTHER, HEAD], asked.append)
    assert found.found == (Review("b", "", "dismissed", Revision("3" * 40)), Review("g", "", "approved", OTHER))
    assert asked == []


def test_the_commit_that_was_approved_is_brought_in() -> None:
    asked: list[Revision] = []
    reviews_of(forge(said("g", commit=OTHER)), [HEAD], asked.append)
    assert asked == [OTHER]


def test_what_is_no_commit_is_none() -> None:
    asked: list[Revision] = []
    (found,) = reviews_of(forge(said("g", commit="--upload-pack=x")), [HEAD], asked.append).found
    assert (found.commit, asked) == ("", [])


def test_a_change_without_pull_request_has_no_reviews() -> None:
    assert reviews_of(forge(said("g")), [OTHER], lambda _: None).found == ()


def test_of_a_long_change_the_newest_commits_are_asked_about() -> None:
    older = [OTHER] * MOST_COMMITS
    assert reviews_of(forge(said("g")), [*older, HEAD], lambda _: None).found == ()
    assert len(reviews_of(forge(said("g")), [*older[1:], HEAD], lambda _: None).found) == 1


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ForgeUnreachableError(codes.UNREACHABLE, "no network"), "the forge does not answer: no network"),
        (ForgeRefusedError(codes.TOKEN_REFUSED, "bad token"), "the forge refuses: bad token"),
    ],
)
def test_a_forge_that_fails_is_a_reason_and_no_error(error: TrueupError, problem: str) -> None:
    class Failing(FakeForge):
        def including(self, commit: Revision) -> list[int]:
            raise error

    assert reviews_of(Failing(), [HEAD], lambda _: None).problem == problem
