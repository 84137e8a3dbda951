"""Checks for constructs on which Rego engines decide differently, though each of them is valid Rego."""

import re
from collections.abc import Iterator

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.syntax import Module, Node, statements, static_parts
from trueup.core.diagnostics import Diagnostic

_CLASS = re.compile(r"(?<!\\)(?:\\\\)*(\\[dDwWsSbB])")


def check_parity(names: Names) -> Iterator[Diagnostic]:
    """Yield constructs that differ, in the order of the modules."""
    for module in names.modules:
        yield from _regex_classes(module)
        yield from _with_on_some(module)
        if not module.aligned_not:
            yield from _negated_calls(module)


def _negated_calls(module: Module) -> Iterator[Diagnostic]:
    for kind, node, negated in module.expressions:
        if not negated or kind not in ("Call", "Membership"):
            continue
        arguments = node["params"] if kind == "Call" else [node["key"], node["value"], node["collection"]]
        missing = next((field for argument in arguments if (field := _field(module, argument))), None)
        if missing is not None:
            detail = f"`{missing}` may be missing, and it is an argument of what is negated."
            yield Diagnostic(codes.NEGATED_CALL, detail, module.at(node))


def _field(module: Module, argument: Node | None) -> str | None:
    """Return the reference that *argument* is, when it goes into a value: `r.x`, `input.y[z]`."""
    if argument is None:
        return None
    ((kind, body),) = argument.items()
    if kind not in ("RefDot", "RefBrack"):
        return None
    parts, complete = static_parts({kind: body})
    if parts[:1] == ("data",) or (parts and module.imports.get(parts[0], ("",))[0] == "data"):
        return None  # a rule or a data file; whether it exists is known when the bundle is loaded
    return ".".join(parts) + ("" if complete else "[...]")


def _regex_classes(module: Module) -> Iterator[Diagnostic]:
    """A pattern may be named by a rule of its own, so every text of a module that calls `regex` is looked at."""
    nodes = list(module.expressions)
    if not any(kind == "Call" and static_parts(node["fcn"])[0][:1] == ("regex",) for kind, node, _ in nodes):
        return
    for kind, node, _ in nodes:
        if kind in ("String", "RawString"):
            match = _CLASS.search(node["value"])
            if match is not None:
                yield Diagnostic(codes.REGEX_CLASS, f"The pattern has `{match[1]}`.", module.at(node))


def _with_on_some(module: Module) -> Iterator[Diagnostic]:
    for statement in statements([rule.node for rule in module.rules]):
        if "SomeIn" in statement["literal"] and statement.get("with_mods"):
            detail = "`some ... in ...` has a `with`."
            yield Diagnostic(codes.WITH_ON_SOME, detail, module.at(statement))
