"""Plans that the library judges; each gives a document and a decision, written beside this file."""

from dataclasses import replace

from states import NOON, REVISION, Want, applied, desired, nothing, resource
from trueup.adapters.policy.bundle import bundle_digest, load_library
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.observed.state import Hold, ObservedState
from trueup.plan.build import build_plan
from trueup.policy.document import ChangeFacts, policy_document

PROD = Want(environment="prod", evaluations=("facts@1",))
SETTINGS: Json = {"tier": "production", "evaluations": {"required": ["facts@1"], "run": "before"}}


def _document(state: DesiredState, observed: ObservedState, *, gate: bool = False) -> dict[str, Json]:
    changes = diff(state, observed)
    plan = build_plan(state, observed, changes, digest_of("policies"), "trueup 0.1.0", NOON, ())
    facts = ChangeFacts(REVISION, "", "Ada <ada@example.com>", {"Reviewed-by": ("Grace",)}, "ada")
    return policy_document(plan, state, observed, facts, NOON, gate=gate)


def first_release() -> dict[str, Json]:
    return _document(desired(PROD, settings=SETTINGS), nothing("prod"))


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


CASES = {f.__name__: f for f in (first_release, secret_in_a_prompt, held_release_under_an_exception)}
LIBRARY = load_library()
DIGEST = bundle_digest(LIBRARY)
