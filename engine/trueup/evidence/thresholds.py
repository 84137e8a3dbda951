"""The thresholds of an Evaluation document."""

from collections.abc import Mapping

from trueup.core.json import Json, mapping_of
from trueup.evidence.gates import CONFIDENCE, Threshold


def thresholds_of(spec: Mapping[str, Json]) -> tuple[Threshold, ...]:
    """Return the thresholds that the `spec` of an Evaluation declares."""
    declared = spec.get("metricDecisionThreshold")
    return tuple(
        Threshold(
            str(t.get("metric")),
            str(t.get("op")),
            _number(t.get("value")),
            str(t.get("slice") or ""),
            _number(t.get("confidence", CONFIDENCE)),
        )
        for t in map(mapping_of, declared if isinstance(declared, list) else [])
    )


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
