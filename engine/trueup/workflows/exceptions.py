"""Exceptions for those who look after them: what is declared, what it is worth today, when it was last used."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from trueup.core.diagnostics import Diagnostic, Severity
from trueup.ledger.record import Record
from trueup.plan.shapes import ShapeError
from trueup.policy.exceptions import read_waivers
from trueup.policy.judge import BUILT_IN
from trueup.policy.recorded import read_decision
from trueup.policy.results import RuleInfo
from trueup.policy.waiver_list import LastUse, ListedWaiver, list_waivers
from trueup.workflows.loading import Invalid, load_tree
from trueup.workflows.policy import PolicySource, policies_of, unknown_rule
from trueup.workflows.workspace import Workspace

_NEW_DAYS = 30
"""How long a new exception is proposed for: a third of what is allowed, and time for most repairs."""
_LONGEST_NAME = 63


def exceptions(workspace: Workspace, within: timedelta, revision: str = "") -> tuple[ListedWaiver, ...] | Invalid:
    """Return the exceptions that *revision* (the work tree when empty) declares; *within* says which expire soon.

    No change is judged here, so an approver is compared with who wrote the exception alone.
    """
    loaded = load_tree(workspace.tree(revision))
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    rules = _rules(workspace, revision)
    if isinstance(rules, Invalid):
        return rules
    declared = [loaded.resources[id_] for id_ in sorted(loaded.resources) if id_.kind == "PolicyException"]
    writers = workspace.writers(loaded.tree.revision, declared)
    return list_waivers(
        read_waivers(declared, workspace.clock.now(), (), writers),
        rules,
        BUILT_IN,
        within.days,
        places={str(r.id): r.origin.span for r in declared},
        uses=last_uses(workspace.ledger.records() if declared else (), {str(r.id) for r in declared}),
    )


def last_uses(records: Iterable[Record], addresses: Iterable[str]) -> dict[str, LastUse]:
    """Return the newest use of each exception of *addresses* in *records*, newest first; reads no further than that."""
    wanted, found = set(addresses), dict[str, LastUse]()
    if not wanted:
        return found
    for record in records:
        used = {address for event in record.draft.decisions for address in _used(event)}
        for address in used & wanted:
            found[address] = LastUse(record.draft.environment, record.draft.at, record.sequence)
        wanted -= used
        if not wanted:
            break
    return found


def new_exception(workspace: Workspace, rule: str, resource: str) -> str:
    """Return a PolicyException to complete, as YAML; what somebody has to decide is left empty and so is refused."""
    name = re.sub(r"[^a-z0-9]+", "-", f"{rule} {resource}".lower()).strip("-")[:_LONGEST_NAME].strip("-")
    expires = workspace.clock.now().date() + timedelta(days=_NEW_DAYS)
    return f"""\
apiVersion: trueup/v1alpha1
kind: PolicyException
metadata:
  name: {name}
  owner:                # team or person who answers for it
spec:
  rule: {rule}
  resource: "{resource}"
  # path: spec.format   # to lift it for one field only
  reason:               # why the rule cannot be kept
  compensatingControl:  # what is done in its place
  approvedBy:           # `Name <e-mail>` of somebody who wrote no part of the change
  expires: {expires}
"""


def stray_rule(workspace: Workspace, rule: str) -> tuple[Diagnostic, ...]:
    """Return a warning when no rule of the work tree has the id *rule*; nothing when its policies cannot be read."""
    rules = _rules(workspace, "")
    known = (*BUILT_IN, *(r.id for r in (() if isinstance(rules, Invalid) else rules)))
    if isinstance(rules, Invalid) or rule in known:
        return ()
    return (replace(unknown_rule(rule, known), severity=Severity.WARNING),)


def _rules(workspace: Workspace, revision: str) -> tuple[RuleInfo, ...] | Invalid:
    policies = policies_of(workspace, PolicySource(revision))
    if isinstance(policies, Invalid):
        return policies
    described = workspace.workbench.describe(policies.files) if policies.files else ()
    problems = tuple(d for d in described if isinstance(d, Diagnostic))
    return Invalid(problems) if problems else tuple(r for r in described if isinstance(r, RuleInfo))


def _used(event: object) -> tuple[str, ...]:
    try:
        return read_decision(event).exceptions  # type: ignore[arg-type]  # a record holds JSON
    except ShapeError:
        return ()  # `audit verify` names a decision that cannot be read
