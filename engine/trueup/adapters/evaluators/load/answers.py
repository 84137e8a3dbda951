"""One streamed answer as its tokens come: server-sent events in, times out.

The first token is the first event with text: the event before it that only names the role says nothing about the model.
"""

import json
from collections.abc import AsyncIterable, Callable, Mapping

from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of


class FailedAnswerError(Exception):
    """Why a request counts as failed, in words that many of them share."""

    def __init__(self, reason: str, *, may_pass: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass
        """Whether the same request may be answered later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that came whole; times in seconds of one clock.

    Attributes:
        began: When the request was sent.
        arrivals: When each piece of text came; at least one.
        text: All of it.
        prompt_tokens: As the server counted; None when it did not.
        completion_tokens: As the server counted; None when it did not.
    """

    began: float
    arrivals: tuple[float, ...]
    text: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    @property
    def tokens(self) -> int:
        """Tokens of the answer: as the server counted, else the pieces that came."""
        return self.completion_tokens or len(self.arrivals)

    @property
    def first_seconds(self) -> float:
        """Until the first token."""
        return self.arrivals[0] - self.began

    @property
    def seconds(self) -> float:
        """Until the last token."""
        return self.arrivals[-1] - self.began

    @property
    def inter_token_seconds(self) -> float | None:
        """Mean time from one token to the next; None for an answer of one token, or one that came in one piece."""
        if self.tokens < 2 or len(self.arrivals) < 2:
            return None
        return (self.arrivals[-1] - self.arrivals[0]) / (self.tokens - 1)

    @property
    def gaps(self) -> tuple[float, ...]:
        """Times from each piece to the next."""
        return tuple(b - a for a, b in zip(self.arrivals, self.arrivals[1:], strict=False))


async def read_answer(lines: AsyncIterable[bytes], began: float, clock: Callable[[], float]) -> Answer:
    """Read the events of a stream to its end.

    Raises:
        FailedAnswerError: It breaks off, holds an error or no text.
    """
    arrivals, parts, usage = list[float](), list[str](), dict[str, Json]()
    is_whole = is_done = False
    # Read to its very end: what is closed before that looks to a server like a client that went away.
    async for line in lines:
        content = line.strip()
        if is_done or not content.startswith(b"data:"):
            continue
        arrived, event = clock(), content.removeprefix(b"data:").strip()
        if event == b"[DONE]":
            is_whole = is_done = True
            continue
        value = _parsed(event)
        usage.update(mapping_of(value.get("usage")))
        text, is_last = _delta(value)
        if text:
            arrivals.append(arrived)
            parts.append(text)
        is_whole = is_whole or is_last
    if not is_whole:
        raise FailedAnswerError("the stream broke off")
    if not arrivals:
        raise FailedAnswerError("the answer has no text", may_pass=False)
    return Answer(
        began, tuple(arrivals), "".join(parts), _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    )


def _parsed(event: bytes) -> Mapping[str, Json]:
    try:
        value = json.loads(event)
    except (ValueError, RecursionError) as error:
        raise FailedAnswerError("an event is no JSON", may_pass=False) from error
    if not isinstance(value, dict):
        raise FailedAnswerError("an event is no JSON object", may_pass=False)
    if value.get("error"):
        raise FailedAnswerError("the stream holds an error")
    return value


def _delta(value: Mapping[str, Json]) -> tuple[str, bool]:
    """Return the text of an event, of the answer or of the thinking before it, and whether it says it is the last."""
    choices = value.get("choices")
    choice = mapping_of(choices[0]) if isinstance(choices, list) and choices else {}
    delta = mapping_of(choice.get("delta"))
    texts = [delta.get(name) for name in ("reasoning_content", "content")]
    return "".join(t for t in texts if isinstance(t, str)), bool(choice.get("finish_reason"))


def _count(usage: Mapping[str, Json], name: str) -> int | None:
    value = usage.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
