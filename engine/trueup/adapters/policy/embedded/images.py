"""A checked bundle as the engine takes it: what was checked once need not be parsed into a tree and checked again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from trueup.adapters.policy.embedded.expansion import Shifts
from trueup.adapters.policy.embedded.extensions import load_extensions
from trueup.adapters.policy.embedded.formats import RENAMED
from trueup.adapters.policy.embedded.rewriting import METADATA
from trueup.adapters.policy.embedded.structure import ASKING
from trueup.adapters.policy.embedded.syntax import Parts
from trueup.core.diagnostics import Span
from trueup.core.frozen import dataclass

ALL: Parts = (*ASKING, "all")
"""The rule that gives the sets of all entries, in their order."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that can be asked: an entry or a test, by its package without `data`, its name and its whole path."""

    package: str
    name: str
    path: Parts
    span: Span

    @property
    def query(self) -> str:
        """The reference to ask for."""
        return "data" + "".join(f"[{json.dumps(part)}]" for part in self.path[1:])


@dataclass(slots=True)
class Image:
    """What an engine is made from.

    Attributes:
        policies: Path and text of each module, as the engine is given it.
        tree: What is below `data`.
        builtins: Names of the builtins that are ours.
        annotations: Values of METADATA that rules look up, by number.
        entries: Rules that decide.
        tests: Rules that test.
        shifts: Where columns of the texts are not those of the files.
    """

    policies: list[tuple[str, str]]
    tree: Any
    builtins: list[str]
    annotations: list[Any]
    entries: list[Asked] = field(default_factory=list)
    tests: list[Asked] = field(default_factory=list)
    shifts: Shifts = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the image as JSON."""
        return {
            "policies": self.policies,
            "tree": self.tree,
            "builtins": self.builtins,
            "annotations": self.annotations,
            "entries": [_spell(asked) for asked in self.entries],
            "tests": [_spell(asked) for asked in self.tests],
            "shifts": self.shifts,
        }


def image_from_json(value: Mapping[str, Any]) -> Image:
    """Read `Image.to_json`."""
    return Image(
        policies=[(path, text) for path, text in value["policies"]],
        tree=value["tree"],
        builtins=value["builtins"],
        annotations=value["annotations"],
        entries=[_read(asked) for asked in value["entries"]],
        tests=[_read(asked) for asked in value["tests"]],
        shifts=value["shifts"],
    )


def start(engine_class: Any, image: Image, clock: list[int]) -> Any:
    """Return an engine that holds *image* and tells the time in *clock*; raise what the engine does not take."""
    engine = engine_class()
    engine.set_gather_prints(True)
    engine.add_extension("time.now_ns", 0, lambda: clock[0])
    engine.add_extension(METADATA, 1, lambda number: image.annotations[number])
    for name, arity, function in load_extensions(image.builtins):
        engine.add_extension(RENAMED.get(name, name), arity, function)
    for path, text in image.policies:
        engine.add_policy(path, text)
    engine.add_policy(*_asking(image.entries))
    engine.add_data_json(json.dumps(image.tree))
    # The first query, whatever it is, makes the engine order every rule; that finds unsafe variables.
    engine.eval_query_as_json("1")
    return engine


def _asking(entries: Sequence[Asked]) -> tuple[str, str]:
    """Return a module whose one rule asks all of *entries*, so that they share what they share.

    No other module has its package: those below `trueup` are the library's. A line for each: the engine refuses lines
    that are too long.
    """
    listed = ",\n".join(asked.query for asked in entries)
    return "@trueup/asked.rego", f"package {'.'.join(ALL[1:-1])}\n\n{ALL[-1]} := [\n{listed}\n]\n"


def _spell(asked: Asked) -> list[Any]:
    return [asked.package, asked.name, asked.path, [asked.span.path, asked.span.line, asked.span.column]]


def _read(value: Sequence[Any]) -> Asked:
    package, name, path, span = value
    return Asked(package, name, tuple(path), Span(*span))
