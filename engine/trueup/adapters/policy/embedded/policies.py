"""A bundle inside the worker: checked as a whole, then ready to be asked.

This is the one place that touches the engine. It takes and gives JSON text only: other calls of the engine end
the process on values such as a lone surrogate.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.calls import builtins_called, check_calls
from trueup.adapters.policy.embedded.data import Mounted, is_data, is_schema, merge, overrides, read_data
from trueup.adapters.policy.embedded.definedness import Definedness
from trueup.adapters.policy.embedded.expansion import expand, moved_back
from trueup.adapters.policy.embedded.formats import SPRINTF
from trueup.adapters.policy.embedded.images import Asked, Image, start
from trueup.adapters.policy.embedded.names import Names
from trueup.adapters.policy.embedded.parity import check_parity
from trueup.adapters.policy.embedded.rewriting import Rewriter
from trueup.adapters.policy.embedded.scan import scan
from trueup.adapters.policy.embedded.schemas import check_schemas
from trueup.adapters.policy.embedded.structure import (
    check_library,
    check_references,
    check_shadowing,
    check_structure,
    is_entry,
)
from trueup.adapters.policy.embedded.syntax import Module, read_module
from trueup.core.diagnostics import Code, Diagnostic, Span, sort_diagnostics

_ARROW = re.compile(r"^--> (?P<path>.*):(?P<line>\d+):(?P<column>\d+)$", re.MULTILINE)
_BACKTRACE = re.compile(r"\n\s*Stack backtrace:.*", re.DOTALL)
_REASON = re.compile(r"error: (?P<reason>.*)", re.DOTALL)
_ONE_LINE = re.compile(r"\s+")
_EXTENSION = re.compile(r"extension '(?P<name>[^']*)' raises Python error: \w+: ")
_UNHASHABLE = re.compile(r"TypeError: unhashable type: .*")
_REGO_V1 = "This is Rego of before OPA 1.0; write `deny contains msg if { ... }` for `deny[msg] { ... }`."
_SET_OF_SETS = "a set that holds arrays or objects is handed to a builtin that cannot take one; make it an array first"


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
    image: Image | None = None
    clock: list[int] = field(default_factory=lambda: [0])

    def diagnose(self, error: BaseException, code: Code, fallback: Span | None) -> Diagnostic:
        """Turn an error of the engine into a diagnostic at its place in the file."""
        found = diagnose(error, code, fallback)
        if found.span is None or found.span == fallback or self.image is None:
            return found
        return replace(found, span=moved_back(found.span, self.image.shifts))


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
            problems.extend(read) if isinstance(read, list) else mounted.append(read)
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
        problem = diagnose(error, codes.SYNTAX, Span(path))
        is_old = "keyword is required" in problem.detail
        return [replace(problem, hint=_REGO_V1) if is_old else problem]


def prepare(image: Image) -> Loaded:
    """Return a bundle that was checked before, ready for evaluation; what needs its syntax trees needs `load`."""
    return _start(usable_engine(), Loaded(()), image)


def _prepare(engine_class: Any, names: Names, tree: Any) -> Loaded:
    expanded, shifts = _expanded(engine_class, names)
    if isinstance(expanded, Diagnostic):
        return Loaded((expanded,))
    rewriter = Rewriter(expanded)
    policies = [(module.path, rewriter.rewrite(module)) for module in expanded.modules]
    image = Image(policies, tree, sorted(builtins_called(names)), rewriter.annotations, shifts=shifts)
    seen = set()
    for module, rule in ((m, r) for m in names.modules for r in m.rules):
        if rule.path in seen:
            continue
        seen.add(rule.path)
        asked = Asked(".".join(module.package[1:]), rule.name, rule.path, rule.span)
        if is_entry(module, rule) and not module.is_test:
            image.entries.append(asked)
        elif rule.name.startswith("test_") and rule.plain and not rule.arity:
            image.tests.append(asked)
    return _start(engine_class, Loaded((), modules=list(names.modules)), image)


def _expanded(engine_class: Any, names: Names) -> tuple[Names | Diagnostic, dict[str, Any]]:
    modules: list[Module] = []
    shifts: dict[str, Any] = {}
    definedness = Definedness(names)
    for module in names.modules:
        text, moved = expand(module, names, definedness)
        if not moved:
            modules.append(module)
            continue
        shifts[module.path] = moved
        parsed = _parse(engine_class, module.path, text)
        if isinstance(parsed, list):
            return parsed[0], {}
        modules.append(parsed)
    return Names(modules), shifts


def _start(engine_class: Any, loaded: Loaded, image: Image) -> Loaded:
    try:
        loaded.engine = start(engine_class, image, loaded.clock)
    except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
        return Loaded((diagnose(error, codes.UNSAFE, None),))
    loaded.image, loaded.tree = image, image.tree
    loaded.entries, loaded.tests = image.entries, image.tests
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
