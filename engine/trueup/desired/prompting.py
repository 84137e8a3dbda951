"""How a release's prompt and decoding join a request: one pure function for the gateway and for evaluations.

Both must do the same, or an evaluation would measure something that nobody is served. Templates are filled in
strictly: a placeholder without a value and a value without a declared variable are problems, never empty text.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean

_MUSTACHE = re.compile(r"\{\{\{\s*(?P<raw>[^{}]*?)\s*\}\}\}|\{\{(?P<mark>[&#/^!>=]?)\s*(?P<name>[^{}]*?)\s*\}\}")
_FSTRING = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_JSON_TYPES: Mapping[str, Callable[[Json], bool]] = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "array": lambda v: isinstance(v, Sequence) and not isinstance(v, str),
    "object": lambda v: isinstance(v, Mapping),
}


@dataclass(frozen=True, slots=True)
class PromptProblems:
    """Why the prompt could not be filled in; the caller gives them its own code."""

    problems: tuple[str, ...]


Messages = tuple[Mapping[str, Json], ...]
"""Chat messages in the shape of the OpenAI API."""


def compose(
    route: Mapping[str, Json], messages: Sequence[Mapping[str, Json]], variables: Mapping[str, Json]
) -> Messages | PromptProblems:
    """Put the route's messages, filled in with *variables*, before the client's.

    Args:
        route: `RouteSpec.to_json()`.
        messages: What the client sent.
        variables: Values for the prompt's declared variables; defaults fill what is absent.
    """
    template_format = str(route.get("templateFormat") or "mustache")
    values, problems = _values(_mappings(route.get("variables")), variables)
    composed: list[Mapping[str, Json]] = []
    for message in _mappings(route.get("messages")):
        try:
            text = fill_in(str(message["content"]), template_format, values)
        except ValueError as error:
            problems.append(str(error))
            continue
        composed.append({"role": message["role"], "content": text})
    return PromptProblems(tuple(dict.fromkeys(problems))) if problems else (*composed, *messages)


def with_decoding(route: Mapping[str, Json], request: Mapping[str, Json]) -> dict[str, Json]:
    """Return *request* with the route's decoding parameters where the client gives none.

    What the prompt declares as `extra_body` goes in as keys of its own; a named parameter wins over it.
    """
    decoding = route.get("decoding")
    named = dict(decoding) if isinstance(decoding, Mapping) else {}
    extra = named.pop("extra_body", None)
    defaults = {**extra, **named} if isinstance(extra, Mapping) else named
    # The two names mean the same limit: a client that gives one must not get the default of the other beside it.
    limits = {"max_tokens", "max_completion_tokens"}
    given = set(request) | (limits if limits & set(request) else set())
    return {**{k: v for k, v in defaults.items() if k not in given}, **request}


def fill_in(template: str, template_format: str, values: Mapping[str, Json]) -> str:
    """Fill *template* in with *values*.

    Formats: `mustache` (variables only, nothing is HTML-escaped), `fstring` (plain names; no attributes, indexes,
    conversions or format specs, which would reach into objects) and `jinja2` (sandboxed
    and bounded, see `jinja`; undefined names are errors).

    Raises:
        ValueError: The template is broken, uses what its format does not offer here, or lacks a value.
    """
    match template_format:
        case "mustache":
            return _MUSTACHE.sub(lambda m: _mustache(m, values), template)
        case "fstring":
            return _FSTRING.sub(lambda m: _fstring(m, values), template)
        case "jinja2":
            return _jinja2(template, values)
        case _:
            raise ValueError(f"The template format `{template_format}` is none of mustache, fstring, jinja2.")


def _mustache(match: re.Match[str], values: Mapping[str, Json]) -> str:
    if (match["mark"] or "") not in {"", "&"}:
        raise ValueError(f"`{match[0]}` is more than a variable; sections and partials need templateFormat jinja2.")
    return _look_up(match["name"] if match["raw"] is None else match["raw"], values)


def _fstring(match: re.Match[str], values: Mapping[str, Json]) -> str:
    if match[0] in {"{{", "}}"}:
        return match[0][0]
    if match["name"] is None:
        raise ValueError(f"A single `{match[0]}` stands alone; write it twice to mean the character.")
    if "." in match["name"]:
        raise ValueError(f"`{match[0]}` is more than a plain name.")
    return _look_up(match["name"], values)


def _look_up(name: str, values: Mapping[str, Json]) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"`{name}` is not the name of a variable.")
    value: Json = values
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise ValueError(f"The variable `{name}` has no value.")
        value = value[part]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _jinja2(template: str, values: Mapping[str, Json]) -> str:
    from trueup.desired import jinja  # costs as much to import as everything else here together

    return jinja.render(template, values)


def _mappings(value: Json) -> tuple[Mapping[str, Json], ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(v for v in value if isinstance(v, Mapping))


def _values(declared: Sequence[Mapping[str, Json]], given: Mapping[str, Json]) -> tuple[dict[str, Json], list[str]]:
    """Join given values with defaults, and tell what is missing, unknown or of the wrong shape."""
    names = [str(d.get("name")) for d in declared]
    problems = [
        f"The prompt has no variable `{name}`; {did_you_mean(name, names) or 'it is not declared'}"
        for name in sorted(set(given) - set(names))
    ]
    values: dict[str, Json] = {}
    for name, variable in zip(names, declared, strict=True):
        if name in given:
            values[name] = given[name]
            problems += _schema_problems(name, given[name], variable.get("schema"))
        elif "default" in variable and variable["default"] is not None:
            values[name] = variable["default"]
        elif variable.get("required", True):
            problems.append(f"The prompt's variable `{name}` has no value.")
        else:
            values[name] = ""
    return values, problems


def _schema_problems(name: str, value: Json, schema: Json) -> list[str]:
    """Check the parts of JSON Schema that a value in a text needs: type, enum, length."""
    if not isinstance(schema, Mapping):
        return []
    problems = []
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else [str(k) for k in kind] if isinstance(kind, Sequence) else []
    if kinds and not any(k in _JSON_TYPES and _JSON_TYPES[k](value) for k in kinds):
        problems.append(f"The variable `{name}` must be of type {' or '.join(kinds)}.")
    allowed = schema.get("enum")
    if isinstance(allowed, Sequence) and value not in allowed:
        problems.append(f"The variable `{name}` must be one of {', '.join(json.dumps(a) for a in allowed)}.")
    longest = schema.get("maxLength")
    if isinstance(longest, int) and isinstance(value, str) and len(value) > longest:
        problems.append(f"The variable `{name}` is longer than {longest} characters.")
    return problems
