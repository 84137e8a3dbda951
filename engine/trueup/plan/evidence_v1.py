"""Evidence in format 1 of the plan file; what came later is optional, and absent where nothing is to be said."""

from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.evidence.evidence import EVALUATION, NO_EXAMPLES, Evidence, GateResult, Measurement, Settings
from trueup.plan.shapes import Shape, ShapeError


def spelled_evidence(evidence: Evidence) -> dict[str, Json]:
    """Return *evidence* as the plan file has it."""
    return {
        "evaluation": evidence.evaluation,
        "key": evidence.key,
        "subject": [[name, digest] for name, digest in evidence.subject],
        "measurements": [m.to_json() for m in evidence.measurements],
        "gates": [g.to_json() for g in evidence.gates],
        "tool": evidence.tool,
        "startedAt": evidence.started_at.isoformat(),
        "completedAt": evidence.completed_at.isoformat(),
        "simulated": evidence.simulated,
        **({"type": evidence.type} if evidence.type != EVALUATION else {}),
        **({"inputs": [[name, digest] for name, digest in evidence.inputs]} if evidence.inputs else {}),
        **({"settings": evidence.settings.to_json()} if evidence.settings is not None else {}),
        **({"attacks": list(evidence.attacks)} if evidence.attacks else {}),
        **({"examples": evidence.examples} if evidence.examples else {}),
    }


def read_evidence(shape: Shape) -> Evidence:
    """Read what `spelled_evidence` gave.

    Raises:
        ShapeError: It is something else.
    """
    return Evidence(
        evaluation=shape.text("evaluation"),
        key=shape.digest("key"),
        subject=tuple((n, Shape({"digest": v}, shape.place).digest("digest")) for n, v in shape.pairs("subject")),
        measurements=tuple(_measurement(m) for m in shape.items("measurements")),
        gates=tuple(_gate(g) for g in shape.items("gates")),
        tool=shape.text("tool"),
        started_at=shape.time("startedAt"),
        completed_at=shape.time("completedAt"),
        simulated=shape.flag("simulated"),
        type=shape.text("type") if shape.has("type") else EVALUATION,
        inputs=_inputs(shape) if shape.has("inputs") else (),
        settings=_settings(shape.field("settings")) if shape.has("settings") else None,
        attacks=shape.texts("attacks") if shape.has("attacks") else (),
        examples=shape.digest("examples") if shape.has("examples") else NO_EXAMPLES,
    )


def _inputs(shape: Shape) -> tuple[tuple[str, Digest], ...]:
    return tuple((n, Shape({"digest": v}, shape.place).digest("digest")) for n, v in shape.pairs("inputs"))


def _settings(shape: Shape) -> Settings:
    decoding = shape.field("decoding").value
    if not isinstance(decoding, dict):
        raise ShapeError(f"`{shape.place}.decoding` is no object")
    return Settings(
        tool=shape.text("tool"),
        version=shape.text("version"),
        task=shape.text("task"),
        fewshot=shape.whole("fewshot") if shape.has("fewshot") else None,
        chat_template=shape.flag("chatTemplate") if shape.has("chatTemplate") else None,
        seed=shape.whole("seed") if shape.has("seed") else None,
        backend=shape.text("backend"),
        decoding=tuple(sorted(decoding.items())),
    )


def _measurement(shape: Shape) -> Measurement:
    return Measurement(
        shape.text("metric"),
        shape.number("value"),
        shape.text("unit"),
        shape.whole("samples"),
        stderr=shape.number("stderr") if shape.has("stderr") else None,
        interval=_interval(shape.field("interval")) if shape.has("interval") else None,
        slice=shape.text("slice") if shape.has("slice") else "",
    )


def _interval(shape: Shape) -> tuple[float, float]:
    match shape.value:
        case [int() | float() as low, int() | float() as high]:
            return float(low), float(high)
        case _:
            raise ShapeError(f"`{shape.place}` is not two numbers")


def _gate(shape: Shape) -> GateResult:
    return GateResult(
        shape.text("metric"),
        shape.text("operator"),
        shape.number("threshold"),
        None if shape.field("value").value is None else shape.number("value"),
        shape.flag("passed"),
        slice=shape.text("slice") if shape.has("slice") else "",
        undecided=shape.has("undecided") and shape.flag("undecided"),
        more_samples=shape.whole("moreSamples") if shape.has("moreSamples") else None,
        tolerated=shape.has("tolerated") and shape.flag("tolerated"),
    )
