"""Checks for constructs on which Rego engines decide differently, though each of them is valid Rego."""

import re
from collections.abc import Iterator
from decimal import Decimal

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.definedness import Definedness
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.syntax import Module, Node, is_reference, statements, static_parts
from trueup.core.diagnostics import Diagnostic

_CLASS = re.compile(r"(?<!\\)(?:\\\\)*(\\[dDwWsSbB])")
_BRACKETS = re.compile(r"\[(?:\\.|[^\]])*\]|\\[pPx]\{[^}]*\}|\\.")
_BRACE = re.compile(r"\{(?![0-9]+(?:,[0-9]*)?\})")
_PATTERN_AT = {"replace": 1}
"""Which argument of a `regex` function is the pattern; the first, where nothing is said."""
_TEXTS = """
    concat format_int json.marshal lower replace sprintf strings.replace_n strings.reverse substring
    trim trim_left trim_prefix trim_right trim_space trim_suffix upper
"""
_TEXT_FUNCTIONS = frozenset(_TEXTS.split())
_SINGLE = frozenset({"String", "RawString", "Number", "Bool", "True", "False", "Null"})
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
"""Whole numbers that all engines have exactly."""


def check_parity(names: Names) -> Iterator[Diagnostic]:
    """Yield constructs that differ, in the order of the modules."""
    definedness = Definedness(names)
    for module in names.modules:
        yield from _regexes(module)
        yield from _iterations(module)
        yield from _numbers(module)
        yield from _calls(names, module)
        yield from _whole_sets(names, module)
        if not module.aligned_not:
            yield from _negations(definedness, module)


def _negations(definedness: Definedness, module: Module) -> Iterator[Diagnostic]:
    for rule in module.rules:
        for kind, node, _ in rule.expressions:
            missing = definedness.missing(rule, node["expr"]) if kind == "NotExpr" else None
            if missing is not None:
                ((_, argument),) = missing.items()
                source = module.word(argument["span"])
                detail = f"`{source}` may have no value, and it is an argument of what is negated."
                ((_, negated),) = node["expr"].items()
                yield Diagnostic(codes.NEGATED_CALL, detail, module.at(negated))


def _regexes(module: Module) -> Iterator[Diagnostic]:
    """A pattern may be named by a rule of its own, so every text of a module that calls `regex` is looked at."""
    nodes = list(module.expressions)
    calls = [(node, parts) for kind, node, _ in nodes if kind == "Call" for parts in [static_parts(node["fcn"])[0]]]
    regexes = [(node["params"], _PATTERN_AT.get(parts[-1], 0)) for node, parts in calls if parts[:1] == ("regex",)]
    if not regexes:
        return
    for kind, node, _ in nodes:
        match = _CLASS.search(node["value"]) if kind in ("String", "RawString") else None
        if match is not None:
            yield Diagnostic(codes.REGEX_CLASS, f"The pattern has `{match[1]}`.", module.at(node))
    for pattern in (parameters[place] for parameters, place in regexes if len(parameters) > place):
        ((kind, node),) = pattern.items()
        if kind in ("String", "RawString") and _BRACE.search(_BRACKETS.sub("", node["value"])):
            yield Diagnostic(codes.REGEX_CLASS, "The pattern has a `{` that begins no repetition.", module.at(node))


def _iterations(module: Module) -> Iterator[Diagnostic]:
    for statement in statements([rule.node for rule in module.rules]):
        if "SomeIn" in statement["literal"] and statement.get("with_mods"):
            yield Diagnostic(codes.WITH_ON_SOME, "`some ... in ...` has a `with`.", module.at(statement))
    for kind, node, _ in module.expressions:
        if kind == "SomeIn" and node["collection"].keys() <= _SINGLE:
            ((_, single),) = node["collection"].items()
            yield Diagnostic(codes.ITERATION, f"`{module.word(single['span'])}` has no members.", module.at(single))


def _whole_sets(names: Names, module: Module) -> Iterator[Diagnostic]:
    """Yield references to all sets of `p[key] contains ...` at once; iterating over them is the same everywhere."""
    iterated = {id(n) for kind, node, _ in module.expressions if kind == "SomeIn" for n in node["collection"].values()}
    for kind, node, _ in module.expressions:
        parts, complete = static_parts({kind: node}) if is_reference(kind) else ((), False)
        path = names.resolve(module, parts) if complete and id(node) not in iterated else None
        if path in names.rules and any(rule.kind == "Set" and not rule.plain for rule in names.rules[path]):
            yield Diagnostic(codes.WHOLE_SETS, f"`{'.'.join(parts)}` has sets by key.", module.at(node))


def _numbers(module: Module) -> Iterator[Diagnostic]:
    for kind, node, _ in module.expressions:
        if kind == "Number" and not _SMALLEST <= node["value"] <= _LARGEST:
            detail = f"`{module.word(node['span'])}` does not fit into 64 bits."
            yield Diagnostic(codes.NUMBERS, detail, module.at(node))
        if kind != "ArithExpr":
            continue
        for side in (node["lhs"], node["rhs"]):
            number = side.get("Number")
            if number is not None and not _is_exact(module.word(number["span"])):
                detail = f"`{module.word(number['span'])}` is no fraction of powers of two, and is computed with."
                yield Diagnostic(codes.NUMBERS, detail, module.at(number))


def _is_exact(spelled: str) -> bool:
    """Tell whether a binary fraction is the very number."""
    return Decimal(spelled) == Decimal(float(spelled))


def _calls(names: Names, module: Module) -> Iterator[Diagnostic]:
    taken = {id(node) for node in _first_of_two(module)}
    for kind, node, _ in module.expressions:
        if kind != "Call":
            continue
        parts = static_parts(node["fcn"])[0]
        name = "" if names.resolve(module, parts) is not None else ".".join(parts)
        if name == "count" and any(_is_text(names, module, argument) for argument in node["params"]):
            yield Diagnostic(codes.TEXT_LENGTH, "`count` is given a text.", module.at(node))
        elif name == "json.match_schema" and id(node) not in taken:
            yield Diagnostic(codes.SCHEMA_ERRORS, "More than the first part is taken.", module.at(node))
        elif name == "json.patch" and not module.is_test:
            yield Diagnostic(codes.PATCH, "A rule calls `json.patch`.", module.at(node))


def _is_text(names: Names, module: Module, argument: Node) -> bool:
    ((kind, node),) = argument.items()
    if kind != "Call":
        return kind in ("String", "RawString")
    parts = static_parts(node["fcn"])[0]
    return ".".join(parts) in _TEXT_FUNCTIONS and names.resolve(module, parts) is None


def _first_of_two(module: Module) -> Iterator[Node]:
    """Yield the calls of which only the first part of the result is taken: `[x, _] := f()`, `f()[0]`."""
    for kind, node, _ in module.expressions:
        if kind == "AssignExpr" and "Call" in node["rhs"] and "Array" in node["lhs"]:
            items = node["lhs"]["Array"]["items"]
            if len(items) == 2 and items[1].get("Var", {}).get("value") == "_":
                yield node["rhs"]["Call"]
        elif kind == "RefBrack" and "Call" in node["refr"] and node["index"].get("Number", {}).get("value") == 0:
            yield node["refr"]["Call"]
