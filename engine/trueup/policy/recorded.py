"""Reads decisions back from the ledger, in the format they were written in."""

import json
from collections.abc import Mapping
from datetime import datetime

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.plan.shapes import Shape, ShapeError
from trueup.policy.decision import Outcome
from trueup.policy.enforcement import Enforcing, settings_of
from trueup.spec.resource import Path

Identity = tuple[str, str, Path]
"""What tells violations of one decision apart: rule, address and path."""


@dataclass(frozen=True, slots=True)
class RecordedViolation:
    """A violation as the ledger keeps it."""

    rule: str
    severity: str
    enforcement: str
    address: str
    path: Path
    message: str
    excepted_by: str = ""

    @property
    def identity(self) -> Identity:
        """What tells it from the others."""
        return self.rule, self.address, self.path

    @property
    def denies(self) -> bool:
        """Whether it stopped the plan."""
        return self.enforcement == "deny" and not self.excepted_by


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as the ledger keeps it.

    Attributes:
        format: Of the event.
        judge: Format of the judge that made it.
        id: Its id; empty in format 1.
        bundle: Digest of the policies.
        input: Digest of the document.
        kept_bundle: Digest of the attachment with the policies; empty where they were not kept.
        kept_evaluation: Digest of the attachment with what the rules gave; empty where it was not kept.
        engine: Name and version of what evaluated.
        outcome: What it said.
        violations: In its order.
        errors: What could not be evaluated.
        enforcing: The settings that counted; None when those of the document did.
        exceptions: Addresses of the PolicyExceptions that lifted something.
        at: The time the rules saw; None in format 1, where the document has it.
        nanoseconds: What evaluating took; 0 when nobody says.
    """

    format: int
    judge: int
    id: str
    bundle: Digest
    input: Digest
    kept_bundle: Digest
    kept_evaluation: Digest
    engine: str
    outcome: Outcome
    violations: tuple[RecordedViolation, ...]
    errors: tuple[str, ...]
    enforcing: Enforcing | None = None
    exceptions: tuple[str, ...] = ()
    at: datetime | None = None
    nanoseconds: int = 0


@dataclass(frozen=True, slots=True)
class RecordedResult:
    """What one rule gave, as the ledger keeps it."""

    package: str
    entry: str
    value: Json


def bundle_of(event: Json) -> str:
    """Return the digest of the policies behind a recorded decision, whatever its format; empty when it names none."""
    match event:
        case {"policies": {"digest": str(digest)}} | {"bundle": str(digest)}:
            return digest
        case _:
            return ""


def input_of(event: Json) -> str:
    """Return the digest of the document behind a recorded decision, whatever its format; empty when it names none."""
    match event:
        case {"input_digest": str(digest)} | {"input": str(digest)}:
            return digest
        case _:
            return ""


def read_decision(event: Json) -> RecordedDecision:
    """Read one decision of a record.

    Raises:
        ShapeError: It is none, or in a format this version does not know.
    """
    shape = Shape(event, "decision")
    if not isinstance(event, dict) or "format" not in event:
        return _format_1(shape)
    if shape.whole("format") != 2:
        raise ShapeError(f"`decision.format` is {shape.whole('format')}, which this version does not know")
    policies, result = shape.field("policies"), shape.field("result")
    return RecordedDecision(
        format=2,
        judge=shape.whole("judge"),
        id=shape.text("decision_id"),
        bundle=policies.digest("digest"),
        input=shape.digest("input_digest"),
        kept_bundle=policies.digest("attachment"),
        kept_evaluation=shape.digest("evaluation"),
        engine=shape.field("labels").text("engine"),
        outcome=result.one_of("outcome", Outcome),
        violations=_violations(result),
        errors=result.texts("errors"),
        enforcing=_enforcing(shape.field("settings")),
        exceptions=_used(result),
        at=shape.time("timestamp"),
        nanoseconds=shape.field("metrics").whole("timer_rego_query_eval_ns"),
    )


def read_results(content: bytes) -> tuple[RecordedResult, ...]:
    """Read what the rules gave from its attachment.

    Raises:
        ShapeError: It is something else.
    """
    try:
        shape = Shape(json.loads(content), "evaluation")
    except ValueError as error:
        raise ShapeError(f"it is not JSON ({error})") from error
    return tuple(
        RecordedResult(r.text("package"), r.text("entry"), r.field("value").value) for r in shape.items("results")
    )


def _format_1(shape: Shape) -> RecordedDecision:
    return RecordedDecision(
        format=1,
        judge=1,
        id="",
        bundle=shape.digest("bundle"),
        input=shape.digest("input"),
        kept_bundle=Digest(""),
        kept_evaluation=Digest(""),
        engine=shape.text("engine"),
        outcome=shape.one_of("outcome", Outcome),
        violations=_violations(shape),
        errors=shape.texts("errors"),
        exceptions=_used(shape),
    )


def _enforcing(listed: Shape) -> Enforcing | None:
    if listed.value is None:
        return None
    found = listed.value if isinstance(listed.value, list) else []
    return Enforcing(tuple(settings_of(s["tier"], s) for s in found if isinstance(s, Mapping) and "tier" in s))


def _violations(result: Shape) -> tuple[RecordedViolation, ...]:
    return tuple(
        RecordedViolation(
            rule=v.text("rule"),
            severity=v.text("severity"),
            enforcement=v.text("enforcement"),
            address=v.text("address"),
            path=v.path("path"),
            message=v.text("message"),
            excepted_by=v.text("exceptedBy"),
        )
        for v in result.items("violations")
    )


def _used(result: Shape) -> tuple[str, ...]:
    listed = result.items("exceptions") if isinstance(result.value, Mapping) and "exceptions" in result.value else ()
    return tuple(e.text("address") for e in listed if e.text("state") == "used")
