"""Results of rules to a decision: what each violation does, what exceptions lift, and what could not be told.

Whatever is not understood denies: a result of an odd shape, an unknown severity, a bundle without rules.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import Digest, digest_of
from trueup.core.ids import is_reserved
from trueup.core.json import Json
from trueup.policy import carried_out, codes, deletion_budget, on_hold, parity_gate, retirement, room
from trueup.policy.decision import Decision, EngineError, ExceptionUse, Violation
from trueup.policy.enforcement import Enforcing, enforce, enforcing_of
from trueup.policy.exceptions import Waiver, waivers_of
from trueup.policy.notices import Known, notices
from trueup.policy.results import Evaluation, Locate, RuleResult
from trueup.policy.violations import Reported, read_result, words
from trueup.policy.without_rules import environment_of, order_of, outcome_of, settle

JUDGE_VERSION = 4
"""Counts what makes equal results, settings and exceptions another decision than before."""

BUILT_IN = (carried_out.RULE, deletion_budget.RULE, parity_gate.RULE, room.RULE, on_hold.RULE, retirement.RULE)
"""Rules that are not Rego. They say what the tool can do and may undo, so settings do not soften them."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """The violations of one evaluation with what they do, and the rules whose violations nothing lifts."""

    violations: tuple[Violation, ...]
    errors: tuple[EngineError, ...]
    unwaivable: frozenset[str]


def judge(
    evaluation: Evaluation,
    document: Mapping[str, Json],
    bundle: Digest,
    locate: Locate,
    enforcing: Enforcing | None = None,
) -> Decision:
    """Return the decision over *document*.

    Severity, the environment's settings and the day a rule begins decide what a violation does. What is declared and
    not carried out, too many deletions, and builds outside their parity gate deny besides all rules. Exceptions are
    applied last.

    Args:
        evaluation: What the engine gave for exactly this document.
        document: The policy document.
        bundle: Digest of the policies.
        locate: Finds file, line and column of a field.
        enforcing: The settings that count; None takes those of the document's environment.
    """
    enforcing = enforcing_of(document) if enforcing is None else enforcing
    judged = _judge(evaluation, document, enforcing)
    waivers = tuple(_held(w, judged.unwaivable) for w in waivers_of(document))
    environment = environment_of(document)
    settled = sorted((settle(v, waivers, environment, locate) for v in judged.violations), key=order_of)
    known = Known.of(evaluation, (*BUILT_IN, *(v.rule for v in settled)), BUILT_IN)
    return Decision(
        outcome=outcome_of(settled, judged.errors),
        violations=tuple(settled),
        errors=tuple(sorted(judged.errors, key=lambda e: (e.span or Span(""), e.message))),
        bundle=bundle,
        input=digest_of(document),
        engine=evaluation.engine,
        rules=tuple(sorted(set(evaluation.rules))),
        exceptions=tuple(_uses(waivers, settled)),
        notices=tuple(notices(enforcing, waivers, known, environment, locate)),
    )


def _judge(evaluation: Evaluation, document: Mapping[str, Json], enforcing: Enforcing) -> _Judged:
    described = {(r.package, r.entry): r for r in evaluation.described}
    owners = {r.id: r.package for r in evaluation.described}
    today = _today(document)
    errors = [_error(d) for d in evaluation.errors]
    if not evaluation.rules and not errors:
        errors.append(EngineError(words(codes.NOTHING_TO_ASK, "The policies have no rule.")))
    violations: dict[Violation, None] = {}
    unwaivable = {info.id for info in evaluation.described if not info.waivable}
    for result in evaluation.results:
        reported = _own(result, read_result(result, described.get((result.package, result.entry)), today), owners)
        if isinstance(reported, EngineError):
            errors.append(reported)
            continue
        violations[_enforced(reported, enforcing)] = None
        if not reported.waivable:
            unwaivable.add(reported.violation.rule)
    # Of policies that could not be loaded nobody knows which rules they have.
    asked = evaluation.rules if evaluation.rules or not evaluation.errors else None
    violations.update(dict.fromkeys(carried_out.not_carried_out(document, asked)))
    violations.update(dict.fromkeys(deletion_budget.over_budget(document)))
    violations.update(dict.fromkeys(parity_gate.unproven(document)))
    violations.update(dict.fromkeys(room.without_room(document)))
    violations.update(dict.fromkeys(on_hold.held_releases(document, asked)))
    violations.update(dict.fromkeys(retirement.not_retired_by_steps(document)))
    return _Judged(tuple(violations), tuple(errors), frozenset(unwaivable))


def _own(result: RuleResult, reported: Reported | EngineError, owners: Mapping[str, str]) -> Reported | EngineError:
    """Return *reported*, or an error when it is under the id of a rule of another package, or of trueup itself."""
    if isinstance(reported, EngineError):
        return reported
    rule = reported.violation.rule
    if is_reserved(rule):
        why = "which is kept for what trueup judges itself"
    elif owners.get(rule, result.package) != result.package:
        why = f"which is the rule of package `{owners[rule]}`"
    else:
        return reported
    detail = f"`{result.package}.{result.entry}` gave a result with the id `{rule}`, {why}."
    return EngineError(words(codes.FOREIGN_ID, detail), result.span)


def _enforced(reported: Reported, enforcing: Enforcing) -> Violation:
    done = enforce(reported.finding, enforcing)
    return replace(
        reported.violation,
        enforcement=done.enforcement,
        softened_by=done.softened_by,
        softened_from=done.softened_from,
    )


def _held(waiver: Waiver, unwaivable: Collection[str]) -> Waiver:
    """Take an exception out of force whose rule takes none."""
    if waiver.problem or waiver.rule not in unwaivable:
        return waiver
    return replace(waiver, problem=f"rule `{waiver.rule}` takes no exceptions")


def _uses(waivers: Iterable[Waiver], violations: Iterable[Violation]) -> Iterator[ExceptionUse]:
    used = {v.excepted_by for v in violations}
    for waiver in waivers:
        if waiver.problem:
            state = "expired" if waiver.has_expired else "invalid"
        else:
            state = "used" if waiver.address in used else "unused"
        yield ExceptionUse(waiver.address, state, waiver.problem, waiver.expires, waiver.expires_in_days)


def _today(document: Mapping[str, Json]) -> str:
    clock = document.get("clock")
    today = clock.get("today", clock.get("now")) if isinstance(clock, Mapping) else None
    return today[: len("2026-11-21")] if isinstance(today, str) else ""


def _error(diagnostic: Diagnostic) -> EngineError:
    return EngineError(words(diagnostic.code, diagnostic.detail), diagnostic.span)
