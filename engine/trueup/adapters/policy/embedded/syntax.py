"""The parser's tree as modules and rules, and the walk over it that every check uses.

The tree is JSON without a published description, so this is the only module that knows its shape: an
expression is an object with one capitalised key (`Call`, `RefDot`, `NotExpr`, ...), everything else is plain.
"""

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from trueup.core.diagnostics import Span
from trueup.core.frozen import dataclass

Node = dict[str, Any]
Parts = tuple[str, ...]
"""A reference as far as it is static: `data.a["b-c"][x]` is ("data", "a", "b-c")."""

Expression = tuple[str, Node, bool]
"""Kind, body, and whether it is inside a negation."""

_REFS = frozenset({"Var", "RefDot", "RefBrack"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One definition of a rule; a rule may have several.

    Attributes:
        path: Full path, from `data` on, as far as it is static.
        kind: `Default`, `Set`, `Compr` (complete, or an object's key) or `Func`.
        arity: Number of arguments of a function.
        plain: The head is a single name.
        assigned: The head gives a value.
        bodies: Number of bodies.
        node: The definition in the tree.
        span: Where it starts.
        expressions: Every expression of the definition as (kind, body, inside a negation): the walk over it,
            done once for all checks.
    """

    path: Parts
    kind: str
    arity: int
    plain: bool
    assigned: bool
    bodies: int
    node: Node = field(repr=False)
    span: Span
    expressions: tuple["Expression", ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Module:
    """One policy file.

    Attributes:
        path: Its file.
        package: Package path, from `data` on.
        imports: Alias to the path it stands for.
        rules: Its rules, in file order.
        aligned_not: `import future.keywords.not` makes negation mean one thing on all engines.
        text: Its bytes.
        package_start: Where the package's path begins, in bytes.
        imported: Its imports in the tree.
    """

    path: str
    package: Parts
    imports: dict[str, Parts]
    rules: tuple[Rule, ...]
    aligned_not: bool
    text: bytes = field(repr=False)
    package_start: int = 0
    imported: tuple[Node, ...] = field(default=(), repr=False)

    @property
    def roots(self) -> Iterator[Node]:
        """Its imports and rules in the tree."""
        yield from self.imported
        yield from (rule.node for rule in self.rules)

    @property
    def expressions(self) -> Iterator[Expression]:
        """Every expression of every rule."""
        return (e for rule in self.rules for e in rule.expressions)

    @property
    def is_test(self) -> bool:
        """Whether it holds tests, which are never loaded for a decision."""
        return self.path.endswith("_test.rego")

    def at(self, node: Node) -> Span:
        """Return where an expression starts.

        The tree's own line and column are those of an operator, a dot or a bracket; its byte offset is the start.
        """
        before = self.text[: node["span"]["start"]].decode()
        return Span(self.path, before.count("\n") + 1, len(before) - before.rfind("\n"))

    def word(self, span: Node) -> str:
        """Return the source text of a span that the tree gives without its name."""
        return self.text[span["start"] : span["end"]].decode()


def read_module(policy: Node) -> Module:
    """Turn one element of the engine's syntax tree into a module."""
    source, tree = policy["source"], policy["ast"]
    path, text = source["file"], source["contents"].encode()
    package = ("data", *static_parts(tree["package"]["refr"])[0])
    imports: dict[str, Parts] = {}
    aligned = False
    for item in tree["imports"]:
        target, _ = static_parts(item["refr"])
        if target[:2] == ("future", "keywords"):
            aligned = aligned or target[2:] == ("not",)
        elif target[0] in ("data", "input"):
            alias = item.get("as")
            name = text[alias["start"] : alias["end"]].decode() if alias else target[-1]
            imports[name] = target
    rules = tuple(_read_rule(path, package, rule) for rule in tree["rules"])
    ((_, named),) = tree["package"]["refr"].items()
    return Module(path, package, imports, rules, aligned, text, named["span"]["start"], tuple(tree["imports"]))


def _read_rule(path: str, package: Parts, rule: Node) -> Rule:
    if "Default" in rule:
        node = rule["Default"]
        kind, head, arity, assigned = "Default", node["refr"], len(node["args"]), True
        bodies = 0
    else:
        node = rule["Spec"]
        ((kind, body),) = node["head"].items()
        head, arity, assigned = body["refr"], len(body.get("args", ())), body.get("assign") is not None
        bodies = len(node["bodies"])
    parts, complete = static_parts(head)
    span = Span(path, node["span"]["line"], node["span"]["col"])
    return Rule(
        path=(*package, *parts),
        kind=kind,
        arity=arity,
        plain=complete and len(parts) == 1,
        assigned=assigned,
        bodies=bodies,
        node=node,
        span=span,
        expressions=tuple(walk(node)),
    )


def static_parts(ref: Node) -> tuple[Parts, bool]:
    """Return the static prefix of a reference and whether that is all of it."""
    steps: list[str | None] = []
    node = ref
    while True:
        ((kind, body),) = node.items()
        match kind:
            case "Var":
                steps.append(body["value"])
                break
            case "RefDot":
                steps.append(body["field"][1])
                node = body["refr"]
            case "RefBrack":
                steps.append(_literal(body["index"]))
                node = body["refr"]
            case _:
                return (), False
    steps.reverse()
    static: list[str] = []
    for step in steps:
        if step is None:
            return tuple(static), False
        static.append(step)
    return tuple(static), True


def _literal(node: Node) -> str | None:
    ((kind, body),) = node.items()
    return body["value"] if kind in ("String", "RawString") else None


def walk(root: object, *, negated: bool = False) -> Iterator[Expression]:
    """Yield every expression below *root* as (kind, body, inside a negation), outermost first.

    A reference is yielded whole; of its inside only the expressions in brackets follow. What a call calls is
    not yielded as a reference.
    """
    stack: list[tuple[object, bool]] = [(root, negated)]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, list):
            stack.extend((item, inside) for item in reversed(node))
        elif isinstance(node, dict):
            for key, value in reversed(list(node.items())):
                if not key[:1].isupper() or not isinstance(value, dict):
                    if key != "span" and isinstance(value, dict | list):
                        stack.append((value, inside))
                    continue
                yield key, value, inside
                stack.extend((child, inside or key == "NotExpr") for child in _children(key, value))


def statements(root: object) -> Iterator[Node]:
    """Yield every statement of a body below *root*: its `literal`, and `with_mods` if it has some."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "literal" in node:
                yield node
            stack.extend(parts_of(node))
        elif isinstance(node, list):
            stack.extend(node)


def parts_of(node: Node) -> list[object]:
    """Return what can hold expressions in *node*: half of a tree are places, which hold none."""
    return [v for k, v in node.items() if k != "span" and isinstance(v, dict | list)]


def _children(kind: str, body: Node) -> list[object]:
    if kind == "Var":
        return []
    if kind in _REFS:
        return _inside_reference(kind, body)
    if kind == "Call":
        return [body["params"]]
    return parts_of(body)


def _inside_reference(kind: str, body: Node) -> list[object]:
    found: list[object] = []
    while True:
        if kind == "RefBrack":
            found.append(body["index"])
        ((kind, inner),) = body["refr"].items()
        if kind not in _REFS:
            found.append(body["refr"])
            return found
        if kind == "Var":
            return found
        body = inner


def is_reference(kind: str) -> bool:
    """Tell whether an expression of *kind* is a reference."""
    return kind in _REFS
