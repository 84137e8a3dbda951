"""What a result file of another tool says, before it is bound to anything: values that evidence is made of."""

from dataclasses import dataclass
from datetime import datetime

from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """One finished run of another tool.

    Attributes:
        settings: How it was measured.
        model: The model, as the tool recorded it; empty where the tool does not (data checks).
        measurements: What was measured, by the names of the metric catalogue; what it does not know has the tool's name
            in front (`lm-eval:acc_norm`).
        examples: Results of single examples, in the order of the file; empty where the file has none.
        attacks: What was tried, by the names of `parameters/redteam`.
        started_at: Start of the run; None when the file does not say.
        completed_at: End of the run; None when the file does not say.
    """

    settings: Settings
    model: str
    measurements: tuple[Measurement, ...]
    examples: tuple[ExampleResult, ...] = ()
    attacks: tuple[str, ...] = ()
    started_at: datetime | None = None
    completed_at: datetime | None = None
