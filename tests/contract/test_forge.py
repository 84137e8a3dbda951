"""What every forge does, and what those over HTTP do besides. Nothing leaves this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from forge_server import REPOSITORY, TOKEN, ForgeState, forge_server
from forges import FakeForge
from trueup.adapters.forges import codes
from trueup.adapters.forges.github import HEADERS, GitHub
from trueup.adapters.forges.gitlab import GitLab
from trueup.adapters.forges.http import ForgeBusyError, ForgeClient, ForgeRefusedError, ForgeUnreachableError
from trueup.adapters.forges.places import ForgePlace
from trueup.core.errors import TrueupError
from trueup.ports import Forge, ReviewState

BRANCH = "trueup/promote/support-to-prod-0123456789ab"
FIRST, SECOND = "1" * 40, "2" * 40


@dataclass
class Setup:
    forge: Any
    state: ForgeState
    url: str = ""
    kind: str = ""


@pytest.fixture(params=["fake", "github", "gitlab"])
def setup(request) -> Iterator[Setup]:
    if request.param == "fake":
        fake = FakeForge()
        yield Setup(fake, fake.state)
        return
    yield from served(request.param)


@pytest.fixture(params=["github", "gitlab"])
def http(request) -> Iterator[Setup]:
    yield from served(request.param)


def served(kind) -> Iterator[Setup]:
    with forge_server() as server:
        yield Setup(connected(kind, server.url), server.state, server.url, kind)


def connected(kind, url, token=TOKEN) -> Forge:
    """Connect as a place does, with a client that does not really wait."""
    place = ForgePlace(kind, url, REPOSITORY)
    if kind == "gitlab":
        return GitLab(ForgeClient(place.api, token, wait=lambda _: None), REPOSITORY)
    return GitHub(ForgeClient(place.api, token, HEADERS, wait=lambda _: None), REPOSITORY)


def review(login, state="approved", commit=SECOND, at="2026-01-02T10:00:00.000Z"):
    return {"login": login, "state": state, "commit": commit, "at": at}


def test_an_opened_pull_request_is_found_by_its_branch(setup):
    opened = setup.forge.open(BRANCH, "main", "Promote support", "Why\n")
    assert opened.url.endswith(f"/pull/{opened.number}")
    assert [(r.number, r.branch, r.title, r.body) for r in setup.forge.opened(BRANCH)] == [
        (opened.number, BRANCH, "Promote support", "Why\n")
    ]
    assert opened.head


def test_only_open_ones_with_the_prefix_are_listed(setup):
    setup.forge.open(BRANCH, "main", "T", "")
    setup.forge.open("feature", "main", "T", "")
    closed = setup.forge.open("trueup/promote/support-to-prod-ffff", "main", "T", "")
    setup.forge.close(closed.number, "Superseded.")
    assert [r.branch for r in setup.forge.opened("trueup/promote/support-to-prod-")] == [BRANCH]


def test_a_branch_of_a_fork_is_not_ours_whatever_it_is_called(setup):
    setup.state.add(BRANCH, fork=True)
    assert list(setup.forge.opened(BRANCH)) == []


def test_opening_twice_is_one_pull_request(setup):
    first = setup.forge.open(BRANCH, "main", "T", "B")
    assert setup.forge.open(BRANCH, "main", "T", "B").number == first.number
    assert len(setup.state.requests) == 1


def test_title_and_text_can_be_changed(setup):
    number = setup.forge.open(BRANCH, "main", "T", "B").number
    changed = setup.forge.update(number, "T2", "B2")
    assert (changed.title, changed.body) == ("T2", "B2")
    assert [(r.title, r.body) for r in setup.forge.opened(BRANCH)] == [("T2", "B2")]


def test_closing_says_why(setup):
    number = setup.forge.open(BRANCH, "main", "T", "B").number
    setup.forge.close(number, "Superseded by another.")
    assert list(setup.forge.opened(BRANCH)) == []
    assert setup.state.comments == [(number, "Superseded by another.")]


def test_approvals_name_person_address_and_commit(setup):
    number = setup.forge.open(BRANCH, "main", "T", "").number
    setup.state.emails["grace"] = "grace@example.com"
    earlier = review("linus", commit=FIRST, at="2026-01-01T10:00:00.000Z")
    setup.state.reviews[number] = [earlier, review("grace")]
    found = setup.forge.reviews(number)
    assert [(r.login, r.email, r.state, r.commit) for r in found] == [
        ("grace", "grace@example.com", ReviewState.APPROVED, SECOND),
        ("linus", "", ReviewState.APPROVED, FIRST),
    ]


def test_pull_requests_are_found_by_their_newest_commit_and_by_the_commit_that_merged_them(setup):
    number = setup.forge.open(BRANCH, "main", "T", "").number
    setup.state.requests[number] |= {"head": FIRST, "merged": SECOND, "state": "closed"}
    other = setup.state.add("other")
    setup.state.requests[other]["head"] = FIRST
    assert list(setup.forge.including(FIRST)) == [number, other]
    assert list(setup.forge.including(SECOND)) == [number]


def test_a_commit_that_the_forge_does_not_have_is_in_no_pull_request(setup):
    assert list(setup.forge.including("3" * 40)) == []


def test_without_reviews_there_are_none(setup):
    number = setup.forge.open(BRANCH, "main", "T", "").number
    assert list(setup.forge.reviews(number)) == []


def test_a_base_that_does_not_exist_is_refused(setup):
    with pytest.raises(ForgeRefusedError) as caught:
        setup.forge.open(BRANCH, "trunk", "T", "")
    assert caught.value.code is codes.NOT_TAKEN


def test_a_pull_request_that_does_not_exist_is_not_found(setup):
    with pytest.raises(ForgeRefusedError) as caught:
        setup.forge.reviews(99)
    assert caught.value.code is codes.NOT_FOUND


# Comments.


def test_a_comment_is_written_found_again_and_changed(setup):
    number = setup.state.add(BRANCH)
    written = setup.forge.add_comment(number, "one")
    assert [(c.id, c.body) for c in setup.forge.own_comments(number)] == [(written.id, "one")]
    changed = setup.forge.change_comment(number, written.id, "two")
    assert (changed.id, changed.body) == (written.id, "two")
    assert [n["body"] for n in setup.state.notes] == ["two"]


def test_comments_of_others_are_not_ours_whatever_they_say(setup):
    number = setup.state.add(BRANCH)
    setup.state.say(number, "<!-- trueup:ci:shop:v1 -->", "mallory")
    setup.state.say(number, "<!-- trueup:ci:shop:v1 -->", "system")
    setup.forge.add_comment(number, "ours")
    assert [c.body for c in setup.forge.own_comments(number)] == ["ours"]


def test_comments_of_another_pull_request_are_left_alone(setup):
    first, second = setup.state.add(BRANCH), setup.state.add("other")
    setup.forge.add_comment(first, "first")
    assert list(setup.forge.own_comments(second)) == []


def test_the_newest_commit_is_told_for_a_fork_too(setup):
    number = setup.state.add(BRANCH, fork=True)
    assert setup.forge.head_of(number) == setup.state.requests[number]["head"]


def test_a_comment_that_is_gone_is_not_found(setup):
    number = setup.state.add(BRANCH)
    with pytest.raises(ForgeRefusedError) as caught:
        setup.forge.change_comment(number, "999", "B")
    assert caught.value.code is codes.NOT_FOUND


# Over HTTP.


def test_a_forge_that_refuses_is_told_when_it_is_asked_for_a_commit(http):
    http.state.answers = [(401, {}, b"{}")]
    with pytest.raises(ForgeRefusedError) as caught:
        http.forge.including(FIRST)
    assert caught.value.code is codes.TOKEN_REFUSED


def test_every_page_is_read(http):
    http.state.per_page = 2
    for number in range(5):
        http.state.add(f"trueup/{number}")
    assert len(http.forge.opened("trueup/")) == 5


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_forge_that_is_busy_for_a_moment_is_asked_again(http, status):
    http.state.answers = [(status, {"Retry-After": "1"}, b"{}")]
    assert list(http.forge.opened("")) == []
    assert http.state.count("GET") == 2


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, b"{}"),
        ({"retry-after": "3"}, b"{}"),
        ({}, b'{"message": "You have exceeded a secondary rate limit."}'),
    ],
)
def test_a_limit_is_waited_for_though_it_is_told_as_a_403(http, headers, body):
    http.state.answers = [(403, headers, body)]
    assert list(http.forge.opened("")) == []


def test_a_limit_of_an_hour_is_told_and_not_waited_for(http):
    http.state.answers = [(429, {"Retry-After": "3600"}, b"{}")]
    with pytest.raises(ForgeBusyError) as caught:
        http.forge.opened("")
    assert caught.value.code is codes.BUSY
    assert "3600 seconds" in caught.value.detail
    assert http.state.count("GET") == 1


def test_a_limit_that_does_not_end_is_told(http):
    http.state.answers = [(429, {}, b"{}")] * 4
    with pytest.raises(ForgeBusyError):
        http.forge.opened("")


def test_a_forge_that_keeps_failing_is_told(http):
    http.state.answers = [(503, {}, b"")] * 4
    with pytest.raises(ForgeUnreachableError) as caught:
        http.forge.opened("")
    assert caught.value.code is codes.UNREACHABLE


def test_an_opening_whose_answer_was_lost_is_found_again(http):
    http.state.lose_next_opening = True
    assert http.forge.open(BRANCH, "main", "T", "B").branch == BRANCH
    assert len(http.state.requests) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, codes.TOKEN_REFUSED),
        (403, codes.NOT_ALLOWED),
        (404, codes.NOT_FOUND),
        (422, codes.NOT_TAKEN),
        (301, codes.BAD_ANSWER),
        (418, codes.BAD_ANSWER),
    ],
)
def test_each_refusal_has_a_code_and_no_message_has_the_token(http, status, code):
    said = f'{{"message": "no, {TOKEN} may not", "errors": [{{"message": "why"}}, "{TOKEN}"]}}'.encode()
    http.state.answers = [(status, {"Location": f"https://elsewhere.test/?t={TOKEN}"}, said)]
    with pytest.raises(TrueupError) as caught:
        http.forge.update(1, "T", "B")
    assert caught.value.code is code
    assert str(status) in caught.value.detail
    assert TOKEN not in f"{caught.value} {caught.value.hint} {caught.value!r}"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"approved_by": 1}', b'[{"number": 1}]', b'[{"iid": 1}]'])
def test_an_answer_of_another_shape_is_told(http, body):
    http.state.answers = [(200, {}, body)]
    with pytest.raises(ForgeRefusedError) as caught:
        http.forge.update(1, "T", "B")
    assert caught.value.code is codes.BAD_ANSWER
    http.state.answers = [(200, {}, b'{"a": 1}')]
    with pytest.raises(ForgeRefusedError) as caught:
        http.forge.opened("")
    assert caught.value.code is codes.BAD_ANSWER
    http.state.answers = [(200, {}, b'[{"number": 1}]')]
    with pytest.raises(ForgeRefusedError):
        http.forge.opened("")


def test_a_wrong_token_is_told(http):
    forge = ForgePlace(http.kind, http.url, REPOSITORY).connect("wrong-token")
    with pytest.raises(ForgeRefusedError) as caught:
        forge.opened("")
    assert caught.value.code is codes.TOKEN_REFUSED


def test_nobody_there_is_told():
    with forge_server() as server:
        url = server.url
    with pytest.raises(ForgeUnreachableError):
        connected("github", url).opened("")


@pytest.mark.parametrize(
    ("api", "token"), [("http://forge.test", TOKEN), ("https://forge.test", "two words"), ("https://forge.test", "")]
)
def test_a_token_is_not_sent_in_the_clear_and_must_be_one(api, token):
    with pytest.raises(ForgeRefusedError) as caught:
        ForgeClient(api, token)
    assert caught.value.code is codes.NO_TOKEN


def test_the_client_does_not_show_its_token():
    assert TOKEN not in repr(ForgeClient("https://forge.test", TOKEN))


def test_a_remark_does_not_take_a_yes_back_and_a_later_no_does():
    for setup in served("github"):
        number = setup.state.add(BRANCH)
        setup.state.reviews[number] = [
            review("grace"),
            review("grace", "commented"),
            review("linus"),
            review("linus", "changes_requested"),
            review("zoe", "commented"),
            review("zoe", "pending"),
        ]
        states = {r.login: r.state for r in setup.forge.reviews(number)}
        assert states == {
            "grace": ReviewState.APPROVED,
            "linus": ReviewState.CHANGES_REQUESTED,
            "zoe": ReviewState.COMMENTED,
        }


def test_every_page_of_comments_is_read(http):
    number = http.state.add(BRANCH)
    for text in "abcde":
        http.state.say(number, text)
    http.state.per_page = 2
    assert [c.body for c in http.forge.own_comments(number)] == ["a", "b", "c", "d", "e"]


def test_a_forge_that_does_not_say_who_we_are_is_told(http):
    number = http.state.add(BRANCH)
    http.state.say(number, "a")
    listed = b'[{"id": 1, "body": "a"}]'
    http.state.answers = [(200, {}, listed), (200, {}, b'{"errors": []}')]
    with pytest.raises(ForgeRefusedError) as caught:
        http.forge.own_comments(number)
    assert caught.value.code is codes.BAD_ANSWER


def test_a_comment_of_another_shape_is_told(http):
    http.state.answers = [(200, {}, b'{"body": "no id"}')]
    with pytest.raises(ForgeRefusedError) as caught:
        http.forge.add_comment(1, "B")
    assert caught.value.code is codes.BAD_ANSWER
