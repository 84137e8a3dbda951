"""Where a result goes and in which format: `--output`, `--output-file`, and the styles of text.

Its values are named tuples, not dataclasses: `trueup --help` imports this module, and `dataclasses` would double
the time it takes.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple


class Format(StrEnum):
    """A way to spell a result."""

    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    OPENREPORTS = "openreports"
    CODEQUALITY = "codequality"
    HTML = "html"
    CSV = "csv"

    @property
    def is_for_people(self) -> bool:
        """Whether control characters are made visible; the other formats escape them their own way."""
        return self in (Format.TEXT, Format.MARKDOWN)

    @property
    def is_json(self) -> bool:
        """Whether any character may be spelled as JSON's escape for it."""
        return self in (Format.JSON, Format.NDJSON, Format.SARIF, Format.CODEQUALITY)


class OutputFile(NamedTuple):
    """One `--output-file FORMAT=PATH`."""

    format: Format
    path: str


SGR = {
    "bold": "1",
    "dim": "2",
    "underline": "4",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
"""Terminal attributes that text may have; every other escape sequence is made visible before it is written."""


class Style(NamedTuple):
    """Paints text, or leaves it plain. No meaning rests on colour alone."""

    enabled: bool = False

    def paint(self, text: str, *attributes: str) -> str:
        """Return *text* with *attributes* (names of `SGR`)."""
        if not self.enabled or not attributes or not text:
            return text
        return f"\x1b[{';'.join(SGR[a] for a in attributes)}m{text}\x1b[0m"


PLAIN = Style()

Render = Callable[[Format, Style], str]
"""A result as text in one format; called once for standard output and once for each output file."""

Stream = Callable[[Format, Style], Iterable[str]]
"""The same a line, or some lines, at a time: for results that would not fit into memory."""


def wants_color(choice: str, environment: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Decide on colour for one stream.

    The flag wins; then `NO_COLOR` (no-color.org: set and not empty), `FORCE_COLOR` (`0` means never),
    `TERM=dumb`; then whether the stream is a terminal.
    """
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    forced = environment.get("FORCE_COLOR") or environment.get("CLICOLOR_FORCE")
    if forced:
        return forced not in ("0", "false")
    return is_terminal and environment.get("TERM") != "dumb"


def is_automation(environment: Mapping[str, str]) -> bool:
    """Tell whether a CI system runs us: `CI` is set and not `false` or `0`."""
    return environment.get("CI", "").lower() not in ("", "0", "false")
