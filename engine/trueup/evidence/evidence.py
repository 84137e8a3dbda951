"""Evidence values. Evidence belongs to a key; another key means it is evidence for something else."""

from datetime import datetime
from functools import cached_property

from trueup.core.digests import Digest, digest_of
from trueup.core.frozen import dataclass
from trueup.core.json import Json

EVALUATION = "evaluation"
"""The type of evidence that an Evaluation asked for."""

PROMPT_TESTS = "prompt-tests"
"""The type of evidence that the tests of a Prompt gave."""

NO_EXAMPLES = Digest("")
"""Where no results of single examples are kept."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One metric of one run: its value in `unit`, over `samples` examples.

    Attributes:
        metric: Name, as the metric catalogue has it (`evidence.metrics`) or as the Evaluation declares it.
        value: What was measured, in `unit`.
        unit: `ratio`, `percent`, `ms`, `tokens/s`, ...
        samples: Examples it is over.
        stderr: Standard error of `value`; None when nobody knows.
        interval: Ends of the two-sided 95 % confidence interval; None when nobody knows.
        slice: Part of the data; empty for all of it.
    """

    metric: str
    value: float
    unit: str
    samples: int
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    slice: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the measurement as JSON; what is not known is left out."""
        return {
            "metric": self.metric,
            "value": self.value,
            "unit": self.unit,
            "samples": self.samples,
            **({"stderr": self.stderr} if self.stderr is not None else {}),
            **({"interval": list(self.interval)} if self.interval is not None else {}),
            **({"slice": self.slice} if self.slice else {}),
        }


@dataclass(frozen=True, slots=True)
class GateResult:
    """One threshold of an evaluation against its measurement.

    Attributes:
        metric: What was measured.
        operator: How it is compared.
        threshold: With what.
        value: What was measured; None when it was not.
        passed: Whether it is good enough, with the confidence that is asked for.
        slice: Part of the data; empty for all of it.
        undecided: Neither good enough nor too bad can be said with that confidence: there is not enough evidence.
        more_samples: About how many more examples would decide it; None when nobody can tell.
        tolerated: It is shown when it does not hold, and denies nothing.
    """

    metric: str
    operator: str
    threshold: float
    value: float | None
    passed: bool
    slice: str = ""
    undecided: bool = False
    more_samples: int | None = None
    tolerated: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return the result as JSON; what does not apply is left out."""
        return {
            "metric": self.metric,
            "operator": self.operator,
            "threshold": self.threshold,
            "value": self.value,
            "passed": self.passed,
            **({"slice": self.slice} if self.slice else {}),
            **({"undecided": True} if self.undecided else {}),
            **({"moreSamples": self.more_samples} if self.more_samples is not None else {}),
            **({"tolerated": True} if self.tolerated else {}),
        }


@dataclass(frozen=True, slots=True)
class Settings:
    """How something was measured: results of other settings are not comparable.

    Attributes:
        tool: The harness: `builtin`, `lm-eval`, ...
        version: Its version.
        task: Its tasks with their versions, joined by `, `.
        fewshot: Examples put before each question; None when nobody knows.
        chat_template: Whether the chat template was applied; None when nobody knows.
        seed: Seed of sampling and shuffling; None when there was none.
        backend: What computed or answered: `llama.cpp`, `numpy`, `openai-compatible`, ...
        decoding: Decoding parameters under the API's own names, sorted.
    """

    tool: str
    version: str
    task: str
    fewshot: int | None = None
    chat_template: bool | None = None
    seed: int | None = None
    backend: str = ""
    decoding: tuple[tuple[str, Json], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the settings as JSON."""
        return {
            "tool": self.tool,
            "version": self.version,
            "task": self.task,
            "fewshot": self.fewshot,
            "chatTemplate": self.chat_template,
            "seed": self.seed,
            "backend": self.backend,
            "decoding": dict(self.decoding),
        }


@dataclass(frozen=True)
class Evidence:
    """The result of one run.

    Attributes:
        evaluation: Address of the Evaluation, or of what else was looked into.
        key: What the result depends on (`RequiredEvaluation.key`).
        subject: Digests of what was measured, by name: release, artifact, prompt, dataset.
        measurements: What was measured.
        gates: Each declared threshold and whether it held.
        tool: Name and version of what measured.
        started_at: Start of the run.
        completed_at: End of the run.
        simulated: A double produced it; it never opens a gate.
        type: `evaluation`, `prompt-tests`, `data-scan`, `data-checks`, `data-overlap`, ...
        inputs: Digest of each thing the key was taken over, by name: which of them changed makes it stale.
        settings: How it was measured; None when there is nothing to tell.
        attacks: What was tried against the release, by the names of `parameters/redteam`.
        examples: Digest of the results of single examples (`evidence.examples`), kept beside it; empty without any.
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
    type: str = EVALUATION
    inputs: tuple[tuple[str, Digest], ...] = ()
    settings: Settings | None = None
    attacks: tuple[str, ...] = ()
    examples: Digest = NO_EXAMPLES

    @property
    def passed(self) -> bool:
        """Whether every declared threshold held that is not tolerated; a run without any proves nothing and fails."""
        return bool(self.gates) and all(g.passed or g.tolerated for g in self.gates) and not self.simulated

    @property
    def is_undecided(self) -> bool:
        """Whether it did not pass only because there is too little of it."""
        open_ = [g for g in self.gates if not g.passed and not g.tolerated]
        return bool(open_) and all(g.undecided for g in open_) and not self.simulated

    def to_json(self) -> dict[str, Json]:
        """Return the evidence as JSON; what does not apply is left out."""
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
            **({"type": self.type} if self.type != EVALUATION else {}),
            **({"inputs": dict(self.inputs)} if self.inputs else {}),
            **({"settings": self.settings.to_json()} if self.settings is not None else {}),
            **({"attacks": list(self.attacks)} if self.attacks else {}),
            **({"examples": self.examples} if self.examples else {}),
        }

    @cached_property
    def digest(self) -> Digest:
        """The identity of this result."""
        return digest_of(self.to_json())
