"""Text: a record a line, with the one field `text`."""

from collections.abc import Iterator
from pathlib import Path

from trueup.adapters.datasets.readers.lines import NOT_UTF8, TOO_LONG, lines, open_bytes
from trueup.adapters.datasets.records import Malformed, Record, Row


def read_text(path: Path, name: str) -> Iterator[Row]:
    """Yield the lines of a file that hold something."""
    with open_bytes(path) as file:
        for number, line in lines(file):
            if line is None:
                yield Malformed(name, number, TOO_LONG)
            elif line.strip():
                try:
                    yield Record({"text": line.decode()}, name, number)
                except UnicodeDecodeError:
                    yield Malformed(name, number, NOT_UTF8)
