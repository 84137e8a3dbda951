"""Checks of how rules stand to one another: cycles, chains, defaults, names, and data over rules."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.syntax import Module, Parts, Rule
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.json import Json
from trueup.policy.results import LIBRARY

ENTRY = re.compile(r"^(?:deny|violation|warn)(?:_\w+)?$")
"""Names of rules that are asked for results."""

MAX_CHAIN = 256
"""Rules in a chain; evaluation follows it on the stack, which held 500 and broke at 3,000."""
ASKING: Parts = ("data", "trueup", "asked")
"""The package of the rule by which all others are asked."""
_ROOT = 2
"""Parts that name a library: `data.trueup`."""
_MAX_CYCLES = 20
"""Cycles reported in one run."""


def check_structure(names: Names) -> Iterator[Diagnostic]:
    """Yield recursion, chains, duplicate defaults, rules that clash with packages, and entries of a wrong shape."""
    yield from _cycles_and_chains(names)
    packages = {module.package for module in names.modules}
    for module in names.modules:
        for rule in module.rules:
            if rule.path in packages:
                detail = f"`{_dotted(rule.path)}` is also a package."
                yield Diagnostic(codes.PACKAGE_CONFLICT, detail, rule.span)
            if is_entry(module, rule) and not _can_be_asked(rule):
                yield Diagnostic(codes.RULE_SHAPE, f"`{_entry_name(module, rule)}` is not a set of results.", rule.span)
            if rule.kind == "Set" and rule.plain and rule.name == "exception" and not module.is_test:
                yield Diagnostic(codes.EXCEPTION_RULE, "`exception` lifts nothing.", rule.span)
    for path, rules in names.rules.items():
        yield from _duplicates(path, rules)


def is_entry(module: Module, rule: Rule) -> bool:
    """Tell whether *rule* is one that is asked for results."""
    return ENTRY.match(_entry_name(module, rule)) is not None


def _entry_name(module: Module, rule: Rule) -> str:
    below = rule.path[len(module.package) :]
    return below[0] if below else ""


def _can_be_asked(rule: Rule) -> bool:
    """A set always has a value; so has a complete rule without a body. Anything else may have none, silently."""
    return rule.plain and (rule.kind == "Set" or (rule.kind == "Compr" and rule.assigned and not rule.bodies))


def _duplicates(path: Parts, rules: list[Rule]) -> Iterator[Diagnostic]:
    defaults = [rule for rule in rules if rule.kind == "Default"]
    for rule in defaults[1:]:
        detail = f"`{_dotted(path)}` already has a default at {defaults[0].span}."
        yield Diagnostic(codes.DUPLICATE_DEFAULT, detail, rule.span)
    first = rules[0]
    for rule in rules[1:]:
        if rule.arity != first.arity:
            detail = f"`{_dotted(path)}` has {rule.arity} argument(s) here and {first.arity} at {first.span}."
            yield Diagnostic(codes.ARITY, detail, rule.span)


def _cycles_and_chains(names: Names) -> Iterator[Diagnostic]:
    graph: dict[Parts, set[Parts]] = {path: set() for path in names.rules}
    for module in names.modules:
        for rule in module.rules:
            graph[rule.path].update(names.dependencies(module, rule))
    for _ in range(_MAX_CYCLES):
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            # The cycle runs from a rule to one that reads it.
            cycle: list[Parts] = list(reversed(error.args[1]))
            steps = " -> ".join(_dotted(path) for path in cycle)
            yield Diagnostic(codes.RECURSION, f"{steps}.", names.rules[cycle[0]][0].span)
            graph[cycle[0]].discard(cycle[1])
            continue
        yield from _chains(names, graph, order)
        return


def _chains(names: Names, graph: dict[Parts, set[Parts]], order: list[Parts]) -> Iterator[Diagnostic]:
    depth: dict[Parts, int] = {}
    for path in order:
        depth[path] = 1 + max((depth[d] for d in graph[path]), default=0)
        if depth[path] == MAX_CHAIN + 1:
            detail = f"`{_dotted(path)}` stands on a chain of {MAX_CHAIN} rules."
            yield Diagnostic(codes.DEPENDENCY_DEPTH, detail, names.rules[path][0].span)


def check_shadowing(names: Names, mounted: list[tuple[str, Parts, Json]]) -> Iterator[Diagnostic]:
    """Yield data files (path, where they are mounted, value) that would replace rules.

    That includes the rule by which all others are asked: data in its place would answer for them.
    """
    packages = sorted({ASKING, *(module.package for module in names.modules)})
    for file, mount, value in mounted:
        for package in packages:
            if _covers(mount, value, package[1:]):
                detail = f"It has a value at `{_dotted(package)}`, where a policy package lives."
                yield Diagnostic(codes.SHADOWED, detail, Span(file))


def check_library(names: Names) -> Iterator[Diagnostic]:
    """Yield a repository's modules in packages of the library, when the library takes part.

    Rego joins files of one package: another `sufficient(...)` or `allowed` would silence a rule whose own file is
    untouched. A repository that brings the library's rules itself is free to.
    """
    library = {m.package[:_ROOT] for m in names.modules if m.path.startswith(f"{LIBRARY}/")}
    for module in names.modules:
        is_foreign = not module.is_test and not module.path.startswith(f"{LIBRARY}/")
        if module.package[: len(ASKING)] == ASKING or (is_foreign and module.package[:_ROOT] in library):
            detail = f"`{_dotted(module.package)}` belongs to the library."
            yield Diagnostic(codes.LIBRARY_PACKAGE, detail, Span(module.path, 1, 1))


def check_references(names: Names, mounted: list[tuple[str, Parts, Json]]) -> Iterator[Diagnostic]:
    """Yield references below `data` to what neither a rule nor a data file gives.

    They would be undefined for ever, and the rules that use them silent. Tests may set such data by `with`.
    """
    for module in names.modules:
        if module.is_test:
            continue
        for rule in module.rules:
            for target, node in names.references(module, rule):
                if not names.touched(target) and not any(_gives(m, v, target[1:]) for _, m, v in mounted):
                    detail = f"Neither a rule nor a data file gives `{_dotted(target)}`."
                    yield Diagnostic(codes.UNKNOWN_REFERENCE, detail, module.at(node))


def _gives(mount: Parts, value: Json, target: Parts) -> bool:
    shared = min(len(mount), len(target))
    if mount[:shared] != target[:shared]:
        return False
    node = value
    for part in target[len(mount) :]:
        if isinstance(node, list):
            return part.isdecimal()
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def _covers(mount: Parts, value: Json, package: Parts) -> bool:
    shared = min(len(mount), len(package))
    if mount[:shared] != package[:shared]:
        return False
    node = value
    for part in package[len(mount) :]:
        if not isinstance(node, dict):
            return True
        if part not in node:
            return False
        node = node[part]
    return True


def _dotted(path: Parts) -> str:
    return ".".join(path)
