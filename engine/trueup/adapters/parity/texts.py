"""The text that tokens come from: a declared dataset's, else the one that ships with trueup."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.networks.encoding import encoder_of
from trueup.adapters.parity import codes
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.parity import RequiredParity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEUTRAL = Path(__file__).with_name("neutral.txt")
"""Prose, dialogue, figures, other languages, Markdown, YAML and Python; all of our own."""

_LONGEST = 64 << 20
"""Bytes of a dataset that are read at most: more than any declared number of tokens needs."""


def token_windows(model: Path, text: Path | None, required: RequiredParity) -> "NDArray[np.int64]":
    """Return the tokens (sequences x length) that both networks are computed on.

    Raises:
        PermanentError: Too little text (PAR003), none (PAR004), or no tokenizer (PAR005).
    """
    import numpy as np

    encode, first = encoder_of(model)
    lead = [] if first is None else [first]
    body = required.seq_len - len(lead)
    if body < 2 - len(lead):
        detail = f"A sequence of {required.seq_len} tokens predicts nothing."
        raise PermanentError(codes.TEXT_TOO_SHORT, detail, hint="ask for a `seqLen` of at least 2")
    wanted, tokens = required.sequences * body, list[int]()
    for part in read_texts(text):
        tokens += encode(part)
        if len(tokens) >= wanted:
            windows = [[*lead, *tokens[n * body : (n + 1) * body]] for n in range(required.sequences)]
            return np.array(windows, np.int64)
    name = f"`{text.name}`" if text else "The text that ships with trueup"
    asked = f"{required.sequences} sequences of {required.seq_len} tokens are asked for"
    raise PermanentError(codes.TEXT_TOO_SHORT, f"{name} has {len(tokens):,} tokens; {asked}.")


def read_texts(place: Path | None) -> Iterator[str]:
    """Yield the texts of a file or folder in the order of its paths; ours for None.

    Raises:
        PermanentError: It has none (PAR004).
    """
    if place is None:
        yield NEUTRAL.read_text(encoding="utf-8")
        return
    files = sorted(p for p in place.rglob("*") if p.suffix in (".txt", ".jsonl")) if place.is_dir() else [place]
    is_empty = True
    for file in files:
        for text in _rows(file) if file.suffix == ".jsonl" else [_read(file)]:
            is_empty = is_empty and not text.strip()
            yield text
    if is_empty:
        raise PermanentError(codes.UNREADABLE_TEXT, f"`{place.name}` has neither .txt with text nor rows of .jsonl.")


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(_LONGEST)
    try:
        # A file that was cut at the limit may end inside a character.
        return content.decode(errors="ignore" if len(content) == _LONGEST else "strict")
    except UnicodeDecodeError as error:
        raise PermanentError(codes.UNREADABLE_TEXT, f"`{file.name}` is no UTF-8: {error.reason}.") from error


def _rows(file: Path) -> Iterator[str]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                detail = f"{file.name}:{number}: no JSON ({error})."
                raise PermanentError(codes.UNREADABLE_TEXT, detail) from error
            yield "".join(f"{text}\n" for text in _texts(row))


def _texts(row: Json) -> Iterator[str]:
    """Yield the texts of a row in the order in which they are said: a question before what is expected."""
    if not isinstance(row, Mapping):
        return
    messages = row.get("messages")
    for message in messages if isinstance(messages, Sequence) and not isinstance(messages, str) else ():
        if isinstance(message, Mapping) and isinstance(message.get("content"), str):
            yield str(message["content"])
    for key in ("text", "prompt", "expected"):
        value = row.get(key)
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str):
            yield first
