"""How a release behaves beside the one that serves, evaluation by evaluation.

What is missing is said: a run that was not made, or whose examples were not kept, never looks like one that changed
nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.diff.behaviour.answers import Change, Counts, compare_answers
from trueup.diff.behaviour.metrics import Deltas, MetricRow, NormalDeltas, metric_rows
from trueup.diff.behaviour.parts import Part
from trueup.diff.behaviour.usage import SPENT, TokenPrices, UsageRow, usage_rows
from trueup.evidence.evidence import Evidence
from trueup.evidence.examples import OUTPUT_DIGEST, ExampleResult


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one release by one evaluation.

    Attributes:
        evidence: Its result; None when it was not measured.
        examples: Results of single examples; None when they cannot be had.
        how_to_get: What to do to have them measured, where `evidence` is None.
    """

    evidence: Evidence | None = None
    examples: tuple[ExampleResult, ...] | None = None
    how_to_get: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How two runs are compared.

    Attributes:
        deltas: Tells a difference from chance.
        higher_is_better: Direction of metrics, by name; higher is better where nothing is said.
        prices: What tokens cost; None when nobody says.
        limit: Examples shown; None shows all that changed.
    """

    deltas: Deltas = field(default_factory=NormalDeltas)
    higher_is_better: Mapping[str, bool] = field(default_factory=dict)
    prices: TokenPrices | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class EvaluationDiff:
    """What one evaluation says of both releases.

    Attributes:
        evaluation: Its address.
        is_measured: Both releases were measured by it.
        metrics: One row for each metric and slice.
        usage: Tokens, latency and cost of both.
        counts: How many examples changed; None when they could not be compared.
        changes: Examples that changed, those that matter most first.
        notes: What is missing, and what has to be known to read it.
    """

    evaluation: str
    is_measured: bool
    metrics: tuple[MetricRow, ...] = ()
    usage: tuple[UsageRow, ...] = ()
    counts: Counts | None = None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def left_out(self) -> int:
        """How many examples changed besides those in `changes`."""
        return self.counts.changed - len(self.changes) if self.counts else 0


@dataclass(frozen=True, slots=True)
class BehaviourDiff:
    """How a deployment's new release behaves beside the one that serves.

    Attributes:
        deployment: Its address.
        old_release: What serves; empty when nothing does.
        new_release: What is planned.
        parts: What differs between them.
        evaluations: What each required evaluation says.
        notes: What is missing altogether.
    """

    deployment: str
    old_release: Digest
    new_release: Digest
    parts: tuple[Part, ...]
    evaluations: tuple[EvaluationDiff, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def broke(self) -> int:
        """How many examples went from pass to fail, by all evaluations."""
        return sum(e.counts.broke for e in self.evaluations if e.counts)

    @property
    def is_complete(self) -> bool:
        """Whether every evaluation compares examples of both releases."""
        return bool(self.evaluations) and all(e.counts is not None for e in self.evaluations)


def evaluation_diff(evaluation: str, old: Side, new: Side, terms: Terms) -> EvaluationDiff:
    """Return what *evaluation* says of the release that serves and of the new one."""
    if old.evidence is None or new.evidence is None:
        return EvaluationDiff(evaluation, is_measured=False, notes=tuple(_unmeasured(old, new)))
    before, after = old.examples or (), new.examples or ()
    has_both = old.examples is not None and new.examples is not None
    deltas = terms.deltas(after, before) if has_both else ()
    rows = metric_rows(
        (m for m in old.evidence.measurements if m.metric not in SPENT),
        (m for m in new.evidence.measurements if m.metric not in SPENT),
        deltas,
    )
    usage = usage_rows((old.evidence.measurements, before), (new.evidence.measurements, after), terms.prices)
    counts: Counts | None = None
    changes: tuple[Change, ...] = ()
    if has_both:
        counts, changes = compare_answers(before, after, terms.higher_is_better, terms.limit)
    notes = [*_about(old.evidence, new.evidence), *_examples(old, new, counts), *_costs(usage, terms.prices)]
    return EvaluationDiff(evaluation, True, rows, usage, counts, changes, tuple(notes))


def _unmeasured(old: Side, new: Side) -> Iterator[str]:
    for side, who in ((new, "new release"), (old, "release that serves")):
        if side.evidence is None:
            to_do = f" {side.how_to_get}" if side.how_to_get else ""
            yield f"The {who} has not been measured by it, so nobody knows what changes.{to_do}"


def _about(old: Evidence, new: Evidence) -> Iterator[str]:
    for evidence, who in ((new, "new release"), (old, "release that serves")):
        if evidence.simulated:
            yield f"The result of the {who} is simulated: a double answered, not the model."
    if old.tool != new.tool:
        yield f"The releases were measured by {old.tool} and {new.tool}: a difference may be the tools'."


def _examples(old: Side, new: Side, counts: Counts | None) -> Iterator[str]:
    for side, who in ((new, "new release"), (old, "release that serves")):
        if side.examples is None:
            yield f"Results of single examples of the {who} are not at hand: which answers changed is not known."
    if counts is not None and not counts.same + counts.changed:
        yield "The two runs have no example in common: which answers changed is not known."
    elif counts is not None and counts.only_old + counts.only_new:
        yield f"{counts.only_old} examples were asked of the old release only, {counts.only_new} of the new one only."
    if any(OUTPUT_DIGEST in dict(r.notes) for r in (*(old.examples or ()), *(new.examples or ()))):
        yield "The evaluation keeps no texts (`keepOutputs: false`): that an answer changed is known, not how."


def _costs(usage: tuple[UsageRow, ...], prices: TokenPrices | None) -> Iterator[str]:
    known = {row.name: row.old is not None and row.new is not None for row in usage}
    if prices is None:
        yield "No prices of tokens are declared (`spec.prices` of the Environment), so no cost is told."
    elif not known["cost_per_1000"]:
        yield "Tokens were not counted for both releases, so no cost is told."
