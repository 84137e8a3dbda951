"""A forge on loopback: the documented REST shapes of GitHub and GitLab over one set of pull requests in memory.

GitHub: https://docs.github.com/rest/pulls; GitLab: https://docs.gitlab.com/api/merge_requests/.
"""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "s3cr3t-token"
REPOSITORY = "shop/llm"


@dataclass
class Asked:
    """One request that came in."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass
class ForgeState:
    """What the forge has, and how it misbehaves.

    Attributes:
        requests: Pull requests by number, in the forge's own shape-free form.
        reviews: Reviews by number: login, state, commit, time.
        comments: What the token's account wrote, as it was first; `notes` all comments as they are now.
        me: Who the token speaks for.
        emails: Public addresses by login.
        answers: Answers given instead of the real one, first one first: status, headers, body.
        lose_next_opening: The next pull request is opened and the answer is an error all the same.
        asked: Every request.
        per_page: The most that one page has.
    """

    requests: dict[int, dict[str, Any]] = field(default_factory=dict)
    reviews: dict[int, list[dict[str, str]]] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    comments: list[tuple[int, str]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    lose_next_opening: bool = False
    asked: list[Asked] = field(default_factory=list)
    per_page: int = 100
    bases: tuple[str, ...] = ("main",)
    notes: list[dict[str, Any]] = field(default_factory=list)
    me: str = "trueup-bot"
    open_to_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.open_to_answer.set()

    def add(self, branch: str, base: str = "main", title: str = "T", body: str = "", *, fork: bool = False) -> int:
        number = len(self.requests) + 1
        self.requests[number] = {
            "number": number,
            "branch": branch,
            "base": base,
            "title": title,
            "body": body,
            "state": "open",
            "fork": fork,
            "head": f"{number:040x}",
        }
        return number

    def say(self, number: int, body: str, login: str = "") -> dict[str, Any]:
        """Write a comment as *login*, the token's own account when empty."""
        note = {"id": 100 + len(self.notes), "number": number, "body": body, "login": login or self.me}
        self.notes.append(note)
        if not login:
            self.comments.append((number, body))
        return note

    def open_from(self, branch: str, base: str) -> "dict[str, Any] | None":
        found = (r for r in self.requests.values() if r["state"] == "open" and not r["fork"])
        return next((r for r in found if (r["branch"], r["base"]) == (branch, base)), None)

    def count(self, method: str) -> int:
        return sum(a.method == method for a in self.asked)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "ForgeServer"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        state = self.server.state
        state.asked.append(Asked(self.command, parts.path, query, body))
        state.open_to_answer.wait(60)
        if state.answers:
            self._send(*state.answers.pop(0))
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._json(401, {"message": "Bad credentials"})
            return
        if parts.path == "/api/graphql":
            self._json(200, {"data": {"viewer": {"login": state.me}}})
            return
        answer = github if parts.path.startswith("/api/v3/") else gitlab
        status, value = answer(state, self.command, parts.path.partition("/api/v")[2][1:], query, body)
        headers = {}
        if isinstance(value, list):
            size, page = min(int(query.get("per_page", 30)), state.per_page), int(query.get("page", 1))
            more = len(value) > page * size
            value = value[(page - 1) * size : page * size]
            if more:
                headers["Link"] = f'<http://{self.headers["Host"]}{parts.path}?page={page + 1}>; rel="next"'
        if state.lose_next_opening and self.command == "POST" and status == 201:
            state.lose_next_opening = False
            status, value = 502, {"message": "Server Error"}
        self._json(status, value, headers)

    def _json(self, status: int, value: Any, headers: "dict[str, str] | None" = None) -> None:
        self._send(status, headers or {}, json.dumps(value).encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        with contextlib.suppress(OSError):  # the client was killed
            self._write(status, headers, body)

    def _write(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def github(state: ForgeState, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
    """Answer as GitHub does."""
    if match := re.fullmatch(r"/users/([\w-]+)", path):
        return 200, {"login": match[1], "email": state.emails.get(match[1])}
    if not path.startswith(f"/repos/{REPOSITORY}/"):
        return 404, {"message": "Not Found"}
    rest = path.removeprefix(f"/repos/{REPOSITORY}")
    if rest == "/pulls" and method == "POST":
        if body["base"] not in state.bases:
            return 422, {"message": "Validation Failed", "errors": [{"field": "base", "code": "invalid"}]}
        if state.open_from(body["head"], body["base"]):
            said = f"A pull request already exists for shop:{body['head']}."
            return 422, {"message": "Validation Failed", "errors": [{"message": said}]}
        number = state.add(body["head"], body["base"], body["title"], body["body"])
        return 201, _github(state.requests[number])
    if rest == "/pulls":
        found = [r for r in state.requests.values() if r["state"] == "open" or query.get("state") == "all"]
        if "head" in query:
            found = [r for r in found if f"{'fork' if r['fork'] else 'shop'}:{r['branch']}" == query["head"]]
        if "base" in query:
            found = [r for r in found if r["base"] == query["base"]]
        return 200, [_github(r) for r in found]
    if match := re.fullmatch(r"/commits/([0-9a-f]+)/pulls", rest):
        found = [r for r in state.requests.values() if match[1] in (r["head"], r.get("merged"))]
        return (200, [_github(r) for r in found]) if found else (422, {"message": f"No commit found: {match[1]}"})
    if match := re.fullmatch(r"/issues/comments/(\d+)", rest):
        return _changed(state, int(match[1]), body, _github_comment)
    match = re.fullmatch(r"/(pulls|issues)/(\d+)(/reviews|/comments)?", rest)
    if not match or int(match[2]) not in state.requests:
        return 404, {"message": "Not Found"}
    number = int(match[2])
    if match[3] == "/reviews":
        return 200, [_github_review(r) for r in state.reviews.get(number, [])]
    if match[3] == "/comments" and method == "GET":
        return 200, [_github_comment(n) for n in state.notes if n["number"] == number]
    if match[3] == "/comments":
        return 201, _github_comment(state.say(number, body["body"]))
    request = state.requests[number]
    request |= {k: v for k, v in (body or {}).items() if k in ("title", "body", "state")}
    return 200, _github(request)


def _github(request: dict[str, Any]) -> dict[str, Any]:
    head = "someone/llm" if request["fork"] else REPOSITORY
    return {
        "number": request["number"],
        "html_url": f"https://forge.test/{REPOSITORY}/pull/{request['number']}",
        "title": request["title"],
        "body": request["body"] or None,
        "state": request["state"],
        "head": {"ref": request["branch"], "sha": request["head"], "repo": {"full_name": head}},
        "base": {"ref": request["base"], "repo": {"full_name": REPOSITORY}},
    }


def _github_comment(note: dict[str, Any]) -> dict[str, Any]:
    url = f"https://forge.test/{REPOSITORY}/pull/{note['number']}#issuecomment-{note['id']}"
    return {"id": note["id"], "body": note["body"], "html_url": url, "user": {"login": note["login"]}}


def _changed(state: ForgeState, id_: int, body: Any, shape: Any) -> tuple[int, Any]:
    note = next((n for n in state.notes if n["id"] == id_), None)
    if note is None:
        return 404, {"message": "Not Found"}
    note["body"] = body["body"]
    return 200, shape(note)


def _github_review(review: dict[str, str]) -> dict[str, Any]:
    return {
        "user": {"login": review["login"]},
        "state": review["state"].upper(),
        "commit_id": review["commit"],
        "submitted_at": review["at"],
    }


def gitlab(state: ForgeState, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
    """Answer as GitLab does."""
    people = sorted({r["login"] for reviews in state.reviews.values() for r in reviews})
    if match := re.fullmatch(r"/users/(\d+)", path):
        login = people[int(match[1]) - 1]
        return 200, {"username": login, "public_email": state.emails.get(login) or ""}
    if path == "/user":
        return 200, {"id": _id_of(state.me), "username": state.me}
    project, _, rest = path.removeprefix("/projects/").partition("/")
    if unquote(project) != REPOSITORY:
        return 404, {"message": "404 Project Not Found"}
    if rest == "merge_requests" and method == "POST":
        if body["target_branch"] not in state.bases:
            return 400, {"message": {"target_branch": ["does not exist"]}}
        if state.open_from(body["source_branch"], body["target_branch"]):
            return 409, {"message": ["Another open merge request already exists for this source branch: !1"]}
        number = state.add(body["source_branch"], body["target_branch"], body["title"], body["description"])
        return 201, _gitlab(state.requests[number])
    if rest == "merge_requests":
        found = [r for r in state.requests.values() if r["state"] == "open"]
        for key, name in (("source_branch", "branch"), ("target_branch", "base")):
            found = [r for r in found if query.get(key) in (None, r[name])]
        return 200, [_gitlab(r) for r in found]
    if match := re.fullmatch(r"repository/commits/([0-9a-f]+)/merge_requests", rest):
        found = [r for r in state.requests.values() if match[1] in (r["head"], r.get("merged"))]
        return (200, [_gitlab(r) for r in found]) if found else (404, {"message": "404 Commit Not Found"})
    if match := re.fullmatch(r"merge_requests/(\d+)/notes/(\d+)", rest):
        return _changed(state, int(match[2]), body, _gitlab_note)
    match = re.fullmatch(r"merge_requests/(\d+)(/approvals|/notes|/versions)?", rest)
    if not match or int(match[1]) not in state.requests:
        return 404, {"message": "404 Not found"}
    request = state.requests[int(match[1])]
    if match[2] == "/approvals":
        approvals = [r for r in state.reviews.get(request["number"], []) if r["state"] == "approved"]
        users = [({"id": people.index(r["login"]) + 1, "username": r["login"]}, r["at"]) for r in approvals]
        return 200, {"approved_by": [{"user": user, "approved_at": at} for user, at in users]}
    if match[2] == "/versions":
        commits = dict.fromkeys(r["commit"] for r in state.reviews.get(request["number"], []))
        listed = [
            {"head_commit_sha": c, "created_at": f"2026-01-0{n}T00:00:00.000Z"} for n, c in enumerate(commits, start=1)
        ]
        return 200, listed[::-1]
    if match[2] == "/notes" and method == "GET":
        return 200, [_gitlab_note(n) for n in state.notes if n["number"] == request["number"]]
    if match[2] == "/notes":
        return 201, _gitlab_note(state.say(request["number"], body["body"]))
    changed = {"title": (body or {}).get("title"), "body": (body or {}).get("description")}
    if (body or {}).get("state_event") == "close":
        changed["state"] = "closed"
    request |= {k: v for k, v in changed.items() if v is not None}
    return 200, _gitlab(request)


def _id_of(login: str) -> int:
    return sum(login.encode()) * 7


def _gitlab_note(note: dict[str, Any]) -> dict[str, Any]:
    author = {"id": _id_of(note["login"]), "username": note["login"]}
    return {"id": note["id"], "body": note["body"], "system": note["login"] == "system", "author": author}


def _gitlab(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "iid": request["number"],
        "web_url": f"https://forge.test/{REPOSITORY}/pull/{request['number']}",
        "title": request["title"],
        "description": request["body"] or None,
        "source_branch": request["branch"],
        "target_branch": request["base"],
        "source_project_id": 9 if request["fork"] else 7,
        "target_project_id": 7,
        "sha": request["head"],
    }


class ForgeServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = ForgeState()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def forge_server() -> Iterator[ForgeServer]:
    """Serve a forge until the block ends."""
    with ForgeServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
