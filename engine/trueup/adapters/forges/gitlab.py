"""Merge requests on GitLab, by its REST API.

https://docs.gitlab.com/api/merge_requests/, https://docs.gitlab.com/api/merge_request_approvals/ and
https://docs.gitlab.com/api/notes/
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from trueup.adapters.forges import codes
from trueup.adapters.forges.http import ForgeClient, ForgeRefusedError, included
from trueup.core.digests import Revision
from trueup.ports import Comment, PullRequest, Review, ReviewState


class GitLab:
    """`Forge` and `Conversation` of the project `group/name`."""

    def __init__(self, client: ForgeClient, repository: str) -> None:
        self._client = client
        self._path = f"/projects/{quote(repository, safe='')}"

    def opened(self, prefix: str) -> Sequence[PullRequest]:
        """Return the open merge requests from branches of this project whose name begins with *prefix*."""
        found = self._client.pages(f"{self._path}/merge_requests", state="opened")
        return [_request(r) for r in found if _is_own(r) and str(r["source_branch"]).startswith(prefix)]

    def open(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open a merge request, or return the one that is open from *branch* into *base* already."""
        fields = {"source_branch": branch, "target_branch": base, "title": title, "description": body}
        try:
            return _request(self._client.ask("POST", f"{self._path}/merge_requests", fields))
        except ForgeRefusedError as error:
            # Another run was faster, or the answer to a request that worked was lost.
            already = self._from(branch, base) if error.status in (409, 422) else None
            if already is None:
                raise
            return already

    def update(self, number: int, title: str, body: str) -> PullRequest:
        """Give a merge request another title and text."""
        fields = {"title": title, "description": body}
        return _request(self._client.ask("PUT", f"{self._path}/merge_requests/{number}", fields))

    def close(self, number: int, comment: str) -> None:
        """Close a merge request without merging it, and say why."""
        self._client.ask("PUT", f"{self._path}/merge_requests/{number}", {"state_event": "close"})
        self._client.ask("POST", f"{self._path}/merge_requests/{number}/notes", {"body": comment})

    def including(self, commit: Revision) -> Sequence[int]:
        """Return the numbers of the merge requests, open or merged, that have *commit* or brought it in."""
        return included(self._client, f"{self._path}/repository/commits/{quote(commit)}/merge_requests", "iid")

    def reviews(self, number: int) -> Sequence[Review]:
        """Return the approvals, by name; of which commit one is follows from its time, where GitLab tells it."""
        answer = self._client.ask("GET", f"{self._path}/merge_requests/{number}/approvals")
        match answer:
            case {"approved_by": list(approvals)}:
                versions = self._versions(number) if approvals else []
                found = [r for a in approvals if (r := self._review(a, versions))]
                return sorted(found, key=lambda r: r.login)
            case _:
                raise ForgeRefusedError(
                    codes.BAD_ANSWER, "What was answered are no approvals as GitLab describes them."
                )

    def own_comments(self, number: int) -> Sequence[Comment]:
        """Return the notes of the token's own account, oldest first."""
        path = f"{self._path}/merge_requests/{number}/notes"
        found = [n for n in self._client.pages(path, sort="asc", order_by="created_at") if isinstance(n, Mapping)]
        if not found:
            return []
        me = self._client.ask("GET", "/user")
        own = me.get("id") if isinstance(me, Mapping) else None
        if not isinstance(own, int):
            raise ForgeRefusedError(codes.BAD_ANSWER, "GitLab does not tell who the token speaks for.")
        return [_comment(n) for n in found if not n.get("system") and _author_of(n) == own]

    def add_comment(self, number: int, body: str) -> Comment:
        """Write a note."""
        return _comment(self._client.ask("POST", f"{self._path}/merge_requests/{number}/notes", {"body": body}))

    def change_comment(self, number: int, comment: str, body: str) -> Comment:
        """Give a note another text."""
        path = f"{self._path}/merge_requests/{number}/notes/{quote(comment)}"
        return _comment(self._client.ask("PUT", path, {"body": body}))

    def head_of(self, number: int) -> Revision:
        """Return the newest commit of a merge request."""
        return _request(self._client.ask("GET", f"{self._path}/merge_requests/{number}")).head

    def _versions(self, number: int) -> list[tuple[str, str]]:
        """Return time and commit of each state that the branch had, oldest first."""
        found = self._client.pages(f"{self._path}/merge_requests/{number}/versions")
        return sorted((v.get("created_at") or "", v.get("head_commit_sha") or "") for v in found)

    def _review(self, approval: Any, versions: Sequence[tuple[str, str]]) -> Review | None:
        match approval:
            case {"user": {"username": str(login)}}:
                at = approval.get("approved_at") or ""
                commit = next((sha for since, sha in reversed(versions) if at and since <= at), "")
                email = self._email(approval["user"].get("id"))
                return Review(login, email, ReviewState.APPROVED, Revision(commit), at)
            case _:
                return None

    def _email(self, user: Any) -> str:
        if not isinstance(user, int):
            return ""
        try:
            found = self._client.ask("GET", f"/users/{user}")
        except ForgeRefusedError:
            return ""  # a person who left, or a token that may not look
        return (found.get("public_email") or "") if isinstance(found, Mapping) else ""

    def _from(self, branch: str, base: str) -> PullRequest | None:
        query = {"state": "opened", "source_branch": branch, "target_branch": base}
        found = self._client.pages(f"{self._path}/merge_requests", **query)
        return next((_request(r) for r in found if _is_own(r) and r["source_branch"] == branch), None)


def _is_own(request: Any) -> bool:
    """Tell whether the branch is of the project itself; anybody can name a branch in a fork as they like."""
    match request:
        case {"source_branch": str(), "source_project_id": source, "target_project_id": target}:
            return bool(source == target)
        case _:
            raise ForgeRefusedError(codes.BAD_ANSWER, "A merge request was listed without its branches.")


def _request(found: Any) -> PullRequest:
    match found:
        case {"iid": int(number), "web_url": str(url), "title": str(title), "source_branch": str(branch)}:
            return PullRequest(
                number, url, branch, title, found.get("description") or "", Revision(found.get("sha") or "")
            )
        case _:
            raise ForgeRefusedError(codes.BAD_ANSWER, "What was answered is no merge request as GitLab describes it.")


def _comment(found: Any) -> Comment:
    match found:
        case {"id": int(id_)}:
            return Comment(str(id_), str(found.get("body") or ""))
        case _:
            raise ForgeRefusedError(codes.BAD_ANSWER, "What was answered is no note as GitLab describes it.")


def _author_of(note: Mapping[str, Any]) -> Any:
    author = note.get("author")
    return author.get("id") if isinstance(author, Mapping) else None
