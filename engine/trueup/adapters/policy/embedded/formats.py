"""`sprintf` and `json.marshal` as OPA has them.

Of `sprintf` the engine writes the values down as one text, and our function takes them from there: the engine's own
prints `%d` of -3 as `--3`, and a function of ours cannot be given a set that holds arrays or objects. A text it can, so
`json.marshal` is the engine's, and ours writes `<`, `>`, `&` and two line separators in it as Go does.
"""

from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.syntax import Module, static_parts

SPRINTF = "go__fmt"
"""Under which OPA's `sprintf` is called: as long as that, and no name a policy would have."""

MARSHAL = "go__json"
"""What is called with the text that the engine's `json.marshal` gives."""
RENAMED = {"sprintf": SPRINTF, "json.marshal": MARSHAL}
"""Builtins whose function of ours is called by another name."""

Edits = dict[int, tuple[int, str]]


def write_values(module: Module, names: Names, edits: Edits) -> None:
    """Add to *edits* how calls are written instead.

    Each `sprintf(text, values)` becomes `go__fmt(text, sprintf("%v", [[values]]))`, and each `json.marshal(value)`
    becomes `go__json(json.marshal(value))`.
    """
    for kind, node, _ in module.expressions:
        name = static_parts(node["fcn"])[0] if kind == "Call" else ()
        if ".".join(name) not in RENAMED or names.resolve(module, name) is not None:
            continue
        start = node["span"]["start"]
        if name != ("sprintf",):
            # Outer calls come first; what one of them has put here stays in front.
            after, before = edits.get(start, (start, ""))
            edits[start] = (after, f"{before}{MARSHAL}(")
            _insert(edits, node["span"]["end"] - 1, ")")
            continue
        ((_, values),) = node["params"][1].items()
        edits[start] = (start + len("sprintf"), SPRINTF)
        _insert(edits, values["span"]["start"], 'sprintf("%v", [[')
        # The call's own bracket follows, after blanks and commas perhaps.
        end = node["span"]["end"] - 1
        edits[end] = (end, "]])")


def _insert(edits: Edits, place: int, text: str) -> None:
    end, after = edits.get(place, (place, ""))
    edits[place] = (end, text + after)
