"""Approvals that say what they approve: a signed tag or commit names a plan, a review on a forge names a commit.

Whether one counts is decided from values alone; git and the forge are asked by adapters.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from trueup.core.digests import Revision, short
from trueup.core.frozen import dataclass
from trueup.policy.people import email_of

TRAILER = "Trueup-Approve"
"""Names the plan that a signed tag or commit approves."""

ENVIRONMENT = "Trueup-Environment"
"""Names the environment of that plan for people; what binds is the plan's id, which it is a part of."""

TAGS = "refs/tags/trueup/approve/"
"""Where such tags lie: below it come the first 12 digits of the plan id and a name."""

SHOWN = 12
"""Digits of a plan id in the name of a tag; the whole id is in its signed message."""

SOURCES = ("signature", "trailer", "review")
"""Where approvals may come from."""

_PLAN = re.compile(r"(?:sha256:)?([0-9a-f]{64})")

_WHY = {
    "bad": "its signature is bad",
    "expired": "the key or its signature has expired",
    "revoked": "the key was revoked",
    "unknown": "its signature is by no key that this environment allows",
    "unchecked": "its signature cannot be checked here",
    "none": "it is not signed",
}


@dataclass(frozen=True, slots=True)
class AllowedKey:
    """A key that an environment allows to approve.

    Attributes:
        member: Whose it is, by e-mail.
        ssh: Type and base64 of an SSH public key; empty for a GPG key.
        gpg: Fingerprint of a primary GPG key; empty for an SSH key.
        has_expired: Its last day is over.
    """

    member: str
    ssh: str = ""
    gpg: str = ""
    has_expired: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """An approval as git or a forge has it.

    Attributes:
        source: `tag`, `commit` or `review`.
        name: The tag's name, the commit, or what the forge calls the review.
        by: Whose key signed it, as the environment declares it; until that is known, whoever says so.
        plan: Id of the plan it names; empty for a review.
        commit: The commit it is about.
        status: `good`, or why it does not count: `bad`, `expired`, `revoked`, `unknown`, `unchecked`, `none`.
        key: Fingerprint of the key.
        detail: What else is wrong with it, in words; empty for nothing.
        environment: The one it says it is for; empty when it says nothing.
    """

    source: str
    name: str
    by: str
    plan: str = ""
    commit: str = ""
    status: str = "none"
    key: str = ""
    detail: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """An approval that does not count: by whom, where it is, and why."""

    by: str
    source: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a forge says of one review.

    Attributes:
        login: Who, as the forge calls them.
        email: Their e-mail; empty where the forge does not tell.
        state: `approved`, `changes_requested`, `dismissed` or `commented`.
        commit: The commit that was looked at; empty when the forge does not tell.
    """

    login: str
    email: str
    state: str
    commit: Revision


@dataclass(frozen=True, slots=True)
class Reviews:
    """Reviews of a change as a forge has them, and why it could not be asked; both are empty where none is asked."""

    found: tuple[Review, ...] = ()
    problem: str = ""


def plan_named(trailers: Iterable[tuple[str, str]]) -> str:
    """Return the id of the plan that *trailers* approve; empty when they name none, or more than one."""
    values = [value for key, value in trailers if key.casefold() == TRAILER.casefold()]
    plans = {found[1] if (found := _PLAN.fullmatch(value)) else "" for value in values}
    return f"sha256:{next(iter(plans))}" if len(plans) == 1 and plans != {""} else ""


def environment_named(trailers: Iterable[tuple[str, str]]) -> str:
    """Return the environment that *trailers* say they are for; empty when they say none."""
    return next((value for key, value in trailers if key.casefold() == ENVIRONMENT.casefold()), "")


def given_in(reviews: Reviews, same: Collection[str], commit: str, plan: str) -> tuple[Given, ...]:
    """Return the approvals in *reviews*: a review approves the plan when the commit it is of declares the same.

    Args:
        reviews: What the forge has, the newest word of each person.
        same: Commits that declare what the plan was made from.
        commit: The one that it was made from.
        plan: Its id.
    """
    found = [_reviewed(r, same, commit, plan) for r in reviews.found if r.state == "approved"]
    if reviews.problem:
        found.append(Given("review", "on the forge", "somebody", plan, status="unchecked", detail=reviews.problem))
    return tuple(found)


def _reviewed(review: Review, same: Collection[str], commit: str, plan: str) -> Given:
    detail = ""
    if not review.commit:
        detail = "the forge does not tell which commit was approved"
    elif review.commit not in same:
        detail = f"approved commit {review.commit[:12]}, which does not declare what commit {commit[:12]} does"
    name, by = f"by {review.login}", f"{review.login} <{review.email}>" if email_of(review.email) else review.login
    return Given("review", name, by, plan, review.commit, "good", "", detail)


def judged(
    given: Iterable[Given], plan: str, sources: Collection[str]
) -> tuple[tuple[Given, ...], tuple[Refused, ...]]:
    """Return the approvals among *given* that count for *plan*, and the others with why.

    One person counts once, and so does one key. *sources* are those of the Environment.
    """
    counted: list[Given] = []
    refused = []
    for one in given:
        why = _why_not(one, plan, sources, counted)
        if why:
            refused.append(Refused(one.by, one.source, one.name, why))
        else:
            counted.append(one)
    return tuple(counted), tuple(refused)


def _why_not(one: Given, plan: str, sources: Collection[str], counted: Sequence[Given]) -> str:
    source = "review" if one.source == "review" else "signature"
    if source not in sources:
        return f"approvals of this environment do not come from {source}s"
    if one.detail:
        return one.detail
    if one.plan != plan:
        named = f"approved plan {short(one.plan)}" if one.plan else "it names no plan"
        return f"{named}; the plan is now {short(plan)}"
    if one.status != "good":
        said = _WHY.get(one.status, _WHY["unchecked"])
        return f"{said} ({one.key})" if one.key else said
    if not email_of(one.by):
        return "the environment does not declare whose it is (`approvals.people`)"
    same = next((c for c in counted if email_of(c.by) == email_of(one.by) or (one.key and c.key == one.key)), None)
    return f"the same person approved by {same.source} {same.name} already" if same else ""
