"""Runs of `trueup ci` to show: plans as the plan goldens have them, where a run stands, and what went wrong."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "golden" / "plan"))
from cases import (
    HOSTILE,
    Case,
    allow,
    blocked,
    create,
    dearer,
    delete,
    nothing_to_do,
    plan_of,
    promotion,
    prompt_update,
    softened,
    stocked,
)
from cases import hostile as hostile_plan

from behaviours import hostile as hostile_behaviour
from behaviours import ordinary as ordinary_behaviour
from states import NOON, Want, desired, nothing
from trueup.adapters.forges import codes as forge_codes
from trueup.cli.views.ci_report import CiReport, EnvironmentReport
from trueup.cli.views.plan_report import PlanReport, report_of
from trueup.core.diagnostics import Diagnostic, Severity, Span
from trueup.core.digests import Revision
from trueup.plan.saved import SavedPlan
from trueup.policy.decision import Enforcement, Outcome, Violation
from trueup.ports import Provider, Where
from trueup.reconcile import codes as reconcile_codes
from trueup.spec import codes as spec_codes

PULL_REQUEST = Where(
    Provider.GITHUB,
    "pull_request",
    "https://github.com",
    "shop/llm",
    7,
    "main",
    Revision("b" * 40),
    Revision("a" * 40),
    "feature/prompt",
    run="https://github.com/shop/llm/actions/runs/1658821493",
)


def planned(case: Case | SavedPlan, name: str = "", why: str = "its deployments change") -> EnvironmentReport:
    saved = case if isinstance(case, SavedPlan) else plan_of(case)
    name = name or saved.plan.environment
    saved = replace(
        saved, plan=replace(saved.plan, environment=name), environment=replace(saved.environment, name=name)
    )
    plan = report_of(saved)
    assert isinstance(plan, PlanReport)
    return EnvironmentReport(name, why, plan, file=f"plans/{name}.plan.json")


def run_of(*environments: EnvironmentReport, **more: object) -> CiReport:
    facts: dict[str, object] = {"project": "shop", "revision": "c" * 40, "base": "b" * 40, "resources": 24}
    return CiReport(PULL_REQUEST, NOON, environments=environments, **{**facts, **more})  # type: ignore[arg-type]


def small() -> CiReport:
    return run_of(planned(prompt_update()), untouched=("prod", "staging"))


def empty() -> CiReport:
    return run_of(untouched=("dev", "prod", "staging"))


def unchanged() -> CiReport:
    return run_of(planned(nothing_to_do()), untouched=("prod",))


def aged(environment: EnvironmentReport, days: int) -> EnvironmentReport:
    """Return *environment* with evidence that was measured *days* before the plan."""
    assert environment.plan is not None
    saved = environment.plan.saved
    evidence = tuple(replace(e, completed_at=saved.plan.created_at - timedelta(days=days)) for e in saved.evidence)
    return replace(environment, plan=replace(environment.plan, saved=replace(saved, evidence=evidence)))


def refused() -> CiReport:
    """Blocked in production, with an exception used, a deletion and a behaviour diff."""
    dev = planned(delete())
    assert dev.plan is not None
    dev = replace(dev, plan=replace(dev.plan, behaviour=ordinary_behaviour()))
    measured = {"Deployment/dev/support Evaluation/facts@1": True, "Deployment/dev/support Evaluation/refuses@1": False}
    return run_of(dev, aged(planned(promotion(), "prod-eu"), 3), planned(blocked()), measured=measured, gone=("old",))


def costly() -> CiReport:
    return run_of(planned(softened(), "canary"), planned(dearer()))


def failing() -> CiReport:
    """One environment that cannot be observed, one whose declaration is wrong, one that can be planned."""
    busy = Diagnostic(reconcile_codes.STALE_PLAN, "the gateway of `prod` does not answer", hint="start it")
    wrong = Diagnostic(
        spec_codes.DANGLING_REFERENCE,
        "Deployment `support` names the model `tiny-gtp`, which no spec declares.",
        Span("spec/deployments/staging/support.yaml", 12, 10),
        "did you mean `tiny-gpt`?",
    )
    unposted = Diagnostic(forge_codes.NOT_ALLOWED, "POST /comments answered 403", hint=forge_codes.NOT_ALLOWED.remedy)
    warned = replace(wrong, severity=Severity.WARNING, detail="The model `tiny` is `deprecated`.")
    return run_of(
        planned(prompt_update()),
        EnvironmentReport("prod", "its settings change", problems=(busy,), is_failure=True),
        EnvironmentReport("staging", "it cannot be resolved", problems=(wrong,)),
        failures=(unposted,),
        diagnostics=(warned,),
    )


def invalid() -> CiReport:
    wrong = Diagnostic(
        spec_codes.DANGLING_REFERENCE, "`tiny-gtp` is not declared.", Span("spec/a.yaml", 3, 1), "correct it"
    )
    return run_of(diagnostics=(wrong,), base="")


@cache
def large() -> CiReport:
    """More than any forge takes: 30 environments, 45 deployments each with other prompts, all of it blocked."""
    text = "Answer the customer in one short and complete sentence, and never promise a refund. " * 12
    environments = []
    for number in range(30):
        name = f"region-{number:02}"
        wants = tuple(Want(environment="prod", name=f"support-{n:02}", text=f"{text}{n}") for n in range(45))
        state = desired(*wants)
        deny = Violation(
            rule="EV-01",
            title="Declared evaluations ran",
            severity="high",
            enforcement=Enforcement.DENY,
            address=f"Deployment/{name}/support-00",
            path=("spec",),
            message="The release has no evidence for facts@1.",
            remediation="Run `trueup evaluate -e staging`.",
        )
        decision = replace(allow(), outcome=Outcome.DENY, violations=(deny,))
        environments.append(planned((state, nothing("prod"), decision), name))
    return run_of(*environments)


def hostile() -> CiReport:
    """Every text that a change can choose is an attempt to be something else than text."""
    dev = planned(hostile_plan())
    assert dev.plan is not None
    dev = replace(dev, plan=replace(dev.plan, behaviour=hostile_behaviour()))
    wrong = Diagnostic(spec_codes.DANGLING_REFERENCE, HOSTILE, Span("spec/@a`|b.yaml", 1, 1), HOSTILE)
    place = replace(PULL_REQUEST, base="@main</details>`|", branch=HOSTILE)
    report = run_of(
        dev,
        EnvironmentReport("@all|`x`</table>", HOSTILE, problems=(wrong,)),
        project="@shop/--><script>#1",
        untouched=("@everyone", "#1`"),
        gone=("<b>",),
        failures=(wrong,),
        measured={HOSTILE: False},
        notes=(HOSTILE,),
    )
    return replace(report, where=place)


RUNS: Mapping[str, Callable[[], CiReport]] = {
    make.__name__: make for make in (small, empty, unchanged, refused, costly, failing, invalid, large, hostile)
}

__all__ = ["RUNS", "Case", "blocked", "create", "planned", "run_of", "stocked"]
