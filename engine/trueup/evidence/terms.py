"""What an Evaluation document says of a comparison: its terms, and what is known of the metrics that are compared."""

from collections.abc import Mapping, Sequence

from trueup.core.json import Json, mapping_of
from trueup.evidence.catalogue import metric as metric_of
from trueup.evidence.comparison import ComparedMetric, RegressionTerms
from trueup.evidence.examples import ExampleResult
from trueup.evidence.metrics import Shape

_PERCENT = 100.0


def terms_of(declared: Mapping[str, Json]) -> RegressionTerms:
    """Return what the `spec` of an Evaluation declares of its comparison; the defaults where it declares none."""
    spec = mapping_of(declared.get("regression"))
    defaults = RegressionTerms()
    effect = spec.get("smallestEffect")
    thresholds = declared.get("metricDecisionThreshold")
    slices = [mapping_of(t).get("slice") for t in thresholds] if isinstance(thresholds, list) else []
    return RegressionTerms(
        test=str(spec.get("test") or defaults.test),
        alpha=_number(spec.get("alpha"), defaults.alpha),
        margin=_number(spec.get("margin"), defaults.margin),
        min_samples=int(_number(spec.get("minSamples"), defaults.min_samples)),
        correction=str(spec.get("correction") or defaults.correction),
        metrics=_texts(spec.get("metrics")),
        slices=tuple(dict.fromkeys(s for s in slices if isinstance(s, str) and s)),
        smallest_effect=float(effect) if isinstance(effect, int | float) else None,
    )


def compared_metrics(declared: Mapping[str, Json], results: Sequence[ExampleResult]) -> dict[str, ComparedMetric]:
    """Return what is known of each metric that examples have scores of, as it is declared, else as it is catalogued."""
    names = dict.fromkeys(name for r in results for name, _ in r.scores)
    listed = declared.get("metrics")
    own = {str(m.get("name")): m for m in map(mapping_of, listed)} if isinstance(listed, list) else {}
    return {name: _metric(name, own.get(name)) for name in names}


def _metric(name: str, declared: Mapping[str, Json] | None) -> ComparedMetric:
    known = metric_of(name)
    own = declared.get("unit") if declared is not None else None
    unit = str(own or (known.unit if known is not None else "ratio"))
    is_higher = known.higher_is_better if known else True
    if declared is not None and isinstance(declared.get("higherIsBetter"), bool):
        is_higher = declared["higherIsBetter"] is True
    return ComparedMetric(
        unit, is_higher, known.shape if known else Shape.SCORE, _PERCENT if unit == "percent" else 1.0
    )


def _number(value: Json, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list | tuple) else ()
