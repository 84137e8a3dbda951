"""Behaviour diffs for programs. `plan.schema_behaviour` publishes the schema."""

from trueup.core.json import Json
from trueup.diff.behaviour.answers import Change, Excerpt
from trueup.diff.behaviour.behaviour import BehaviourDiff, EvaluationDiff
from trueup.diff.behaviour.metrics import MetricRow


def behaviour_json(diff: BehaviourDiff) -> dict[str, Json]:
    """Return one deployment's diff; what is not known is null."""
    return {
        "deployment": diff.deployment,
        "old_release": diff.old_release or None,
        "new_release": diff.new_release,
        "complete": diff.is_complete,
        "parts": [{"name": p.name, "old": p.old, "new": p.new} for p in diff.parts],
        "evaluations": [_evaluation(e) for e in diff.evaluations],
        "notes": list(diff.notes),
    }


def _evaluation(evaluation: EvaluationDiff) -> Json:
    counts = evaluation.counts
    counted: dict[str, Json] | None = None
    if counts is not None:
        counted = {
            "same": counts.same,
            "changed": counts.changed,
            "pass_to_fail": counts.broke,
            "fail_to_pass": counts.fixed,
            "only_old": counts.only_old,
            "only_new": counts.only_new,
        }
    return {
        "evaluation": evaluation.evaluation,
        "measured": evaluation.is_measured,
        "metrics": [_metric(m) for m in evaluation.metrics],
        "usage": [{"name": u.name, "unit": u.unit, "old": u.old, "new": u.new} for u in evaluation.usage],
        "counts": counted,
        "changes": [_change(c) for c in evaluation.changes],
        "notes": list(evaluation.notes),
    }


def _metric(row: MetricRow) -> Json:
    return {
        "metric": row.metric,
        "slice": row.slice,
        "unit": row.unit,
        "old": row.old,
        "new": row.new,
        "delta": row.delta,
        "interval": list(row.interval) if row.interval else None,
        "pairs": row.pairs,
        "outcome": row.outcome.value,
        "more_samples": row.more_samples,
    }


def _change(change: Change) -> Json:
    return {
        "id": change.id,
        "epoch": change.epoch,
        "slice": change.slice,
        "movement": change.movement.value,
        "question": _excerpt(change.question),
        "old": _excerpt(change.old),
        "new": _excerpt(change.new),
        "words": [{"kind": kind, "text": text} for kind, text in change.words],
        "distance": change.distance,
        "scores": [{"metric": name, "old": old, "new": new} for name, old, new in change.scores],
    }


def _excerpt(excerpt: Excerpt) -> Json:
    return {"text": excerpt.text, "left_out_before": excerpt.before, "left_out_after": excerpt.after}
