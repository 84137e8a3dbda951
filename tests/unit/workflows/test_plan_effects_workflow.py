"""What a plan says of cost and of evaluations that are easier to pass, as it comes out of planning."""

import json
from dataclasses import replace

from trueup.cli.reports import plan_report
from trueup.core.json import Json
from trueup.plan.effects import DeploymentCost
from trueup.policy.decision import Outcome
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage

OLD = Declared(model="smol@1")
ENVIRONMENT = "spec/environments/dev.yaml"


def priced(workspace: FakeWorkspace, **prices: Json) -> FakeWorkspace:
    """Let the environment declare *prices*."""
    declared = json.loads(workspace.files[ENVIRONMENT])
    declared["spec"]["prices"] = prices
    workspace.files[ENVIRONMENT] = json.dumps(declared).encode()
    workspace.commit()
    return workspace


def planned(workspace: FakeWorkspace) -> Planned:
    found = make_plan(workspace, "dev", "HEAD")
    assert isinstance(found, Planned), found
    return found


def test_what_a_month_costs_is_shown_where_something_has_a_price(make) -> None:
    workspace = priced(make(OLD), machinePerHour=0.1)
    workspace.apply()
    workspace.declare(replace(OLD, replicas=3))
    cost = planned(priced(workspace, machinePerHour=0.1)).judged.effects.cost
    assert cost is not None
    assert (cost.before, cost.after, cost.currency) == (7300, 21_900, "USD")
    assert cost.deployments == (DeploymentCost("Deployment/dev/support", 7300, 21_900),)


def test_without_prices_no_cost_is_shown(make) -> None:
    assert planned(make(OLD)).judged.effects.cost is None


def test_a_project_without_policies_sees_the_cost_too(make) -> None:
    workspace = priced(make(OLD), machinePerHour=0.1)
    workspace.engine.rules = []
    found = planned(workspace)
    assert found.judged.evaluation is None
    assert found.judged.decision.outcome is Outcome.ALLOW
    assert found.judged.effects.cost is not None
    assert found.judged.effects.cost.after == 7300
    without = make(OLD)
    without.engine.rules = []
    assert planned(without).judged.effects.cost is None


def test_what_is_easier_to_pass_is_in_the_report_and_in_its_file(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=("facts@1", "tone@1")))
    workspace.apply()
    workspace.declare(OLD, dev=Stage(evaluations=("facts@1",)))
    found = planned(workspace)
    assert [(one.kind, one.before) for one in found.judged.effects.loosened] == [("requirement-removed", "tone@1")]
    assert plan_report(found).saved.effects == found.judged.effects
