"""The metric catalogue: what each metric is called, in which unit, which way is better, and what others call it.

A name means one thing here. Where tools give the same name to different things, the alias says which is which.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType

from trueup.core.frozen import dataclass


class Shape(StrEnum):
    """What the score of one example is, and so which statistics apply."""

    PASS_FAIL = "pass-fail"  # noqa: S105 - a share of passes
    """0 or 1: a share is estimated, and pairs are told apart by McNemar's test."""
    SCORE = "score"
    """A number: a mean is estimated, and pairs are compared by resampling."""
    WHOLE = "whole"
    """Only the run as a whole has it, and another run has another: a percentile, a rate, a score of a corpus."""
    CENSUS = "census"
    """All that is meant was counted, and nothing drawn: findings in an artifact, rows of a data set."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: What it is called here.
        unit: Its unit.
        higher_is_better: Its direction.
        definition: What it is, in one sentence.
        shape: What the score of one example is.
        aliases: What tools call it, by tool, in their spelling.
        traps: What looks the same and is not, in words.
    """

    name: str
    unit: str
    higher_is_better: bool
    definition: str
    shape: Shape
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    traps: str = ""
