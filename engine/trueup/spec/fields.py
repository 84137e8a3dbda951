"""The fields of a kind as a tree, read off its model.

It says what is known at a place, and which places mean more than their type: they name a resource, include a file,
hold a secret.
"""

from collections.abc import Iterable
from dataclasses import field
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.spec.kinds import model_class
from trueup.spec.kinds.base import TAG, Declared, TextFile
from trueup.spec.kinds.spellings import Names, Secret
from trueup.spec.resource import Path


@dataclass(slots=True)
class Node:
    """A place in the documents of a kind.

    Attributes:
        fields: Known keys of a mapping with fixed fields.
        each: Every item of a list, or every value of a mapping with free keys.
        cases: The alternatives of a union, by tag.
        names: Kind of the resource that is named here.
        includes: A file's text may be included here.
        secret: The value must never be shown.
        choices: The allowed values, when they are few and fixed.
        description: What the field is for; of the first place that has one.
        required: Whether it must be given.
    """

    fields: dict[str, "Node"] = field(default_factory=dict)
    each: "Node | None" = None
    cases: dict[str, "Node"] = field(default_factory=dict)
    names: str = ""
    includes: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    description: str = ""
    required: bool = False

    @property
    def discriminator(self) -> str:
        """The key that tells the cases of a union apart: the one that is a choice in each of them."""
        cases = list(self.cases.values())
        keys = (
            [k for k in cases[0].fields if all(k in c.fields and c.fields[k].choices for c in cases)] if cases else []
        )
        return keys[0] if keys else ""

    def step(self, key: str | int) -> "Node | None":
        """Return the place one step further: a field, an item, or the case of a tag."""
        if isinstance(key, int):
            return self.each
        if key.startswith(TAG):
            return self.cases.get(key)
        return self.fields.get(key) or self.each


@cache
def fields_of(kind: str) -> Node:
    """Return the tree of *kind*, a name of `KINDS`."""
    node = Node()
    _read(model_class(kind), (), node)
    return node


def _read(annotation: Any, metadata: Iterable[Any], node: Node) -> None:
    for mark in metadata:
        if isinstance(mark, Names):
            node.names = mark.kind
        elif isinstance(mark, Secret):
            node.secret = True
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        _read(inner, marks, node)
    elif origin in {Union, UnionType}:
        for case in get_args(annotation):
            _read_case(case, node)
    elif origin is Literal:
        node.choices += tuple(str(c) for c in get_args(annotation))
    elif origin in {tuple, dict}:
        node.each = node.each or Node()
        _read(get_args(annotation)[0 if origin is tuple else 1], (), node.each)
    elif isinstance(annotation, type) and issubclass(annotation, Declared):
        _read_fields(annotation, node)


def _read_case(case: Any, node: Node) -> None:
    """Read one alternative into *node*, and under its tag where the union is told apart by tags."""
    tags = [m.tag for m in getattr(case, "__metadata__", ()) if hasattr(m, "tag")]
    for tag in tags:
        _read(case, (), node.cases.setdefault(tag, Node()))
    _read(case, (), node)


def _read_fields(model: type[Declared], node: Node) -> None:
    node.includes = node.includes or model is TextFile
    for name, info in model.model_fields.items():
        if model is TextFile and name == "content":
            continue
        child = node.fields.setdefault(alias_of(name, info), Node())
        child.description = child.description or info.description or ""
        child.required = info.is_required()
        _read(info.annotation, info.metadata, child)


def alias_of(name: str, info: FieldInfo) -> str:
    """Return the YAML key of a model's field; models that are not built yet have no alias from the generator."""
    return info.alias or to_camel(name)


@dataclass(slots=True)
class _Marks:
    """The part of a tree that leads to references and includes: what is walked for every document."""

    children: dict[str, "_Marks"]
    each: "_Marks | None"
    names: str
    includes: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Names of other resources and included files of one document, in its order."""

    names: list[tuple[Path, str, str]]
    files: list[tuple[Path, dict[str, Json]]]


@cache
def _marks_of(kind: str) -> _Marks | None:
    return _prune(fields_of(kind))


def _prune(node: Node) -> _Marks | None:
    children = {key: kept for key, child in node.fields.items() if (kept := _prune(child))}
    each = _prune(node.each) if node.each else None
    if not (children or each or node.names or node.includes):
        return None
    return _Marks(children, each, node.names, node.includes)


def find(kind: str, document: Json) -> Found:
    """Find what a document of *kind*, already valid, names and includes."""
    found = Found([], [])
    if marks := _marks_of(kind):
        _visit(marks, document, (), found)
    return found


def _visit(marks: _Marks, value: Any, path: Path, found: Found) -> None:
    if isinstance(value, dict):
        if marks.includes:
            found.files.append((path, value))
            return
        children, each = marks.children, marks.each
        for key, item in value.items():
            if below := children.get(key, each):
                _visit(below, item, (*path, key), found)
    elif isinstance(value, list):
        if marks.each:
            for index, item in enumerate(value):
                _visit(marks.each, item, (*path, index), found)
    elif marks.names and isinstance(value, str):
        found.names.append((path, marks.names, value))


def dotted(path: Iterable[str | int]) -> str:
    """Spell a path as people do: `spec.steps[1].setWeight`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
