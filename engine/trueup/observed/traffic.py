"""What was answered lately, request by request: what a rollout is analysed by."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Answered:
    """One request that ended.

    Attributes:
        at: When it ended, seconds since the epoch.
        status: HTTP status; 499 when the client left.
        failed: The server, or the way to it, failed.
        seconds: From the request to the end of its answer.
        first_token_seconds: From the request to the first word of a stream; None for an answer that came whole.
        prompt_tokens: Tokens read, as the server counts.
        completion_tokens: Tokens written, as the server counts.
        refused: The answer declines, by the patterns of the evaluation `refusal`.
        feedback: What the user thought, 0 (bad) to 1 (good); None when nobody said.
        similarity: Of a copy: share of words it has in common with what the client got, 0 to 1; None otherwise.
    """

    at: float
    status: int
    failed: bool
    seconds: float
    first_token_seconds: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    refused: bool = False
    feedback: float | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the releases of one deployment answered.

    Attributes:
        since: From when on nothing is missing: later than asked for when the gateway was restarted meanwhile, or keeps
            no more.
        served: By release, what clients got.
        copied: By release, what was asked of it as a copy and thrown away.
    """

    since: datetime
    served: Mapping[Digest, tuple[Answered, ...]] = field(default_factory=dict)
    copied: Mapping[Digest, tuple[Answered, ...]] = field(default_factory=dict)
