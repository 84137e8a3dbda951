"""Pull requests on GitHub, by its REST API: https://docs.github.com/rest/pulls and /rest/issues/comments."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from trueup.adapters.forges import codes
from trueup.adapters.forges.http import ForgeClient, ForgeRefusedError, included
from trueup.core.digests import Revision
from trueup.ports import Comment, PullRequest, Review, ReviewState

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}

_STATES = {
    "APPROVED": ReviewState.APPROVED,
    "CHANGES_REQUESTED": ReviewState.CHANGES_REQUESTED,
    "COMMENTED": ReviewState.COMMENTED,
    "DISMISSED": ReviewState.DISMISSED,
}
"""`PENDING` is a review that was not sent yet."""


class GitHub:
    """`Forge` and `Conversation` of the repository `owner/name`."""

    def __init__(self, client: ForgeClient, repository: str) -> None:
        self._client = client
        self._path = f"/repos/{quote(repository)}"
        self._owner = repository.partition("/")[0]

    def opened(self, prefix: str) -> Sequence[PullRequest]:
        """Return the open pull requests from branches of this repository whose name begins with *prefix*."""
        found = self._client.pages(f"{self._path}/pulls", state="open")
        return [_request(r) for r in found if self._is_own(r) and str(r["head"]["ref"]).startswith(prefix)]

    def open(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request, or return the one that is open from *branch* into *base* already."""
        fields = {"head": branch, "base": base, "title": title, "body": body}
        try:
            return _request(self._client.ask("POST", f"{self._path}/pulls", fields))
        except ForgeRefusedError as error:
            # Another run was faster, or the answer to a request that worked was lost.
            already = self._from(branch, base) if error.status == 422 else None
            if already is None:
                raise
            return already

    def update(self, number: int, title: str, body: str) -> PullRequest:
        """Give a pull request another title and text."""
        return _request(self._client.ask("PATCH", f"{self._path}/pulls/{number}", {"title": title, "body": body}))

    def close(self, number: int, comment: str) -> None:
        """Close a pull request without merging it, and say why."""
        self._client.ask("PATCH", f"{self._path}/pulls/{number}", {"state": "closed"})
        self._client.ask("POST", f"{self._path}/issues/{number}/comments", {"body": comment})

    def including(self, commit: Revision) -> Sequence[int]:
        """Return the numbers of the pull requests, open or merged, that have *commit* or brought it in."""
        return included(self._client, f"{self._path}/commits/{quote(commit)}/pulls", "number")

    def reviews(self, number: int) -> Sequence[Review]:
        """Return the newest review of each person; a remark does not take an earlier yes or no back."""
        newest: dict[str, Review] = {}
        for said in self._client.pages(f"{self._path}/pulls/{number}/reviews"):
            review = _review(said)
            if review is None or (review.login in newest and review.state is ReviewState.COMMENTED):
                continue
            newest[review.login] = review
        return [self._with_email(newest[login]) for login in sorted(newest)]

    def own_comments(self, number: int) -> Sequence[Comment]:
        """Return the comments of the token's own account, oldest first."""
        found = self._client.pages(f"{self._path}/issues/{number}/comments")
        listed = [c for c in found if isinstance(c, Mapping)]
        if not listed:
            return []
        login = self._login()
        return [_comment(c) for c in listed if _login_of(c) == login]

    def add_comment(self, number: int, body: str) -> Comment:
        """Write a comment."""
        return _comment(self._client.ask("POST", f"{self._path}/issues/{number}/comments", {"body": body}))

    def change_comment(self, number: int, comment: str, body: str) -> Comment:
        """Give a comment another text."""
        del number  # GitHub numbers comments over the whole repository
        return _comment(self._client.ask("PATCH", f"{self._path}/issues/comments/{quote(comment)}", {"body": body}))

    def head_of(self, number: int) -> Revision:
        """Return the newest commit of a pull request."""
        return _request(self._client.ask("GET", f"{self._path}/pulls/{number}")).head

    def _login(self) -> str:
        """Return who the token speaks for. The token of a job may ask GraphQL this, and REST not."""
        # https://docs.github.com/graphql: on a server of one's own it is beside /api/v3, not below it.
        client = replace(self._client, api=self._client.api.removesuffix("/v3"))
        match client.ask("POST", "/graphql", {"query": "{viewer{login}}"}):
            case {"data": {"viewer": {"login": str(login)}}}:
                return login
            case _:
                raise ForgeRefusedError(codes.BAD_ANSWER, "GitHub does not tell who the token speaks for.")

    def _with_email(self, review: Review) -> Review:
        if review.state is not ReviewState.APPROVED:
            return review
        try:
            user = self._client.ask("GET", f"/users/{quote(review.login)}")
        except ForgeRefusedError:
            return review  # a person who left, or a token that sees one repository alone
        email = user.get("email") if isinstance(user, Mapping) else None
        return Review(review.login, email or "", review.state, review.commit, review.at)

    def _from(self, branch: str, base: str) -> PullRequest | None:
        found = self._client.pages(f"{self._path}/pulls", state="open", head=f"{self._owner}:{branch}", base=base)
        return next((_request(r) for r in found if self._is_own(r) and r["head"]["ref"] == branch), None)

    def _is_own(self, request: Any) -> bool:
        """Tell whether the branch is of the repository itself; anybody can name a branch in a fork as they like."""
        match request:
            case {"head": {"ref": str(), "repo": {"full_name": str(head)}}, "base": {"repo": {"full_name": str(base)}}}:
                return head == base
            case {"head": {"ref": str(), "repo": None}}:
                return False  # the fork was deleted
            case _:
                raise ForgeRefusedError(codes.BAD_ANSWER, "A pull request was listed without its branches.")


def _request(found: Any) -> PullRequest:
    match found:
        case {
            "number": int(number),
            "html_url": str(url),
            "title": str(title),
            "head": {"ref": str(branch), "sha": str(head)},
        }:
            return PullRequest(number, url, branch, title, found.get("body") or "", Revision(head))
        case _:
            raise ForgeRefusedError(codes.BAD_ANSWER, "What was answered is no pull request as GitHub describes it.")


def _comment(found: Any) -> Comment:
    match found:
        case {"id": int(id_)}:
            return Comment(str(id_), str(found.get("body") or ""), str(found.get("html_url") or ""))
        case _:
            raise ForgeRefusedError(codes.BAD_ANSWER, "What was answered is no comment as GitHub describes it.")


def _login_of(comment: Mapping[str, Any]) -> str:
    user = comment.get("user")
    return str(user.get("login")) if isinstance(user, Mapping) else ""


def _review(found: Any) -> Review | None:
    match found:
        case {"user": {"login": str(login)}, "state": str(state)} if state in _STATES:
            commit, at = found.get("commit_id") or "", found.get("submitted_at") or ""
            return Review(login, "", _STATES[state], Revision(commit), at)
        case _:
            return None
