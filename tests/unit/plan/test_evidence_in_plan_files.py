"""Evidence in plan files: all of it comes back, and what is no evidence is named by its place."""

from dataclasses import replace

import pytest

from measured_values import FULL, HELD, OPEN, evidence
from trueup.core.json import Json
from trueup.evidence.evidence import Evidence, Settings
from trueup.plan.evidence_v1 import read_evidence, spelled_evidence
from trueup.plan.shapes import Shape, ShapeError


@pytest.mark.parametrize(
    "one",
    [
        FULL,
        evidence(HELD, OPEN),
        evidence(replace(HELD, tolerated=True), settings=Settings("lm-eval", "1", "mmlu", 0, False, 0)),
        evidence(replace(HELD, value=None)),
    ],
)
def test_evidence_comes_back_whole(one: Evidence) -> None:
    assert read_evidence(Shape(spelled_evidence(one))) == one


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("inputs", [["prompt", "latest"]]),
        ("settings", {**Settings("a", "1", "b").to_json(), "decoding": []}),
        ("measurements", [{"metric": "a", "value": 1, "unit": "r", "samples": 1, "interval": ["0", 1]}]),
    ],
)
def test_what_is_of_another_type_is_refused(place: str, value: Json) -> None:
    with pytest.raises(ShapeError):
        read_evidence(Shape({**spelled_evidence(FULL), place: value}))
