"""What a request may say. Servers differ in what they take (some never stop, some fall over), so this decides.

Fields are those of OpenAI's API and the sampling parameters that servers share. Others are refused: a server's own
keys would go around the route's limits.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import NoReturn

from trueup.adapters.gateways.local.errors import invalid
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean

BODY_BYTES = 8 * 1024 * 1024
"""Largest request body: far more text than any context here, far less than hurts the gateway."""

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_Check = Callable[[Json], str]


def _number(low: float, high: float) -> _Check:
    def check(value: Json) -> str:
        fits = not isinstance(value, bool) and isinstance(value, int | float) and low <= value <= high
        return "" if fits else f"a number from {low:g} to {high:g}"

    return check


def _integer(low: int, high: int = 2**53) -> _Check:
    def check(value: Json) -> str:
        fits = not isinstance(value, bool) and isinstance(value, int) and low <= value <= high
        return "" if fits else f"a whole number from {low}" + (f" to {high}" if high < 2**53 else "")

    return check


def _boolean(value: Json) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _text(value: Json) -> str:
    return "" if isinstance(value, str) else "text"


def _object(value: Json) -> str:
    return "" if isinstance(value, Mapping) else "an object"


def _objects(value: Json) -> str:
    fits = isinstance(value, list) and all(isinstance(v, Mapping) for v in value)
    return "" if fits else "a list of objects"


def _text_or_object(value: Json) -> str:
    return "" if isinstance(value, str | Mapping) else "text or an object"


def _stop(value: Json) -> str:
    items = value if isinstance(value, list) else [value]
    fits = len(items) <= 8 and all(isinstance(v, str) and v for v in items)
    return "" if fits else "a text or a list of at most 8 texts"


def _prompt(value: Json) -> str:
    if isinstance(value, str):
        return ""
    fits = isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
    return "" if fits else "a text or a list of texts"


def _opinion(value: Json) -> str:
    is_word = isinstance(value, str) and value in _OPINIONS
    return "" if is_word or not _number(0, 1)(value) else '"up", "down" or a number from 0 to 1'


_OPINIONS: Mapping[str, float] = {"up": 1.0, "down": 0.0}
_SHARED: Mapping[str, _Check] = {
    "model": _text,
    "max_tokens": _integer(1),
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "top_k": _integer(0),
    "min_p": _number(0, 1),
    "n": _integer(1, 16),
    "stream": _boolean,
    "stream_options": _object,
    "stop": _stop,
    "seed": _integer(-(2**63)),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "repeat_penalty": _number(0, 10),
    "logit_bias": _object,
    "user": _text,
    "metadata": _object,
    "store": _boolean,
}
CHAT: Mapping[str, _Check] = {
    **_SHARED,
    "messages": _objects,
    "max_completion_tokens": _integer(1),
    "logprobs": _boolean,
    "top_logprobs": _integer(0, 20),
    "response_format": _object,
    "tools": _objects,
    "tool_choice": _text_or_object,
    "parallel_tool_calls": _boolean,
    "reasoning_effort": _text,
    "prompt": _object,
}
COMPLETION: Mapping[str, _Check] = {
    **_SHARED,
    "prompt": _prompt,
    "suffix": _text,
    "echo": _boolean,
    "best_of": _integer(1, 16),
    "logprobs": _integer(0, 20),
}
FEEDBACK: Mapping[str, _Check] = {"id": _text, "value": _opinion}
OURS = frozenset({"user", "metadata", "store"})
"""Fields that mean something here or nothing at all; servers do not get them."""


def parse(body: bytes) -> dict[str, Json]:
    """Read a request body.

    Raises:
        ApiError: It is not a JSON object that every server would read the same way.
    """
    try:
        value: Json = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        detail = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise invalid(f"The request body is not valid JSON: {detail}.", code="invalid_json") from error
    if not isinstance(value, dict):
        raise invalid("The request body must be a JSON object.", code="invalid_json")
    return value


def check(request: Mapping[str, Json], fields: Mapping[str, _Check]) -> None:
    """Check a request against the fields of its route.

    Raises:
        ApiError: A field is missing, unknown, or has a value no server should get.
    """
    for name, value in request.items():
        if name not in fields:
            hint = did_you_mean(name, fields)
            raise invalid(f"Unknown field `{name}`{'; ' + hint if hint else ''}.", name, "unknown_parameter")
        # null means absent, as in OpenAI's API.
        expected = "" if value is None else fields[name](value)
        if expected or (isinstance(value, float) and not math.isfinite(value)):
            raise invalid(f"`{name}` must be {expected or 'finite'}.", name, "invalid_type")
    for name in ("id", "value"):
        if name in fields and request.get(name) in {None, ""}:
            raise invalid(f"You must provide `{name}`.", name, "missing_parameter")
    if "model" not in fields:
        return
    if not request.get("model"):
        raise invalid("You must provide a `model`.", "model", "missing_parameter")
    if "messages" in fields:
        _check_messages(request.get("messages"))
    elif request.get("prompt") is None:
        raise invalid("You must provide a `prompt`.", "prompt", "missing_parameter")


def opinion(value: Json) -> float:
    """Return checked feedback as a number, 0 (bad) to 1 (good)."""
    return _OPINIONS[value] if isinstance(value, str) else float(str(value))


def check_tokens(request: Mapping[str, Json], most: int | None) -> None:
    """Refuse a request for longer answers than the route grants.

    Raises:
        ApiError: It asks for more than *most* tokens.
    """
    for name in ("max_tokens", "max_completion_tokens"):
        asked = request.get(name)
        if most is not None and isinstance(asked, int) and asked > most:
            raise invalid(f"`{name}` is {asked}; this model answers with at most {most} tokens.", name)


def _check_messages(messages: Json) -> None:
    if not isinstance(messages, list) or not messages:
        raise invalid("`messages` must have at least one message.", "messages", "missing_parameter")
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        role = message.get("role")
        if role not in _ROLES:
            raise invalid(f"`{place}.role` must be one of {', '.join(_ROLES)}.", f"{place}.role", "invalid_value")
        _check_content(message, place)


def _check_content(message: Mapping[str, Json], place: str) -> None:
    content = message.get("content")
    if isinstance(content, str) or _is_parts(content):
        return
    # An answer that calls tools says nothing itself.
    calls = message.get("tool_calls") or message.get("function_call")
    if content is None and message.get("role") == "assistant" and calls:
        return
    raise invalid(f"`{place}.content` must be text or a list of parts.", f"{place}.content", "invalid_type")


def _is_parts(content: Json) -> bool:
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(part, Mapping) and isinstance(part.get("type"), str) for part in content)
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
