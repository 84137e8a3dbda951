"""Questions to a server on its own loopback port: is it healthy, and does it really answer.

A health check alone says yes to a model whose weights are NaN; it answers with nothing, or with one token over and
over. So readiness is a real completion.
"""

import http.client
import json

from trueup.core.json import Json

HEALTH_PATH = "/health"
_SMOKE_TOKENS = 24
_REPEATS = 4
_QUESTIONS = ("Hello, who are you?", "Which city is the capital of France?")


def ask(port: int, path: str, body: Json, timeout_seconds: float) -> tuple[int, bytes]:
    """Send one request to 127.0.0.1:*port*, without proxies, and return status and body.

    Raises:
        OSError: No connection, or it broke.
        http.client.HTTPException: The other side does not speak HTTP.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)
    try:
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def is_healthy(port: int, timeout_seconds: float) -> bool:
    """Tell whether the server's own health check says 200 in time."""
    try:
        status, _ = ask(port, HEALTH_PATH, None, timeout_seconds)
    except (OSError, http.client.HTTPException):
        return False
    return status == http.client.OK


def smoke(port: int, model: str, timeout_seconds: float) -> str:
    """Ask for real completions and return what is wrong with them; empty when one is good.

    Two questions, because a sound model may answer one of them with a single word; broken weights fail both.
    """
    problem = ""
    for question in _QUESTIONS:
        body: Json = {
            "model": model,
            "messages": [{"role": "user", "content": question}],
            "max_tokens": _SMOKE_TOKENS,
            "temperature": 0,
        }
        try:
            status, answer = ask(port, "/v1/chat/completions", body, timeout_seconds)
        except TimeoutError:
            return f"a completion of {_SMOKE_TOKENS} tokens took longer than {timeout_seconds:g} s"
        if status != http.client.OK:
            return f"a completion gave HTTP {status}: {answer[:300].decode('utf-8', 'replace')}"
        problem = nonsense(_text_of(answer))
        if not problem:
            return ""
    return problem


def nonsense(text: str) -> str:
    """Return why *text* cannot come from a working model; empty when it may.

    Only what no working model says: nothing, or one unit over and over. Whether it is right is for evaluations.
    """
    stripped = "".join(text.split())
    if not stripped.strip("\ufffd\x00"):
        return "a real completion came back empty"
    for period in range(1, len(stripped) // _REPEATS + 1):
        unit = stripped[:period]
        if (unit * (len(stripped) // period + 1))[: len(stripped)] == stripped:
            return f"a real completion is constant: {text[:40]!r}"
    return ""


def _text_of(answer: bytes) -> str:
    try:
        message = json.loads(answer)["choices"][0]["message"]
        parts = (message.get("reasoning_content"), message.get("content"))
        return "".join(part for part in parts if isinstance(part, str))
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
