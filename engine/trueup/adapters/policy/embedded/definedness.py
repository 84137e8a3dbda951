"""Whether an expression has a value whatever the document holds. Where it may have none, engines negate differently.

OPA computes the arguments of what is negated before it negates: without a value for one, the whole statement has none.
This engine negates the lot. They agree when no argument can be without a value.
"""

from collections.abc import Iterator

from trueup.adapters.policy.embedded.names import Names, local_names
from trueup.adapters.policy.embedded.syntax import Module, Node, Parts, Rule, is_reference, static_parts
from trueup.core.frozen import dataclass

_LITERALS = frozenset({"String", "RawString", "Number", "Bool", "True", "False", "Null"})
_COMPREHENSIONS = frozenset({"ArrayCompr", "SetCompr", "ObjectCompr"})
_NO_VALUE_OF_NOTHING = frozenset({"min", "max"})
"""Builtins without a value for an empty collection; others give a value or an error."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where an expression stands: its module, and the names that are variables there."""

    module: Module
    variables: frozenset[str]


class Definedness:
    """Answers for one bundle."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._modules = {rule.span: module for module in names.modules for rule in module.rules}
        self._total: dict[Parts, bool] = {}

    def missing(self, rule: Rule, negated: Node) -> Node | None:
        """Return an argument of the *negated* expression of *rule* that may have no value."""
        return next(self._missing(self._scope(rule), negated, is_argument=False), None)

    def has_always(self, rule: Rule, expression: Node) -> bool:
        """Tell whether *expression* of *rule* has a value for every document."""
        return next(self._missing(self._scope(rule), expression, is_argument=True), None) is None

    def _scope(self, rule: Rule) -> _Scope:
        module = self._modules[rule.span]
        return _Scope(module, frozenset(local_names(module, rule)))

    def _missing(self, scope: _Scope, expression: Node | None, *, is_argument: bool) -> Iterator[Node]:
        if expression is None:
            return
        ((kind, node),) = expression.items()
        if kind in _LITERALS or kind in _COMPREHENSIONS:
            return
        if is_reference(kind):
            yield from self._of_reference(scope, kind, node, is_argument=is_argument)
        elif kind == "Call":
            if is_argument and not self._has_value(scope, node):
                yield expression
            for argument in node["params"]:
                yield from self._missing(scope, argument, is_argument=True)
        elif kind == "BoolExpr" and node["op"] == "Eq" and not is_argument:
            yield from self._missing(scope, node["lhs"], is_argument=False)
            yield from self._missing(scope, node["rhs"], is_argument=False)
        else:
            for part in _parts(node):
                yield from self._missing(scope, part, is_argument=True)

    def _of_reference(self, scope: _Scope, kind: str, node: Node, *, is_argument: bool) -> Iterator[Node]:
        if is_argument and not self._is_defined(scope, kind, node):
            yield {kind: node}
        while kind != "Var":
            if kind == "RefBrack":
                yield from self._missing(scope, node["index"], is_argument=True)
            inner = node.get("refr")
            if inner is None:
                return
            ((kind, node),) = inner.items()
            if not is_reference(kind):
                yield from self._missing(scope, {kind: node}, is_argument=True)
                return

    def _is_defined(self, scope: _Scope, kind: str, node: Node) -> bool:
        parts, complete = static_parts({kind: node})
        path = None if parts[:1] and parts[0] in scope.variables else self._names.resolve(scope.module, parts)
        if kind == "Var":
            # A variable has a value when it is used; so has a rule that never is without one.
            return path is None or path not in self._names.rules or self.is_total(path)
        if path is None or not complete:
            return False
        # What no rule gives is a data file's, and `check_references` has found it there.
        return self.is_total(path) if path in self._names.rules else not self._names.touched(path)

    def _has_value(self, scope: _Scope, call: Node) -> bool:
        parts, _ = static_parts(call["fcn"])
        path = self._names.resolve(scope.module, parts)
        return parts not in {(name,) for name in _NO_VALUE_OF_NOTHING} if path is None else self.is_total(path)

    def is_total(self, path: Parts) -> bool:
        """Tell whether the rule or function at *path* has a value for every document and all arguments."""
        if path not in self._total:
            self._total[path] = False  # until shown otherwise; recursion is refused elsewhere
            self._total[path] = any(self._gives_always(rule) for rule in self._names.rules[path])
        return self._total[path]

    def _gives_always(self, rule: Rule) -> bool:
        if rule.kind == "Default":
            return True
        ((kind, head),) = rule.node["head"].items()
        if kind == "Set" or not rule.plain:
            # A set or an object has a value, if an empty one; sets by key have none here while there is no key.
            return bool(kind == "Set") if rule.plain else bool(kind == "Compr")
        if not all("Var" in argument for argument in head.get("args", ())):
            return False  # a pattern need not fit
        if rule.bodies:
            return self._ends_always(rule)
        assigned: Node | None = head.get("assign")
        return assigned is None or self.has_always(rule, assigned["value"])

    def _ends_always(self, rule: Rule) -> bool:
        """Tell whether the last `else` has no condition."""
        last = rule.node["bodies"][-1]
        if last["query"] is not None and last["query"]["stmts"]:
            return False
        return last["assign"] is None or self.has_always(rule, last["assign"]["value"])


def _parts(node: Node) -> Iterator[Node]:
    """Yield the expressions directly inside *node*."""
    for value in node.values():
        if isinstance(value, dict):
            if len(value) == 1 and next(iter(value))[:1].isupper():
                yield value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict) and len(item) == 1:
                    yield item
                elif isinstance(item, list):
                    yield from (x for x in item if isinstance(x, dict) and len(x) == 1)
