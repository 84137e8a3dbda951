"""A run of a pipeline: what a change reaches, and that nothing that fails hides anything."""

from dataclasses import replace

import pytest

from trueup.adapters.locks import codes as lock_codes
from trueup.core.errors import PermanentError
from trueup.ports import Base
from trueup.workflows.ci import CiRequest, Measuring, measure_stale, review
from trueup.workflows.loading import Invalid
from trueup.workflows.planning import Planned
from workspaces import Declared, FakeWorkspace, Stage

DEV, STAGING = Declared(model="smol@1"), Declared(environment="staging", model="smol@1")
PLAIN = Stage(evaluations=(), run="during")
STAGED = Stage(tier="staging", evaluations=(), run="during", port=8181)


@pytest.fixture
def workspace(make) -> FakeWorkspace:
    made = make(DEV, STAGING, dev=PLAIN, staging=STAGED)
    made.governed_by = Base(made.head)
    return made


def change(workspace: FakeWorkspace, *declared: Declared, **stages: Stage) -> None:
    base = workspace.head
    workspace.declare(*declared, **stages)
    workspace.governed_by = Base(base)


def names(workspace: FakeWorkspace, **request: object) -> dict[str, str]:
    return {run.name: run.why for run in review(workspace, CiRequest(**request)).environments}


def test_only_what_the_change_reaches_is_planned(workspace: FakeWorkspace) -> None:
    change(workspace, replace(DEV, replicas=2), STAGING)
    found = review(workspace, CiRequest())
    assert [(r.name, r.why) for r in found.environments] == [("dev", "its deployments change")]
    assert found.reach is not None
    assert (found.reach.untouched, found.reach.gone) == (("staging",), ())
    assert isinstance(found.environments[0].outcome, Planned)


def test_a_change_of_nothing_reaches_nothing(workspace: FakeWorkspace) -> None:
    change(workspace, DEV, STAGING)
    assert names(workspace) == {}


def test_the_settings_of_an_environment_reach_it(workspace: FakeWorkspace) -> None:
    change(workspace, DEV, STAGING, staging=replace(STAGED, port=8199))
    assert list(names(workspace)) == ["staging"]


def test_the_settings_of_the_project_reach_every_environment(workspace: FakeWorkspace) -> None:
    base = workspace.head
    workspace.files["trueup.yaml"] += b"\n# another line\n"
    workspace.commit()
    workspace.governed_by = Base(base)
    assert names(workspace) == dict.fromkeys(("dev", "staging"), "the project's settings change")


def test_without_a_base_all_is_planned(workspace: FakeWorkspace) -> None:
    workspace.governed_by = Base()
    assert names(workspace) == dict.fromkeys(("dev", "staging"), "there is nothing to compare with")


def test_what_is_asked_for_is_planned_whatever_is_reached(workspace: FakeWorkspace) -> None:
    change(workspace, replace(DEV, replicas=2), STAGING)
    assert names(workspace, environments=("staging",)) == {"staging": "asked for"}
    assert names(workspace, everything=True) == {"dev": "its deployments change", "staging": "asked for"}


def test_an_environment_that_is_gone_is_told_and_a_new_one_is_planned(make) -> None:
    made = make(DEV, dev=PLAIN)
    base = made.head
    made.files = dict(make(STAGING, staging=STAGED).files)
    made.commit()
    made.governed_by = Base(base)
    found = review(made, CiRequest())
    assert found.reach is not None
    assert found.reach.gone == ("dev",)
    assert [(r.name, r.why) for r in found.environments] == [("staging", "it is new")]


def test_a_wrong_declaration_is_told_and_nothing_is_planned(workspace: FakeWorkspace) -> None:
    change(workspace, replace(DEV, model="nothing@1"), STAGING)
    found = review(workspace, CiRequest())
    assert found.diagnostics
    assert (found.reach, found.environments) == (None, ())


@pytest.mark.parametrize("error", [PermanentError(lock_codes.LOCK_HELD, "busy"), OSError("disk"), ValueError("a bug")])
def test_an_environment_that_fails_hides_no_other(workspace: FakeWorkspace, error: Exception) -> None:
    change(workspace, replace(DEV, replicas=2), replace(STAGING, replicas=2))
    real, calls = workspace.target, []

    class Failing:
        def __getattr__(self, name: str) -> object:
            raise error

    def target(name: str) -> object:
        calls.append(name)
        return Failing() if len(calls) == 1 else real(name)

    workspace.target = target  # type: ignore[method-assign]
    outcomes = [r.outcome for r in review(workspace, CiRequest()).environments]
    assert outcomes[0] is error
    assert isinstance(outcomes[1], Planned)


def test_an_environment_that_nobody_declared_is_a_problem_of_its_own(workspace: FakeWorkspace) -> None:
    found = review(workspace, CiRequest(environments=("dev", "nowhere")))
    assert isinstance(found.environments[0].outcome, Planned)
    assert isinstance(found.environments[1].outcome, Invalid)


def test_behaviour_is_compared_when_asked(workspace: FakeWorkspace) -> None:
    change(workspace, replace(DEV, prompt="support@2"), STAGING)
    assert review(workspace, CiRequest()).environments[0].behaviour is None
    assert review(workspace, CiRequest(examples=3)).environments[0].behaviour is not None


def test_what_is_stale_is_measured_and_counts_at_once(make) -> None:
    stage = replace(PLAIN, evaluations=("facts@1",), run="before")
    made = make(DEV, dev=stage)
    measuring = Measuring()
    events = list(measure_stale(made, CiRequest(), measuring))
    assert events
    assert measuring.evaluated.measured == {"Deployment/dev/support Evaluation/facts@1": True}
    (run,) = review(made, CiRequest()).environments
    assert isinstance(run.outcome, Planned)
    assert [e.passed for e in run.outcome.observed.evidence] == [True]


def test_measuring_that_cannot_begin_keeps_nobody_from_planning(make) -> None:
    made = make(DEV, dev=replace(PLAIN, evaluations=("facts@1",), run="before"))
    measuring = Measuring()
    with made.lock.hold("dev", "apply -e dev", 0.0):
        list(measure_stale(made, CiRequest(), measuring))
    assert measuring.failure is not None
    assert isinstance(review(made, CiRequest()).environments[0].outcome, Planned)


def test_a_wrong_declaration_cannot_be_measured(workspace: FakeWorkspace) -> None:
    change(workspace, replace(DEV, model="nothing@1"), STAGING)
    measuring = Measuring()
    assert list(measure_stale(workspace, CiRequest(), measuring)) == []
    assert measuring.invalid is not None
