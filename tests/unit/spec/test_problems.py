"""What a model refuses, in words; the common mistakes are golden cases."""

import pytest

from trueup.spec import codes
from trueup.spec.parse import _shape
from trueup.spec.problems import Problem, problems_of

HEAD = {"apiVersion": "trueup/v1alpha1"}


def told(spec, kind: str = "Prompt") -> list[Problem]:
    document = {**HEAD, "kind": kind, "metadata": {"name": "a", "version": "1"}, "spec": spec}
    return _shape(kind, document)


def test_an_error_nobody_thought_of_still_says_where_and_what():
    error = {"type": "from_the_future", "loc": ("spec", "type"), "input": 1, "msg": "Something else"}
    (problem,) = problems_of("Prompt", [error])
    assert problem.detail == "`spec.type` does not fit: Something else."
    assert problem.code is codes.WRONG_VALUE


def test_a_long_value_is_cut():
    (problem,) = told({"template": "a", "templateFormat": "x" * 1000})
    assert len(problem.detail) < 200


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "empty"), (True, "the boolean true"), ({}, "a mapping"), (1.5, "a number")],
)
def test_a_wrong_type_is_named(value, words):
    (problem,) = told({"template": "a", "labels": value})
    assert problem.detail == f"`spec.labels` is {words}, and a list belongs here."


def test_a_choice_that_is_no_single_value_is_named_by_its_type():
    (problem,) = told({"template": "a", "templateFormat": ["mustache"]})
    assert problem.detail == "`spec.templateFormat` is a list, which is not one of its values."


def test_too_many_items_say_how_many_may_be_kept():
    (problem,) = told({"template": "a", "modelConfig": {"stop": list("abcdefghij")}})
    assert problem.hint == "keep 8 of them"


def test_an_empty_list_that_must_not_be_empty_is_told():
    (problem,) = told({"source": {"uri": "file:a"}, "purpose": ""}, "Dataset")
    assert problem.code is codes.WRONG_VALUE
    (problem,) = _shape("Project", {**HEAD, "kind": "Project", "metadata": {"name": "a"}, "spec": {"specs": []}})
    assert problem.detail == "`spec.specs` is empty."


def test_a_mapping_without_required_fields_is_just_a_mapping():
    (problem,) = told({"template": "a", "modelConfig": []})
    assert problem.detail == "`spec.modelConfig` is a list, and a mapping belongs here."


def test_a_moment_that_is_no_moment_is_refused():
    window = {"start": "2026-13-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    spec = {"tier": "dev", "target": {"type": "process"}, "freezeWindows": [window]}
    document = {**HEAD, "kind": "Environment", "metadata": {"name": "a"}, "spec": spec}
    (problem,) = _shape("Environment", document)
    assert problem.path == ("spec", "freezeWindows", 0, "start")
