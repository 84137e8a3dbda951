"""`sprintf` as OPA has it: the engine writes the values down as one text, and our function takes them from there.

The engine's own prints `%d` of -3 as `--3`. A function of ours cannot be given a set that holds arrays or objects; a
text it can.
"""

from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.syntax import Module, static_parts

SPRINTF = "go__fmt"
"""Under which OPA's `sprintf` is called: as long as that, and no name a policy would have."""

Edits = dict[int, tuple[int, str]]


def write_values(module: Module, names: Names, edits: Edits) -> None:
    """Add to *edits* that each `sprintf(text, values)` becomes `go__fmt(text, sprintf("%v", [[values]]))`."""
    for kind, node, _ in module.expressions:
        if kind != "Call" or static_parts(node["fcn"])[0] != ("sprintf",):
            continue
        if names.resolve(module, ("sprintf",)) is not None:
            continue
        start = node["span"]["start"]
        ((_, values),) = node["params"][1].items()
        edits[start] = (start + len("sprintf"), SPRINTF)
        _insert(edits, values["span"]["start"], 'sprintf("%v", [[')
        # The call's own bracket follows, after blanks and commas perhaps.
        end = node["span"]["end"] - 1
        edits[end] = (end, "]])")


def _insert(edits: Edits, place: int, text: str) -> None:
    end, after = edits.get(place, (place, ""))
    edits[place] = (end, text + after)
