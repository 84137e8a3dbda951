"""Rule heads whose value may be absent, computed as the last statement of the body instead.

Where the value of a head is absent for one turn of the body, OPA goes on with the next turn. This engine ends with an
error, and when it is the last turn, drops in silence what all turns before gave: `deny contains r.name if some r in
input.rs` says nothing at all if the last one has no name. As a statement, the value has neither fault.
"""

import json
import re
from collections.abc import Iterator

from trueup.adapters.policy.embedded.definedness import Definedness
from trueup.adapters.policy.embedded.syntax import Module, Node, Rule
from trueup.core.frozen import dataclass

_NAME = "head__{}"
_CONTAINS = re.compile(rb"\s*contains\s+")
_OPERATOR = re.compile(rb":?=\s*")
# Texts, raw texts, comments, and line ends with what is around them.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|#[^\n]*|\s*\n\s*')

Edits = dict[int, tuple[int, str]]
"""By where they start, in bytes: where each ends, and the text instead."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a head: its value, where it stands in bytes, and the body it belongs to, None without one."""

    value: Node
    start: int
    end: int
    body: Node | None


def hoist(module: Module, definedness: Definedness, edits: Edits) -> Edits:
    """Return *edits* with those that move parts of heads into bodies; what they move is edited, too."""
    found = dict(edits)
    for rule in module.rules:
        named = [
            (_NAME.format(number), part)
            for number, part in enumerate(_parts(module, rule))
            if not definedness.has_always(rule, part.value)
        ]
        bodies = {id(part.body): part.body for _, part in named}
        for key, body in bodies.items():
            parts = [(name, part) for name, part in named if id(part.body) == key]
            statements = "; ".join(f"{name} := {_moved(module, part, found)}" for name, part in parts)
            for name, part in parts:
                _replace(module, part, name, found)
            _append(module, rule, body, statements, found)
    return found


def _parts(module: Module, rule: Rule) -> Iterator[_Part]:
    """Yield the values of a definition that stand outside of its bodies."""
    if rule.kind == "Default":
        return
    ((kind, head),) = rule.node["head"].items()
    bodies = rule.node["bodies"]
    if not bodies and (kind == "Func" or (kind == "Compr" and rule.plain)):
        return  # nothing has turns, and no value is no value
    first = bodies[0] if bodies else None
    if kind == "Set":
        start = _CONTAINS.match(module.text, _outer(head["refr"])["end"])
        if start is not None:
            yield _Part(head["key"], start.end(), head["span"]["end"], first)
    if kind != "Func":
        for index in _indices(head["refr"]):
            ((_, node),) = index.items()
            yield _Part(index, node["span"]["start"], node["span"]["end"], first)
    if head.get("assign"):
        yield _assigned(module, head["assign"], first)
    for body in bodies[1:]:
        if body["assign"] and body["query"]["stmts"]:
            yield _assigned(module, body["assign"], body)


def _assigned(module: Module, assign: Node, body: Node | None) -> _Part:
    # A value has a span of its own, but that of an object begins at its last key.
    start = _OPERATOR.match(module.text, assign["span"]["start"])
    begin = start.end() if start else assign["span"]["start"]
    return _Part(assign["value"], begin, assign["span"]["end"], body)


def _outer(reference: Node) -> Node:
    ((_, node),) = reference.items()
    span: Node = node["span"]
    return span


def _indices(reference: Node) -> Iterator[Node]:
    """Yield what stands in brackets in the name of a rule."""
    ((kind, node),) = reference.items()
    while kind != "Var":
        if kind == "RefBrack":
            yield node["index"]
        ((kind, node),) = node["refr"].items()


def _moved(module: Module, part: _Part, edits: Edits) -> str:
    """Return the source of *part* as edited, on one line."""
    pieces, last = [], part.start
    for place in sorted(p for p in edits if part.start <= p < part.end):
        stop, text = edits[place]
        pieces += [module.text[last:place].decode(), text]
        last = stop
    return _on_one_line("".join([*pieces, module.text[last : part.end].decode()]))


def _on_one_line(source: str) -> str:
    def flat(token: re.Match[str]) -> str:
        text = token[0]
        if text.startswith('"'):
            return text
        if text.startswith("`"):
            return text if "\n" not in text else json.dumps(text[1:-1])
        return "" if text.startswith("#") else " "

    return _TOKEN.sub(flat, source)


def _replace(module: Module, part: _Part, name: str, edits: Edits) -> None:
    """Put *name* in the place of *part*, as long and with as many lines where it fits."""
    for place in [p for p in edits if part.start <= p < part.end]:
        del edits[place]
    old = module.text[part.start : part.end].decode()
    lines = old.count("\n")
    edits[part.start] = (part.end, name + " " * (len(old) - len(name) - lines) + "\n" * lines)


def _append(module: Module, rule: Rule, body: Node | None, statements: str, edits: Edits) -> None:
    """Add *statements* to the end of a body, in braces if it has none."""
    if body is None:
        end = next(iter(rule.node["head"].values()))["span"]["end"]
        edits[end] = (end, f" if {{ {statements} }}")
        return
    start, end = body["query"]["span"]["start"], body["query"]["span"]["end"]
    if body["query"]["stmts"][0]["span"]["start"] > start:  # a brace stands before
        separator = "" if _ends_a_line(module, end - 1) else "; "
        edits[end - 1] = (end - 1, separator + statements)
        return
    stop, text = edits.get(start, (start, ""))
    edits[start] = (stop, "{ " + text)
    edits[end] = (end, f"; {statements} }}")


def _ends_a_line(module: Module, place: int) -> bool:
    """Tell whether only blanks stand between a line's beginning and *place*: a line end separates statements, too."""
    return not module.text[module.text.rfind(b"\n", 0, place) + 1 : place].strip()
