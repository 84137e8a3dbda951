"""Plans that the library judges; each gives a document and a decision, written beside this file."""

from dataclasses import replace
from datetime import timedelta

from states import NOON, REVISION, Want, applied, deployment, desired, nothing, passing, resource, verified
from trueup.adapters.policy.bundle import bundle_digest, load_library
from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.diff.compare import diff
from trueup.observed.state import Drill, Hold, ObservedState
from trueup.plan.build import build_plan
from trueup.policy.document import ChangeFacts, Surroundings, policy_document
from trueup.policy.facts.base import BaseResources
from trueup.policy.facts.change import ChangedFile, Commit, Signature
from trueup.policy.facts.reviews import PolicyFacts
from trueup.policy.results import RuleInfo

PROD = Want(environment="prod", evaluations=("facts@1",))
SETTINGS: Json = {"tier": "production", "evaluations": {"required": ["facts@1"], "run": "before"}}


ADA = "Ada <ada@example.com>"
UNKNOWN = ChangeFacts(REVISION, "", ADA, {"Reviewed-by": ("Grace",)}, "ada")
BASE = "1" * 40


def _document(
    state: DesiredState,
    observed: ObservedState,
    change: ChangeFacts = UNKNOWN,
    policies: PolicyFacts | None = None,
    around: Surroundings | None = None,
) -> dict[str, Json]:
    changes = diff(state, observed)
    plan = build_plan(state, observed, changes, digest_of("policies"), "trueup 0.1.0", NOON, ())
    return policy_document(plan, state, observed, change, NOON, policies=policies, around=around)


def first_release() -> dict[str, Json]:
    return _document(desired(PROD, settings=SETTINGS), nothing("prod"))


def prepared(*, is_double: bool) -> dict[str, Json]:
    """Return the document of a release that is built and does not serve yet."""
    state = desired(PROD, settings=SETTINGS)
    built = frozenset({state.deployments[0].release.build.key})
    there = replace(nothing("prod"), artifacts=applied(state).artifacts, simulated=built if is_double else frozenset())
    return _document(state, there)


def secret_in_a_prompt() -> dict[str, Json]:
    state = desired(replace(PROD, text="The key is hf_abcdefghijklmnopqrstuv."), settings=SETTINGS)
    return _document(state, applied(state))


def held_release_under_an_exception() -> dict[str, Json]:
    before, after = desired(PROD, settings=SETTINGS), desired(replace(PROD, prompt="support@2"), settings=SETTINGS)
    item = after.deployments[0]
    hold = Hold("prod", item.id, item.release.digest, "wrong answers", "grace", NOON)
    spec: Json = {
        "rule": "OP-01",
        "resource": "Deployment/*/support",
        "reason": "The team is being named.",
        "compensatingControl": "The platform team is on call.",
        "approvedBy": "risk-owner",
        "expires": "2026-04-01",
    }
    waiver = resource(ResourceId("PolicyException", "on-call"), {"kind": "PolicyException", "spec": spec})
    return _document(replace(after, exceptions=(waiver,)), replace(applied(before), holds=(hold,)))


def promotion_with_all_known() -> dict[str, Json]:
    """A pull request that promotes and loosens at once, in an environment with prices, a quota and a freeze."""
    spec: dict[str, Json] = {
        **_mapping(SETTINGS),
        "soakTime": "24h",
        "accelerators": [{"sku": "h200_sxm", "count": 4, "pricePerHour": 2.5}],
        "budget": {"maxBudget": 5000, "budgetDuration": "30d", "currency": "EUR"},
        "quota": {"replicas": 4, "memory": "64Gi"},
        "freezeWindows": [
            {"name": "weekend", "schedule": "0 0 * * SAT", "duration": "48h", "reason": "nobody is there"}
        ],
        "approvals": {"required": 1, "roles": [{"role": "risk-owner", "members": ["grace@example.com"]}]},
    }
    before, after = desired(PROD, settings=spec), desired(replace(PROD, prompt="support@2"), settings=spec)
    item = after.deployments[0]
    environment = ResourceId("Environment", "prod")
    was, now = (
        resource(environment, {"kind": "Environment", "spec": {"evaluations": {"required": r}}})
        for r in (["facts@1", "safety@1"], ["facts@1"])
    )
    declared = {r.id: r for r in (*item.resources, now)}
    there = deployment(replace(PROD, environment="staging", prompt="support@2"))
    observed = replace(
        applied(before),
        evidence=(replace(passing(item.evaluations[0]), subject=_subject(item)),),
        artifacts=applied(after).artifacts,
        upstream=(replace(verified(there), served=timedelta(hours=30)),),
        drills=(Drill(there.id, NOON - timedelta(days=20), digest_of("drill")),),
    )
    good = Signature("good", "ada@example.com")
    approved = (("Approved-by", "Grace <grace@example.com>"), ("Reviewed-by", ADA))
    change = ChangeFacts(
        REVISION,
        BASE,
        ADA,
        {"Approved-by": ("Grace <grace@example.com>",), "Reviewed-by": (ADA,)},
        "ci on build-1",
        good,
        (Commit(REVISION, ADA, good, approved, ("spec/environments/prod.yaml",)),),
        (ChangedFile("spec/deployments/prod/support.yaml", "modified"), ChangedFile(was.origin.path, "modified")),
    )
    rules = (RuleInfo("EV-05", "trueup.rules.ev_05", "deny", rule_set="evaluation", last_reviewed="2026-03-01"),)
    return _document(
        after,
        observed,
        change,
        PolicyFacts(digest_of("policies"), BASE, "base", (), rules),
        Surroundings(
            declared=declared,
            base=BaseResources(declared, frozenset({was.origin.path}), {was.id: was}),
            installed={"xllamacpp": "2026.8.0"},
        ),
    )


def _subject(item: DesiredDeployment) -> tuple[tuple[str, Digest], ...]:
    release = item.release
    assert release.prompt
    return (
        ("artifact", release.artifact.digest),
        ("dataset", item.evaluations[0].dataset.digest),
        ("prompt", release.prompt.digest),
        ("release", release.digest),
    )


def _mapping(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


CASES = {
    f.__name__: f
    for f in (first_release, secret_in_a_prompt, held_release_under_an_exception, promotion_with_all_known)
}
LIBRARY = load_library()
DIGEST = bundle_digest(LIBRARY)
