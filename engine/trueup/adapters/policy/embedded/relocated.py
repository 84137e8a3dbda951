"""A bundle as a server is given it: values, without the engine that made them."""

from collections.abc import Iterable, Mapping
from typing import Any

from trueup.core.diagnostics import Span
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy.results import RuleInfo

PRESENT = "trueup_present"
"""A set of every package: the numbers of the modules that make it up, so that a missing one is noticed."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One module below another package.

    Attributes:
        path: Its file.
        text: What the server is given.
        package: Its package below the prefix, from there on.
        stub: What stands for it while others that need it are uploaded; empty when none does.
        aligned_not: It imports `future.keywords.not`.
    """

    path: str
    text: str
    package: tuple[str, ...]
    stub: str
    aligned_not: bool


@dataclass(frozen=True, slots=True)
class Relocated:
    """A checked bundle below a package of its own.

    Attributes:
        modules: Each after those it needs; its place is its number in `PRESENT`.
        data: What its data files give.
        entries: Package, name and place of the rules that are asked for results.
        rules: What those rules say of themselves.
    """

    modules: tuple[Moved, ...]
    data: Mapping[str, Json]
    entries: tuple[tuple[str, str, Span], ...]
    rules: tuple[RuleInfo, ...]


def read_moved(answer: Iterable[Mapping[str, Any]]) -> tuple[Moved, ...]:
    """Read what the worker answers."""
    return tuple(Moved(m["path"], m["text"], tuple(m["package"]), m["stub"], m["aligned"]) for m in answer)
