"""`strings.render_template`: the part of Go's templates that only places values.

Taken: `{{ .a.b }}`, `{{ . }}`, `{{ $.a }}`, `if`, `with`, `range` (with variables), `else`, `else if`, `end`, comments,
texts, whole numbers, and `{{-` with `-}}`. Functions, pipelines and named templates are refused.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trueup.adapters.policy.embedded.extensions.spelling import number
from trueup.core.frozen import dataclass

_ACTION = re.compile(
    r"\{\{(?P<left>-(?=\s))?\s*(?P<body>(?:/\*.*?\*/|\"[^\"]*\"|`[^`]*`|.)*?)\s*(?P<right>(?<=\s)-)?\}\}", re.DOTALL
)
_REFERENCE = re.compile(r"(?P<start>\$\w*)?(?:(?P<fields>(?:\.\w+)+)|(?P<dot>\.))?")
_LITERAL = re.compile(r'"(?P<text>[^"\\]*)"|`(?P<raw>[^`]*)`|(?P<number>-?[0-9]+)')
_RANGE = re.compile(r"range\s+(?:(?P<names>\$\w+(?:\s*,\s*\$\w+)?)\s*:=\s*)?(?P<of>\S+)")
_BLOCK = re.compile(r"(?P<word>if|with)\s+(?P<of>\S+)")
_NOTHING = "<undefined>"
"""What OPA writes for a value that is not there."""
_DOT = "."
_Scope = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Value:
    """A place for a value."""

    of: str


@dataclass(frozen=True, slots=True)
class _Block:
    """`if`, `with` or `range`: what it looks at, what it holds, and what stands in its place otherwise."""

    word: str
    of: str
    names: tuple[str, ...]
    body: tuple["_Part", ...]
    otherwise: tuple["_Part", ...]


_Part = str | _Value | _Block
_Tokens = Iterator[tuple[str, str]]


def render_template(template: object, values: object) -> str:
    """Write *values* into the places that *template* has for them."""
    if not isinstance(template, str) or not isinstance(values, Mapping):
        raise ValueError("takes a text and an object")  # noqa: TRY004 one kind of error for all that OPA refuses
    parts, stop = _parts(_tokens(template))
    if stop:
        raise ValueError(f"unexpected {{{{{stop}}}}}")
    return "".join(_write(parts, {_DOT: values, "$": values}))


def _tokens(template: str) -> _Tokens:
    last, trims = 0, False
    for found in _ACTION.finditer(template):
        text = template[last : found.start()]
        text = text.lstrip(" \t\r\n") if trims else text
        yield "text", text.rstrip(" \t\r\n") if found["left"] else text
        last, trims = found.end(), bool(found["right"])
        if not found["body"].startswith("/*"):
            yield "action", found["body"]
    rest = template[last:]
    if "{{" in rest:
        raise ValueError("unclosed action")
    yield "text", rest.lstrip(" \t\r\n") if trims else rest


def _parts(tokens: _Tokens) -> tuple[tuple[_Part, ...], str]:
    """Read up to the `end` or `else` that closes this part, and return it, too."""
    found: list[_Part] = []
    for kind, body in tokens:
        if kind == "text":
            found.append(body)
        elif body == "end" or body.partition(" ")[0] == "else":
            return tuple(found), body
        elif body.partition(" ")[0] in ("if", "with", "range"):
            found.append(_block(body, tokens))
        else:
            found.append(_Value(_known(body)))
    return tuple(found), ""


def _block(head: str, tokens: _Tokens) -> _Block:
    opened = _BLOCK.fullmatch(head) or _RANGE.fullmatch(head)
    if opened is None:
        raise ValueError(f"`{{{{{head}}}}}` is not taken")
    said = opened.groupdict()
    body, stop = _parts(tokens)
    otherwise: tuple[_Part, ...] = ()
    if stop == "else":
        otherwise, stop = _parts(tokens)
    elif stop.startswith("else "):
        # The same `end` closes both.
        otherwise, stop = (_block(stop.removeprefix("else").strip(), tokens),), "end"
    if stop != "end":
        raise ValueError(f"unexpected {{{{{stop}}}}}" if stop else "unexpected EOF: an {{end}} is missing")
    names = tuple(re.split(r"\s*,\s*", said["names"])) if said.get("names") else ()
    return _Block(said.get("word") or "range", _known(said["of"]), names, body, otherwise)


def _known(reference: str) -> str:
    if not reference or not (_REFERENCE.fullmatch(reference) or _LITERAL.fullmatch(reference)):
        raise ValueError(f"`{{{{{reference}}}}}` is not taken: it places no value")
    return reference


def _write(parts: tuple[_Part, ...], scope: _Scope) -> Iterator[str]:
    for part in parts:
        match part:
            case str():
                yield part
            case _Value():
                value = _look_up(part.of, scope)
                yield _NOTHING if value is None else _spell(value)
            case _Block(word="range"):
                yield from _repeat(part, scope)
            case _Block():
                value = _look_up(part.of, scope)
                if _holds(value):
                    yield from _write(part.body, {**scope, _DOT: value} if part.word == "with" else scope)
                else:
                    yield from _write(part.otherwise, scope)


def _repeat(block: _Block, scope: _Scope) -> Iterator[str]:
    value = _look_up(block.of, scope)
    match value:
        case list():
            items: list[tuple[Any, Any]] = list(enumerate(value))
        case Mapping():
            items = sorted(value.items())
        case None:
            items = []
        case _:
            raise ValueError(f"range can't iterate over {_spell(value)}")
    if not items:
        yield from _write(block.otherwise, scope)
    for key, item in items:
        given = dict(zip(block.names, (key, item) if len(block.names) == 2 else (item,), strict=False))
        yield from _write(block.body, {**scope, _DOT: item, **given})


def _look_up(reference: str, scope: _Scope) -> Any:
    literal = _LITERAL.fullmatch(reference)
    if literal is not None:
        texts = (literal["text"], literal["raw"])
        return next((text for text in texts if text is not None), None) or int(literal["number"] or 0)
    found = _REFERENCE.fullmatch(reference)
    start = (found and found["start"]) or _DOT
    if start not in scope:
        raise ValueError(f"undefined variable {start!r}")
    value = scope[start]
    for name in ((found and found["fields"]) or "").split(".")[1:]:
        if not isinstance(value, Mapping):
            raise ValueError(f"can't evaluate field {name} of {_spell(value)}")  # noqa: TRY004
        value = value.get(name)
    return value


def _holds(value: Any) -> bool:
    """Tell whether a value counts as true; every number does, because it travels as its text."""
    return bool(value) or (isinstance(value, int | float) and not isinstance(value, bool))


def _spell(value: Any) -> str:
    """Return a value as Go prints it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number(value)
        case str():
            return value
        case list():
            return f"[{' '.join(map(_spell, value))}]"
        case Mapping():
            return f"map[{' '.join(f'{key}:{_spell(item)}' for key, item in sorted(value.items()))}]"
        case _:
            raise ValueError("a set is no value for a template")


FUNCTIONS: dict[str, Callable[..., Any]] = {"strings.render_template": render_template}
