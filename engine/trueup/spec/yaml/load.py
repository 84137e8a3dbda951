"""YAML 1.2 core documents as JSON values: the loop that every declared byte goes through.

Built on the parser's events, which is twice as fast as PyYAML's loader and lets every danger be refused before
it costs anything: depth, aliases that multiply, duplicate keys, tags, numbers that JSON cannot hold. A syntax
error ends a file; every other problem is reported and reading goes on. What documents mean is left to `spec.parse`.
"""

from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from trueup.core.diagnostics import Code, Diagnostic, Severity, Span
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.spec.resource import SourceFile
from trueup.spec.yaml import codes
from trueup.spec.yaml.events import MAX_PROBLEMS, NextEvent, decode, parse_events, syntax_problem, too_large
from trueup.spec.yaml.scalars import FIRST_OF_OTHERS, Refused, cast, resolve

MAX_DEPTH = 64
"""Levels of nesting; declared resources have about ten, and every reader behind this one may recurse."""

MAX_ALIASED_CHARACTERS = 1_000_000
"""How much all aliases of a file may add to it, an alias weighing what its anchor spans with the aliases inside.

A node takes a character at least, so this also bounds the expanded nodes of a file: a million from aliases.
"""

_CORE = "tag:yaml.org,2002:"
_CORE_TAGS = frozenset({"str", "int", "float", "bool", "null", "map", "seq"})
_FIRST_OF_UNUSUAL_KEYS = FIRST_OF_OTHERS | {"<"}
_EMPTY_BLOBS = frozenset(
    {
        "",
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    }
)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file.

    Attributes:
        value: What it holds; lists and mappings behind aliases are shared, so do not change them.
        index: Its place in the file, from 0; empty documents count and are not given.
        line: Line of its first value, from 1.
        sound: False when a diagnostic is about this document; then *value* is a best guess, good for telling
            which resource it is and not for validating it.
    """

    value: Json
    index: int
    line: int
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Loaded:
    """The documents of one file and what is wrong with it."""

    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]


def load_file(file: SourceFile) -> Loaded:
    """Read a file of a source tree, which withholds the bytes of one that is too large."""
    if not file.content and file.blob not in _EMPTY_BLOBS:
        return Loaded((), (too_large(file.path),))
    return load_documents(file.content, file.path)


def load_documents(content: bytes, path: str) -> Loaded:
    """Read every document of a file; *path* names it in diagnostics."""
    text = decode(content, path)
    if not isinstance(text, str):
        return Loaded((), text)
    builder = _Builder(parse_events(text), path)
    try:
        builder.stream()
    except _EndOfReading:
        pass
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        builder.problems.append(syntax_problem(error, path))
    return Loaded(tuple(builder.documents), tuple(builder.problems))


class _EndOfReading(Exception):  # noqa: N818 - not an error: the diagnostic is already noted
    """What was found makes it unsafe or useless to read on."""


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Json
    characters: int


_OPEN = _Anchored(None, 0)


class _Builder:
    """Builds values from events by recursion, which `MAX_DEPTH` keeps shallow."""

    def __init__(self, next_event: NextEvent, path: str) -> None:
        self.documents: list[Document] = []
        self.problems: list[Diagnostic] = []
        self._next = next_event
        self._path = path
        self._anchors: dict[str, _Anchored] = {}
        self._added = 0
        self._last_end = 0

    def stream(self) -> None:
        index = 0
        while (event := self._next()).__class__ is not StreamEndEvent:
            if event.__class__ is DocumentStartEvent:
                self._document(event, index)
                index += 1

    def _document(self, start: Any, index: int) -> None:
        known = len(self.problems)
        if start.version == (1, 1):
            self._note(codes.YAML_1_1, "The document asks for YAML 1.1.", start, severity=Severity.WARNING)
            known += 1
        self._anchors.clear()
        root = self._next()
        value = self._node(root, 1)
        is_empty = value is None and root.__class__ is ScalarEvent and not root.value
        if not is_empty:
            line = root.start_mark.line + 1
            self.documents.append(Document(value, index, line, sound=len(self.problems) == known))

    def _node(self, event: Any, depth: int) -> Json:
        kind = event.__class__
        if kind is AliasEvent:
            return self._alias(event)
        if event.anchor is not None:
            return self._anchored(event, depth)
        if kind is ScalarEvent:
            return self._scalar(event)
        return self._container(event, depth)

    def _container(self, event: Any, depth: int) -> Json:
        if depth > MAX_DEPTH:
            self._stop(codes.TOO_DEEP, f"This is level {depth}; reading stops here.", event)
        if event.__class__ is MappingStartEvent:
            if event.tag is not None:
                self._check_tag(event, "map")
            return self._mapping(depth + 1)
        if event.tag is not None:
            self._check_tag(event, "seq")
        return self._sequence(depth + 1)

    def _mapping(self, depth: int) -> Json:
        next_event = self._next
        result: dict[str, Json] = {}
        while True:
            event = next_event()
            kind = event.__class__
            key: str | None
            if kind is ScalarEvent and event.tag is None and event.anchor is None:
                key = event.value
                if event.value[:1] in _FIRST_OF_UNUSUAL_KEYS and event.implicit[0]:
                    key = self._plain_key(event)
            elif kind is MappingEndEvent:
                self._last_end = event.end_mark.index
                return result
            else:
                key = self._unusual_key(event, depth)
            if key in result:
                self._note(codes.DUPLICATE_KEY, f"`{_shortened(key)}` is set twice in this mapping.", event)
                key = None
            event = next_event()
            value: Json
            if event.__class__ is ScalarEvent and event.tag is None and event.anchor is None:
                value = event.value
                if event.value[:1] in FIRST_OF_OTHERS and event.implicit[0]:
                    value = self._plain(event)
            else:
                value = self._node(event, depth)
            if key is not None:
                result[key] = value

    def _sequence(self, depth: int) -> Json:
        next_event = self._next
        result: list[Json] = []
        while True:
            event = next_event()
            kind = event.__class__
            if kind is ScalarEvent and event.tag is None and event.anchor is None:
                value: Json = event.value
                if event.value[:1] in FIRST_OF_OTHERS and event.implicit[0]:
                    value = self._plain(event)
                result.append(value)
            elif kind is SequenceEndEvent:
                self._last_end = event.end_mark.index
                return result
            else:
                result.append(self._node(event, depth))

    def _scalar(self, event: Any) -> Json:
        tag, text = event.tag, str(event.value)
        if tag is None:
            return self._plain(event) if event.implicit[0] else text
        if not self._check_tag(event, "str", "int", "float", "bool", "null"):
            return text
        value = text if tag == "!" else cast(tag.removeprefix(_CORE), text)
        return self._refuse(value, event) if isinstance(value, Refused) else value

    def _plain(self, event: Any) -> Json:
        value = resolve(event.value)
        return self._refuse(value, event) if isinstance(value, Refused) else value

    def _refuse(self, refused: Refused, event: Any) -> Json:
        self._note(refused.code, refused.detail, event)
        return str(event.value)

    def _plain_key(self, event: Any) -> str | None:
        text = str(event.value)
        if text == "<<":
            self._note(codes.MERGE_KEY, "`<<` is an ordinary key in YAML 1.2 and merges nothing.", event)
            return None
        if isinstance(resolve(text), str):
            return text
        shown = f"`{_shortened(text)}`" if text else "An empty key"
        self._note(codes.KEY_NOT_TEXT, f"{shown} is not a text without quotes.", event)
        return None

    def _unusual_key(self, event: Any, depth: int) -> str | None:
        known = len(self.problems)
        key = self._node(event, depth)
        if isinstance(key, str):
            return key
        if len(self.problems) == known:
            hint = 'a template such as "{{ name }}" needs quotes' if isinstance(key, dict) else ""
            self._note(codes.KEY_NOT_TEXT, "A key must be a text.", event, hint=hint)
        return None

    def _anchored(self, event: Any, depth: int) -> Json:
        before = self._added
        self._anchors[event.anchor] = _OPEN
        kind = event.__class__
        if kind is ScalarEvent:
            value = self._scalar(event)
            self._last_end = event.end_mark.index
        else:
            value = self._container(event, depth)
        characters = self._last_end - event.start_mark.index + self._added - before
        self._anchors[event.anchor] = _Anchored(value, characters)
        return value

    def _alias(self, event: Any) -> Json:
        name = event.anchor
        anchored = self._anchors.get(name)
        if anchored is None:
            self._note(codes.UNKNOWN_ALIAS, f"`*{name}` follows no `&{name}` in this document.", event)
            return None
        if anchored is _OPEN:
            self._note(codes.CYCLIC_ALIAS, f"`*{name}` stands inside the value marked `&{name}`.", event)
            return None
        self._added += anchored.characters
        if self._added > MAX_ALIASED_CHARACTERS:
            limit = f"the limit of {MAX_ALIASED_CHARACTERS} characters"
            self._stop(codes.EXPANSION, f"With `*{name}` the aliases of this file pass {limit}.", event)
        return anchored.value

    def _check_tag(self, event: Any, *fitting: str) -> bool:
        tag = event.tag
        name = tag.removeprefix(_CORE)
        if tag == "!" or (tag.startswith(_CORE) and name in fitting):
            return True
        if tag.startswith(_CORE) and name in _CORE_TAGS:
            self._note(codes.TAG_MISMATCH, f"The tag `!!{name}` stands before something else.", event)
        else:
            self._note(codes.TAG, f"The tag `{_shortened(tag)}` is none of the core schema.", event)
        return False

    def _note(
        self, code: Code, detail: str, event: Any, *, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        mark = event.start_mark
        span = Span(self._path, mark.line + 1, mark.column + 1)
        self.problems.append(Diagnostic(code, detail, span, hint or code.remedy, severity))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _EndOfReading

    def _stop(self, code: Code, detail: str, event: Any) -> NoReturn:
        self._note(code, detail, event)
        raise _EndOfReading


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
