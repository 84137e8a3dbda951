"""What another tool measured, as evidence: bound to what is required, held to the declared thresholds."""

from dataclasses import replace
from datetime import UTC, datetime

from trueup.core.digests import digest_of, digest_of_bytes
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation
from trueup.evidence.evidence import NO_EXAMPLES, Measurement, Settings
from trueup.evidence.examples import ExampleResult, decode
from trueup.evidence.imported import ImportedRun, evidence_of, kept_examples

AT = datetime(2026, 3, 14, tzinfo=UTC)
PIN = Pin(ResourceId("Evaluation", "facts", "1"), digest_of("e"))
REQUIRED = RequiredEvaluation(
    PIN, digest_of("k"), ArtifactPin("", digest_of("d"), ""), inputs=(("model", digest_of("m")),)
)
SUBJECT = (("release", digest_of("r")),)
SPEC: dict[str, Json] = {
    "metricDecisionThreshold": [
        {"metric": "exact_match", "op": ">=", "value": 0.6},
        {"metric": "exact_match", "op": ">=", "value": 0.6, "slice": "hard", "confidence": 0.5},
        {"metric": "exact_match", "op": ">=", "value": "much"},
    ]
}
RUN = ImportedRun(
    Settings("lm-eval", "0.4.13", "facts 1"),
    "support",
    (Measurement("exact_match", 0.9, "ratio", 200, 0.02, (0.85, 0.93)),),
    (ExampleResult("1", 0, "", (("exact_match", 1.0),), input="a", output="b"),),
    ("injection",),
    completed_at=AT,
)


def test_results_are_bound_and_held_to_the_thresholds() -> None:
    found = evidence_of(RUN, REQUIRED, SPEC, SUBJECT, (AT, AT))
    assert (found.key, found.inputs, found.subject) == (REQUIRED.key, REQUIRED.inputs, SUBJECT)
    assert [g.passed for g in found.gates] == [True, False, False]
    assert found.gates[1].value is None
    assert (found.tool, found.attacks) == ("lm-eval 0.4.13", ("injection",))
    assert found.examples == digest_of_bytes(kept_examples(RUN, SPEC))


def test_times_of_the_run_go_before_those_it_is_given() -> None:
    late = datetime(2026, 4, 1, tzinfo=UTC)
    assert evidence_of(RUN, REQUIRED, {}, SUBJECT, (late, late)).completed_at == AT
    assert evidence_of(replace(RUN, completed_at=None), REQUIRED, {}, SUBJECT, (late, late)).completed_at == late


def test_without_examples_none_are_kept() -> None:
    bare = replace(RUN, examples=())
    assert kept_examples(bare, {}) == b""
    assert evidence_of(bare, REQUIRED, {}, SUBJECT, (AT, AT)).examples == NO_EXAMPLES


def test_texts_are_left_out_where_an_evaluation_says_so() -> None:
    (kept,) = decode(kept_examples(RUN, {"keepOutputs": False}))
    assert (kept.input, kept.output, kept.scores) == ("", "", (("exact_match", 1.0),))
