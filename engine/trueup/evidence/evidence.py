"""Evidence values. Evidence belongs to a key; another key means it is evidence for something else."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from trueup.core.digests import Digest, digest_of
from trueup.core.json import Json


@dataclass(frozen=True, slots=True)
class Measurement:
    """One metric of one run: its value in `unit`, over `samples` examples."""

    metric: str
    value: float
    unit: str
    samples: int

    def to_json(self) -> dict[str, Json]:
        """Return the measurement as JSON."""
        return {"metric": self.metric, "value": self.value, "unit": self.unit, "samples": self.samples}


@dataclass(frozen=True, slots=True)
class GateResult:
    """One threshold of an evaluation against its measurement."""

    metric: str
    operator: str
    threshold: float
    value: float | None
    passed: bool

    def to_json(self) -> dict[str, Json]:
        """Return the result as JSON."""
        return {
            "metric": self.metric,
            "operator": self.operator,
            "threshold": self.threshold,
            "value": self.value,
            "passed": self.passed,
        }


@dataclass(frozen=True)
class Evidence:
    """The result of one evaluation run.

    Attributes:
        evaluation: Address of the Evaluation.
        key: What the result depends on (`RequiredEvaluation.key`).
        subject: Digests of what was measured, by name: release, artifact, prompt, dataset.
        measurements: What was measured.
        gates: Each declared threshold and whether it held.
        tool: Name and version of what measured.
        started_at: Start of the run.
        completed_at: End of the run.
        simulated: A double produced it; it never opens a gate.
    """

    evaluation: str
    key: Digest
    subject: tuple[tuple[str, Digest], ...]
    measurements: tuple[Measurement, ...]
    gates: tuple[GateResult, ...]
    tool: str
    started_at: datetime
    completed_at: datetime
    simulated: bool = False

    @property
    def passed(self) -> bool:
        """Whether every declared threshold held; a run without thresholds proves nothing and fails."""
        return bool(self.gates) and all(g.passed for g in self.gates) and not self.simulated

    def to_json(self) -> dict[str, Json]:
        """Return the evidence as JSON."""
        return {
            "evaluation": self.evaluation,
            "key": self.key,
            "subject": dict(self.subject),
            "measurements": [m.to_json() for m in self.measurements],
            "gates": [g.to_json() for g in self.gates],
            "tool": self.tool,
            "startedAt": self.started_at.isoformat(),
            "completedAt": self.completed_at.isoformat(),
            "simulated": self.simulated,
            "passed": self.passed,
        }

    @cached_property
    def digest(self) -> Digest:
        """The identity of this result."""
        return digest_of(self.to_json())
