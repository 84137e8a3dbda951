"""Documents of other people: read without trust, every problem noted, refused together at the end.

A `Node` is a place in a document. Asking it for what is not there notes the problem and gives a stand-in, so that
reading goes on and finds the rest; `Problems.refuse` then raises, and no stand-in gets out.
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.core.diagnostics import Code, Diagnostic, Span
from trueup.core.digests import digest_of, short
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

MAX_BYTES = 512 * 1024 * 1024
"""Largest file that is read: parsed JSON takes about ten times its size in memory."""

SHOWN = 20
"""Problems that are named; a file of another format has one a line."""


class RefusedResultsError(PermanentError):
    """Results that cannot be used.

    Attributes:
        problems: Everything that is wrong with them.
    """

    def __init__(self, problems: Sequence[Diagnostic]) -> None:
        shown = [p.detail for p in problems[:SHOWN]]
        more = [f"And {len(problems) - SHOWN} more problems."] if len(problems) > SHOWN else []
        super().__init__(problems[0].code, " ".join(shown + more), span=problems[0].span)
        self.problems = tuple(problems)


class Problems:
    """What is wrong with the results in *source*, in the order it was found."""

    def __init__(self, source: str) -> None:
        self._span = Span(source)
        self._found: dict[Diagnostic, None] = {}

    def add(self, code: Code, detail: str) -> None:
        """Note a problem; the same one is noted once."""
        self._found[Diagnostic(code, detail, self._span, code.remedy)] = None

    def refuse(self) -> None:
        """Raise when anything is wrong.

        Raises:
            RefusedResultsError: With all problems.
        """
        if self._found:
            raise RefusedResultsError(tuple(self._found))


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a document, where it is, and where problems with it go. What is not there is None."""

    value: Json
    where: str
    problems: Problems

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing."""
        return self.value is None

    def at(self, *keys: str) -> "Node":
        """Return what is under *keys*, one in the other."""
        node = self
        for key in keys:
            node = Node(node.fields().get(key), f"{node.where}.{key}" if node.where else key, self.problems)
        return node

    def fields(self) -> Mapping[str, Json]:
        """Return the object; empty when there is none."""
        if isinstance(self.value, Mapping):
            return self.value
        if self.value is not None:
            self._wrong("an object")
        return {}

    def items(self) -> tuple["Node", ...]:
        """Return what is in the list; empty when there is none."""
        if isinstance(self.value, list):
            return tuple(Node(v, f"{self.where}[{i}]", self.problems) for i, v in enumerate(self.value))
        if self.value is not None:
            self._wrong("a list")
        return ()

    def text(self, missing: Code = codes.UNEXPECTED) -> str:
        """Return a text that must be there; *missing* is the problem when it is not."""
        found = self.maybe_text()
        if not found:
            self._absent(missing)
        return found or ""

    def maybe_text(self) -> str | None:
        """Return a text, or None when there is none."""
        if self.value is None or isinstance(self.value, str):
            return self.value
        self._wrong("a text")
        return ""

    def number(self, missing: Code = codes.UNEXPECTED) -> float:
        """Return a finite number that must be there."""
        found = self.maybe_number()
        if found is None:
            self._absent(missing)
        return found or 0.0

    def maybe_number(self) -> float | None:
        """Return a finite number, or None when there is none."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._wrong("a number")
            return 0.0
        try:
            found = float(self.value)
        except OverflowError:
            found = math.inf
        if not math.isfinite(found):
            self.problems.add(codes.NOT_FINITE, f"`{self.where}` is {found}.")
            return 0.0
        return found

    def whole(self, missing: Code = codes.UNEXPECTED) -> int:
        """Return a count, 0 or more, that must be there."""
        found = self.maybe_whole()
        if found is None:
            self._absent(missing)
        return found or 0

    def maybe_whole(self) -> int | None:
        """Return a count, 0 or more, or None when there is none; tools write some as `4.0`."""
        found = self.maybe_number()
        if found is None:
            return None
        if found < 0 or found != int(found):
            self._wrong("a count")
            return 0
        return int(found)

    def truth(self, missing: Code = codes.UNEXPECTED) -> bool:
        """Return a boolean that must be there."""
        if isinstance(self.value, bool):
            return self.value
        if self.value is None:
            self._absent(missing)
        else:
            self._wrong("true or false")
        return False

    def time(self) -> datetime | None:
        """Return an ISO 8601 time in UTC, or None when there is none. A time without a zone is taken as UTC."""
        spelled = self.maybe_text()
        if not spelled:
            return None
        try:
            found = datetime.fromisoformat(spelled)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self._wrong("a time")
            return None

    def clock(self) -> datetime | None:
        """Return a time that is given in seconds since 1970, or None when there is none."""
        seconds = self.maybe_number()
        if seconds is None:
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            self._wrong("a time")
            return None

    def content_version(self) -> str:
        """Return a short digest of what is here: the version of tests that have none."""
        try:
            return short(digest_of(self.value))
        except (ValueError, RecursionError):
            self.problems.add(codes.NOT_FINITE, f"`{self.where}` holds a number that is not finite.")
            return ""

    def _wrong(self, wanted: str) -> None:
        self.problems.add(codes.UNEXPECTED, f"`{self.where or 'The document'}` is not {wanted}.")

    def _absent(self, missing: Code) -> None:
        self.problems.add(missing, f"`{self.where}` is missing.")


def read_file(path: Path, problems: Problems) -> bytes:
    """Return the content of a file.

    Raises:
        RefusedResultsError: It is not there, or too large.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.add(codes.UNREADABLE, f"`{path.name}` has more than {MAX_BYTES // 2**20} MiB.")
            problems.refuse()
        return path.read_bytes()
    except OSError as error:
        problems.add(codes.UNREADABLE, f"`{path.name}`: {error.strerror or error}.")
        problems.refuse()
        raise


def parse_json(content: bytes, name: str, problems: Problems) -> Node:
    """Return the JSON document in *content*.

    Raises:
        RefusedResultsError: It is no JSON.
    """
    value = _parsed(content, f"`{name}`", problems)
    problems.refuse()
    return Node(value, "", problems)


def parse_lines(content: bytes, name: str, problems: Problems) -> tuple[Node, ...]:
    """Return the JSON objects in *content*, one a line, each named by its line; broken lines are problems.

    Raises:
        RefusedResultsError: A line is no JSON object: the last one, when the file was cut within it.
    """
    numbered = [(n, line) for n, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    nodes = tuple(Node(_parsed(t, f"`{name}`, line {n}", problems), f"{name}:{n}", problems) for n, t in numbered)
    problems.refuse()
    return nodes


def _parsed(content: bytes, place: str, problems: Problems) -> Json:
    try:
        value: Json = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        problems.add(codes.UNREADABLE, f"{place} is no complete JSON ({error}).")
        return None
    if not isinstance(value, dict):
        problems.add(codes.UNREADABLE, f"{place} is no JSON object.")
        return None
    return _spellable(value) if b"\\ud" in content.lower() else value


def _spellable(value: Json) -> Json:
    """Replace halves of characters, which JSON can escape and UTF-8 cannot spell."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_spellable(item) for item in value]
    if isinstance(value, dict):
        return {str(_spellable(key)): _spellable(item) for key, item in value.items()}
    return value
