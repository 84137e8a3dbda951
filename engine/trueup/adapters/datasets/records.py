"""Records, whatever file they come from: a mapping, and where it is."""

from collections.abc import Iterator, Mapping

from trueup.core.frozen import dataclass
from trueup.core.json import Json

MOST_BYTES = 8 * 1024 * 1024
"""Longest line or record: a real one is far shorter, and a file without line ends must not fill the memory."""

MOST_SHOWN = 20
"""Places that are named; what is wrong everywhere is not better understood by more of them."""


@dataclass(slots=True)
class Record:
    """One record.

    Attributes:
        value: Its fields.
        file: Name of its file, below the dataset.
        line: Line it begins at, from 1; the row where a format has no lines.
        is_text: All values are texts, because the format has no types (CSV).
    """

    value: Mapping[str, Json]
    file: str
    line: int
    is_text: bool = False
    _text: str | None = None

    @property
    def place(self) -> str:
        """Where it is, `file:line`."""
        return f"{self.file}:{self.line}"

    @property
    def text(self) -> str:
        """Every text and number in it, a line each."""
        if self._text is None:
            self._text = "\n".join(leaves(self.value))
        return self._text


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row or file that is no record, and why. The text of the row is not in it."""

    file: str
    line: int
    why: str

    @property
    def place(self) -> str:
        """Where it is; a file as a whole has no line."""
        return f"{self.file}:{self.line}" if self.line else self.file


Row = Record | Malformed


def leaves(value: Json) -> Iterator[str]:
    """Yield the texts and numbers in *value*, in order, however deep."""
    waiting: list[Json] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting.extend(reversed(list(one.values())))
        elif isinstance(one, list | tuple):
            waiting.extend(reversed(one))
        elif one is not None and not isinstance(one, bool):
            yield str(one)


def text_in(record: Record, column: str) -> str | None:
    """Return the text of a field, or of the whole record without *column*; None where there is none."""
    if not column:
        return record.text
    value = field_in(record, column)
    if value is None:
        return None
    return value if isinstance(value, str) else "\n".join(leaves(value))


def field_in(record: Record, column: str) -> Json:
    """Return the value of a field, by its name or by a path of names with dots; None when it is not there."""
    if column in record.value:
        return record.value[column]
    value: Json = record.value
    for part in column.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value
