"""What policies read of the clock."""

from collections.abc import Iterator

import pytest

from trueup.adapters.policy.bundle import load_library
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.policy.results import LIBRARY, PolicyFile

ANYTHING = None


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine() as engine:
        yield engine


def read_by(engine: EmbeddedEngine, text: str, path: str = "a.rego") -> frozenset[str] | None:
    return engine.clock_fields([PolicyFile(path, f"package a\n\n{text}".encode())])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('deny contains "x" if input.a.clock', set()),
        ('deny contains "x" if input.clock.today == "2026-03-14"', {"today"}),
        ('deny contains "x" if input["clock"]["today"] < input.clock.nowNs', {"today", "nowNs"}),
        ('deny contains "x" if object.get(input, ["clock", "today"], "")', {"today"}),
        ('deny contains "x" if object.get(input, ["a", input.b], "")', set()),
        ('deny contains "x" if object.get(input.a, input.b, "")', set()),
        ('deny contains "x" if object.get(input, "a", "")', set()),
        ('import input.clock.today\n\ndeny contains "x" if today', {"today"}),
        ('import input.resources\n\ndeny contains "x" if resources.clock', set()),
        ('deny contains "x" if time.now_ns() > 3', ANYTHING),
        ('deny contains "x" if input.clock', ANYTHING),
        ('deny contains "x" if input.clock[input.a]', ANYTHING),
        ('deny contains "x" if input[_]', ANYTHING),
        ('deny contains "x" if object.get(input, "clock", "")', ANYTHING),
        ('deny contains "x" if object.get(input, input.a, "")', ANYTHING),
        ('deny contains "x" if object.get(input, [input.a, "today"], "")', ANYTHING),
        ('import input.clock as c\n\ndeny contains "x" if c.now', ANYTHING),
        ('deny contains "x" if {v | walk(input, [_, v])} == set()', ANYTHING),
        ('f(x) := x.clock\n\ndeny contains "x" if f(input)', ANYTHING),
    ],
)
def test_mentions_of_the_clock_are_found(engine: EmbeddedEngine, text: str, read: set[str] | None) -> None:
    assert read_by(engine, text) == (None if read is None else frozenset(read))


def test_the_library_may_look_whether_a_part_is_there(engine: EmbeddedEngine) -> None:
    text = 'deny contains "x" if object.get(input, input.a, null) == null'
    assert read_by(engine, text, f"{LIBRARY}/a/rule.rego") == frozenset()


def test_the_library_reads_no_more_of_the_clock_than_the_day(engine: EmbeddedEngine) -> None:
    read = engine.clock_fields(load_library())
    assert read is not None
    assert read <= {"today"}


def test_policies_that_are_wrong_may_read_anything(engine: EmbeddedEngine) -> None:
    assert read_by(engine, "deny contains") is None


def test_a_worker_that_gives_no_answer_may_have_read_anything() -> None:
    with EmbeddedEngine(timeout_seconds=0.000_001) as slow:
        assert read_by(slow, 'deny contains "x" if input.a') is None
