"""Evidence that tests of several packages look at: one that holds, one that does not, one with everything in it."""

from dataclasses import replace
from datetime import UTC, datetime

from trueup.core.digests import digest_of
from trueup.evidence.evidence import Evidence, GateResult, Measurement, Settings

AT = datetime(2026, 3, 14, tzinfo=UTC)
HELD = GateResult("accuracy", ">=", 0.5, 0.9, passed=True)
MISSED = GateResult("accuracy", ">=", 0.95, 0.9, passed=False)
OPEN = GateResult("accuracy", ">=", 0.85, 0.9, passed=False, slice="en", undecided=True, more_samples=212)


def evidence(*gates: GateResult, **changes: object) -> Evidence:
    made = Evidence("Evaluation/facts@1", digest_of("key"), (("release", digest_of("r")),), (), gates, "t", AT, AT)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of the dataclass


FULL = evidence(
    HELD,
    OPEN,
    measurements=(
        Measurement("accuracy", 0.9, "ratio", 59, 0.04, (0.8, 0.95), "en"),
        Measurement("latency_p50", 12.5, "ms", 59),
    ),
    type="prompt-tests",
    inputs=(("prompt", digest_of("p")),),
    settings=Settings("builtin", "1", "exact_match", 2, True, 7, "llama.cpp", (("temperature", 0),)),
    attacks=("injection",),
    examples=digest_of("examples"),
)
