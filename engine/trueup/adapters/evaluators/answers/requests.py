"""The request that a question becomes: as the gateway would send it to the release's server."""

from collections.abc import Mapping, Sequence

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.work import Work
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.prompting import PromptProblems, compose, with_decoding

Messages = Sequence[Mapping[str, Json]]


def messages_of(work: Work, messages: Messages, variables: Mapping[str, Json], what: str) -> Messages:
    """Return the release's prompt, filled in, with *messages* after it.

    Raises:
        PermanentError: The prompt cannot be filled in for *what* (EVAL007).
    """
    composed = compose(work.route.to_json(), messages, variables)
    if isinstance(composed, PromptProblems):
        raise PermanentError(codes.BAD_PROMPT, f"{what}: {' '.join(composed.problems)}")
    return composed


def body_of(work: Work, messages: Messages, seed: int | None = None) -> dict[str, Json]:
    """Return the request: decoding of the evaluation first, then of the prompt, within the limits of the route."""
    own = with_decoding({"decoding": work.declaration.decoding}, {"messages": list(messages), "stream": False})
    if seed is not None:
        own.setdefault("seed", seed)
    body = with_decoding(work.route.to_json(), own)
    most = dict(work.route.limits).get("maxTokens")
    asked = body.get("max_tokens")
    if isinstance(most, int) and (not isinstance(asked, int) or asked > most):
        body["max_tokens"] = most
    return body
