"""Results of single examples, kept beside evidence: what paired tests and behaviour diffs are made from.

JSON Lines: a first line with the format, then one object an example, in the order they were asked.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from trueup.core.digests import digest_of_bytes
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical

FORMAT = "trueup-examples/1"

OUTPUT_LIMIT = 20_000
"""Characters of an answer that are kept: whoever answers with more is shown by the first of them."""

INPUT_LIMIT = 2_000
"""Characters of a question that are kept: for people to see what was asked."""


OUTPUT_DIGEST = "outputDigest"
"""Note of an example whose texts are not kept: the digest of its answer, so that a changed one is still seen."""


class NotExamplesError(ValueError):
    """Not what `encode` wrote; says which line."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What came of one example.

    Attributes:
        id: The example's id in its data; pairs are made by it, with the epoch.
        epoch: Which time it was asked, from 0.
        slice: Part of the data it belongs to; empty when it has none.
        scores: Score by metric, in the catalogue's unit of one example (`evidence.metrics`).
        input: What was asked, in words: the last message.
        output: What was answered; empty where nothing is (a likelihood).
        prompt_tokens: Tokens that were read; None when nobody counted.
        completion_tokens: Tokens that were written; None when nobody counted.
        seconds: From the question to the end of the answer; None when nobody measured.
        first_token_seconds: From the question to the first token; None when nobody measured.
        notes: What else is worth showing, by name: why a score is what it is.
    """

    id: str
    epoch: int
    slice: str
    scores: tuple[tuple[str, float], ...]
    input: str = ""
    output: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float | None = None
    first_token_seconds: float | None = None
    notes: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the result as JSON; what is not known is left out."""
        known: dict[str, Json] = {
            "promptTokens": self.prompt_tokens,
            "completionTokens": self.completion_tokens,
            "seconds": self.seconds,
            "firstTokenSeconds": self.first_token_seconds,
        }
        return {
            "id": self.id,
            "epoch": self.epoch,
            "slice": self.slice,
            "scores": dict(self.scores),
            "input": self.input[:INPUT_LIMIT],
            "output": self.output[:OUTPUT_LIMIT],
            **{name: value for name, value in known.items() if value is not None},
            **({"notes": dict(self.notes)} if self.notes else {}),
        }


def without_texts(result: ExampleResult) -> ExampleResult:
    """Return *result* without what was asked and answered, for data that must not be kept.

    Other notes may quote either, so they are left out as well.
    """
    noted = ((OUTPUT_DIGEST, str(digest_of_bytes(result.output.encode(errors="surrogatepass")))),)
    return replace(result, input="", output="", notes=noted if result.output else ())


def kept_output(result: ExampleResult) -> str:
    """Return the answer, or its digest where it is not kept: what tells whether two answers are the same."""
    return result.output or dict(result.notes).get(OUTPUT_DIGEST, "")


def encode(results: Iterable[ExampleResult]) -> bytes:
    """Spell *results* the one way their digest is taken over."""
    lines: list[Json] = [{"format": FORMAT}, *(r.to_json() for r in results)]
    return b"".join(canonical(line) + b"\n" for line in lines)


def decode(text: bytes) -> tuple[ExampleResult, ...]:
    """Read what `encode` wrote.

    Raises:
        NotExamplesError: It is something else, or was cut short.
    """
    lines = text.split(b"\n")
    if len(lines) < 2 or lines[-1] or lines[0] != canonical({"format": FORMAT}):
        raise NotExamplesError("it does not begin and end as results of examples do")
    return tuple(_result(line, number) for number, line in enumerate(lines[1:-1], start=2))


def _result(line: bytes, number: int) -> ExampleResult:
    try:
        value = json.loads(line)
        return _parsed(value)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotExamplesError(f"line {number} is no result of an example ({error!r})") from error


def _parsed(value: Mapping[str, Json]) -> ExampleResult:
    scores, notes = value["scores"], value.get("notes", {})
    if not isinstance(scores, Mapping) or not isinstance(notes, Mapping):
        raise TypeError("`scores` and `notes` are objects")
    return ExampleResult(
        id=_text(value["id"]),
        epoch=_whole(value["epoch"]) or 0,
        slice=_text(value["slice"]),
        scores=tuple((name, _number(score)) for name, score in sorted(scores.items())),
        input=_text(value["input"]),
        output=_text(value["output"]),
        prompt_tokens=_whole(value.get("promptTokens")),
        completion_tokens=_whole(value.get("completionTokens")),
        seconds=_seconds(value.get("seconds")),
        first_token_seconds=_seconds(value.get("firstTokenSeconds")),
        notes=tuple((name, _text(note)) for name, note in sorted(notes.items())),
    )


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _whole(value: Json) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError("a whole number is expected")
    return value


def _seconds(value: Json) -> float | None:
    return None if value is None else _number(value)


def _number(value: Json) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError("a number is expected")
    return float(value)
