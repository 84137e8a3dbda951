"""Evidence as a value: what passes, what is kept of it in JSON, and what comes back."""

from dataclasses import replace

import pytest

from measured_values import FULL, HELD, MISSED, OPEN, evidence
from trueup.core.digests import digest_of
from trueup.core.fields import MalformedError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation
from trueup.evidence.codec import evidence_from_json
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.staleness import changed_inputs


def test_what_is_kept_comes_back() -> None:
    for one in (FULL, evidence(MISSED), evidence(settings=Settings("lm-eval", "0.4", "mmlu"))):
        assert evidence_from_json(one.to_json()) == one
        assert evidence_from_json(one.to_json()).digest == one.digest


def test_what_does_not_apply_is_left_out() -> None:
    kept = evidence(HELD, measurements=(Measurement("a", 1.0, "ratio", 1),)).to_json()
    assert not {"type", "inputs", "settings", "attacks", "examples"} & kept.keys()
    assert kept["measurements"] == [{"metric": "a", "value": 1.0, "unit": "ratio", "samples": 1}]
    assert kept["gates"] == [{"metric": "accuracy", "operator": ">=", "threshold": 0.5, "value": 0.9, "passed": True}]


def test_one_gate_that_does_not_hold_is_one_too_many() -> None:
    assert evidence(HELD).passed
    assert not evidence(HELD, MISSED).passed
    assert not evidence().passed
    assert not evidence(HELD, simulated=True).passed


def test_a_gate_that_is_tolerated_denies_nothing() -> None:
    assert evidence(HELD, replace(MISSED, tolerated=True)).passed
    assert evidence_from_json(evidence(replace(MISSED, tolerated=True)).to_json()).gates[0].tolerated


def test_only_a_lack_of_evidence_is_undecided() -> None:
    assert evidence(HELD, OPEN).is_undecided
    assert not evidence(HELD, OPEN, MISSED).is_undecided
    assert not evidence(HELD).is_undecided
    assert not evidence(OPEN, simulated=True).is_undecided


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", 1),
        ("inputs", []),
        ("inputs", {"prompt": "latest"}),
        ("settings", {"tool": "x"}),
        ("attacks", [1]),
        ("examples", "none"),
        ("measurements", [{"metric": "a", "value": 1, "unit": "r", "samples": 1, "interval": [1]}]),
        ("measurements", [{"metric": "a", "value": 1, "unit": "r", "samples": 1, "stderr": "0"}]),
        ("gates", [{"metric": "a", "operator": "<", "threshold": 1, "value": 1, "passed": True, "undecided": 1}]),
        ("gates", [{"metric": "a", "operator": "<", "threshold": 1, "value": 1, "passed": True, "moreSamples": "9"}]),
    ],
)
def test_what_came_later_is_checked_like_the_rest(path: str, value: Json) -> None:
    with pytest.raises(MalformedError):
        evidence_from_json({**FULL.to_json(), path: value})


def test_a_result_is_stale_by_the_inputs_that_changed() -> None:
    pin = Pin(ResourceId("Evaluation", "facts", "1"), digest_of("e"))
    inputs = (("decoding", digest_of(1)), ("judge", digest_of(2)), ("prompt", digest_of("p")))
    required = RequiredEvaluation(pin, digest_of("k"), ArtifactPin("", digest_of("d"), ""), inputs=inputs)
    older = evidence(HELD, inputs=(("decoding", digest_of(1)), ("model", digest_of(3)), ("prompt", digest_of("q"))))
    assert changed_inputs(required, older) == ("judge", "model", "prompt")
    assert changed_inputs(required, evidence(HELD, inputs=inputs)) == ()
    assert changed_inputs(required, evidence(HELD)) == (), "what names no inputs may differ in any"
