"""Events as lines for people and as JSON for programs."""

import json

import pytest

from states import NOON
from trueup.cli.output import Format, Style
from trueup.cli.views.events import render
from trueup.core.json import Json
from trueup.rollout.events import Event, Status

ADDRESS = "Deployment/dev/support"


def event(step: str, status: Status = Status.DONE, detail: str = "", **facts: Json) -> Event:
    return Event(NOON, step, ADDRESS, status, detail, tuple(sorted(facts.items())))


def shown(value: Event) -> str:
    return render(value, Format.TEXT, Style())


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("recover", "recovered"),
        ("commit", "committed"),
        ("hold", "held"),
        ("fetch", "fetched"),
        ("build", "built"),
        ("start", "started"),
        ("evaluate", "evaluated"),
        ("gate", "passed the gate"),
        ("route", "moved traffic"),
        ("verify", "verified"),
        ("scale", "scaled"),
        ("stop", "stopped"),
        ("record", "recorded"),
        ("something-new", "something-new"),
    ],
)
def test_every_step_that_is_done_says_so_in_its_words(step: str, words: str) -> None:
    assert shown(event(step)).split() == ["ok", *words.split(), ADDRESS]


def test_a_route_that_went_is_no_moved_traffic() -> None:
    assert "removed the route" in shown(event("route", removed=True))


def test_a_server_that_ran_already_was_not_started() -> None:
    assert "kept the server" in shown(event("start", kept=True))


def test_what_has_only_begun_is_left_to_progress() -> None:
    assert shown(event("fetch", Status.STARTED)) == ""


@pytest.mark.parametrize(
    ("status", "words"), [(Status.FAILED, "! start failed"), (Status.SKIPPED, ". start not started")]
)
def test_what_failed_and_what_was_skipped_say_why(status: Status, words: str) -> None:
    assert shown(event("start", status, "no port")).split() == [*words.split(), ADDRESS, "no", "port"]


@pytest.mark.parametrize("status", [Status.DONE, Status.FAILED, Status.WAITING])
def test_addresses_stand_in_one_column(status: Status) -> None:
    assert shown(event("start", status)).index(ADDRESS) == 22


def test_long_steps_say_how_long_they_took() -> None:
    assert shown(event("build", seconds=2.34)).endswith("(2.3 s)")
    assert "s)" not in shown(event("build", seconds=0.01))
    assert "s)" not in shown(event("build", seconds="long"))


@pytest.mark.parametrize(("passed", "word"), [(True, "passed"), (False, "FAILED")])
def test_a_build_says_how_it_compares_with_its_source(passed: bool, word: str) -> None:
    line = shown(event("parity", parity="KL 0.00008, top-1 98.9 %", passed=passed))
    assert line.endswith(f"KL 0.00008, top-1 98.9 %: {word}")
    assert "compared" in line


@pytest.mark.parametrize(("passed", "word"), [(True, "passed"), (False, "FAILED")])
def test_an_evaluation_says_what_it_measured_and_whether_that_is_enough(passed: bool, word: str) -> None:
    measured: Json = [{"metric": "exact_match", "value": 0.91234, "unit": "ratio", "samples": 59}]
    assert shown(event("evaluate", measurements=measured, passed=passed)).endswith(f"exact_match 0.912 over 59: {word}")


def test_an_evaluation_that_failed_is_not_marked_ok_and_units_are_said() -> None:
    measured: Json = [{"metric": "latency_p50", "value": 9.25, "unit": "ms", "samples": 15}]
    line = shown(event("evaluate", measurements=measured, passed=False))
    assert line.startswith("  !  evaluated ")
    assert line.endswith("latency_p50 9.25 ms over 15: FAILED")


def test_slices_are_left_to_the_result_and_too_few_samples_are_no_failure() -> None:
    one: Json = {"metric": "exact_match", "value": 0.5, "samples": 59, "slice": ""}
    other: Json = {"metric": "exact_match", "value": 0.25, "samples": 7, "slice": "day"}
    line = shown(event("evaluate", measurements=[one, other], passed=False, undecided=True))
    assert line.endswith("  exact_match 0.5 over 59: NOT ENOUGH EVIDENCE")


def test_a_measurement_of_another_form_is_left_out() -> None:
    assert shown(event("evaluate", measurements=["odd"], passed=True)).endswith(": passed")


@pytest.mark.parametrize("output", [Format.JSON, Format.NDJSON])
def test_programs_get_every_event_on_one_line(output: Format) -> None:
    line = render(event("fetch", Status.STARTED, seconds=1), output, Style(enabled=True))
    assert "\n" not in line
    assert json.loads(line)["type"] == "event"
    assert json.loads(line)["facts"] == {"seconds": 1}


def test_of_many_numbers_those_are_shown_that_decide() -> None:
    measured: Json = [
        {"metric": "perplexity", "value": 1.8937, "unit": "perplexity", "samples": 300},
        {"metric": "exact_match", "value": 0.9, "unit": "ratio", "samples": 22, "slice": "capital"},
        {"metric": "prompt_tokens", "value": 14072, "unit": "tokens", "samples": 300},
    ]
    gates: Json = [{"metric": "perplexity"}, {"metric": "exact_match", "slice": "capital"}]
    line = shown(event("evaluate", measurements=measured, gates=gates, passed=False, undecided=True))
    assert line.endswith("perplexity 1.89 over 300, exact_match in capital 0.9 over 22: NOT ENOUGH EVIDENCE")
