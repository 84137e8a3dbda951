"""Lines reached, cases told apart, and what belongs to which rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.diagnostics import Span
from trueup.policy.results import RuleTest
from trueup.policy.tracing import (
    ABSENT,
    FAILING,
    PASSING,
    FileCoverage,
    TestCase,
    TestRun,
    belongs,
    kind_of_case,
    merged,
    ranges,
)


def a_test(package: str = "acme.small_test", name: str = "test_x", *, passed: bool = True, path: str = "") -> RuleTest:
    return RuleTest(package, name, passed, 0.0, span=Span(path, 1, 1) if path else None)


def test_a_share_is_of_the_lines_that_can_be_reached_and_a_file_without_any_is_whole() -> None:
    assert FileCoverage("a.rego", (1, 2, 3), (4,)).percent == 75.0
    assert FileCoverage("a.rego", (), ()).percent == 100.0
    run = TestRun((), (FileCoverage("a", (1,), ()), FileCoverage("b", (1,), (2, 3))))
    assert run.percent == 50.0


def test_lines_nobody_knew_could_be_reached_count_when_they_are() -> None:
    (file,) = merged({"a.rego": [3, 4]}, {"a.rego": [4, 9], "b.rego": [1]})
    assert (file.reached, file.missed) == ((4, 9), (3,))


@given(st.sets(st.integers(1, 60)))
def test_ranges_name_every_line_once(lines: set[int]) -> None:
    named: set[int] = set()
    for part in filter(None, ranges(sorted(lines)).split(", ")):
        first, _, last = part.partition("-")
        named |= set(range(int(first), int(last or first) + 1))
    assert named == lines


def test_ranges_are_spelled_as_people_do() -> None:
    assert ranges((3, 4, 5, 9)) == "3-5, 9"


def test_a_test_belongs_to_the_rule_of_its_package_or_its_folder() -> None:
    assert belongs(a_test("acme.small_test"), "acme.small", "")
    assert belongs(a_test("acme.small"), "acme.small", "")
    assert belongs(a_test("other", path="policies/small/x_test.rego"), "acme.small", "policies/small")
    assert not belongs(a_test("other", path="policies/large/x_test.rego"), "acme.small", "policies/small")
    assert not belongs(a_test("other"), "acme.small", "policies/small")


@pytest.mark.parametrize(
    ("name", "source", "kind"),
    [
        ("test_good_passes", "count(r.deny) > 0", PASSING),
        ("test_other", "count(r.deny) == 0 with input as x", PASSING),
        ("test_other", "r.deny == set() with input as x", PASSING),
        ("test_a_large_model_is_denied", "count(r.deny) == 10", FAILING),
        ("test_an_absent_size_is_denied", "count(r.deny) > 0", ABSENT),
        ("test_x", 'count(r.deny) > 0 with input as fixtures.without("/a")', ABSENT),
    ],
)
def test_what_a_case_shows_is_read_from_its_name_and_what_it_asserts(name: str, source: str, kind: str) -> None:
    assert kind_of_case(name, source) == kind


def test_a_test_that_is_still_to_do_has_not_failed() -> None:
    assert TestCase(a_test(name="todo_test_x", passed=False)).is_todo
    assert not TestCase(a_test(name="todo_test_x", passed=False)).has_failed
    assert TestCase(a_test(passed=False)).has_failed
    assert not TestCase(a_test()).has_failed
