"""Reads JSON of a known format: each value has the type the format says, or the place of the first that has not."""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from trueup.core.digests import Digest, is_digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.spec.resource import Path

E = TypeVar("E", bound=StrEnum)


class ShapeError(ValueError):
    """A value is absent or of another type than its format says; the message names its place."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A JSON value and its place in the file."""

    value: Json
    place: str = ""

    def field(self, name: str) -> "Shape":
        """Return the field *name* of an object."""
        if not isinstance(self.value, dict) or name not in self.value:
            raise ShapeError(f"`{self._at(name)}` is absent")
        return Shape(self.value[name], self._at(name))

    def has(self, name: str) -> bool:
        """Tell whether an object has the field *name*, and not null in it."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def text(self, name: str) -> str:
        """Return the string *name*."""
        value = self.field(name).value
        if not isinstance(value, str):
            raise ShapeError(f"`{self._at(name)}` is not text")
        return value

    def digest(self, name: str) -> Digest:
        """Return the digest *name*; the empty string stands for none."""
        text = self.text(name)
        if text and not is_digest(text):
            raise ShapeError(f"`{self._at(name)}` is not a digest")
        return Digest(text)

    def flag(self, name: str) -> bool:
        """Return the boolean *name*."""
        value = self.field(name).value
        if not isinstance(value, bool):
            raise ShapeError(f"`{self._at(name)}` is neither true nor false")
        return value

    def whole(self, name: str) -> int:
        """Return the integer *name*."""
        value = self.field(name).value
        if not isinstance(value, int) or isinstance(value, bool):
            raise ShapeError(f"`{self._at(name)}` is not a whole number")
        return value

    def number(self, name: str) -> float:
        """Return the number *name*."""
        value = self.field(name).value
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ShapeError(f"`{self._at(name)}` is not a number")
        return value

    def time(self, name: str) -> datetime:
        """Return the time *name*, which names its zone."""
        try:
            time = datetime.fromisoformat(self.text(name))
        except ValueError as error:
            raise ShapeError(f"`{self._at(name)}` is not a time") from error
        if time.tzinfo is None:
            raise ShapeError(f"`{self._at(name)}` is a time without a zone")
        return time

    def one_of(self, name: str, kind: type[E]) -> E:
        """Return the member of *kind* that *name* is."""
        try:
            return kind(self.text(name))
        except ValueError as error:
            raise ShapeError(f"`{self._at(name)}` is none of {', '.join(kind)}") from error

    def items(self, name: str) -> tuple["Shape", ...]:
        """Return the items of the list *name*."""
        field = self.field(name)
        if not isinstance(field.value, list):
            raise ShapeError(f"`{field.place}` is not a list")
        return tuple(Shape(v, f"{field.place}[{i}]") for i, v in enumerate(field.value))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the list of strings *name*."""
        return tuple(item.as_text() for item in self.items(name))

    def pairs(self, name: str) -> tuple[tuple[str, Json], ...]:
        """Return the list of [name, value] *name*."""
        return tuple(_pair(item) for item in self.items(name))

    def path(self, name: str) -> Path:
        """Return the field path *name*: keys and indexes."""
        parts: list[str | int] = []
        for item in self.items(name):
            if not isinstance(item.value, str | int) or isinstance(item.value, bool):
                raise ShapeError(f"`{item.place}` is neither a key nor an index")
            parts.append(item.value)
        return tuple(parts)

    def as_text(self) -> str:
        """Return the value, which is a string."""
        if not isinstance(self.value, str):
            raise ShapeError(f"`{self.place}` is not text")
        return self.value

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def _pair(shape: Shape) -> tuple[str, Json]:
    match shape.value:
        case [str(name), value]:
            return name, value
        case _:
            raise ShapeError(f"`{shape.place}` is not a name with a value")
