"""A bundle below a package of its own, for a server that may hold other bundles: `data.x` becomes `data.<prefix>.x`.

Only text is inserted, and never a line: an error of the server names the line of the file. Values of METADATA are
written out, because their paths would show the prefix.
"""

import json
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from trueup.adapters.policy.embedded.annotations import CALLS, Annotations, asks_for_annotations
from trueup.adapters.policy.embedded.names import Names, local_names
from trueup.adapters.policy.embedded.relocated import PRESENT, Moved
from trueup.adapters.policy.embedded.syntax import Module, Parts, Rule, is_reference, static_parts

Insertion = tuple[int, int, str]
"""Start and end of what is replaced, in bytes, and the text."""


def relocate(modules: Iterable[Module], prefix: str) -> list[Moved]:
    """Return the modules below *prefix*, without tests, each after those it needs."""
    names = Names([m for m in modules if not m.is_test])
    annotations = Annotations(names.modules) if asks_for_annotations(names.modules) else None
    order, stubs = _order(names)
    moved = []
    for number, module in enumerate(order):
        text = _move(module, prefix, annotations)
        text += f'\n{PRESENT} contains "{number}"\n'
        stub = _stub(module, prefix) if module.path in stubs else ""
        moved.append(Moved(module.path, text, module.package[1:], stub, module.aligned_not))
    return moved


def _move(module: Module, prefix: str, annotations: Annotations | None) -> str:
    edits: list[Insertion] = [(module.package_start, module.package_start, f"{prefix}.")]
    for node in module.roots:
        edits += [(end, end, f".{prefix}") for end in _data_ends(node)]
    if annotations is not None:
        for rule in module.rules:
            for kind, node, _ in rule.expressions:
                parts = static_parts(node["fcn"])[0] if kind == "Call" else ()
                if parts in CALLS:
                    value = json.dumps(annotations.value(module, rule, parts))
                    edits.append((node["span"]["start"], node["span"]["end"], value))
    out, last = [], 0
    for start, end, text in sorted(edits):
        out += [module.text[last:start].decode(), text]
        last = end
    return "".join([*out, module.text[last:].decode()])


def _data_ends(root: object) -> Iterator[int]:
    """Yield where each `data` that stands for all policies and data ends, functions that are called included."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            variable = node.get("Var")
            if isinstance(variable, dict) and variable.get("value") == "data":
                yield variable["span"]["end"]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _order(names: Names) -> tuple[list[Module], set[str]]:
    """Return the modules so that each follows those it needs, and the files that others need before they can come.

    A server compiles everything with each upload: a function must be there before it is called, and a rule of the
    same package before it is named without its path.
    """
    by_path = {module.path: module for module in names.modules}
    needs = {module.path: _needs(names, module) for module in names.modules}
    stubs: set[str] = set()
    while True:
        try:
            order = list(TopologicalSorter({p: sorted(n - stubs) for p, n in sorted(needs.items())}).static_order())
        except CycleError as error:
            stubs.add(error.args[1][0])
            continue
        return [by_path[path] for path in order], stubs


def _needs(names: Names, module: Module) -> set[str]:
    found: set[Parts] = set()
    for rule in module.rules:
        local = local_names(module, rule)
        for kind, node, _ in rule.expressions:
            if kind == "Call":
                parts = static_parts(node["fcn"])[0]
            elif is_reference(kind):
                parts = static_parts({kind: node})[0]
                if parts[:1] in ((), ("data",)) or parts[0] in local or parts[0] in module.imports:
                    continue  # found, or undefined, when it is asked for
            else:
                continue
            path = names.resolve(module, parts)
            if path is not None:
                found |= {path, *names.touched(path)}
    homes = {rule.span.path for path in found for rule in names.rules.get(path, ())}
    return homes - {module.path}


def _stub(module: Module, prefix: str) -> str:
    """Return a module with the same names, of which nothing is known."""
    dotted = ".".join(part if part.isidentifier() else json.dumps(part) for part in (prefix, *module.package[1:]))
    lines = {_stand_in(rule) for rule in module.rules if rule.plain and rule.kind != "Default"}
    return "\n".join([f"package {dotted}", *sorted(lines)]) + "\n"


def _stand_in(rule: Rule) -> str:
    match rule.kind:
        case "Func":
            return f"{rule.name}({', '.join('_' for _ in range(rule.arity))}) := input.trueup_stub"
        case "Set":
            return f"{rule.name} contains input.trueup_stub"
        case _:
            return f"{rule.name} := input.trueup_stub"


def spell(moved: Iterable[Moved]) -> list[dict[str, Any]]:
    """Return the modules as the worker answers them."""
    return [
        {"path": m.path, "text": m.text, "package": m.package, "stub": m.stub, "aligned": m.aligned_not} for m in moved
    ]
