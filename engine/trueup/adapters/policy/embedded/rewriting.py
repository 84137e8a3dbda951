"""What the engine is given in place of a policy's own text, so that it computes what OPA computes.

Every change has the length of what it replaces: lines and columns of errors, coverage and traces stay the file's.

- `some x in xs` over a reference becomes `x := xs[_]`: over null, a number or a text there is nothing to iterate,
  where this engine's `some` ends with an error.
- `rego.metadata.rule()` and `chain()` become a look-up of the value they stand for.
"""

from typing import Any

from trueup.adapters.policy.embedded.annotations import CALLS, Annotations, asks_for_annotations
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.syntax import Module, Node, Rule, is_reference, static_parts

METADATA = "rego_metadata"
"""Looks a METADATA value up by its number."""


class Rewriter:
    """Rewrites the modules of one bundle; `annotations` are what the look-ups by number give."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._source = Annotations(names.modules) if asks_for_annotations(names.modules) else None
        self.annotations: list[Any] = []

    def rewrite(self, module: Module) -> str:
        """Return the text that the engine is given for *module*."""
        text = bytearray(module.text)
        iterations: list[Node] = []
        for rule in module.rules:
            for kind, node, _ in rule.expressions:
                if kind == "Call":
                    self._call(text, module, rule, node)
                elif kind == "SomeIn" and self._can_move(module, rule, node):
                    iterations.append(node)
        # From the inside out: an outer one takes what it iterates over as the inner ones have left it.
        for node in sorted(iterations, key=lambda n: int(n["span"]["start"]), reverse=True):
            _iterate(text, node)
        return text.decode()

    def _call(self, text: bytearray, module: Module, rule: Rule, node: Node) -> None:
        parts = static_parts(node["fcn"])[0]
        start, end = node["span"]["start"], node["span"]["end"]
        if parts in CALLS and self._source is not None:
            self.annotations.append(self._source.value(module, rule, parts))
            call = f"{METADATA}({len(self.annotations) - 1}"
            text[start:end] = _padded(text[start : end - 1], call.encode()) + b")"

    def _can_move(self, module: Module, rule: Rule, node: Node) -> bool:
        ((kind, _),) = node["collection"].items()
        if not (is_reference(kind) or kind == "Call") or not _names_only(node["value"]):
            return False
        return node["key"] is None or self._is_free(module, rule, node)

    def _is_free(self, module: Module, rule: Rule, node: Node) -> bool:
        """Tell whether the key of an iteration is named nowhere else around it, so that it need not be declared."""
        name = _key(node)
        if name == "_":
            return True
        if not name or name in module.imports or self._names.resolve(module, (name,)) is not None:
            return False
        scope = _scope(rule, node)
        others = [_range(n) for kind, n, _ in rule.expressions if kind == "Var" and n["value"] == name]
        keys = [n for kind, n, _ in rule.expressions if kind == "SomeIn" and _key(n) == name]
        return sum(_is_within(_range(n), scope) for n in keys) == 1 and all(_is_apart(rule, scope, n) for n in others)


Range = tuple[int, int]
"""Start and end, in bytes."""


def _range(node: Node) -> Range:
    return node["span"]["start"], node["span"]["end"]


def _is_within(inner: Range, outer: Range) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _key(node: Node) -> str:
    return "" if node["key"] is None else node["key"].get("Var", {}).get("value", "")


def _bodies(rule: Rule) -> list[Range]:
    return [_range(body) for body in rule.node.get("bodies", ())]


def _comprehensions(rule: Rule) -> list[Range]:
    return [_range(node) for kind, node, _ in rule.expressions if kind.endswith("Compr") and "query" in node]


def _scope(rule: Rule, node: Node) -> Range:
    """Return the innermost comprehension or body around an iteration."""
    around = [r for r in (*_comprehensions(rule), *_bodies(rule)) if _is_within(_range(node), r)]
    return min(around, key=lambda r: r[1] - r[0], default=_range(rule.node))


def _is_apart(rule: Rule, scope: Range, use: Range) -> bool:
    """Tell whether a variable at *use* is that of *scope*, or cannot be seen from it."""
    if _is_within(use, scope):
        return True
    if any(_is_within(use, c) and not _is_within(scope, c) for c in _comprehensions(rule)):
        return True
    bodies = _bodies(rule)
    if scope not in bodies:
        return False
    # What is in the head is the body's, besides arguments; other bodies have variables of their own.
    arguments = next(iter(rule.node["head"].values())).get("args", ())
    return not any(_is_within(use, _range(body)) for argument in arguments for body in argument.values())


def _iterate(text: bytearray, node: Node) -> None:
    """Write `value := collection[key]` over `some key, value in collection`."""
    ((_, value),) = node["value"].items()
    ((_, collection),) = node["collection"].items()
    start, end = node["span"]["start"], collection["span"]["end"]
    key = b"_" if node["key"] is None else node["key"]["Var"]["value"].encode()
    moved = _slice(text, value) + b" := " + _slice(text, collection) + b"[" + key + b"]"
    text[start:end] = _padded(text[start:end], bytes(moved))


def _slice(text: bytearray, body: Node) -> bytearray:
    return text[body["span"]["start"] : body["span"]["end"]]


def _padded(old: bytearray, new: bytes) -> bytes:
    """Fill *new* up to the length of *old*; line ends of *old* stay line ends."""
    lines = old.count(b"\n") - new.count(b"\n")
    return new + b" " * (len(old) - len(new) - lines) + b"\n" * lines


def _names_only(pattern: Node) -> bool:
    ((kind, body),) = pattern.items()
    return kind == "Var" or (kind == "Array" and bool(body["items"]) and all(map(_names_only, body["items"])))
