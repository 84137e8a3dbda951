"""Calibration data as `quantize.py` reads it from a folder: a train split with a text column."""

import json
from collections.abc import Iterator
from pathlib import Path

from trueup.adapters.builders.tensorrt import codes
from trueup.core.errors import PermanentError
from trueup.core.json import Json

FILE = "train.jsonl"
_SUFFIXES = (".jsonl", ".json", ".ndjson")


def write_texts(dataset: Path, folder: Path, size: int) -> int:
    """Write the texts of *dataset* to *folder* and return how many there are.

    Args:
        dataset: A file of JSON lines, or a folder with such files.
        folder: Where they go; made when it is not there.
        size: Texts that the Build asks for.

    Raises:
        PermanentError: There are none, or fewer than asked for (ART406).
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with (folder / FILE).open("w", encoding="utf-8") as output:
        for text in _texts(dataset):
            output.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
            count += 1
    if count < size:
        detail = f"`{dataset.name}` has {count} rows with text, and `calibration.size` is {size}."
        raise PermanentError(codes.NO_TEXTS, detail)
    return count


def _texts(dataset: Path) -> Iterator[str]:
    paths = sorted(p for p in dataset.rglob("*") if p.suffix in _SUFFIXES) if dataset.is_dir() else [dataset]
    for path in paths:
        with path.open("rb") as rows:
            for number, row in enumerate(rows, 1):
                if not row.strip():
                    continue
                try:
                    value = json.loads(row)
                except ValueError as error:
                    detail = f"Line {number} of `{path.name}` is no JSON: {error}."
                    raise PermanentError(codes.NO_TEXTS, detail) from error
                if text := _text(value):
                    yield text


def _text(row: Json) -> str:
    """Return the text of a row; empty without one."""
    match row:
        case {"text": str(text)} | {"prompt": str(text)}:
            return text
        case {"messages": [*messages]}:
            return "\n".join(str(m["content"]) for m in messages if isinstance(m, dict) and "content" in m)
        case _:
            return ""
