"""Decisions of projects without policies, and how every decision settles and orders what it found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from trueup.core.digests import Digest, digest_of
from trueup.core.json import Json
from trueup.policy import deletion_budget, on_hold, retirement
from trueup.policy.decision import Decision, EngineError, Outcome, Violation

if TYPE_CHECKING:
    from trueup.policy.exceptions import Waiver
    from trueup.policy.results import Locate


def judge_without_rules(document: Mapping[str, Json], bundle: Digest, engine: str, locate: Locate) -> Decision:
    """Return the decision over *document* of a project without policies, where nobody is asked.

    What must not happen by mistake is denied all the same: too many deletions, a release on hold, and a version that
    is retired while something needs it.
    """
    found = (
        *deletion_budget.over_budget(document),
        *on_hold.held_releases(document),
        *retirement.not_retired_by_steps(document),
    )
    settled = tuple(sorted((settle(v, (), environment_of(document), locate) for v in found), key=order_of))
    return Decision(outcome_of(settled, ()), settled, (), bundle, digest_of(document), engine)


def settle(violation: Violation, waivers: Iterable[Waiver], environment: str, locate: Locate) -> Violation:
    """Place a violation and apply exceptions; one that names no resource is about the environment."""
    from trueup.policy.results import nearest

    span = violation.span or nearest(violation.address, violation.path, locate)
    address = violation.address or environment
    waiver = next((w for w in waivers if w.lifts(violation.rule, address, violation.path)), None)
    return replace(violation, span=span, excepted_by=waiver.address if waiver else "")


def outcome_of(violations: Iterable[Violation], errors: Collection[EngineError]) -> Outcome:
    """Return what comes of *violations*; what could not be told denies."""
    if errors:
        return Outcome.ERROR
    return Outcome.DENY if any(v.denies for v in violations) else Outcome.ALLOW


def order_of(violation: Violation) -> tuple[int, tuple[str, ...]]:
    """Order by severity, rule, address and field; the rest makes the order of equal ones certain."""
    from trueup.policy.enforcement import SEVERITIES

    v = violation
    path = ".".join(str(step) for step in v.path)
    rest = (v.enforcement.value, v.softened_by, v.title, v.remediation, str(v.span), repr(v.path))
    return SEVERITIES.index(v.severity), (v.rule, v.address, path, v.message, *rest)


def environment_of(document: Mapping[str, Json]) -> str:
    """Return the address of the environment that is judged; empty when the document does not say."""
    environment = document.get("environment")
    name = environment.get("name") if isinstance(environment, Mapping) else None
    return f"Environment/{name}" if isinstance(name, str) and name else ""
