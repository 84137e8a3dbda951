"""What a change makes easier to pass."""

from copy import deepcopy
from typing import Any

import pytest

from trueup.core.json import Json
from trueup.policy.facts.evaluation_changes import evaluation_changes

ENVIRONMENT = "Environment/prod"
FACTS: dict[str, Any] = {
    "category": "quality",
    "dataset": "facts@1",
    "tasks": [{"task": "exact_match", "limit": 50}, {"task": "judged"}],
    "metrics": [{"name": "exact_match"}, {"name": "toxicity", "higherIsBetter": False}],
    "metricDecisionThreshold": [
        {"metric": "exact_match", "op": ">=", "value": 0.6},
        {"metric": "exact_match", "op": ">=", "value": 0.5, "slice": "de"},
        {"metric": "toxicity", "op": "<", "value": 0.01},
        {"metric": "refusals", "op": "==", "value": 0},
    ],
    "regression": {"margin": 0.02, "metrics": ["exact_match", "toxicity"]},
    "maxAge": "30d",
}


def environment(*required: str, **more: Json) -> Json:
    return {"kind": "Environment", "spec": {"evaluations": {"required": list(required), **more}}}


def changes(before: dict[str, Json], after: dict[str, Json]) -> list[Any]:
    return evaluation_changes(ENVIRONMENT, before.get, after.get)


def loosened(**edited: Any) -> list[tuple[str, str]]:
    """Require `facts@2`, which differs from `facts@1` in *edited*, in its place; None drops a field."""
    spec = {k: v for k, v in {**deepcopy(FACTS), **edited}.items() if v is not None}
    documents: dict[str, Json] = {
        "Evaluation/facts@1": {"spec": FACTS},
        "Evaluation/facts@2": {"spec": spec},
        "Dataset/facts@1": {"spec": {"datasetSize": 59}},
        "Dataset/facts@2": {"spec": {"datasetSize": 60}},
        "Dataset/facts@3": {"spec": {"datasetSize": 10}},
        "Dataset/facts@4": {"spec": {}},
        "Dataset/other@1": {"spec": {"datasetSize": 100}},
    }
    before = {ENVIRONMENT: environment("facts@1"), **documents}
    found = changes(before, {ENVIRONMENT: environment("facts@2"), **documents})
    return [(f["kind"], f["address"].partition("/")[0]) for f in found]


def threshold(index: int, **edited: Json) -> list[Json]:
    found = deepcopy(FACTS["metricDecisionThreshold"])
    found[index] |= edited
    return list(found)


LOOSER = [("threshold-loosened", "Evaluation")]
REMOVED = [("threshold-removed", "Evaluation")]


@pytest.mark.parametrize(
    ("index", "edited", "expected"),
    [
        (0, {"value": 0.5}, LOOSER),
        (0, {"value": 0.7}, []),
        (0, {"op": ">"}, []),
        (2, {"value": 0.02}, LOOSER),
        (2, {"value": 0.001}, []),
        (2, {"op": "<="}, LOOSER),
        (3, {"value": 1}, LOOSER),
        (3, {"op": "<="}, REMOVED),
        (0, {"op": "<="}, REMOVED),
        (0, {"metric": "exact_match_v2"}, REMOVED),
        (1, {"slice": "en"}, REMOVED),
        (1, {"slice": None}, REMOVED),
        (0, {"confidence": 0.9}, LOOSER),
        (0, {"confidence": 0.95}, []),
        (0, {"confidence": 0.99}, []),
        (0, {"value": 0.7, "confidence": 0.5}, LOOSER),
        (3, {"confidence": 0.5}, LOOSER),
    ],
)
def test_a_threshold_that_lets_more_pass_is_told(index: int, edited: dict[str, Json], expected: object) -> None:
    assert loosened(metricDecisionThreshold=threshold(index, **edited)) == expected


def test_the_strictest_of_two_thresholds_counts() -> None:
    weaker = {"metric": "exact_match", "op": ">=", "value": 0.1}
    stricter = {"metric": "exact_match", "op": ">", "value": 0.9}
    assert loosened(metricDecisionThreshold=[weaker, *threshold(0)]) == []
    assert loosened(metricDecisionThreshold=[*threshold(0), weaker]) == []
    assert loosened(metricDecisionThreshold=[stricter, weaker, *threshold(0)[1:]]) == []


def test_without_thresholds_each_one_is_told() -> None:
    assert loosened(metricDecisionThreshold=None) == REMOVED * 4


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ([{"name": "toxicity", "higherIsBetter": False}], 1),
        ([{"name": "exact_match"}, {"name": "toxicity"}], 1),
        ([{"name": "exact_match", "aggregation": "max"}, {"name": "toxicity", "higherIsBetter": False}], 1),
        ([{"name": "new"}, *FACTS["metrics"]], 0),
        (None, 2),
    ],
)
def test_a_metric_that_is_gone_or_became_another_is_told(metrics: Any, expected: int) -> None:
    assert loosened(metrics=metrics) == [("metric-dropped", "Evaluation")] * expected


@pytest.mark.parametrize(
    ("regression", "is_told"),
    [
        (None, True),
        ({"margin": 0.05, "metrics": ["exact_match", "toxicity"]}, True),
        ({"margin": 0.01, "metrics": ["exact_match", "toxicity"]}, False),
        ({"margin": 0.02, "metrics": ["exact_match"]}, True),
        ({"margin": 0.02, "metrics": ["exact_match", "toxicity", "more"]}, False),
        ({"margin": 0.02}, False),
        ({**FACTS["regression"], "alpha": 0.01}, True),
        ({**FACTS["regression"], "alpha": 0.1}, False),
        ({**FACTS["regression"], "minSamples": 5}, True),
        ({**FACTS["regression"], "minSamples": 500}, False),
        ({**FACTS["regression"], "test": "mcnemar"}, True),
        ({**FACTS["regression"], "baseline": "upstream"}, True),
        ({**FACTS["regression"], "correction": "bonferroni"}, True),
        ({**FACTS["regression"], "test": "paired-bootstrap"}, False),
        # The margin of 0.02 is the effect that had to be seen.
        ({**FACTS["regression"], "smallestEffect": 0.02}, False),
        ({**FACTS["regression"], "smallestEffect": 0.01}, False),
        ({**FACTS["regression"], "smallestEffect": 0.03}, True),
        ({**FACTS["regression"], "margin": 0}, False),
    ],
)
def test_a_comparison_that_forgives_more_is_told(regression: Any, is_told: bool) -> None:
    assert loosened(regression=regression) == [("regression-loosened", "Evaluation")] * is_told


def test_comparing_all_metrics_is_not_made_easier_by_anything_but_comparing_fewer() -> None:
    before, after = ({"spec": {"regression": r}} for r in ({"margin": 0}, {"margin": 0, "metrics": ["a"]}))
    found = changes(
        {ENVIRONMENT: environment("x@1"), "Evaluation/x@1": before},
        {ENVIRONMENT: environment("x@2"), "Evaluation/x@2": after},
    )
    assert [f["kind"] for f in found] == ["regression-loosened"]


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ({"tasks": [{"task": "exact_match", "limit": 50}]}, 1),
        ({"tasks": [{"task": "exact_match", "limit": 10}, {"task": "judged"}]}, 1),
        ({"tasks": [{"task": "exact_match"}, {"task": "judged"}]}, 0),
        ({"tasks": [{"task": "exact_match", "limit": 50}, {"task": "judged", "limit": 1000}]}, 1),
        ({"tasks": None}, 2),
        ({"suite": {"tool": "builtin"}}, 0),
        ({"suite": {"tool": "external"}}, 1),
        ({"suite": {"ref": "small.yaml"}}, 1),
        ({"quarantine": [{"case": "7"}, {"case": "8"}]}, 2),
    ],
)
def test_a_suite_that_asks_less_is_told(edited: dict[str, Any], expected: int) -> None:
    assert loosened(**edited) == [("suite-shrunk", "Evaluation")] * expected


OTHERWISE = [("measured-otherwise", "Evaluation")]


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ({"params": {"ignoreCase": True}}, OTHERWISE),
        ({"params": {}}, []),
        ({"seed": 8}, OTHERWISE),
        ({"numFewshot": 5}, OTHERWISE),
        ({"numFewshot": 0}, []),
        ({"chatTemplate": False}, OTHERWISE),
        ({"epochs": 1}, []),
        ({"epochs": 3}, OTHERWISE),
    ],
)
def test_a_task_that_is_asked_or_scored_otherwise_is_told(edited: dict[str, Any], expected: object) -> None:
    assert loosened(tasks=[{"task": "exact_match", "limit": 50, **edited}, {"task": "judged"}]) == expected


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ({"modelConfig": {"temperature": 1}}, OTHERWISE),
        ({"modelConfig": {}}, []),
        ({"suite": {"version": "0.4.9"}}, OTHERWISE),
        ({"suite": {"interpreter": "tools/python"}}, OTHERWISE),
        ({"suite": {"source": {"uri": "file:suite", "digest": "sha256:1"}}}, OTHERWISE),
        ({"suite": {}}, []),
    ],
)
def test_another_harness_or_other_decoding_is_told(edited: dict[str, Any], expected: object) -> None:
    assert loosened(**edited) == expected


@pytest.mark.parametrize(
    ("expires", "is_told"), [("2026-12-01", False), ("2026-11-01", False), ("2026-12-02", True), (None, True)]
)
def test_a_quarantine_that_lasts_longer_is_told(expires: str | None, is_told: bool) -> None:
    def spec(expires: str | None) -> Json:
        return {"spec": {"quarantine": [{"case": "7", **({"expires": expires} if expires else {})}]}}

    documents = {"Evaluation/x@1": spec("2026-12-01"), "Evaluation/x@2": spec(expires)}
    found = changes({ENVIRONMENT: environment("x@1"), **documents}, {ENVIRONMENT: environment("x@2"), **documents})
    assert [f["kind"] for f in found] == ["suite-shrunk"] * is_told


def test_a_case_that_was_in_quarantine_before_is_not_told_again() -> None:
    before, after = ({"spec": {"quarantine": [{"case": "7"}], "category": c}} for c in ("a", "a"))
    documents = {"Evaluation/x@1": before, "Evaluation/x@2": {"spec": {**after["spec"], "maxAge": "1d"}}}
    assert changes({ENVIRONMENT: environment("x@1"), **documents}, {ENVIRONMENT: environment("x@2"), **documents}) == []


@pytest.mark.parametrize(
    ("dataset", "address"),
    [("facts@2", ""), ("facts@3", "Dataset/facts@3"), ("facts@4", "Dataset/facts@4"), ("other@1", "Dataset/other@1")],
)
def test_data_that_became_less_or_cannot_be_compared_is_told(dataset: str, address: str) -> None:
    assert loosened(dataset=dataset) == ([("suite-shrunk", "Dataset")] if address else [])


def test_data_that_is_gone_is_told_by_its_old_name() -> None:
    assert loosened(dataset=None) == [("suite-shrunk", "Dataset")]


@pytest.mark.parametrize(
    ("age", "is_told"), [("31d", True), (None, True), ("30d", False), ("720h", False), ("1d", False)]
)
def test_a_result_that_may_be_older_is_told(age: str | None, is_told: bool) -> None:
    assert loosened(maxAge=age) == [("age-loosened", "Evaluation")] * is_told


def test_another_category_takes_the_requirement_of_the_old_one_away() -> None:
    assert loosened(category="performance") == [("requirement-removed", "Evaluation")]


def test_equal_content_under_a_new_version_is_nothing() -> None:
    assert loosened() == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (["a@1", "b@1"], []),
        (["a@1"], ["b@1"]),
        ([], ["a@1", "b@1"]),
        (["a@1", "b@1", "c@1"], []),
        (["b@1", "a@1"], []),
        (["a@2", "b@2"], []),
        (["a@1", "a@2"], ["b@1"]),
    ],
)
def test_a_requirement_that_is_gone_is_told(after: list[str], expected: list[str]) -> None:
    found = changes({ENVIRONMENT: environment("a@1", "b@1")}, {ENVIRONMENT: environment(*after)})
    assert [(f["kind"], f["before"], f["after"]) for f in found] == [
        ("requirement-removed", name, None) for name in expected
    ]


def test_two_versions_that_become_one_are_one_less() -> None:
    found = changes({ENVIRONMENT: environment("a@1", "a@2")}, {ENVIRONMENT: environment("a@3")})
    assert [f["before"] for f in found] == ["a@2"]


def test_the_age_that_the_environment_asks_for_counts_besides() -> None:
    found = changes({ENVIRONMENT: environment(maxAge="14d")}, {ENVIRONMENT: environment()})
    assert found == [{"address": ENVIRONMENT, "kind": "age-loosened", "before": "14d", "after": None}]
    assert changes({ENVIRONMENT: environment()}, {ENVIRONMENT: environment(maxAge="14d")}) == []


def test_a_new_or_removed_environment_loosens_nothing() -> None:
    assert changes({}, {ENVIRONMENT: environment()}) == changes({ENVIRONMENT: environment("a@1")}, {}) == []


def test_odd_documents_do_not_break_it() -> None:
    odd: dict[str, Json] = {
        ENVIRONMENT: {"spec": {"evaluations": {"required": ["a@1", 3]}}},
        "Evaluation/a@1": {"spec": {"metricDecisionThreshold": [3, {"value": "x"}], "tasks": "no", "suite": []}},
    }
    assert changes(odd, {**odd, "Evaluation/a@1": {"spec": {"metricDecisionThreshold": [{"op": 1}], "maxAge": 1}}})


@pytest.mark.parametrize(
    ("was", "now", "is_told"),
    [
        ({}, {"smallestEffect": 0.05}, False),
        ({}, {"smallestEffect": 0.06}, True),
        ({"smallestEffect": 0.1}, {}, True),
        ({"smallestEffect": 0.1}, {"smallestEffect": 0.1}, False),
        ({"smallestEffect": 0.1}, {"smallestEffect": 0.2}, True),
        ({"smallestEffect": 0.1, "margin": 0.01}, {"margin": 0.01}, False),
    ],
)
def test_a_comparison_that_has_to_see_less_is_told(was: Any, now: Any, is_told: bool) -> None:
    before, after = ({"spec": {"regression": {"margin": 0, **r}}} for r in (was, now))
    found = changes(
        {ENVIRONMENT: environment("x@1"), "Evaluation/x@1": before},
        {ENVIRONMENT: environment("x@2"), "Evaluation/x@2": after},
    )
    assert [f["kind"] for f in found] == ["regression-loosened"] * is_told


JUDGE = {"model": "judge@1", "prompt": "grade@1"}


@pytest.mark.parametrize(
    ("was", "now", "is_told"),
    [
        (JUDGE, {**JUDGE, "model": "judge@2"}, True),
        (JUDGE, {**JUDGE, "prompt": "grade@2"}, True),
        (JUDGE, {"model": "judge@1"}, True),
        (JUDGE, None, True),
        (JUDGE, {**JUDGE, "agreement": 0.8}, False),
        (None, JUDGE, False),
    ],
)
def test_another_judge_is_told(was: Any, now: Any, is_told: bool) -> None:
    before, after = ({"spec": {"maxAge": age, **({"judge": j} if j else {})}} for j, age in ((was, "2d"), (now, "1d")))
    found = changes(
        {ENVIRONMENT: environment("x@1"), "Evaluation/x@1": before},
        {ENVIRONMENT: environment("x@2"), "Evaluation/x@2": after},
    )
    assert [(f["kind"], f["before"], f["after"]) for f in found] == [("judge-changed", was, now)] * is_told


@pytest.mark.parametrize(
    ("was", "now", "is_told"), [(True, False, True), (True, None, True), (True, True, False), (False, True, False)]
)
def test_evidence_that_needs_no_signature_any_more_is_told(was: Json, now: Json, is_told: bool) -> None:
    after = environment() if now is None else environment(signed=now)
    found = changes({ENVIRONMENT: environment(signed=was)}, {ENVIRONMENT: after})
    expected = {"address": ENVIRONMENT, "kind": "signature-dropped", "before": True, "after": False}
    assert found == [expected] * is_told
