"""The policies that judge, and when somebody last held their rules against the law."""

from collections.abc import Iterable
from datetime import date

from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy.facts.change import shown
from trueup.policy.results import RuleInfo


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """The policies that judge.

    Attributes:
        digest: Digest of the bundle.
        revision: Commit they were read from; empty for a dirty work tree.
        origin: `head` (the change's own) or `base` (those of the branch it is to be merged into).
        changed: Policy files that the change makes differ from those; None when nobody can tell.
        rules: What the rules say of themselves; None when nobody asked them.
    """

    digest: str = ""
    revision: str = ""
    origin: str = "head"
    changed: tuple[str, ...] | None = None
    rules: tuple[RuleInfo, ...] | None = None


def policy_facts(policies: PolicyFacts, today: date) -> dict[str, Json]:
    """Return the part of the document that says who judges; what is unknown is left out."""
    facts: dict[str, Json] = {"digest": policies.digest, "revision": policies.revision, "from": policies.origin}
    if policies.changed is not None:
        facts["changed"] = [shown(path) for path in policies.changed]
    if policies.rules is not None:
        # A rule may both deny and warn; it is one rule all the same.
        facts["rules"] = [_rule(r, today) for r in {rule.id: rule for rule in reversed(policies.rules)}.values()][::-1]
    return facts


def reviews(rules: Iterable[RuleInfo], today: date) -> Json:
    """Return the age of the oldest review, and the rules that do not say when they were reviewed."""
    ages = {rule.id: _age(rule, today) for rule in rules}
    known = [age for age in ages.values() if age is not None]
    return {
        "oldestDays": max(known, default=None),
        "unreviewed": sorted(id_ for id_, age in ages.items() if age is None),
    }


def _rule(rule: RuleInfo, today: date) -> Json:
    return {
        "id": rule.id,
        "ruleSet": rule.rule_set,
        "lastReviewed": rule.last_reviewed,
        "reviewAgeDays": _age(rule, today),
        "effectiveFrom": rule.effective_from,
        "inForce": rule.effective_from <= today.isoformat(),
        "controls": list(rule.controls),
    }


def _age(rule: RuleInfo, today: date) -> int | None:
    """Return the days since the last review; what is no day is not reviewed."""
    try:
        return (today - date.fromisoformat(rule.last_reviewed)).days
    except ValueError:
        return None
