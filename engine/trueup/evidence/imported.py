"""What a result file of another tool says, before it is bound to anything: values that evidence is made of."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from trueup.core.digests import Digest, digest_of_bytes
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.desired.state import RequiredEvaluation
from trueup.evidence.catalogue import shapes_of
from trueup.evidence.evidence import NO_EXAMPLES, Evidence, Measurement, Settings
from trueup.evidence.examples import ExampleResult, encode, without_texts
from trueup.evidence.gates import judge
from trueup.evidence.thresholds import thresholds_of


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


def evidence_of(
    run: ImportedRun,
    required: RequiredEvaluation,
    spec: Mapping[str, Json],
    subject: tuple[tuple[str, Digest], ...],
    times: tuple[datetime, datetime],
) -> Evidence:
    """Return what another tool measured, bound to what is required and held to the thresholds of *spec*.

    *times* are start and end for a run that does not say them itself.
    """
    thresholds = thresholds_of(spec)
    examples = kept_examples(run, spec)
    return Evidence(
        evaluation=str(required.evaluation.id),
        key=required.key,
        subject=subject,
        measurements=run.measurements,
        gates=judge(thresholds, run.measurements, shapes_of(t.metric for t in thresholds)),
        tool=f"{run.settings.tool} {run.settings.version}",
        started_at=run.started_at or times[0],
        completed_at=run.completed_at or times[1],
        inputs=required.inputs,
        settings=run.settings,
        attacks=run.attacks,
        examples=digest_of_bytes(examples) if examples else NO_EXAMPLES,
    )


def kept_examples(run: ImportedRun, spec: Mapping[str, Json]) -> bytes:
    """Return results of single examples as they are kept: without texts where *spec* wants none; empty without any."""
    kept = run.examples if spec.get("keepOutputs") is not False else tuple(map(without_texts, run.examples))
    return encode(kept) if kept else b""


_NAMING = frozenset({"lm-eval", "inspect"})
"""Tools whose files name their tasks as an Evaluation does."""

_PART = re.compile(r"\b(?P<asked>\d+) of (?P<all>\d+) examples")


def differences(run: ImportedRun, spec: Mapping[str, Json]) -> tuple[str, ...]:
    """Say in which way *run* is not what *spec* declares: other tasks, fewer examples, other shots, another seed.

    Only of tools that name their tasks; of the others, a file cannot be told from that of another suite.
    """
    declared = spec.get("tasks")
    tasks = [mapping_of(t) for t in declared] if isinstance(declared, list) else []
    if run.settings.tool not in _NAMING or not tasks:
        return ()
    return tuple(dict.fromkeys(said for task in tasks for said in _differences(run, task)))


def _differences(run: ImportedRun, task: Mapping[str, Json]) -> Iterator[str]:
    name, settings = str(task.get("task")), run.settings
    measured = {part.partition("@")[0].strip() for part in settings.task.split(", ")}
    if name not in measured and name not in {m.rsplit("/", 1)[-1] for m in measured}:
        yield f"it asks for the task `{name}`, and the file is about `{settings.task}`"
        return
    limit = task.get("limit")
    for part in _PART.finditer(settings.task):
        wanted = min(limit, int(part["all"])) if isinstance(limit, int) else int(part["all"])
        if int(part["asked"]) < wanted:
            yield f"it asks for {wanted} examples, and the file has {part[0]}"
    for said, wanted_, found in (
        ("shots", task.get("numFewshot"), settings.fewshot),
        ("the seed", task.get("seed"), settings.seed),
        ("the chat template", task.get("chatTemplate"), settings.chat_template),
    ):
        if wanted_ is not None and found is not None and wanted_ != found:
            yield f"it declares {said} `{wanted_}`, and the run had `{found}`"
