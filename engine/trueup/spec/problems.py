"""What a kind's model refuses, in our words: a code, what is wrong here, what to do, and the path it is about."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trueup.core.diagnostics import Code
from trueup.core.frozen import dataclass
from trueup.core.suggestions import did_you_mean
from trueup.spec import codes
from trueup.spec.fields import Node, dotted, fields_of
from trueup.spec.kinds.base import TAG
from trueup.spec.kinds.spellings import SPELLINGS
from trueup.spec.resource import Path

_MOST_TOLD = 100
"""Problems told of one document; each costs spelling help against every field, and nobody reads more."""

_MOST_KEYS = 4
"""Keys of a mapping that a sentence names."""

_BOOLEAN = "`true` or `false`"
_YAML_1_1 = {"yes": "true", "no": "false", "on": "true", "off": "false", "y": "true", "n": "false"}
_NUMBER = re.compile(r"^-?[0-9]+(\.[0-9]+)?$")
_LONGEST_SHOWN = 60
"""Characters of a value that a message repeats; a pasted text does not bury the sentence around it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a document; `at_key` when it is about the key itself, not about its value."""

    code: Code
    path: Path
    detail: str
    hint: str
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One refusal of the model, taken apart."""

    path: Path
    node: Node
    value: Any
    context: Mapping[str, Any]

    @property
    def place(self) -> str:
        return f"`{dotted(self.path)}`" if self.path else "The document"


def problems_of(kind: str, errors: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Translate the errors of *kind*'s model, as pydantic lists them; a document of nothing else is cut short."""
    told = [_problem(kind, error) for error in errors[:_MOST_TOLD]]
    if (more := len(errors) - _MOST_TOLD) > 0:
        last = _problem(kind, errors[_MOST_TOLD])
        told.append(Problem(last.code, (), f"This document has {more:,} more problems.", "mend the first ones"))
    return told


def _problem(kind: str, error: Mapping[str, Any]) -> Problem:
    path: list[str | int] = []
    node, in_key = fields_of(kind), error["loc"][-1:] == ("[key]",)
    for key in error["loc"][:-1] if in_key else error["loc"]:
        below = node.step(key) or Node()
        if isinstance(key, str) and key.startswith(TAG):
            # A case without fields is plain text; what may stand here is known by the union itself.
            node = below if below.fields else node
        else:
            node = below
            path.append(key)
    type_ = error["type"]
    refusal = _Refusal(tuple(path), node, error["input"], error.get("ctx", {}))
    if type_ in {"missing", "extra_forbidden"}:
        context = {"field": path[-1], "kind": kind}
        refusal = _Refusal(tuple(path), _parent(kind, error["loc"]), error["input"], context)
    elif in_key:
        return _wrong_key(refusal)
    tell = _TELL.get(type_)
    return tell(refusal) if tell else _other(refusal, error["msg"])


def _parent(kind: str, location: tuple[str | int, ...]) -> Node:
    node = fields_of(kind)
    for key in location[:-1]:
        node = node.step(key) or Node()
    return node


def _missing(r: _Refusal) -> Problem:
    name = str(r.context["field"])
    child = r.node.fields.get(name, Node())
    where = f"`{dotted(r.path[:-1])}`" if len(r.path) > 1 else "The document"
    return Problem(codes.MISSING_FIELD, r.path[:-1], f"{where} has no `{name}`.", _add(name, child), at_key=True)


def _add(name: str, child: Node) -> str:
    if keys := _required(child):
        return f"add `{name}` with {keys}"
    about = f": {child.description[0].lower()}{child.description[1:]}" if child.description else ""
    return f"add `{name}`{about}".rstrip(".")


def _required(node: Node) -> str:
    """Name the keys that a mapping must have, or those that it may when it must have none."""
    keys = [k for k, child in node.fields.items() if child.required]
    if node.discriminator:
        keys = [node.discriminator]
    shown = ", ".join(f"`{k}`" for k in keys[:_MOST_KEYS])
    return f"{shown}, ..." if len(keys) > _MOST_KEYS else shown


def _unknown(r: _Refusal) -> Problem:
    name = str(r.context["field"])
    where = f"`{dotted(r.path[:-1])}`" if len(r.path) > 1 else "the document"
    known = f"known fields: {', '.join(r.node.fields)}" if r.node.fields else ""
    if r.path == ("metadata", "version"):
        known = f"a {r.context['kind']} has no versions; remove it"
    hint = "; ".join(t for t in (did_you_mean(name, r.node.fields), known) if t)
    return Problem(
        codes.UNKNOWN_FIELD, r.path, f"{where[0].upper()}{where[1:]} has no field `{name}`.", hint, at_key=True
    )


def _wrong_type(r: _Refusal) -> Problem:
    wanted = _wanted(r.node, str(r.context.get("wanted", "")))
    detail = f"{r.place} is {_type_of(r.value)}, and {wanted} belongs here."
    return Problem(codes.WRONG_TYPE, r.path, detail, _converted(r, wanted))


def _wanted(node: Node, wanted: str) -> str:
    if node.includes and node.cases:
        return "text or `{file: path}`"
    if wanted or not node.fields:
        return wanted or "a mapping"
    keys = _required(node)
    return f"a mapping with {keys}" if keys else "a mapping"


def _converted(r: _Refusal, wanted: str) -> str:
    """Say how the same value would be written as the type that is wanted."""
    shown = _shown(r.value, r.node)
    match r.value:
        case bool() | int() | float() if wanted.startswith("text"):
            return f'put it in quotes: "{shown}"'
        case str() | bool() | int() | float() if wanted == "a list":
            return f"put it in brackets: [{shown}]"
        case str() if ("number" in wanted and _NUMBER.match(r.value)) or (
            wanted == _BOOLEAN and r.value in {"true", "false"}
        ):
            return f"write it without quotes: {shown}"
        case str() if wanted == _BOOLEAN and r.value.lower() in _YAML_1_1:
            return f"`{shown}` is text in YAML 1.2: write `{_YAML_1_1[r.value.lower()]}`"
        case str() if wanted.startswith("a mapping with") and len(_required(r.node).split()) == 1:
            key = _required(r.node).strip("`")
            return f"write it as {{{key}: {shown}}}"
        case _:
            return r.node.description


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case dict():
            return "a mapping"
        case _:
            return "a list"


def _shown(value: Any, node: Node) -> str:
    if node.secret or (node.each and node.each.secret):
        return "..."
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _named(r: _Refusal) -> str:
    return f"`{_shown(r.value, r.node)}`" if isinstance(r.value, str | int | float) else _type_of(r.value)


def _choice(r: _Refusal) -> Problem:
    allowed = ", ".join(r.node.choices) or str(r.context.get("expected", ""))
    suggestion = did_you_mean(str(r.value), r.node.choices)
    hint = "; ".join(t for t in (suggestion, f"one of: {allowed}") if t)
    return Problem(codes.WRONG_VALUE, r.path, f"{r.place} is {_named(r)}, which is not one of its values.", hint)


def _no_case(r: _Refusal) -> Problem:
    key = r.node.discriminator
    if not isinstance(r.value, dict):
        return _wrong_type(r)
    choices = tuple(c for case in r.node.cases.values() for c in case.fields[key].choices)
    if key not in r.value:
        return Problem(
            codes.MISSING_FIELD, r.path, f"{r.place} has no `{key}`.", f"add `{key}`: {', '.join(choices)}", at_key=True
        )
    chosen = Node(choices=choices)
    return _choice(_Refusal((*r.path, key), chosen, r.value[key], {}))


def _spelling(r: _Refusal) -> Problem:
    spelling = SPELLINGS.get(str(r.context.get("pattern", "")))
    words = spelling.words if spelling else f"of the form {r.context.get('pattern')}"
    hint = f"write it like `{spelling.example}`" if spelling else r.node.description
    if r.node.names and spelling and "@" not in str(r.value) and "@" in spelling.example:
        hint = f"name the {r.node.names} with its version: `{_shown(r.value, r.node)}@<version>`"
    return _misspelled(r, words, hint)


def _own_spelling(r: _Refusal) -> Problem:
    return _misspelled(r, str(r.context["detail"]), str(r.context["hint"]))


def _misspelled(r: _Refusal, words: str, hint: str) -> Problem:
    return Problem(codes.WRONG_SPELLING, r.path, f"{r.place} is {_named(r)}, which is not {words}.", hint)


def _wrong_key(r: _Refusal) -> Problem:
    spelling = SPELLINGS.get(str(r.context.get("pattern", "")))
    words = f"not {spelling.words}" if spelling else "not a key that may stand here"
    detail = f"The key `{r.path[-1]}` of `{dotted(r.path[:-1])}` is {words}."
    hint = f"write it like `{spelling.example}`" if spelling else ""
    return Problem(codes.WRONG_SPELLING, r.path, detail, hint, at_key=True)


def _empty(r: _Refusal) -> Problem:
    return Problem(codes.WRONG_VALUE, r.path, f"{r.place} is empty.", "give it a value, or leave the field out")


def _too_many(r: _Refusal) -> Problem:
    most = r.context.get("max_length")
    return Problem(codes.WRONG_VALUE, r.path, f"{r.place} has more than {most} items.", f"keep {most} of them")


_RANGES = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def _range(r: _Refusal) -> Problem:
    bound = next(f"{words} {r.context[key]:g}" for key, words in _RANGES.items() if key in r.context)
    detail = f"{r.place} is {_shown(r.value, r.node)}, and it must be {bound}."
    return Problem(codes.WRONG_VALUE, r.path, detail, r.node.description)


_OWN_CODES = {
    "trueup_escape": codes.INCLUDE_ESCAPES,
    "trueup_secret": codes.SECRET_VALUE,
    "trueup_version": codes.NUMERIC_VERSION,
    "trueup_rule": codes.FIELDS_DISAGREE,
}


def _own(code: Code) -> Callable[[_Refusal], Problem]:
    def tell(r: _Refusal) -> Problem:
        about = f"`{dotted(r.path)}`: " if r.path else ""
        return Problem(code, r.path, f"{about}{r.context['detail']}", str(r.context["hint"]))

    return tell


def _other(r: _Refusal, message: str) -> Problem:
    return Problem(codes.WRONG_VALUE, r.path, f"{r.place} does not fit: {message}.", r.node.description)


def _typed(wanted: str) -> Callable[[_Refusal], Problem]:
    return lambda r: _wrong_type(_Refusal(r.path, r.node, r.value, {"wanted": wanted}))


_TELL: dict[str, Callable[[_Refusal], Problem]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "string_type": _typed("text"),
    "int_type": _typed("a whole number"),
    "int_from_float": _typed("a whole number"),
    "float_type": _typed("a number"),
    "bool_type": _typed(_BOOLEAN),
    "dict_type": _typed("a mapping"),
    "tuple_type": _typed("a list"),
    "model_type": _typed(""),
    "model_attributes_type": _typed(""),
    "literal_error": _choice,
    "union_tag_invalid": _no_case,
    "union_tag_not_found": _no_case,
    "string_pattern_mismatch": _spelling,
    "string_too_short": _empty,
    "too_short": _empty,
    "too_long": _too_many,
    "greater_than": _range,
    "greater_than_equal": _range,
    "less_than": _range,
    "less_than_equal": _range,
    "trueup_spelling": _own_spelling,
    **{type_: _own(code) for type_, code in _OWN_CODES.items()},
}
