"""What one release's server gets of a request: its prompt put first, its decoding and its limits filled in."""

from collections.abc import Mapping

from trueup.adapters.gateways.local import validation
from trueup.adapters.gateways.local.errors import invalid
from trueup.adapters.gateways.local.table import Serving
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired import prompting

CHAT_PATH = "/v1/chat/completions"
_TOOLS = ("tools", "tool_choice", "parallel_tool_calls")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be carried.

    Attributes:
        path: `/v1/chat/completions` or `/v1/completions`.
        body: What the client sent, checked.
        user: Keeps a user's requests together; empty for one without a name.
    """

    path: str
    body: Mapping[str, Json]
    user: str


@dataclass(frozen=True, slots=True)
class Call:
    """A request as one release gets it.

    Attributes:
        serving: The release.
        path: As in `Asked`.
        body: What the server gets, but for the server's own model name.
        streams: The answer is a stream.
        sticky: Keeps a client on one replica; empty takes turns.
        is_copy: Nobody gets the answer, so it must do nothing but answer.
    """

    serving: Serving
    path: str
    body: Mapping[str, Json]
    streams: bool
    sticky: str
    is_copy: bool = False


def call(serving: Serving, asked: Asked, *, is_copy: bool = False) -> Call:
    """Return *asked* as the release behind *serving* gets it.

    Raises:
        ApiError: The release does not take it: a prompt variable, or a longer answer than it grants.
    """
    body = asked.body
    validation.check_tokens(body, serving.most_tokens)
    given = {k: v for k, v in body.items() if v is not None and k not in validation.OURS}
    if asked.path == CHAT_PATH:
        given.pop("prompt", None)
        given["messages"] = list(_messages(serving, body))
    if is_copy:
        # What a tool does cannot be thrown away with the answer.
        for name in _TOOLS:
            given.pop(name, None)
    return Call(serving, asked.path, _decoded(serving, given), body.get("stream") is True, asked.user, is_copy)


def _messages(serving: Serving, body: Mapping[str, Json]) -> prompting.Messages:
    messages = body.get("messages")
    own = tuple(messages) if isinstance(messages, list) else ()
    variables = _variables(body)
    if serving.prefix is not None and not variables:
        return (*serving.prefix, *own)
    composed = prompting.compose(serving.spec, own, variables)
    if isinstance(composed, prompting.PromptProblems):
        raise invalid(" ".join(composed.problems), "prompt.variables", "invalid_prompt_variables")
    return composed


def _variables(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the values for the prompt's variables: `{"prompt": {"variables": {...}}}`."""
    prompt = body.get("prompt")
    if prompt is None:
        return {}
    variables = prompt.get("variables") if isinstance(prompt, Mapping) else None
    if not isinstance(prompt, Mapping) or set(prompt) != {"variables"} or not isinstance(variables, Mapping):
        raise invalid('`prompt` must be {"variables": {...}}.', "prompt", "invalid_type")
    return variables


def _decoded(serving: Serving, given: Mapping[str, Json]) -> dict[str, Json]:
    """Fill in the release's decoding where the client gives none, and never let an answer be endless."""
    decoded = prompting.with_decoding(serving.spec, given)
    extra = decoded.pop("extra_body", None)
    if isinstance(extra, Mapping):
        decoded = {**extra, **decoded}
    most = serving.most_tokens
    if most is not None:
        limits = [k for k in ("max_tokens", "max_completion_tokens") if k in decoded] or ["max_tokens"]
        for name in limits:
            asked = decoded.get(name, most)
            decoded[name] = min(asked, most) if isinstance(asked, int) else most
    return decoded
