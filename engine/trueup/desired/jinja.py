"""Jinja templates of prompts, so bounded that whoever writes one cannot make what renders it stand still.

A template comes from a pull request and is rendered when that is validated. Jinja's sandbox keeps it from reaching
objects; what is here keeps it from work and text without end: loops share a budget, the text has a limit, and what
lets a few characters make many (macros, recursion, `*` of texts, padding, `~`) is refused by name.
"""

import json
from collections.abc import Callable, Mapping, Sequence, Sized
from functools import lru_cache
from types import CodeType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from trueup.core.json import Json

LARGEST_LOOP = 10_000
"""Most turns that all loops of one rendering take together, and most items that `range` makes."""

LARGEST_TEXT = 1_000_000
"""Most characters of a rendered text."""

METHODS = frozenset(
    {
        *("capitalize", "casefold", "count", "endswith", "find", "get", "index", "isalpha", "isdigit", "items", "keys"),
        *("lower", "lstrip", "removeprefix", "removesuffix", "rstrip", "split", "splitlines", "startswith", "strip"),
        *("title", "upper", "values"),
    }
)
"""Methods of values that a template may call: each gives no more than it was given."""

FILTERS = frozenset(
    {
        *("abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "groupby", "int"),
        *("items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace"),
        *("reverse", "round", "safe", "select", "selectattr", "sort", "string", "striptags", "sum", "title", "tojson"),
        *("trim", "unique", "upper", "urlencode", "wordcount"),
    }
)
"""Filters that a template may use: the deterministic ones that do not multiply; `join` and `replace` have a limit."""

_REFUSED: Mapping[type[nodes.Node], str] = {
    nodes.Macro: "a macro",
    nodes.CallBlock: "a call block",
    nodes.AssignBlock: "a `set` around text",
    nodes.Include: "an include",
    nodes.Import: "an import",
    nodes.FromImport: "an import",
    nodes.Extends: "`extends`",
    nodes.Block: "a block",
    nodes.Concat: "`~` (write the two after each other, or use `+`)",
    nodes.Pow: "`**`",
}


def render(template: str, values: Mapping[str, Json]) -> str:
    """Fill *template* in with *values*; undefined names are errors.

    Raises:
        ValueError: The template is broken, uses what is not offered here, lacks a value, or makes too much.
    """
    try:
        environment = _Environment()
        filled = jinja2.Template.from_code(environment, _compiled(template), environment.make_globals(None))
        pieces: list[str] = []
        size = 0
        for piece in filled.generate(dict(values)):
            size += len(piece)
            _hold(size)
            pieces.append(piece)
        text = "".join(pieces)
        text.encode()  # half of a character can be spelled, and nobody can be sent it
    except Exception as error:  # a template calls methods of texts and filters, which fail as they like
        raise ValueError(f"The jinja2 template fails: {str(error) or type(error).__name__}") from error
    return text


def check(template: str) -> None:
    """Check *template* as far as no value is needed.

    Raises:
        ValueError: The template is broken, or uses what is not offered here.
    """
    try:
        _compiled(template)
    except (jinja2.TemplateError, ValueError, RecursionError, SyntaxError) as error:
        raise ValueError(f"The jinja2 template fails: {str(error) or type(error).__name__}") from error


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox with a budget of its own: one for each rendering."""

    intercepted_binops = frozenset({"*", "%"})

    def __init__(self) -> None:
        super().__init__(autoescape=False, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
        self._left = LARGEST_LOOP
        self.filters = {k: v for k, v in self.filters.items() if k in FILTERS}
        self.filters |= {"join": _within(self.filters["join"]), "replace": _replace, "turns": self._turns}
        self.filters["tojson"] = _json  # Jinja's own takes an `indent` of any width
        self.globals = {"range": _range}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(v, int | float) for v in (left, right)):
            raise ValueError(f"`{operator}` is for numbers.")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        known = attr in METHODS or not callable(value) or isinstance(obj, jinja2.runtime.LoopContext)
        return known and super().is_safe_attribute(obj, attr, value)

    def _turns(self, values: Any) -> list[Any]:
        listed = list(values)
        self._left -= len(listed)
        if self._left < 0:
            raise ValueError(f"its loops take more than {LARGEST_LOOP:,} turns together.")
        return listed


@lru_cache(maxsize=256)
def _compiled(template: str) -> CodeType:
    environment = _Environment()
    tree = environment.parse(template)
    for kind, name in _REFUSED.items():
        if found := tree.find(kind):
            raise ValueError(f"line {found.lineno}: {name} is not offered in prompts.")
    made = {n.name for a in tree.find_all(nodes.Assign) for n in _names(a.target)}
    for assign in tree.find_all(nodes.Assign):
        if again := sorted(made & {n.name for n in _names(assign.node)}):
            raise ValueError(f"line {assign.lineno}: a `set` may not use `{again[0]}`, which another `set` makes.")
    for loop in tree.find_all(nodes.For):
        if loop.recursive:
            raise ValueError(f"line {loop.lineno}: a recursive loop is not offered in prompts.")
        loop.iter = nodes.Filter(loop.iter, "turns", [], [], None, None, lineno=loop.lineno)
    return environment.compile(tree, "prompt", "prompt")


def _names(node: nodes.Node) -> Sequence[nodes.Name]:
    return [*((node,) if isinstance(node, nodes.Name) else ()), *node.find_all(nodes.Name)]


def _range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > LARGEST_LOOP:
        raise ValueError(f"`range` makes at most {LARGEST_LOOP:,} numbers.")
    return made


def _within(join: Callable[..., Any]) -> Callable[..., Any]:
    def bounded(context: Any, value: Any, d: str = "", attribute: Any = None) -> Any:
        items = list(value)
        _hold(len(items) * len(str(d)) + sum(len(i) for i in items if isinstance(i, Sized)))
        return join(context, items, d, attribute)

    return jinja2.pass_eval_context(bounded)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _replace(value: Any, old: str, new: str, count: int = -1) -> str:
    text = str(value)
    _hold(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count)


def _hold(size: int) -> None:
    if size > LARGEST_TEXT:
        raise ValueError(f"it makes more than {LARGEST_TEXT:,} characters.")
