"""Imports written out before the engine sees a policy: `lib.changed` becomes `data.trueup.lib.changed`.

Through an import, this engine evaluates the whole package that it names, where OPA evaluates the rule; an error
anywhere in it ends rules that do not use it. And after a rule was read through an import, functions of that package no
longer see imports of their own: `deny if l.f(x)` is then silent. Names that are written out have neither fault.

Only text is inserted, and never a line, so that lines stay the file's; columns are moved back by `Shifts`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from trueup.adapters.policy.embedded.definedness import Definedness
from trueup.adapters.policy.embedded.formats import write_values
from trueup.adapters.policy.embedded.heads import hoist
from trueup.adapters.policy.embedded.names import Names, local_names
from trueup.adapters.policy.embedded.syntax import Module, Node, parts_of
from trueup.core.diagnostics import Span

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Shifts = Mapping[str, Mapping[str, Sequence[tuple[int, int]]]]
"""By path and line: columns of the file, from 1, from which on as many characters were inserted before."""


def expand(module: Module, names: Names, definedness: Definedness) -> tuple[str, dict[str, list[tuple[int, int]]]]:
    """Return the text of *module* with its imports below `data` written out, and what that moved, by line.

    `heads` and `formats` change it by the same means.
    """
    edits: dict[int, tuple[int, str]] = {}
    for rule in module.rules:
        hidden = local_names(module, rule)
        for variable in _variables(rule.node):
            target = module.imports.get(variable["value"], ())
            if target[:1] != ("data",) or variable["value"] in hidden or not all(map(_NAME.fullmatch, target)):
                continue
            edits[variable["span"]["start"]] = (variable["span"]["end"], ".".join(target))
    write_values(module, names, edits)
    edits = hoist(module, definedness, edits)
    pieces, last = [], 0
    shifts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for start, (end, text) in sorted(edits.items()):
        pieces += [module.text[last:start].decode(), text]
        last = end
        line = module.text.count(b"\n", 0, start) + 1
        column = len(module.text[module.text.rfind(b"\n", 0, end) + 1 : end].decode()) + 1
        shifts[str(line)].append((column, len(text) - len(module.text[start:end].decode())))
    return "".join([*pieces, module.text[last:].decode()]), dict(shifts)


def moved_back(span: Span, shifts: Shifts) -> Span:
    """Return where *span* of an expanded text is in the file."""
    column = span.column
    for start, inserted in shifts.get(span.path, {}).get(str(span.line), ()):
        if column < start:
            break
        column = max(column - inserted, start)
    return replace(span, column=column)


def _variables(root: object) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            variable = node.get("Var")
            if isinstance(variable, dict) and "span" in variable:
                yield variable
            stack.extend(parts_of(node))
        elif isinstance(node, list):
            stack.extend(node)
