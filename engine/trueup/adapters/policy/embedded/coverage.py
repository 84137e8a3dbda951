"""Lines that were reached, in the worker: of a test, and of all files that decide.

The engine counts expressions by line, so two statements on one line cannot be told apart.
"""

import json
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.images import Asked
from trueup.adapters.policy.embedded.policies import Loaded
from trueup.adapters.policy.embedded.syntax import Module, Node, Rule, statements
from trueup.core.frozen import dataclass

Message = dict[str, Any]

_LONGEST_TEXT = 160
"""Characters of a statement that is quoted; the line has the rest."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one file that were reached and that were not."""

    reached: frozenset[int]
    missed: frozenset[int]


def answer_todo(loaded: Loaded) -> Message:
    """Return the tests that are still to do, by OPA's convention."""
    return {
        "todo": [
            {"package": ".".join(m.package[1:]), "name": r.name, "span": [r.span.path, r.span.line, r.span.column]}
            for m in loaded.modules
            for r in m.rules
            if r.plain and r.name.startswith("todo_test_")
        ]
    }


def answer_lines(loaded: Loaded) -> Message:
    """Return the lines of every file that decides which a test could reach."""
    engine = loaded.engine.clone()
    engine.set_enable_coverage(True)
    engine.set_input_json("{}")
    modules = [m for m in loaded.modules if not m.is_test]
    for package in sorted({m.package for m in modules}):
        try:
            engine.eval_query_as_json("data" + "".join(f"[{json.dumps(part)}]" for part in package[1:]))
        except BaseException:  # noqa: BLE001, S112 - an empty document breaks rules; the lines are known all the same
            continue
    found = report(engine)
    paths = [m.path for m in modules]
    return {"lines": {p: sorted(found[p].reached | found[p].missed) for p in paths if p in found}}


def answer_lines_written(loaded: Loaded) -> Message:
    """Return the lines on which statements of every file that decides begin; nothing is evaluated."""
    return {
        "lines": {
            m.path: sorted({line_of(m, s["span"]["start"]) for rule in m.rules for s in statements([rule.node])})
            for m in loaded.modules
            if not m.is_test
        }
    }


def answer_test(loaded: Loaded, index: int, now: int) -> Message:
    """Run one test and return how it went, and where it ended when it failed.

    All tests share one engine: a new one orders every rule first, which takes longer than most tests. What they reach
    adds up in it until `answer_reached` is asked for it.
    """
    loaded.clock[0] = now
    engine = _shared(loaded)
    asked = loaded.tests[index]
    start = perf_counter()
    try:
        value = first_value(engine, asked.query)
        passed, output = value is not None and value is not False, ""
    except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
        problem = loaded.diagnose(error, codes.EVALUATION, asked.span)
        passed, output = False, f"{problem.span}: {problem.detail}"
    seconds = perf_counter() - start
    said = "\n".join([*engine.take_prints(), output]).strip()
    stalled = None if passed or output else _stalled(loaded, asked)
    return {"passed": passed, "seconds": seconds, "output": said, "stalled": stalled}


def answer_reached(loaded: Loaded) -> Message:
    """Return the lines that the tests since the last call reached of the files that decide."""
    found = report(_shared(loaded))
    loaded.shared = None
    deciding = {m.path for m in loaded.modules if not m.is_test}
    return {"reached": {path: sorted(lines.reached) for path, lines in found.items() if path in deciding}}


def _shared(loaded: Loaded) -> Any:
    if loaded.shared is None:
        loaded.shared = loaded.engine.clone()
        loaded.shared.set_enable_coverage(True)
    return loaded.shared


def _stalled(loaded: Loaded, asked: Asked) -> Message | None:
    """Run a test that failed once more, alone, to see how far it came."""
    engine = loaded.engine.clone()
    engine.set_enable_coverage(True)
    first_value(engine, asked.query)
    own = report(engine).get(asked.span.path)
    module = next(m for m in loaded.modules if m.path == asked.span.path)
    bodies = definitions(loaded, module, asked.path)
    return next((s for m, b in bodies if own and (s := stall(m, b, own))), None)


def first_value(engine: Any, query: str) -> Any:
    """Return the value of *query*, None when it is undefined."""
    results = json.loads(engine.eval_query_as_json(query)).get("result")
    return results[0]["expressions"][0]["value"] if results else None


def report(engine: Any) -> dict[str, Lines]:
    """Return the lines of every file that the engine came to."""
    files = json.loads(engine.get_coverage_report_as_json())["files"]
    return {f["path"]: Lines(frozenset(f["covered"]), frozenset(f["not_covered"])) for f in files}


def definitions(loaded: Loaded, module: Module, path: tuple[str, ...]) -> Iterator[tuple[Module, Node]]:
    """Yield every body of the rule at *path*, in file order, of the module itself and of others of its package."""
    for other in loaded.modules:
        if other.package == module.package:
            yield from ((other, body) for rule in other.rules if rule.path == path for body in bodies_of(rule))


def bodies_of(rule: Rule) -> list[Node]:
    """Return the bodies of one definition, `else` branches included."""
    return [body for body in rule.node.get("bodies", ()) if body["query"]["stmts"]]


def stall(module: Module, body: Node, lines: Lines) -> Message | None:
    """Return the statement at which a body ended, None when it was not tried.

    In text order, the last that was reached before one that was not; when all were, the last. Of a body that came to
    its end the answer means nothing: ask only for one that gave no value.
    """
    statements = body["query"]["stmts"]
    reached = [bool(lines.reached & covered_by(module, s)) for s in statements]
    if not any(reached):
        return None
    missed = next((i for i, r in enumerate(reached) if not r and any(reached[:i])), len(statements))
    last = max(i for i in range(missed) if reached[i])
    following = line_of(module, statements[missed]["span"]["start"]) if missed < len(statements) else 0
    return {**spell_place(module, statements[last]), "next": following}


def is_complete(module: Module, body: Node, lines: Lines) -> bool:
    """Tell whether every statement of a body was reached, so that it may have come to its end."""
    return all(lines.reached & covered_by(module, s) for s in body["query"]["stmts"])


def has_given(module: Module, rule: Rule, body: Node, lines: Lines) -> bool | None:
    """Tell whether a body gave a value: whether its head's was computed; None when statements share its lines."""
    value = _value_of_head(rule)
    if value is None:
        return None
    shared = frozenset().union(*(covered_by(module, s) for s in body["query"]["stmts"]))
    own = covered_by(module, value) - shared
    return bool(lines.reached & own) if own & (lines.reached | lines.missed) else None


def _value_of_head(rule: Rule) -> Node | None:
    ((kind, head),) = rule.node["head"].items() if "head" in rule.node else (("", {}),)
    value = head.get("key") if kind == "Set" else (head.get("assign") or {}).get("value")
    return next(iter(value.values())) if value else None


def covered_by(module: Module, statement: Node) -> frozenset[int]:
    """Return the lines a statement stands on."""
    span = statement["span"]
    return frozenset(range(line_of(module, span["start"]), line_of(module, span["end"]) + 1))


def line_of(module: Module, offset: int) -> int:
    """Return the line of a byte of the module's text, from 1."""
    return module.text.count(b"\n", 0, offset) + 1


def spell_place(module: Module, node: Node) -> Message:
    """Return file, line, column and source text of a node."""
    place = module.at(node)
    text = " ".join(_source(module, node["span"]).split())
    shown = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rsplit(" ", 1)[0] + " ..."
    return {"span": [place.path, place.line, place.column], "text": shown}


def _source(module: Module, span: Node) -> str:
    """Return the text of a span; one that ends in a literal text lacks its closing quote."""
    text, following = module.word(span), module.text[span["end"] : span["end"] + 1].decode("utf-8", "replace")
    return text + following if following in ('"', "`") and text.count(following) % 2 else text
