"""The `rollout` of a Deployment as values."""

from datetime import timedelta

import pytest

from trueup.core.conditions import Condition
from trueup.desired.takeover import Checks, Rival, Stage, Takeover, Watched, takeover_of

ERRORS = {"name": "error_rate", "successCondition": "<= 1%"}
ANALYSIS = {"metrics": [ERRORS], "minRequests": 200}
WATCHED = Watched("error_rate", Condition("<=", 0.01))
CHECKS = Checks((WATCHED,), min_requests=200)


def of(**rollout) -> Takeover:
    return takeover_of({"spec": {"rollout": rollout}})


@pytest.mark.parametrize("document", [{}, {"spec": {}}, {"spec": {"rollout": None}}, {"spec": {"rollout": {}}}])
def test_nothing_declared_is_blue_green_without_a_stage(document):
    assert takeover_of(document) == Takeover()
    assert takeover_of(document).strategy == "blueGreen"


@pytest.mark.parametrize("strategy", ["recreate", "inPlace", "blueGreen"])
def test_a_switch_of_all_traffic_is_a_stage_only_where_it_is_analysed(strategy):
    assert of(strategy=strategy).stages == ()
    analysed = of(strategy=strategy, analysis=ANALYSIS)
    assert analysed.stages == (Stage(weight=100, checks=CHECKS),)
    assert analysed.checks == CHECKS


def test_a_canary_has_the_steps_that_are_declared():
    steps = [{"setWeight": 5, "pause": {"duration": "10m"}}, {"pause": {}}, {"setWeight": 50.5, "analysis": ANALYSIS}]
    assert of(strategy="canary", steps=steps).stages == (
        Stage(weight=5, pause=timedelta(minutes=10)),
        Stage(until_told=True),
        Stage(weight=50.5, checks=CHECKS),
    )


def test_a_weight_without_an_analysis_of_its_own_is_left_only_when_the_common_one_holds():
    steps = [
        {"setWeight": 0},
        {"setWeight": 5},
        {"pause": {"duration": "10m"}},
        {"setWeight": 50},
        {"analysis": {"metrics": [ERRORS], "minRequests": 1}},
        {"pause": {}},
        {"setWeight": 100},
    ]
    found = of(strategy="canary", steps=steps, analysis=ANALYSIS)
    own = Checks((WATCHED,), min_requests=1)
    assert [s.checks for s in found.stages] == [None, None, CHECKS, None, own, None, CHECKS]
    assert found.checks == CHECKS


def test_a_canary_with_copies_begins_with_them():
    metrics = [
        ERRORS,
        {"name": "similarity", "successCondition": ">= 0.6"},
        {"name": "feedback", "successCondition": ">= stable"},
    ]
    found = of(
        strategy="canary",
        mirror={"percent": 20, "duration": "1h"},
        steps=[{"setWeight": 10}],
        analysis={"metrics": metrics, "minRequests": 9},
    )
    copies, share = found.stages
    assert (copies.weight, copies.mirror, copies.pause) == (0, 20, timedelta(hours=1))
    assert [w.name for w in copies.checks.watched] == ["error_rate", "similarity"]
    assert [w.name for w in share.checks.watched] == ["error_rate", "feedback"]
    assert found.checks == share.checks


def test_metrics_of_copies_alone_leave_nothing_to_check_afterwards():
    analysis = {"metrics": [{"name": "similarity", "successCondition": ">= 0.6"}], "minRequests": 9}
    found = of(strategy="canary", mirror={}, steps=[{"setWeight": 10}], analysis=analysis)
    assert [s.checks is None for s in found.stages] == [False, True]
    assert found.checks is None


def test_a_shadow_is_one_stage_of_copies_and_clients_are_not_touched():
    found = of(strategy="shadow", analysis=ANALYSIS)
    assert found.stages == (Stage(weight=0, mirror=100, checks=CHECKS),)
    assert found.checks is None


def test_an_experiment_is_judged_once_after_its_sample():
    found = of(
        strategy="experiment",
        hypothesis="Shorter answers.",
        sampleSize=500,
        weight=30,
        sticky="user",
        candidates=[{"deployment": "other", "weight": 20}],
        analysis={"metrics": [ERRORS]},
    )
    assert found.stages == (Stage(weight=30, checks=Checks((WATCHED,), min_requests=500)),)
    assert (found.rivals, found.sticky, found.sample_size) == ((Rival("other", 20),), "user", 500)
    assert found.hypothesis == "Shorter answers."
    assert found.checks is None


def test_an_experiment_that_says_when_is_also_watched_on_the_way():
    found = of(strategy="experiment", sampleSize=500, weight=30, analysis=ANALYSIS)
    assert found.checks == CHECKS
    assert found.stages[0].checks.min_requests == 500


def test_an_experiment_without_an_analysis_has_no_stage():
    assert of(strategy="experiment").stages == ()


def test_what_is_declared_of_an_analysis_replaces_its_defaults():
    metric = {
        "name": "queue",
        "query": "sum(queue)",
        "successCondition": "< 2s",
        "failureLimit": 2,
        "interval": "30s",
        "count": 5,
    }
    analysis = {
        "metrics": [metric],
        "minRequests": 3,
        "confidence": 0.9,
        "patience": "1h",
        "onInconclusive": "pause",
        "onError": "abort",
    }
    assert of(analysis=analysis).checks == Checks(
        watched=(Watched("queue", Condition("<", 2), "sum(queue)", 2, timedelta(seconds=30), 5),),
        min_requests=3,
        confidence=0.9,
        patience=timedelta(hours=1),
        on_inconclusive="pause",
        on_error="abort",
    )


def test_deadlines_are_read():
    found = of(drainTimeout="60s", progressDeadline="10m")
    assert (found.drain, found.deadline) == (timedelta(minutes=1), timedelta(minutes=10))


def test_a_condition_that_parsing_would_have_refused_is_no_silence():
    with pytest.raises(ValueError, match="the condition of error_rate is no condition"):
        of(analysis={"metrics": [{"name": "error_rate"}]})
