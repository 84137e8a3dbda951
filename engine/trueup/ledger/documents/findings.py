"""Statements from the ledger: what was measured, what serves, what changed, and what each rests on."""

from collections.abc import Iterator

from trueup.core.digests import short
from trueup.ledger.documents.drafts import Facts, Gap, Measured, Statement, spelled, value_at
from trueup.ledger.export.entry import Entry
from trueup.ledger.export.reading import proof_of

UNVERIFIED = "The ledger does not verify, so nothing was taken from it: see `trueup audit verify`."


def measured(facts: Facts, *categories: str) -> tuple[Statement, ...]:
    """Return what was measured by the evaluations of *categories*; of all when none is named."""
    return tuple(_measurement(m) for m in facts.measured if _is_of(facts, m.evidence.evaluation, categories))


def unmeasured(facts: Facts, *categories: str) -> Iterator[Gap]:
    """Yield the evaluations of *categories* that nothing in the ledger answers for what is declared now."""
    known = {(m.deployment, m.evidence.evaluation): m.evidence for m in facts.measured}
    for deployment, evaluation in facts.required:
        if not _is_of(facts, evaluation, categories):
            continue
        found = known.get((deployment, evaluation))
        label = f"evidence of {evaluation} for {deployment}"
        if found is None:
            environment = deployment.split("/")[1]
            yield Gap(
                label, _advice(facts, f"Run `trueup evaluate -e {environment}`: it has not run for this release.")
            )
        elif found.simulated:
            yield Gap(label, "It was simulated, which proves nothing: run it on what serves.")


def without_category(facts: Facts, category: str, label: str) -> Iterator[Gap]:
    """Yield a gap when no required evaluation is of *category*."""
    if not any(_is_of(facts, evaluation, (category,)) for _, evaluation in facts.required):
        yield Gap(label, f"No evaluation of the category `{category}` is required: declare one, and require it.")


def serving(facts: Facts) -> Iterator[Statement | Gap]:
    """Yield what serves, as the ledger says, or that it says nothing."""
    for one in facts.serving:
        parts = (("model", one.pinned.model), ("prompt", one.pinned.prompt), ("build", one.pinned.build))
        named = ", ".join(f"{name} {value}" for name, value in parts if value)
        state = "verified" if one.verified else "not verified"
        yield Statement(
            f"what {one.deployment} serves",
            f"{named}; release {one.release}, {state}, since {one.since:%Y-%m-%d %H:%M} UTC, commit {one.revision}",
            f"record {short(one.record)}",
        )
    if not facts.serving:
        yield Gap("version that serves", _advice(facts, "Nothing of it was applied yet, as far as this ledger knows."))


def changes(facts: Facts) -> Iterator[Statement | Gap]:
    """Yield what was applied and rolled back, newest first."""
    for entry in facts.changes:
        yield Statement(
            f"{entry.at:%Y-%m-%d} {entry.kind} {entry.outcome}",
            _change(entry),
            f"record {entry.sequence} ({short(entry.digest)}), commit {short(entry.revision)}",
        )
    if facts.more_changes:
        yield Statement("older changes", "are not repeated here", "`trueup audit export` has all")
    if not facts.changes:
        yield Gap("changes", _advice(facts, "Nothing of it was applied yet, as far as this ledger knows."))


def _advice(facts: Facts, otherwise: str) -> str:
    return otherwise if facts.ledger.is_sound else UNVERIFIED


def _is_of(facts: Facts, evaluation: str, categories: tuple[str, ...]) -> bool:
    if not categories:
        return True
    declared = next((d for d in facts.of("Evaluation") if d.address == evaluation), None)
    return declared is not None and spelled(value_at(declared.document, "spec.category")) in categories


def _measurement(found: Measured) -> Statement:
    proof = proof_of(found.evidence)
    result = "simulated" if proof.simulated else "passed" if proof.passed else "did not pass"
    thresholds = ", ".join(f"{g.metric} {g.operator} {g.threshold:g}" for g in found.evidence.gates)
    asked = f" (asked: {thresholds})" if thresholds else ""
    return Statement(
        f"{proof.subject} for {found.deployment}",
        f"{result}: {', '.join(proof.measured)}{asked}; {proof.completed_at[:10]}, {proof.tool}",
        f"record {found.sequence} ({short(found.record)}), evidence {proof.digest}",
    )


def _change(entry: Entry) -> str:
    serves = "; ".join(
        f"{s.deployment} serves {', '.join(filter(None, (s.model, s.prompt, s.build)))}" for s in entry.served
    )
    removed = f"removed {', '.join(entry.removed)}" if entry.removed else ""
    by = f"changed by {', '.join(entry.authors)}" if entry.authors else f"run by {entry.actor}"
    approved = ", ".join(a.by for a in entry.approvals if not a.why)
    approvals = f"approved by {approved}" if approved else ""
    excused = f"under {', '.join(e.address for e in entry.excuses)}" if entry.excuses else ""
    rules = dict.fromkeys(f.rule for f in entry.findings if f.enforcement == "deny" and not f.excepted_by)
    denied = f"denied by {', '.join(rules)}" if rules else ""
    return "; ".join(filter(None, (serves, removed, denied, by, approvals, excused, entry.note)))
