"""METADATA comments: what a rule says of itself, in YAML, above its package or above the rule.

A block begins with `# METADATA` and ends with the first line that is no comment. Above `package` it speaks for
every rule of the package; above a rule, for that rule, and it wins field by field.
"""

from collections.abc import Iterator
from dataclasses import field
from functools import cache
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.metadata_fields import complaints
from trueup.adapters.policy.embedded.yaml_errors import place_of
from trueup.core.diagnostics import Diagnostic, Severity, Span
from trueup.core.frozen import dataclass

_MAX_CHARACTERS = 4_000
"""A block is a page of text at most; the YAML reader below it is recursive."""
_INDENT = len("# ")


@dataclass(frozen=True, slots=True)
class Block:
    """One METADATA block: its first line, the line it stands above, and what it says."""

    line: int
    target: int
    is_package: bool
    fields: dict[str, Any] = field(default_factory=dict)


def read_metadata(path: str, text: str) -> tuple[list[Block], list[Diagnostic]]:
    """Return the METADATA blocks of a policy file and what is wrong with them, with the line of each field."""
    blocks, problems = [], []
    for line, target, is_package, source in _raw_blocks(text):
        parsed = _parse(source)
        if isinstance(parsed, tuple):
            row, column, said = parsed
            # A place inside the block: it begins on the line after `# METADATA`, and each line after its `# `.
            span = Span(path, line + row, column + _INDENT) if row else Span(path, line, 1)
            problems.append(Diagnostic(codes.METADATA, said, span))
            continue
        found = [_diagnose(path, line, source, *complaint) for complaint in complaints(parsed)]
        problems += found
        if all(d.severity is Severity.WARNING for d in found):
            blocks.append(Block(line, target, is_package, parsed))
    return blocks, problems


def _diagnose(
    path: str, line: int, source: str, field: tuple[str, ...], complaint: str, is_warning: bool
) -> Diagnostic:
    row, column = _place(source, field)
    span = Span(path, line + 1 + row, column + 1 + _INDENT)
    if is_warning:
        return Diagnostic(codes.METADATA_FIELD, complaint, span, severity=Severity.WARNING)
    return Diagnostic(codes.METADATA, complaint, span)


def _place(source: str, field: tuple[str, ...]) -> tuple[int, int]:
    """Return row and column, from 0, of the key that *field* leads to."""
    import yaml

    node = yaml.compose(source, Loader=yaml.SafeLoader)
    place = (0, 0)
    for name in field:
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.value == name:
                place, node = (key.start_mark.line, key.start_mark.column), value
                break
    return place


def _raw_blocks(text: str) -> Iterator[tuple[int, int, bool, str]]:
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        if lines[number].strip() != "# METADATA":
            number += 1
            continue
        start = number
        number += 1
        body = []
        while number < len(lines) and lines[number].startswith("#"):
            body.append(lines[number][1:].removeprefix(" "))
            number += 1
        while number < len(lines) and not lines[number].strip():
            number += 1
        target = lines[number] if number < len(lines) else ""
        yield start + 1, number + 1, target.startswith("package "), "\n".join(body)


@cache
def _loader() -> Any:
    """Return a safe reader that leaves days as the texts they are: a wrong one is then told as that.

    The one in C takes a tenth of the time, and a plan reads the METADATA of every rule.
    """
    import yaml

    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [r for r in found if r[0] != "tag:yaml.org,2002:timestamp"]
        for first, found in safe.yaml_implicit_resolvers.items()
    }
    return type("_Loader", (safe,), {"yaml_implicit_resolvers": resolvers})


def _parse(source: str) -> dict[str, Any] | tuple[int, int, str]:
    """Return the fields, or row and column, from 1, of what is wrong, and what that is; 0 for the block as a whole."""
    import yaml

    if len(source) > _MAX_CHARACTERS:
        return 0, 0, f"It has {len(source):,} characters; {_MAX_CHARACTERS:,} are allowed."
    try:
        value = yaml.load(source, Loader=_loader())  # noqa: S506 - a safe one
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        row, column, said = place_of(error, source)
        return row, column, f"It is not YAML: {said}."
    return value if isinstance(value, dict) else (0, 0, "It is not a mapping of fields.")
