"""What a rule reads and how far it comes on one document, in the worker.

What it reads is taken from its text and that of the helpers it uses, not from the run: a fact that a rule asked for
and did not find is the one worth knowing.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.coverage import (
    Lines,
    Message,
    answer_lines,
    answer_lines_written,
    answer_reached,
    answer_test,
    answer_todo,
    bodies_of,
    first_value,
    has_given,
    is_complete,
    line_of,
    report,
    spell_place,
    stall,
)
from trueup.adapters.policy.embedded.images import Asked
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.policies import Loaded
from trueup.adapters.policy.embedded.syntax import Module, Node, Parts, Rule, is_reference, static_parts
from trueup.adapters.policy.embedded.traces import NOTHING_TRACED

_LARGEST_VALUE = 20_000
"""Characters of a data value that is handed on; a larger one is a table, of which only the name helps."""
_NO_LINES = Lines(frozenset(), frozenset())

Definition = tuple[Module, Rule]


def answer(request: Message, loaded: Loaded) -> Message:
    """Answer a request of authors of policies; `do` says which."""
    match request["do"]:
        case "todo":
            return answer_todo(loaded)
        case "lines":
            return answer_lines(loaded)
        case "lines written":
            return answer_lines_written(loaded)
        case "cover":
            return answer_test(loaded, request["index"], request["now"])
        case "reached":
            return answer_reached(loaded)
        case "reads":
            return answer_reads(loaded)
        case _:
            return answer_trace(loaded, request["entries"], request["document"], request["now"])


def answer_reads(loaded: Loaded) -> Message:
    """Return what each entry reads, in the order of the entries."""
    names = Names(loaded.modules)
    where = _places(loaded.modules)
    return {"reads": [_reads(loaded, names, _used(names, where, asked)) for asked in loaded.entries]}


def answer_trace(loaded: Loaded, indexes: list[int], document: str, now: int) -> Message:
    """Ask some entries about *document* and return results, problems, lines, bodies and what was printed."""
    loaded.clock[0] = now
    engine = loaded.engine.clone()
    engine.set_enable_coverage(True)
    results: list[Any] = []
    problems: list[Message] = []
    try:
        engine.set_input_json(document)
    except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
        problems.append(_spell(loaded, error, codes.DOCUMENT_REFUSED.id, None))
        return {**NOTHING_TRACED, "problems": problems}
    for index in indexes:
        asked = loaded.entries[index]
        try:
            results.append([index, first_value(engine, asked.query)])
        except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
            problems.append(_spell(loaded, error, codes.EVALUATION.id, asked))
    found = report(engine)
    names = Names(loaded.modules)
    where = _places(loaded.modules)
    used: dict[int, Definition] = {}
    for index in indexes:
        used.update({id(d[1]): d for d in _used(names, where, loaded.entries[index])})
    paths = list(dict.fromkeys(module.path for module, _ in used.values()))
    lines = {p: [sorted(found[p].reached), sorted(found[p].missed)] for p in paths if p in found}
    bodies = [b for module, rule in used.values() for b in _bodies(module, rule, found.get(module.path, _NO_LINES))]
    printed = "\n".join(engine.take_prints())
    return {"results": results, "problems": problems, "lines": lines, "bodies": bodies, "printed": printed}


def _spell(loaded: Loaded, error: BaseException, code: str, asked: Asked | None) -> Message:
    problem = loaded.diagnose(error, next(c for c in codes.CODES if c.id == code), asked.span if asked else None)
    span = problem.span
    place = [span.path, span.line, span.column] if span else None
    return {"code": code, "detail": problem.detail, "hint": problem.hint, "span": place}


def _bodies(module: Module, rule: Rule, lines: Lines) -> Iterator[Message]:
    for number, body in enumerate(bodies_of(rule)):
        stalled = stall(module, body, lines)
        # What follows an `else` has a value of its own, elsewhere.
        gave = has_given(module, rule, body, lines) if number == 0 else None
        may_have_ended = is_complete(module, body, lines) and gave is not False
        yield {
            "rule": rule.name,
            "span": [rule.span.path, rule.span.line, rule.span.column],
            "tried": stalled is not None,
            "stalled": None if may_have_ended else stalled,
            "gave": may_have_ended and gave is True,
            "last": line_of(module, body["query"]["stmts"][-1]["span"]["start"]),
        }


def _places(modules: Iterable[Module]) -> dict[Parts, list[Definition]]:
    places: dict[Parts, list[Definition]] = {}
    for module in modules:
        for rule in () if module.is_test else module.rules:
            places.setdefault(rule.path, []).append((module, rule))
    return places


def _used(names: Names, where: dict[Parts, list[Definition]], asked: Asked) -> list[Definition]:
    """Return the definitions of an entry, then those of everything it uses, nearest first."""
    seen: set[Parts] = set()
    waiting = [asked.path]
    found: list[Definition] = []
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        for module, rule in where.get(path, ()):
            found.append((module, rule))
            waiting += sorted(names.dependencies(module, rule))
    return found


def _reads(loaded: Loaded, names: Names, used: list[Definition]) -> Message:
    inputs: dict[Parts, Any] = {}
    fields: dict[Parts, Any] = {}
    data: set[Parts] = set()
    for module, rule in used:
        for kind, node, _ in rule.expressions:
            if is_reference(kind):
                _reference(module, kind, node, inputs, fields)
            elif kind == "Call":
                _call(module, node, inputs)
            elif kind == "Array":
                parts = _texts(node)
                if len(parts) > 1:
                    fields.setdefault(parts, _place(module, node))
        for target, _ in names.references(module, rule):
            if not names.touched(target) and len(target) > 1:
                data.add(target)
    return {
        "inputs": [[list(parts), place] for parts, place in _outermost_dropped(inputs)],
        "fields": [[list(parts), place] for parts, place in sorted(fields.items())],
        "data": [[".".join(parts[1:]), _value(loaded, parts)] for parts in sorted(data)],
        "files": list(dict.fromkeys(module.path for module, _ in used)),
    }


def _reference(module: Module, kind: str, node: Node, inputs: dict[Parts, Any], fields: dict[Parts, Any]) -> None:
    parts, _ = static_parts({kind: node})
    if not parts:
        return
    parts = module.imports.get(parts[0], parts[:1]) + parts[1:]
    if parts[0] == "input" and len(parts) > 1:
        inputs.setdefault(parts[1:], _place(module, node))
    elif parts[0] not in ("input", "data") and len(parts) > 1:
        fields.setdefault(parts[1:], _place(module, node))


def _call(module: Module, node: Node, inputs: dict[Parts, Any]) -> None:
    """Take the path of `object.get(input.x, ["a", "b"], default)` as a whole."""
    if static_parts(node["fcn"])[0] != ("object", "get") or len(node["params"]) != 3:
        return
    whole, key = node["params"][0], node["params"][1]
    parts, complete = static_parts(whole)
    if not parts or not complete:
        return
    parts = module.imports.get(parts[0], parts[:1]) + parts[1:]
    ((kind, body),) = key.items()
    more = (body["value"],) if kind in ("String", "RawString") else _texts(body) if kind == "Array" else ()
    if parts[0] == "input" and more:
        inputs.setdefault((*parts[1:], *more), _place(module, body))


def _texts(array: Node) -> Parts:
    """Return the items of a literal list of texts, nothing of any other."""
    items = [next(iter(item.items())) for item in array["items"]]
    return tuple(body["value"] for kind, body in items if kind in ("String", "RawString")) if _all_texts(items) else ()


def _all_texts(items: list[tuple[str, Node]]) -> bool:
    return all(kind in ("String", "RawString") for kind, _ in items)


def _outermost_dropped(inputs: dict[Parts, Any]) -> list[tuple[Parts, Any]]:
    """Leave out a path when a longer one says more."""
    paths = sorted(inputs)
    return [
        (path, inputs[path])
        for path in paths
        if not any(len(other) > len(path) and other[: len(path)] == path for other in paths)
    ]


def _place(module: Module, node: Node) -> list[Any]:
    span = spell_place(module, node)["span"]
    return list(span)


def _value(loaded: Loaded, parts: Parts) -> Any:
    try:
        value = first_value(loaded.engine.clone(), "data" + "".join(f"[{json.dumps(p)}]" for p in parts[1:]))
    except BaseException:  # noqa: BLE001 a panic of the engine is no Exception; the name is told without it
        return None
    return value if len(json.dumps(value)) <= _LARGEST_VALUE else None
