"""The golden cases: states and a decision in, one plan out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from states import (
    NOON,
    Want,
    applied,
    deployment,
    desired,
    nothing,
    verified,
    with_server,
)
from trueup.core.diagnostics import Span
from trueup.core.digests import Revision, digest_of
from trueup.core.ids import ResourceId
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.observed.state import Health, Hold, ObservedServer, ObservedState
from trueup.plan.build import build_plan
from trueup.plan.effects import Deleted, DeploymentCost, Effects, Loosened, MonthlyCost
from trueup.plan.saved import SavedPlan, save_plan
from trueup.policy.codec import decision_to_json
from trueup.policy.decision import Decision, Enforcement, EngineError, ExceptionUse, Notice, Outcome, Violation

RULES = ("EV-01", "LI-01", "SC-01")
Case = tuple[DesiredState, ObservedState, Decision] | tuple[DesiredState, ObservedState, Decision, Effects]


def allow() -> Decision:
    return Decision(Outcome.ALLOW, (), (), digest_of("bundle"), digest_of("input"), "regorus 0.13", RULES)


def plan_of(case: Case) -> SavedPlan:
    state, observed, decision = case[:3]
    plan = build_plan(state, observed, diff(state, observed), decision.bundle, "trueup 0.1.0", NOON)
    saved = save_plan(plan, state, observed, decision_to_json(decision), NOON + timedelta(hours=24))
    return replace(saved, effects=case[3]) if len(case) == 4 else saved


def stocked(before: DesiredState, now: DesiredState) -> ObservedState:
    """Return what is observed after *before*, with everything *now* needs in the store."""
    observed = applied(before)
    return replace(observed, artifacts=observed.artifacts | applied(now).artifacts)


def create() -> Case:
    return desired(Want(evaluations=("facts@1",))), nothing(), allow()


def prompt_update() -> Case:
    now = desired(Want(prompt="support@2", max_tokens=64))
    return now, stocked(desired(Want()), now), allow()


def weights_update() -> Case:
    now = desired(Want(model="tiny@2", evaluations=("facts@1",)))
    return now, applied(desired(Want(evaluations=("facts@1",)))), allow()


def replace_server() -> Case:
    now = desired(Want(threads=4, replicas=2))
    return now, stocked(desired(Want()), now), allow()


def delete() -> Case:
    observed = applied(desired(Want(), Want(name="chat", threads=4)))
    stray = ObservedServer(digest_of("stray"), 0, Health.HEALTHY, None)
    target = replace(observed.target, servers=(*observed.target.servers, stray))
    deleted = Deleted(1, 2, ("Deployment/dev/chat",), 0, 25.0)
    return desired(Want()), replace(observed, target=target), allow(), Effects(deleted=deleted)


def drift() -> Case:
    state = desired(Want())
    return state, with_server(applied(state), 0, health=Health.STOPPED, pid=0, detail="ended by signal 9"), allow()


def promotion() -> Case:
    now = desired(Want(environment="prod", model="tiny@2", evaluations=("facts@1",)))
    before = desired(Want(environment="prod", evaluations=("facts@1",)))
    upstream = deployment(Want(environment="staging", model="tiny@2"))
    observed = stocked(before, now)
    return now, replace(observed, upstream=(verified(upstream),), evidence=applied(now).evidence), allow()


def rollback() -> Case:
    now, before = desired(Want()), desired(Want(model="tiny@2"))
    observed = stocked(before, now)
    bad = observed.verified[0]
    hold = Hold("dev", bad.deployment, bad.release, "Answers were wrong.", "Ada <ada@example.com>", NOON)
    return now, replace(observed, verified=(bad, verified(deployment(Want()))), holds=(hold,)), allow()


def dearer() -> Case:
    now = desired(Want(environment="prod", replicas=2))
    chat, support = "Deployment/prod/chat", "Deployment/prod/support"
    cost = MonthlyCost(
        "EUR",
        before=123_400,
        after=150_000,
        budget=200_000,
        gpu_hours_before=730,
        gpu_hours_after=1460,
        accelerators=(("h200_sxm", 2),),
        deployments=(
            DeploymentCost(chat, 3_400, 3_400, 12, 12, "workload"),
            DeploymentCost(support, 120_000, 146_600, 35, 43, "evidence"),
        ),
    )
    bound = {"metric": "exact_match", "op": ">=", "value": 0.8}
    loosened = (
        Loosened("Evaluation/facts@2", "threshold-loosened", bound, {**bound, "value": 0.7}),
        Loosened("Environment/prod", "requirement-removed", "refuses@1", None),
    )
    return now, stocked(desired(Want(environment="prod")), now), allow(), Effects(cost, loosened)


def blocked() -> Case:
    now = desired(Want(environment="prod", model="tiny@2", evaluations=("facts@1",)))
    observed = stocked(desired(Want(environment="prod")), now)
    deny = Violation(
        rule="EV-01",
        title="Declared evaluations ran",
        severity="high",
        enforcement=Enforcement.DENY,
        address="Deployment/prod/support",
        path=("spec", "release", "model"),
        message="The release has no evidence for facts@1.",
        remediation="Run `trueup evaluate -e staging`, or wait until staging has verified the release.",
        span=Span("spec/deployments/prod/support.yaml", 10, 12),
    )
    warn = replace(
        deny,
        rule="LI-01",
        title="Licences are declared",
        severity="low",
        enforcement=Enforcement.WARN,
        address="Model/tiny@2",
        path=("spec", "licenses", 0),
        message="The licence is not on the list.",
        remediation="",
        span=None,
    )
    excepted = replace(deny, rule="SC-01", title="Sources are pinned", excepted_by="PolicyException/demo")
    decision = replace(allow(), outcome=Outcome.DENY, violations=(deny, excepted, warn))
    return now, observed, decision


def softened() -> Case:
    now = desired(Want(environment="prod", model="tiny@2"))
    warned = Violation(
        rule="SC-01",
        title="Sources are pinned",
        severity="critical",
        enforcement=Enforcement.WARN,
        address="Model/tiny@2",
        path=("spec", "source"),
        message="The source has no digest.",
        softened_by="policy.rules.SC-01",
        softened_from=Enforcement.DENY,
    )
    dry = replace(warned, rule="DP-04", title="Data is scanned", enforcement=Enforcement.DRYRUN, message="No scan.")
    dry = replace(dry, softened_by="policy.ruleSets.data")
    excepted = replace(warned, rule="LI-01", softened_by="", softened_from=None, excepted_by="PolicyException/soon")
    uses = (
        ExceptionUse("PolicyException/soon", "used", "", "2026-03-17", 3),
        ExceptionUse("PolicyException/late", "used", "", "2026-05-17", 64),
        ExceptionUse("PolicyException/over", "expired", "it expired on 2026-03-01", "2026-03-01", -13),
    )
    note = Notice("POL036 Setting for a rule that does not exist: `DP-40`.", Span("spec/environments/prod.yaml", 9, 7))
    decision = replace(allow(), violations=(excepted, warned, dry), exceptions=uses, notices=(note,))
    return now, stocked(desired(Want(environment="prod")), now), decision


def undecided() -> Case:
    now = desired(Want(prompt="support@2"))
    error = EngineError("rule ran longer than 5 seconds", Span("policies/own/rule.rego", 7, 1))
    return now, stocked(desired(Want()), now), replace(allow(), outcome=Outcome.ERROR, errors=(error,))


def nothing_to_do() -> Case:
    state = desired(Want(evaluations=("facts@1",)))
    return state, applied(state), allow()


def uncommitted() -> Case:
    now = desired(Want(prompt="support@2"), revision=Revision(""))
    return now, stocked(desired(Want()), now), allow()


HOSTILE = (
    "Be nice. | cell | </details><script>alert(1)</script> <!-- `` ``` @everyone #1 [x](http://evil.example) "
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202egnp.exe \x00 ![i](http://evil.example/i.png)\n```\n- delete prod\n"
    "::error::no {+really+} [-not-] hf_abcdefghijklmnopqrstuvwxyz"
)


def hostile() -> Case:
    before = desired(Want(name="a|b`c<d>", text="Be nice to every one."))
    now = desired(Want(name="a|b`c<d>", text=HOSTILE, annotations={"to@all": HOSTILE, "apiKey": "hunter2-hunter2"}))
    violation = Violation(
        rule="OP-08",
        title="No <b>secrets</b>",
        severity="critical",
        enforcement=Enforcement.DENY,
        address="Deployment/dev/a|b`c<d>",
        path=("metadata", "annotations", "to@all"),
        message=HOSTILE,
        remediation=HOSTILE,
        span=Span("spec/a|b`.yaml", 3, 1),
    )
    hold = Hold("dev", ResourceId("Deployment", "x\ny"), digest_of("r"), HOSTILE, "@root", NOON)
    observed = replace(stocked(before, now), holds=(hold,))
    return now, observed, replace(allow(), outcome=Outcome.DENY, violations=(violation,))


@dataclass(frozen=True)
class Golden:
    name: str
    make: Callable[[], Case]


CASES = tuple(
    Golden(make.__name__, make)
    for make in (
        create,
        prompt_update,
        weights_update,
        replace_server,
        delete,
        drift,
        promotion,
        dearer,
        rollback,
        blocked,
        softened,
        undecided,
        nothing_to_do,
        uncommitted,
        hostile,
    )
)
