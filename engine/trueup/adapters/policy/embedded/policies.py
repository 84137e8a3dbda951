"""A bundle inside the worker: checked as a whole, then ready to be asked.

This is the one place that touches the engine. It takes and gives JSON text only: other calls of the engine end
the process on values such as a lone surrogate.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.calls import builtins_called, check_calls
from trueup.adapters.policy.embedded.data import Mounted, is_data, is_schema, merge, overrides, read_data
from trueup.adapters.policy.embedded.extensions import load_extensions
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.parity import check_parity
from trueup.adapters.policy.embedded.rewriting import METADATA, SPRINTF, Rewriter
from trueup.adapters.policy.embedded.scan import scan
from trueup.adapters.policy.embedded.schemas import check_schemas
from trueup.adapters.policy.embedded.structure import (
    check_library,
    check_references,
    check_shadowing,
    check_structure,
    is_entry,
)
from trueup.adapters.policy.embedded.syntax import Module, Rule, read_module
from trueup.core.diagnostics import Code, Diagnostic, Span, sort_diagnostics

_ARROW = re.compile(r"^--> (?P<path>.*):(?P<line>\d+):(?P<column>\d+)$", re.MULTILINE)
_BACKTRACE = re.compile(r"\n\s*Stack backtrace:.*", re.DOTALL)
_REASON = re.compile(r"error: (?P<reason>.*)", re.DOTALL)
_ONE_LINE = re.compile(r"\s+")
_EXTENSION = re.compile(r"extension '(?P<name>[^']*)' raises Python error: \w+: ")
_UNHASHABLE = re.compile(r"TypeError: unhashable type: .*")
_SET_OF_SETS = "a set that holds arrays or objects is handed to a builtin that cannot take one; make it an array first"


@dataclass(slots=True)
class Asked:
    """A rule that can be asked: an entry or a test, by its package path and name."""

    module: Module
    rule: Rule

    @property
    def query(self) -> str:
        """The reference to ask for."""
        return "data" + "".join(f"[{json.dumps(part)}]" for part in self.rule.path[1:])

    @property
    def package(self) -> str:
        """Its package without `data`."""
        return ".".join(self.module.package[1:])


@dataclass(slots=True)
class Loaded:
    """What loading a bundle gave: problems, or an engine and what can be asked.

    `shared` is an engine that a run of tests uses, so that lines they reach add up.
    """

    problems: tuple[Diagnostic, ...]
    entries: list[Asked] = field(default_factory=list)
    tests: list[Asked] = field(default_factory=list)
    engine: Any = None
    modules: list[Module] = field(default_factory=list)
    shared: Any = None
    tree: Any = None
    clock: list[int] = field(default_factory=lambda: [0])


def usable_engine() -> Any:
    """Return the engine class; raise when the module is another fork's."""
    import regorus

    for name in ("clone", "set_policy_length_config", "add_extension", "get_ast_as_json", "eval_query_as_json"):
        if not hasattr(regorus.Engine, name):
            raise ImportError(f"its Engine has no `{name}`")
    return regorus.Engine


def load(files: list[tuple[str, str, str]]) -> Loaded:
    """Check a bundle, given as (path, root, text), and prepare it for evaluation."""
    engine_class = usable_engine()
    modules: list[Module] = []
    mounted: list[Mounted] = []
    problems: list[Diagnostic] = []
    schemas = [file for file in files if is_schema(file[0])]
    files = [file for file in files if not is_schema(file[0])]
    for path, root, text in files:
        if is_data(path):
            read = read_data(path, root, text)
            problems.append(read) if isinstance(read, Diagnostic) else mounted.append(read)
            continue
        parsed = scan(path, text) or _parse(engine_class, path, text)
        problems.extend(parsed) if isinstance(parsed, list) else modules.append(parsed)
    mounted = overrides(mounted)
    tree, clashes = merge(mounted)
    problems += clashes
    problems += check_schemas(engine_class, schemas, mounted, {path: text for path, _, text in files})
    names = Names(modules)
    if not problems:
        problems += [*check_library(names), *check_structure(names), *check_calls(names), *check_parity(names)]
        problems += [*check_shadowing(names, mounted), *check_references(names, mounted)]
    if problems:
        return Loaded(sort_diagnostics(problems))
    return _prepare(engine_class, names, tree)


def _parse(engine_class: Any, path: str, text: str) -> Module | list[Diagnostic]:
    engine = engine_class()
    try:
        engine.add_policy(path, text)
        return read_module(json.loads(engine.get_ast_as_json())[0])
    except RecursionError:
        return [Diagnostic(codes.TOO_DEEP, "An expression of the file is nested too deeply.", Span(path))]
    except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
        return [diagnose(error, codes.SYNTAX, Span(path))]


def _prepare(engine_class: Any, names: Names, tree: Any) -> Loaded:
    loaded = Loaded((), modules=list(names.modules), tree=tree)
    rewriter = Rewriter(names)
    engine = engine_class()
    engine.set_gather_prints(True)
    engine.add_extension("time.now_ns", 0, lambda: loaded.clock[0])
    engine.add_extension(METADATA, 1, lambda number: rewriter.annotations[number])
    for name, arity, function in load_extensions(builtins_called(names)):
        engine.add_extension(SPRINTF if name == "sprintf" else name, arity, function)
    try:
        for module in names.modules:
            engine.add_policy(module.path, rewriter.rewrite(module))
        engine.add_data_json(json.dumps(tree))
        # The first query, whatever it is, makes the engine order every rule; that finds unsafe variables.
        engine.eval_query_as_json("1")
    except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
        return Loaded((diagnose(error, codes.UNSAFE, None),))
    loaded.engine = engine
    seen = set()
    for asked in (Asked(m, r) for m in names.modules for r in m.rules):
        if asked.rule.path in seen:
            continue
        seen.add(asked.rule.path)
        if is_entry(asked.module, asked.rule) and not asked.module.is_test:
            loaded.entries.append(asked)
        elif asked.rule.name.startswith("test_") and asked.rule.plain and not asked.rule.arity:
            loaded.tests.append(asked)
    return loaded


def diagnose(error: BaseException, code: Code, fallback: Span | None) -> Diagnostic:
    """Turn an error of the engine into a diagnostic: its first place, its reason, no backtrace."""
    text = _BACKTRACE.sub("", str(error)).strip()
    place = _ARROW.search(text)
    span = Span(place["path"], int(place["line"]), int(place["column"])) if place else fallback
    reason = _REASON.search(text)
    detail = reason["reason"].split("\n-->")[0] if reason else text
    detail = _EXTENSION.sub(lambda m: f"`{'sprintf' if m['name'] == SPRINTF else m['name']}`: ", detail)
    detail = _UNHASHABLE.sub(_SET_OF_SETS, detail)
    return Diagnostic(code, _ONE_LINE.sub(" ", detail).strip() or type(error).__name__, span)
