"""Explains what one rule says of one address: its violations, what made them so, what it read and how far it came."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import short
from trueup.core.ids import is_reserved, parse_address
from trueup.core.json import Json, canonical_by_parts
from trueup.core.suggestions import did_you_mean
from trueup.policy.carried_out import RULE as NOT_CARRIED_OUT
from trueup.policy.decision import Enforcement, Violation
from trueup.policy.enforcement import settings_of, severity_default
from trueup.policy.listing import ListedRule, list_rules
from trueup.policy.results import RuleInfo
from trueup.policy.rule_explanation import RuleExplanation, facts_of, narrowed, spelled
from trueup.policy.tracing import RuleTrace
from trueup.policy.violations import words
from trueup.spec.resource import Resources
from trueup.workflows import codes
from trueup.workflows.checking import PlanChecked, check_plan
from trueup.workflows.loading import environments, load_tree
from trueup.workflows.planning import Invalid
from trueup.workflows.policy import HERE, PolicySource, policies_of, rules, settings_of_environments, unknown_rule
from trueup.workflows.workspace import Workspace


def explain_rule(
    workspace: Workspace, rule: str, address: str, environment: str = "", source: PolicySource = HERE
) -> RuleExplanation | Invalid:
    """Explain what *rule* says of *address* in the plan of *environment*, the address's own when none is named.

    The rule is asked once more about the same document, narrowed to the deployments that reach the address, so that
    lines reached are about it and not about another resource of the plan.
    """
    named = environment or _environment_of(workspace, address, source)
    if isinstance(named, Diagnostic):
        return Invalid((named,))
    found = check_plan(workspace, named, source)
    if isinstance(found, Invalid):
        return found
    resources = found.planned.loaded.resources
    if address not in {str(id_) for id_ in resources} and address != f"Environment/{named}":
        return Invalid((_unknown_address(address, resources),))
    policies = policies_of(workspace, source) if source.folder else found.planned.policies
    if isinstance(policies, Invalid):
        return policies
    ids = tuple(sorted({r.id for r in found.checked.rules}))
    if rule not in ids and not is_reserved(rule):
        return Invalid((_unknown(workspace, found, rule, (*ids, NOT_CARRIED_OUT), source),))
    document: dict[str, Json] = json.loads(found.checked.document)
    asked, deployments = narrowed(document, address)
    trace = None
    if rule in ids:
        now = workspace.clock.now()
        traced = workspace.tracer.trace(policies.files, canonical_by_parts(asked), now, rule)
        if not isinstance(traced, RuleTrace):
            return Invalid(traced)
        trace = traced
    explanation = _explanation(workspace, found, rule, address, deployments, trace)
    if source.folder:
        return explanation
    return replace(explanation, source=policies.source, revision=policies.revision or "", changed=policies.changed)


def _unknown(
    workspace: Workspace, found: PlanChecked, rule: str, known: tuple[str, ...], source: PolicySource
) -> Diagnostic:
    """Return what is wrong with the id *rule*: a rule that only the change brings is no misspelt one."""
    own = rules(workspace, source) if found.planned.policies.changed else ()
    if isinstance(own, Invalid) or all(r.id != rule for r in own):
        return unknown_rule(rule, known)
    base = short(found.planned.policies.revision or "")
    detail = (
        f"`{rule}` is brought by this change, and judges nothing before it is merged: the policies of {base} judge."
    )
    return Diagnostic(codes.UNKNOWN_RULE, detail, hint="`--policies DIR` asks the policies of a folder")


def _explanation(
    workspace: Workspace,
    found: PlanChecked,
    rule: str,
    address: str,
    deployments: tuple[str, ...],
    trace: RuleTrace | None,
) -> RuleExplanation:
    decision = found.checked.decision
    document: dict[str, Json] = json.loads(found.checked.document)
    own = tuple(v for v in decision.violations if v.rule == rule and v.address == address)
    listed = _listed(workspace, found, rule, own)
    held = document.get("resources")
    is_judged = bool(deployments) or (isinstance(held, Mapping) and address in held)
    reads = trace.reads if trace else ()
    facts = facts_of(document, address, (i for r in reads for i in r.inputs), (f for r in reads for f in r.fields))
    return RuleExplanation(
        rule=listed,
        address=address,
        environment=found.planned.desired.environment.name,
        outcome=decision.outcome.value,
        violations=own,
        elsewhere=sum(v.rule == rule and v.address != address for v in decision.violations),
        is_judged=is_judged,
        deployments=deployments,
        why=tuple(line for v in own for line in _why(v, found)),
        facts=tuple(facts),
        parameters=tuple(sorted({(p, spelled(v, p)) for r in reads for p, v in r.parameters})),
        bodies=trace.bodies if trace else (),
        coverage=trace.coverage if trace else (),
        errors=_errors(found, rule, trace),
        printed=trace.printed if trace else "",
    )


def _errors(found: PlanChecked, rule: str, trace: RuleTrace | None) -> tuple[str, ...]:
    """Return why nobody knows what the rule says: errors of the plan's own decision that may be its, and of the trace.

    What the trace finds is narrowed to the address; without an answer in the plan it is no answer either.
    """
    is_loaded = bool(found.checked.decision.rules)
    failed = () if is_reserved(rule) and is_loaded else found.checked.errors_of(rule)
    own = tuple(f"{e.span}: {e.message}" if e.span else e.message for e in failed)
    traced = trace.errors if trace and not own else ()
    return own or tuple(f"{e.span}: {words(e.code, e.detail)}" if e.span else words(e.code, e.detail) for e in traced)


def _listed(workspace: Workspace, found: PlanChecked, rule: str, own: tuple[Violation, ...]) -> ListedRule:
    infos = [r for r in found.checked.rules if r.id == rule]
    if not infos:
        title = own[0].title if own else "Judged by trueup itself"
        return ListedRule(RuleInfo(rule, "trueup", "deny", title, "critical"))
    name = found.planned.desired.environment.name
    settings = {name: settings_of_environments(found.planned.loaded.resources)[name]}
    (row,) = list_rules(infos, settings, workspace.clock.now().date(), None, {})
    return row


def _why(violation: Violation, found: PlanChecked) -> Iterator[str]:
    """Yield why *violation* does what it does."""
    environment = found.planned.desired.environment
    declared = environment.settings
    settings = settings_of(environment.tier, declared.get("policy") if isinstance(declared, Mapping) else None)
    default = severity_default(violation.severity, production=settings.production)
    yield f"severity {violation.severity}, tier {environment.tier}: {_does(default)}"
    if violation.softened_by:
        before = f", else it {_does(violation.softened_from)}" if violation.softened_from else ""
        yield f"{violation.softened_by}: it {_does(violation.enforcement)}{before}"
    elif violation.enforcement is not default:
        yield f"the environment's `policy` settings, or a `warn` entry: it {_does(violation.enforcement)}"
    if violation.excepted_by:
        yield f"{violation.excepted_by} lifts it"


def _does(enforcement: Enforcement) -> str:
    match enforcement:
        case Enforcement.DENY:
            return "denies"
        case Enforcement.WARN:
            return "warns"
        case Enforcement.DRYRUN:
            return "is recorded only (dry run)"


def _environment_of(workspace: Workspace, address: str, source: PolicySource) -> str | Diagnostic:
    """Return the environment to plan when none was named: the address's own, or the only one there is."""
    id_ = parse_address(address)
    if id_ is not None and id_.kind == "Deployment":
        return id_.environment
    if id_ is not None and id_.kind == "Environment":
        return id_.name
    known = environments(load_tree(workspace.tree(source.revision)).resources)
    if len(known) == 1:
        return known[0]
    listed = ", ".join(known) or "none"
    return Diagnostic(codes.ONE_ENVIRONMENT, f"Declared are {listed}.", hint=codes.ONE_ENVIRONMENT.remedy)


def _unknown_address(address: str, resources: Resources) -> Diagnostic:
    hint = did_you_mean(address, [str(id_) for id_ in resources]) or codes.UNJUDGED_ADDRESS.remedy
    return Diagnostic(codes.UNJUDGED_ADDRESS, f"`{address}` names nothing that is declared.", hint=hint)
