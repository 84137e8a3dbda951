"""Checks of calls: an engine notices a wrong one only when evaluation reaches it, which may be never."""

import re
from collections.abc import Iterator

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.builtins import BUILTINS, NOT_TAKEN, REFUSED
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.syntax import Module, Node, static_parts
from trueup.core.diagnostics import Diagnostic
from trueup.core.suggestions import did_you_mean

# Verbs of Go's formatting that say something of a number or a text; `%t` of a boolean is a mistake there.
_VERB = re.compile(r"%(?:%|[-+ 0]*[0-9]{0,3}(?:\.[0-9]{1,2})?[vsdxXeEfFgGboOc]|[-0]*[0-9]{0,3}(?:\.[0-9]{1,2})?q)")
_ANY_VERB = re.compile(r"%(?:%|[-+# 0-9.*\[\]]*.?)", re.DOTALL)


def builtins_called(names: Names) -> set[str]:
    """Return the names of the builtins that the bundle calls."""
    return {
        ".".join(parts)
        for module in names.modules
        for kind, node, _ in module.expressions
        if kind == "Call"
        for parts in [static_parts(node["fcn"])[0]]
        if names.resolve(module, parts) is None
    }


def check_calls(names: Names) -> Iterator[Diagnostic]:
    """Yield calls of unknown and refused functions, and calls with the wrong number of arguments."""
    for module in names.modules:
        for kind, node, _ in module.expressions:
            if kind == "Call":
                problem = _check_call(names, module, node)
                if problem is not None:
                    yield problem
                elif static_parts(node["fcn"])[0] == ("sprintf",):
                    yield from _check_format(module, node)


def _check_call(names: Names, module: Module, node: Node) -> Diagnostic | None:
    parts, complete = static_parts(node["fcn"])
    name = ".".join(parts)
    if not complete:
        return Diagnostic(codes.UNKNOWN_FUNCTION, "The function's name is computed.", module.at(node))
    path = names.resolve(module, parts)
    if path is not None:
        arities = names.arities(path)
        if not arities:
            what = "a rule, not a function" if path in names.rules else "not in the bundle"
            return Diagnostic(codes.UNKNOWN_FUNCTION, f"`{name}` is {what}.", module.at(node))
        return _check_arity(module, node, name, arities)
    if name in REFUSED:
        return Diagnostic(codes.REFUSED_BUILTIN, f"`{name}` is called.", module.at(node))
    if name == "print":
        return None
    if name in NOT_TAKEN:
        detail = f"`{name}` is a builtin of OPA that is not taken here: {NOT_TAKEN[name]}."
        return Diagnostic(codes.UNKNOWN_FUNCTION, detail, module.at(node), codes.NOT_TAKEN_HINT)
    if name not in BUILTINS:
        hint = did_you_mean(name, BUILTINS)
        return Diagnostic(codes.UNKNOWN_FUNCTION, f"Nothing is called `{name}`.", module.at(node), hint)
    return _check_arity(module, node, name, set(BUILTINS[name]))


def _check_arity(module: Module, node: Node, name: str, arities: set[int]) -> Diagnostic | None:
    given = len(node["params"])
    if given in arities:
        return None
    takes = " or ".join(str(n) for n in sorted(arities))
    detail = f"`{name}` takes {takes} argument(s), and {given} are given."
    return Diagnostic(codes.ARITY, detail, module.at(node))


def _check_format(module: Module, node: Node) -> Iterator[Diagnostic]:
    template, values = node["params"]
    ((kind, body),) = template.items()
    if kind not in ("String", "RawString"):
        return
    verbs = [v for v in _ANY_VERB.findall(body["value"]) if v != "%%"]
    for verb in verbs:
        if not _VERB.fullmatch(verb):
            yield Diagnostic(codes.SPRINTF, f"`{verb}` is not a verb that all engines take.", module.at(body))
    if "Array" in values and len(values["Array"]["items"]) != len(verbs):
        count = len(values["Array"]["items"])
        detail = f"The text has {len(verbs)} verb(s), and {count} value(s) are given."
        yield Diagnostic(codes.SPRINTF, detail, module.at(node))
