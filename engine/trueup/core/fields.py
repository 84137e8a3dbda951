"""Typed access to parsed JSON: what a document has where, or one error that says where it has something else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from trueup.core.digests import Digest, is_digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json


class MalformedError(ValueError):
    """A document that is not what its format says: where, and what was expected there."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object; `place` is where it stands in its document, for the error."""

    values: Mapping[str, Json]
    place: str = ""

    def value(self, key: str) -> Json:
        """Return what *key* has."""
        if key not in self.values:
            raise MalformedError(f"`{self.place}{key}` is absent")
        return self.values[key]

    def text(self, key: str) -> str:
        """Return the text under *key*."""
        value = self.value(key)
        if not isinstance(value, str):
            raise self._wrong(key, "text")
        return value

    def integer(self, key: str) -> int:
        """Return the integer under *key*; true and false are none."""
        value = self.value(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, "an integer")
        return value

    def number(self, key: str) -> float:
        """Return the number under *key*."""
        value = self.value(key)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(key, "a number")
        return float(value)

    def boolean(self, key: str) -> bool:
        """Return the boolean under *key*."""
        value = self.value(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def digest(self, key: str, *, or_empty: bool = False) -> Digest:
        """Return the digest under *key*."""
        value = self.text(key)
        if not is_digest(value) and not (or_empty and not value):
            raise self._wrong(key, "a digest")
        return Digest(value)

    def time(self, key: str) -> datetime:
        """Return the time under *key*, in UTC."""
        text = self.text(key)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise self._wrong(key, "an ISO 8601 time") from None
        if value.tzinfo is None:
            raise self._wrong(key, "a time with its offset from UTC")
        return value.astimezone(UTC)

    def sequence(self, key: str) -> Sequence[Json]:
        """Return the list under *key*."""
        value = self.value(key)
        if not isinstance(value, list | tuple):
            raise self._wrong(key, "a list")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of texts under *key*."""
        values = self.sequence(key)
        texts = tuple(v for v in values if isinstance(v, str))
        if len(texts) != len(values):
            raise self._wrong(key, "a list of texts")
        return texts

    def fields(self, key: str) -> "Fields":
        """Return the object under *key*."""
        return fields_of(self.value(key), f"{self.place}{key}")

    def items(self, key: str) -> tuple["Fields", ...]:
        """Return the list of objects under *key*."""
        return tuple(fields_of(v, f"{self.place}{key}[{i}]") for i, v in enumerate(self.sequence(key)))

    def only(self, keys: frozenset[str]) -> None:
        """Refuse every key that is not one of *keys*."""
        unknown = sorted(self.values.keys() - keys)
        if unknown:
            raise MalformedError(f"`{self.place}{unknown[0]}` is unknown")

    def _wrong(self, key: str, expected: str) -> MalformedError:
        return MalformedError(f"`{self.place}{key}` is not {expected}")


def fields_of(value: Json, place: str = "") -> Fields:
    """Return *value* as an object with typed access.

    Raises:
        MalformedError: It is none.
    """
    if not isinstance(value, Mapping):
        raise MalformedError(f"`{place}` is not an object" if place else "it is not an object")
    return Fields(value, f"{place}." if place else "")
