"""Answers of servers, turned into what clients get: the public model name, OpenAI's error shape, token counts."""

import json
import uuid
from collections.abc import Mapping

from trueup.adapters.gateways.local.errors import ApiError, upstream_failed
from trueup.adapters.gateways.local.heard import Heard
from trueup.adapters.gateways.local.measures import Answer
from trueup.core.json import Json

DONE = b"data: [DONE]"
_DATA = b"data:"


def renamed(body: bytes, public_name: str, answer: Answer, heard: Heard) -> bytes:
    """Return a whole answer under the public model name, and note its tokens, its words and its id.

    Raises:
        ApiError: The server did not answer with JSON.
    """
    value = _object(body)
    if value is None:
        raise upstream_failed("The model's server sent an answer that is not JSON.")
    note_tokens(value, answer)
    heard.add(value)
    answer.id = str(value.get("id") or "")
    if answer.id and "model" in value:
        swapped = _swapped(body, value["model"], public_name)
        if swapped:
            return swapped
    if not answer.id:
        # Without a name nobody could say later what they think of it.
        answer.id = f"trueup-{uuid.uuid4().hex}"
        value = {"id": answer.id, **{k: v for k, v in value.items() if k != "id"}}
    if "model" in value:
        value = {**value, "model": public_name}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _swapped(body: bytes, name: Json, public_name: str) -> bytes:
    """Return *body* with the model's name replaced in place; empty where that is not sure to be the right place."""
    # Inside a JSON text a quote is escaped: these bytes are a key or a whole text, and one of them is the key.
    if body.count(b'"model"') != 1:
        return b""
    for colon in (b'"model":', b'"model": '):
        old = colon + json.dumps(name, ensure_ascii=False).encode()
        if old in body:
            return body.replace(old, colon + json.dumps(public_name, ensure_ascii=False).encode(), 1)
    return b""


def failure(status: int, body: bytes) -> ApiError:
    """Return a server's refusal in the one shape; what is not the client's fault becomes a 502."""
    value = _object(body) or {}
    error = value.get("error")
    found = error if isinstance(error, Mapping) else value
    message = str(found.get("message") or found.get("detail") or "").strip() or f"The model's server said {status}."
    kind = str(found.get("type") or "")
    if kind == "exceed_context_size_error":
        return ApiError(400, message, code="context_length_exceeded", param="messages")
    if status in {400, 413, 422}:
        return ApiError(400, message)
    if status in {429, 503}:
        return ApiError(503, message, "server_error", "service_unavailable", retry_after=1)
    return upstream_failed(message)


def note_tokens(value: Mapping[str, Json], answer: Answer) -> bool:
    """Take the server's own token counts over; tell whether it gave any."""
    usage = value.get("usage")
    if isinstance(usage, Mapping):
        answer.prompt_tokens = _count(usage.get("prompt_tokens"))
        answer.completion_tokens = _count(usage.get("completion_tokens"))
        return True
    timings = value.get("timings")
    if isinstance(timings, Mapping):
        answer.prompt_tokens = _count(timings.get("prompt_n")) + _count(timings.get("cache_n"))
        answer.completion_tokens = _count(timings.get("predicted_n"))
        return True
    return False


class EventRewriter:
    """Rewrites the lines of one stream; most of them by replacing a few bytes, without reading the JSON."""

    def __init__(self, public_name: str, answer: Answer, heard: Heard) -> None:
        self.done = False
        self.finished = False
        self.has_text = False
        self._name = public_name
        self._answer = answer
        self._heard = heard
        self._counted = False
        self._from = b""
        self._to = b'"model":' + json.dumps(public_name, ensure_ascii=False).encode()

    def line(self, line: bytes) -> bytes:
        """Return what the client gets for one line of the server's stream."""
        if not line.startswith(_DATA):
            return line
        if line.startswith(DONE):
            self.done = True
            return line
        # Inside a JSON text a quote is escaped, so these bytes occur as the key and nowhere else.
        if self._from and self._from in line and b'"usage"' not in line and b'"timings"' not in line:
            self._note_text(line)
            return line.replace(self._from, self._to, 1)
        return self._read(line)

    def _read(self, line: bytes) -> bytes:
        value = _object(line[len(_DATA) :])
        if value is None:
            return line
        if "error" in value:
            error = failure(500, json.dumps(value).encode())
            self._answer.failed = True
            return b"data: " + json.dumps(error.to_json(), ensure_ascii=False).encode() + b"\n"
        if note_tokens(value, self._answer):
            self._counted = True
        self._answer.id = self._answer.id or str(value.get("id") or "")
        if "model" in value:
            self._from = b'"model":' + json.dumps(value["model"], ensure_ascii=False).encode()
            value = {**value, "model": self._name}
        rewritten = b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self._note_text(rewritten)
        return rewritten

    def _note_text(self, line: bytes) -> None:
        # Not every server ends a stream with [DONE]; the reason it stopped for tells as well that it is whole.
        self.finished |= b'"finish_reason":"' in line
        said = (b'"content":"' in line and b'"content":""' not in line) or (
            b'"text":"' in line and b'"text":""' not in line
        )
        if said or b'"tool_calls"' in line or b'"reasoning_content":"' in line:
            self.has_text = True
            if not self._counted:
                self._answer.completion_tokens += 1
            if self._heard.wants_more:
                self._heard.add(_object(line[len(_DATA) :]) or {})


def _object(body: bytes) -> dict[str, Json] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _count(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
