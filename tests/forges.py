"""Publishing in memory: a forge without a server, and a publisher without a repository."""

from collections.abc import Sequence
from dataclasses import replace

from forge_server import ForgeState
from trueup.adapters.forges import codes
from trueup.adapters.forges.http import ForgeRefusedError
from trueup.adapters.git import codes as git_codes
from trueup.adapters.git.objects import blob_id
from trueup.core.digests import Revision
from trueup.core.errors import PermanentError, TransientError
from trueup.ports import BranchChange, BuiltBranch, Comment, PullRequest, Review, ReviewState


class FakeForge:
    """`Forge` over a `ForgeState`."""

    def __init__(self, state: ForgeState | None = None) -> None:
        self.state = state or ForgeState()

    def opened(self, prefix: str) -> Sequence[PullRequest]:
        own = (r for r in self.state.requests.values() if r["state"] == "open" and not r["fork"])
        return [self._shown(r["number"]) for r in own if r["branch"].startswith(prefix)]

    def open(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        if base not in self.state.bases:
            raise ForgeRefusedError(codes.NOT_TAKEN, f"There is no branch `{base}`.", status=422)
        already = self.state.open_from(branch, base)
        return self._shown(already["number"] if already else self.state.add(branch, base, title, body))

    def update(self, number: int, title: str, body: str) -> PullRequest:
        self._require(number)
        self.state.requests[number] |= {"title": title, "body": body}
        return self._shown(number)

    def close(self, number: int, comment: str) -> None:
        self._require(number)
        self.state.requests[number]["state"] = "closed"
        self.state.comments.append((number, comment))

    def including(self, commit: Revision) -> Sequence[int]:
        return sorted(n for n, r in self.state.requests.items() if commit in (r["head"], r.get("merged")))

    def reviews(self, number: int) -> Sequence[Review]:
        self._require(number)
        newest: dict[str, Review] = {}
        for r in self.state.reviews.get(number, []):
            if r["state"] != "commented" or r["login"] not in newest:
                state = ReviewState(r["state"])
                email = self.state.emails.get(r["login"], "") if state is ReviewState.APPROVED else ""
                newest[r["login"]] = Review(r["login"], email, state, Revision(r["commit"]), r["at"])
        return [newest[login] for login in sorted(newest)]

    def own_comments(self, number: int) -> Sequence[Comment]:
        self._require(number)
        own = (n for n in self.state.notes if n["number"] == number and n["login"] == self.state.me)
        return [Comment(str(n["id"]), n["body"]) for n in own]

    def add_comment(self, number: int, body: str) -> Comment:
        self._require(number)
        return Comment(str(self.state.say(number, body)["id"]), body)

    def change_comment(self, number: int, comment: str, body: str) -> Comment:
        self._require(number)
        note = next((n for n in self.state.notes if str(n["id"]) == comment), None)
        if note is None:
            raise ForgeRefusedError(codes.NOT_FOUND, f"There is no comment {comment}.", status=404)
        note["body"] = body
        return Comment(comment, body)

    def head_of(self, number: int) -> Revision:
        self._require(number)
        return Revision(self.state.requests[number]["head"])

    def _require(self, number: int) -> None:
        if number not in self.state.requests:
            raise ForgeRefusedError(codes.NOT_FOUND, f"There is no pull request {number}.", status=404)

    def _shown(self, number: int) -> PullRequest:
        r = self.state.requests[number]
        url = f"https://forge.test/shop/llm/pull/{number}"
        return PullRequest(number, url, r["branch"], r["title"], r["body"] or "", Revision(r["head"]))


class FakePublisher:
    """`Publisher` in memory.

    Attributes:
        base: Content of the default branch, by path; `head` its tip, made up when empty.
        branches: Changes by branch here; `pushed` those of the remote.
        remote: Address of the remote.
        offline: The remote does not answer.
    """

    def __init__(self, base: dict[str, bytes], remote: str = "https://forge.test/shop/llm.git") -> None:
        self.base = base
        self.branches: dict[str, BranchChange] = {}
        self.pushed: dict[str, BranchChange] = {}
        self.foreign: set[str] = set()
        self.remote = remote
        self.offline = False
        self.head = Revision("")

    @property
    def tip(self) -> Revision:
        if self.head:
            return self.head
        return Revision(blob_id(repr(sorted(self.base.items())).encode(), 40))

    def newest(self, base: str, branch: str) -> Revision:
        self._reach()
        return self.tip

    def build(self, change: BranchChange) -> BuiltBranch:
        now = self.base.get(change.path, b"")
        if now == change.content:
            return BuiltBranch(self.tip, self.tip, is_needed=False, is_new=False)
        if now != change.before:
            raise TransientError(git_codes.BASE_CHANGED, f"`{change.path}`")
        if change.branch in self.foreign:
            raise PermanentError(git_codes.BRANCH_TAKEN, f"`{change.branch}`")
        is_new = self.branches.get(change.branch) != change
        self.branches[change.branch] = change
        commit = blob_id(repr(replace(change)).encode(), 40)
        return BuiltBranch(Revision(commit), self.tip, is_new=is_new)

    def push(self, branch: str) -> None:
        self._reach()
        self.pushed[branch] = self.branches[branch]

    def _reach(self) -> None:
        if self.remote and self.offline:
            raise TransientError(git_codes.REMOTE_UNREACHABLE, "no network today")
