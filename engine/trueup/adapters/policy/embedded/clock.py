"""What policies read of the clock, found in their syntax trees: without it, one document is as good as the same later.

A document differs from run to run by its clock alone, so what a cache may hold depends on this. In doubt, a policy
reads all of it.
"""

from collections.abc import Iterable

from trueup.adapters.policy.embedded.syntax import Module, Node, Parts, is_reference, static_parts
from trueup.policy.results import LIBRARY

_EVERYTHING = "*"
_NOW = ("time", "now_ns")
_LIB: Parts = ("data", "trueup", "lib")


def clock_fields(modules: Iterable[Module]) -> list[str] | None:
    """Return the fields of `input.clock` that *modules* may read, sorted; None when it may be any, or the time."""
    found: set[str] = set()
    for module in modules:
        if not module.is_test:
            found |= {field for target in module.imports.values() for field in _field(target)}
            found |= _read_by(module)
    return None if _EVERYTHING in found else sorted(found)


def _read_by(module: Module) -> set[str]:
    found: set[str] = set()
    told: set[int] = set()  # mentions of `input` that a call around them has explained already
    for kind, node, _ in module.expressions:
        if kind == "Call":
            name = static_parts(node["fcn"])[0]
            if name == _NOW:
                return {_EVERYTHING}
            is_getting = name == ("object", "get") or _is_field(module, name)
            if is_getting and node["params"][0].get("Var", {}).get("value") == "input":
                told.add(id(node["params"][0]["Var"]))
                found |= _got(module, node["params"][1])
        elif is_reference(kind) and id(node) not in told:
            found |= _field(static_parts({kind: node})[0])
    return found


def _is_field(module: Module, name: Parts) -> bool:
    """Tell whether a call is of the library's `lib.field`, which is `object.get` that takes any value."""
    if name == ("field",):
        return module.package == _LIB
    return name[1:] == ("field",) and module.imports.get(name[0]) == _LIB


def _field(parts: Parts) -> set[str]:
    """Return what of the clock a reference to *parts* may read."""
    if parts[:1] != ("input",):
        return set()
    if len(parts) == 1:
        return {_EVERYTHING}
    if parts[1] != "clock":
        return set()
    return {parts[2] if len(parts) > 2 else _EVERYTHING}


def _got(module: Module, key: Node) -> set[str]:
    """Return what of the clock `object.get(input, key, ...)` may read."""
    ((kind, body),) = key.items()
    if kind == "Array":
        # A step that is no text is computed: what was read before it is all that is sure.
        steps = [_text(item) for item in body["items"]]
        known = steps[: steps.index(None)] if None in steps else steps
        return _field(("input", *(step for step in known if step is not None)))
    text = _text(key)
    if text is not None:
        return _field(("input", text))
    # In the library, only `has` does this: it tells whether a part is there and what type it has, which no day changes.
    return set() if module.path.startswith(f"{LIBRARY}/") else {_EVERYTHING}


def _text(node: Node) -> str | None:
    ((kind, body),) = node.items()
    return body["value"] if kind in ("String", "RawString") else None
