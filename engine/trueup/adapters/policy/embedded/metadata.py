"""METADATA comments: what a rule says of itself, in YAML, above its package or above the rule.

A block begins with `# METADATA` and ends with the first line that is no comment. Above `package` it speaks for
every rule of the package; above a rule, for that rule, and it wins field by field.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from trueup.adapters.policy import codes
from trueup.core.diagnostics import Diagnostic, Span

_MAX_CHARACTERS = 4_000
"""A block is a page of text at most; the YAML reader below it is recursive."""
SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Block:
    """One METADATA block: its first line, the line it stands above, and what it says."""

    line: int
    target: int
    is_package: bool
    fields: dict[str, Any] = field(default_factory=dict)


def read_metadata(path: str, text: str) -> tuple[list[Block], list[Diagnostic]]:
    """Return the METADATA blocks of a policy file and what is wrong with them."""
    blocks, problems = [], []
    for line, target, is_package, source in _raw_blocks(text):
        span = Span(path, line, 1)
        parsed = _parse(source)
        complaint = parsed if isinstance(parsed, str) else _complaint(parsed)
        if complaint:
            problems.append(Diagnostic(codes.METADATA, complaint, span))
        elif isinstance(parsed, dict):
            blocks.append(Block(line, target, is_package, parsed))
    return blocks, problems


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


def _parse(source: str) -> dict[str, Any] | str:
    import yaml

    if len(source) > _MAX_CHARACTERS:
        return f"It has {len(source):,} characters; {_MAX_CHARACTERS:,} are allowed."
    try:
        value = yaml.load(source, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return f"It is not YAML: {' '.join(str(error).split())}."
    return value if isinstance(value, dict) else "It is not a mapping of fields."


def _complaint(fields: dict[str, Any]) -> str:
    custom = fields.get("custom", {})
    if not isinstance(custom, dict):
        return "`custom` is not a mapping."
    for name, value in {"title": fields.get("title"), "id": custom.get("id")}.items():
        if value is not None and not isinstance(value, str):
            return f"`{name}` is not a text."
    if custom.get("severity") not in (None, *SEVERITIES):
        return f"`severity` is one of {', '.join(SEVERITIES)}."
    controls = custom.get("controls", [])
    if not isinstance(controls, list) or not all(isinstance(c, str) for c in controls):
        return "`controls` is not a list of texts."
    return ""
