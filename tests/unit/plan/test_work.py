"""The work that a change makes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from states import NOON, Want, applied, desired, document, nothing, passing, resource
from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, DesiredState, Pin, RequiredEvaluation
from trueup.diff.changes import Impact
from trueup.diff.compare import diff
from trueup.evidence.evidence import Evidence, Measurement
from trueup.evidence.staleness import State
from trueup.plan.cheapest import ANSWERS, LIKELIHOOD, LOAD, PROBES, PROMPT_TESTS, cheapest_first, cost_class
from trueup.plan.work import Work, changed_deployments, declared_impacts, impacts_of, total_of, work_list

LATER = NOON + timedelta(days=1)


def required(name: str, *, kind: str = "Evaluation", judge: Any = None) -> RequiredEvaluation:
    one = desired(Want(evaluations=("facts@1",))).deployments[0].evaluations[0]
    return replace(one, evaluation=Pin(ResourceId(kind, name, "1"), digest_of(name)), key=digest_of(name), judge=judge)


def evaluation(category: str, *tasks: str) -> Json:
    return {"spec": {"category": category, "tasks": [{"task": task} for task in tasks]}}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (evaluation("quality", "perplexity"), LIKELIHOOD),
        (evaluation("safety", "choice_accuracy", "kl"), LIKELIHOOD),
        (evaluation("quality", "perplexity", "exact_match"), ANSWERS),
        (evaluation("quality", "exact_match"), ANSWERS),
        (evaluation("parity"), LIKELIHOOD),
        (evaluation("safety", "refusal"), PROBES),
        (evaluation("fairness"), PROBES),
        (evaluation("performance", "latency"), LOAD),
        ({"spec": {"tasks": "?"}}, ANSWERS),
        (None, ANSWERS),
    ],
)
def test_the_class_is_what_has_to_be_done(declared: Json, expected: int) -> None:
    assert cost_class(required("facts"), declared) == expected


def test_prompt_tests_cost_least() -> None:
    assert cost_class(required("support", kind="Prompt"), evaluation("performance")) == PROMPT_TESTS


def test_the_cheapest_goes_first_and_equals_keep_their_order() -> None:
    declared = {
        "Evaluation/load@1": evaluation("performance"),
        "Evaluation/probes@1": evaluation("safety"),
        "Evaluation/ppl@1": evaluation("quality", "perplexity"),
        "Evaluation/b@1": evaluation("quality", "contains"),
        "Evaluation/a@1": evaluation("quality", "contains"),
    }
    judged = required("judged", judge=object())
    asked = [required(n) for n in ("load", "probes")]
    asked += [judged, *(required(n) for n in ("b", "a", "ppl")), required("support", kind="Prompt")]
    found = [r.evaluation.id.name for r in cheapest_first(asked, declared)]
    assert found == ["support", "ppl", "b", "a", "judged", "probes", "load"]


def named(**changed: str) -> tuple[tuple[str, Digest], ...]:
    return tuple((name, digest_of(changed.get(name, "1"))) for name in ("model", "prompt"))


def with_inputs(state: DesiredState) -> DesiredState:
    def one(item: DesiredDeployment) -> DesiredDeployment:
        return replace(item, evaluations=tuple(replace(e, inputs=named()) for e in item.evaluations))

    return replace(state, deployments=tuple(one(d) for d in state.deployments))


STATE = with_inputs(desired(Want("chat", evaluations=("facts@1",)), Want(evaluations=("facts@1", "tone@1"))))
CHAT, SUPPORT = STATE.deployments
OLD = replace(passing(SUPPORT.evaluations[0]), key=digest_of("old"), inputs=named(prompt="0"))


def listed(
    *evidence: Evidence, older: tuple[Evidence, ...] = (), only: tuple[ResourceId, ...] | None = None
) -> tuple[Work, ...]:
    return work_list(STATE, evidence, older, impacts_of(diff(STATE, nothing())), LATER, only)


def test_every_required_evaluation_of_every_deployment_is_listed_with_what_is_known() -> None:
    found = listed(passing(SUPPORT.evaluations[1]), older=(OLD,))
    assert [(w.deployment.name, w.evaluation.name, w.staleness.state) for w in found] == [
        ("chat", "facts", State.STALE),
        ("support", "facts", State.STALE),
        ("support", "tone", State.FRESH),
    ]
    assert found[0].staleness.changed == ("prompt",)
    assert [w.is_due for w in found] == [True, True, False]


def test_the_newest_result_under_a_key_counts() -> None:
    first = SUPPORT.evaluations[0]
    found = listed(passing(first, value=0.1), passing(first), only=(SUPPORT.id,))
    assert found[0].staleness.state is State.FAILED


def test_the_impact_of_the_change_stands_beside_it() -> None:
    assert Impact.WEIGHTS in listed()[0].impacts
    assert work_list(STATE, (), (), impacts_of(diff(STATE, applied(STATE))), LATER)[0].impacts == ()


def test_what_differs_between_two_declarations_has_an_impact_whatever_runs() -> None:
    base = desired(Want("a"), Want("b"), Want("c"))
    now = desired(Want("a"), Want("b", prompt="support@2"), Want("c", model="tiny@2", threads=2), Want("new"))
    found = {id_.name: impacts for id_, impacts in declared_impacts(now, base).items()}
    assert found.keys() == {"b", "c", "new"}
    assert found["b"] == (Impact.PROMPT,)
    assert found["c"][0] is Impact.WEIGHTS
    assert Impact.RUNTIME in found["c"]
    assert Impact.WEIGHTS in found["new"]


def test_only_the_deployments_asked_for_are_listed() -> None:
    assert {w.deployment for w in listed(only=(SUPPORT.id,))} == {SUPPORT.id}
    assert listed(only=()) == ()


def test_an_older_run_says_what_it_takes() -> None:
    took = (*OLD.measurements, Measurement("prompt_tokens", 900, "tokens", 59))
    old = replace(OLD, measurements=took, completed_at=NOON + timedelta(seconds=30))
    first, second, third = listed(older=(old,))
    assert first.estimate is not None
    assert (first.estimate.examples, first.estimate.tokens, first.estimate.seconds) == (59, 900, 30.0)
    assert second.estimate == first.estimate
    assert third.estimate is None


def test_a_double_says_nothing_of_what_a_run_takes() -> None:
    assert listed(older=(replace(OLD, simulated=True),))[0].estimate is None


@pytest.mark.parametrize(
    ("resources", "uri", "cost"),
    [
        ({"accelerator": "l4", "count": 2}, "", 0.5),
        ({"accelerator": "h200", "count": 1}, "", None),
        ({"count": 1}, "", None),
        ({}, "", 0.1),
        ({"count": "?"}, "", 0.1),
        ({}, "api://openai/big", 0.002),
    ],
)
def test_what_a_run_costs_is_told_at_the_prices_of_the_environment(
    resources: dict[str, Json], uri: str, cost: float | None
) -> None:
    prices = {"machinePerHour": 4, "perMillionInputTokens": 1, "perMillionOutputTokens": 2}
    settings: Json = {"accelerators": [{"sku": "l4", "pricePerHour": 10}], "prices": prices}
    own = resource(SUPPORT.id, document("Deployment", "support", "", {"resources": resources}))
    artifact = replace(SUPPORT.release.artifact, uri=uri or SUPPORT.release.artifact.uri)
    support = replace(SUPPORT, release=replace(SUPPORT.release, artifact=artifact), resources=(own,))
    state = replace(STATE, environment=replace(STATE.environment, settings=settings), deployments=(support,))
    tokens = (Measurement("prompt_tokens", 1000, "tokens", 9), Measurement("completion_tokens", 500, "tokens", 9))
    old = replace(OLD, measurements=tokens, completed_at=NOON + timedelta(seconds=90))
    found = work_list(state, (), (old,), {}, LATER)[0].estimate
    assert found is not None
    assert found.cost == (None if cost is None else pytest.approx(cost))


def test_prompt_tests_are_listed_before_evaluations() -> None:
    tests = replace(required("support", kind="Prompt"), inputs=named())
    state = replace(STATE, deployments=(replace(SUPPORT, prompt_tests=tests),))
    found = work_list(state, (), (), {}, LATER)
    assert [w.evaluation.kind for w in found] == ["Prompt", "Evaluation", "Evaluation"]


def test_the_declared_document_decides_the_order() -> None:
    slow = resource(
        SUPPORT.evaluations[0].evaluation.id, document("Evaluation", "facts", "1", {"category": "performance"})
    )
    resources = tuple(slow if r.id == slow.id else r for r in SUPPORT.resources)
    state = replace(STATE, deployments=(replace(SUPPORT, resources=resources),))
    assert [w.evaluation.name for w in work_list(state, (), (), {}, LATER)] == ["tone", "facts"]


def test_the_total_counts_each_result_once_and_guesses_nothing() -> None:
    money = (*OLD.measurements, Measurement("cost", 0.25, "EUR", 59), Measurement("prompt_tokens", 900, "tokens", 59))
    priced = replace(OLD, measurements=money, completed_at=NOON + timedelta(seconds=30))
    free = replace(priced, evaluation="Evaluation/tone@1", measurements=())
    work = listed(older=(priced, free))
    found = total_of([*work, work[0]])
    # Both deployments serve one release, so `facts` is one result; `tone` took as long and was not priced.
    assert (found.due, found.fresh, found.unknown, found.unpriced) == (2, 0, 0, 1)
    assert (found.tokens, found.seconds, found.costs) == (900, 60.0, (("EUR", 0.25),))
    assert total_of(listed()).unknown == 2
    assert total_of(listed(passing(SUPPORT.evaluations[0]))).fresh == 1
    assert total_of(()).costs == ()


def test_deployments_that_differ_from_the_base_are_changed() -> None:
    base = replace(STATE, deployments=(CHAT, replace(SUPPORT, evaluations=())))
    assert changed_deployments(STATE, base) == (SUPPORT.id,)
    assert changed_deployments(STATE, None) == (CHAT.id, SUPPORT.id)
    assert changed_deployments(STATE, STATE) == ()
    assert changed_deployments(STATE, replace(STATE, deployments=(CHAT,))) == (SUPPORT.id,)
