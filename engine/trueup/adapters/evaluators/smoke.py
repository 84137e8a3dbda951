"""The first real completion of a server: whether it says anything at all. Health checks do not see broken weights."""

import math
from collections.abc import Iterator, Mapping, Sequence

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.client import Client
from trueup.core.errors import PermanentError
from trueup.core.json import Json, mapping_of

QUESTIONS = ("Say hello.", "What is two and two? Answer in one sentence.")
"""The second is asked when the first is answered with nothing: that may happen to a sound model once."""

TOKENS = 32
FEWEST = 4
"""Characters from which on one and the same again and again is no answer; `llama.cpp` spells NaN as `DDDDDDDD`."""


def smoke(base_url: str, model: str, timeout_seconds: float) -> None:
    """Ask for a first completion and look whether it is one.

    Args:
        base_url: Of the server, without `/v1`.
        model: Name of its model where it lists none.
        timeout_seconds: For one answer.

    Raises:
        PermanentError: It makes no sense (EVAL011), is refused (EVAL004) or is no text (EVAL005).
        TransientError: Nothing is answered.
    """
    client = Client(base_url, timeout_seconds)
    name = client.model(model)
    problem = ""
    for question in QUESTIONS:
        problem = _problem(client, name, question)
        if not problem:
            return
    raise PermanentError(codes.NO_SENSE, f"{base_url} {problem}.")


def _problem(client: Client, model: str, question: str) -> str:
    body: dict[str, Json] = {
        "model": model,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": TOKENS,
        "temperature": 0,
        "stream": False,
    }
    try:
        raw = client.completion({**body, "logprobs": True, "top_logprobs": 1})
    except PermanentError as error:
        if error.code is not codes.REFUSED:
            raise
        # Not every server gives probabilities, and some refuse who asks for them.
        raw = client.completion(body)
    return problem_of(raw)


def problem_of(completion: Mapping[str, Json]) -> str:
    """Say what makes no sense in a chat completion; empty when nothing does."""
    choices = completion.get("choices")
    choice = mapping_of(choices[0]) if isinstance(choices, Sequence) and choices else {}
    message = mapping_of(choice.get("message"))
    # A model that thinks first may not have come to its answer yet.
    said = [message.get(key) for key in ("content", "reasoning_content", "reasoning")]
    text = "".join("".join(s for s in said if isinstance(s, str)).split())
    if not text:
        return "answers with nothing"
    if len(text) >= FEWEST and len(set(text)) == 1:
        return f"answers with nothing but `{text[0]}`"
    numbers = list(_probabilities(choice.get("logprobs")))
    if any(not isinstance(n, int | float) or not math.isfinite(n) for n in numbers):
        return "gives probabilities that are no numbers"
    return ""


def _probabilities(logprobs: Json) -> Iterator[Json]:
    tokens = mapping_of(logprobs).get("content")
    for token in tokens if isinstance(tokens, Sequence) and not isinstance(tokens, str) else ():
        entry = mapping_of(token)
        if "logprob" in entry:
            yield entry["logprob"]
