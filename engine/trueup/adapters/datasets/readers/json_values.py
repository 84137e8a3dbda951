"""JSON that is not by lines: an array of objects, or objects one after the other. Read a piece at a time."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from trueup.adapters.datasets.readers.jsonl import DECODER, row_of, why
from trueup.adapters.datasets.readers.lines import NOT_UTF8, TOO_LONG, open_bytes
from trueup.adapters.datasets.records import MOST_BYTES, Malformed, Row

_CHUNK = 1 << 18
_SPACE = re.compile(r"[\s\ufeff]*")
_BETWEEN = re.compile(r"\s*,?\s*")


def read_json(path: Path, name: str) -> Iterator[Row]:
    """Yield the objects of an array or of a sequence; what follows broken JSON cannot be told and is one problem."""
    with open_bytes(path) as file:
        yield from _Values(file, name).rows()


class _Values:
    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text = ""
        self._line = 1
        self._is_over = False

    def rows(self) -> Iterator[Row]:
        try:
            self._more()
            self._drop(_SPACE)
            is_array = self._text.startswith("[")
            if is_array:
                self._text = self._text[1:]
            yield from self._items(is_array=is_array)
        except UnicodeDecodeError:
            yield Malformed(self._name, self._line, NOT_UTF8)

    def _items(self, *, is_array: bool) -> Iterator[Row]:
        wanted = _CHUNK
        while True:
            self._drop(_BETWEEN)
            if is_array and self._text.startswith("]"):
                return
            if not self._text:
                if is_array:
                    yield Malformed(self._name, self._line, "the array has no end")
                return
            try:
                value, end = DECODER.raw_decode(self._text)
            except (ValueError, RecursionError) as error:
                if not self._is_over and len(self._text) < MOST_BYTES:
                    wanted *= 2  # an object that is cut is read from its start each time: doubling keeps that cheap
                    self._fill(wanted)
                    continue
                reason = TOO_LONG if len(self._text) >= MOST_BYTES else f"no JSON ({why(error)})"
                yield Malformed(self._name, self._line, f"{reason}; nothing behind it was read")
                return
            if end == len(self._text) and not self._is_over:
                self._more()  # a number may go on
                continue
            yield row_of(value, self._name, self._line)
            self._take(end)
            wanted = _CHUNK

    def _drop(self, pattern: re.Pattern[str]) -> None:
        """Take away what *pattern* matches, however far it goes."""
        while True:
            found = pattern.match(self._text)
            end = found.end() if found else 0
            is_all = end == len(self._text)
            self._take(end)
            if not is_all or self._is_over:
                return
            self._more()

    def _take(self, end: int) -> None:
        self._line += self._text.count("\n", 0, end)
        self._text = self._text[end:]

    def _fill(self, wanted: int) -> None:
        while len(self._text) < wanted and not self._is_over:
            self._more()

    def _more(self) -> None:
        chunk = self._file.read(_CHUNK)
        self._is_over = not chunk
        self._text += self._decode(chunk, final=not chunk)
