"""Evidence from JSON, wherever it was kept. What came later may be absent; whether it passed is found out again."""

from trueup.core.digests import Digest
from trueup.core.fields import Fields, MalformedError, fields_of
from trueup.core.json import Json
from trueup.evidence.evidence import EVALUATION, NO_EXAMPLES, Evidence, GateResult, Measurement, Settings


def evidence_from_json(value: Json) -> Evidence:
    """Read `Evidence.to_json`. Whether it passed is found out from its gates, not believed.

    Raises:
        MalformedError: It is no evidence.
    """
    fields = fields_of(value)
    subject = fields.fields("subject")
    return Evidence(
        evaluation=fields.text("evaluation"),
        key=fields.digest("key"),
        subject=tuple((name, subject.digest(name)) for name in sorted(subject.values)),
        measurements=tuple(measurement_of(f) for f in fields.items("measurements")),
        gates=tuple(gate_of(f) for f in fields.items("gates")),
        tool=fields.text("tool"),
        started_at=fields.time("startedAt"),
        completed_at=fields.time("completedAt"),
        simulated=fields.boolean("simulated"),
        type=fields.text("type") if "type" in fields.values else EVALUATION,
        inputs=_digests(fields, "inputs"),
        settings=_settings(fields.fields("settings")) if "settings" in fields.values else None,
        attacks=fields.texts("attacks") if "attacks" in fields.values else (),
        examples=fields.digest("examples") if "examples" in fields.values else NO_EXAMPLES,
    )


def _digests(fields: Fields, key: str) -> tuple[tuple[str, Digest], ...]:
    if key not in fields.values:
        return ()
    inner = fields.fields(key)
    return tuple((name, inner.digest(name, or_empty=True)) for name in sorted(inner.values))


def _settings(fields: Fields) -> Settings:
    decoding = fields.fields("decoding").values
    return Settings(
        tool=fields.text("tool"),
        version=fields.text("version"),
        task=fields.text("task"),
        fewshot=fields.integer("fewshot") if fields.value("fewshot") is not None else None,
        chat_template=fields.boolean("chatTemplate") if fields.value("chatTemplate") is not None else None,
        seed=fields.integer("seed") if fields.value("seed") is not None else None,
        backend=fields.text("backend"),
        decoding=tuple(sorted(decoding.items())),
    )


def measurement_of(fields: Fields) -> Measurement:
    """Read `Measurement.to_json`."""
    return Measurement(
        fields.text("metric"),
        fields.number("value"),
        fields.text("unit"),
        fields.integer("samples"),
        stderr=fields.number("stderr") if "stderr" in fields.values else None,
        interval=_interval(fields) if "interval" in fields.values else None,
        slice=fields.text("slice") if "slice" in fields.values else "",
    )


def _interval(fields: Fields) -> tuple[float, float]:
    match fields.sequence("interval"):
        case [int() | float() as low, int() | float() as high]:
            return float(low), float(high)
        case _:
            raise MalformedError(f"`{fields.place}interval` is not two numbers")


def gate_of(fields: Fields) -> GateResult:
    """Read `GateResult.to_json`."""
    value = None if fields.value("value") is None else fields.number("value")
    return GateResult(
        fields.text("metric"),
        fields.text("operator"),
        fields.number("threshold"),
        value,
        fields.boolean("passed"),
        slice=fields.text("slice") if "slice" in fields.values else "",
        undecided="undecided" in fields.values and fields.boolean("undecided"),
        more_samples=fields.integer("moreSamples") if "moreSamples" in fields.values else None,
        tolerated="tolerated" in fields.values and fields.boolean("tolerated"),
    )
