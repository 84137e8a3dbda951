"""Status and explanation for a person: what stands out, what fits a narrow terminal, what to do next."""

import json
import re
from dataclasses import replace

import pytest

from states import NOON, Want, applied, desired, nothing, with_server
from trueup.cli.output import Format, Style
from trueup.cli.views import explanation
from trueup.cli.views.status import render
from trueup.diff.compare import diff
from trueup.diff.status import Status, status
from trueup.observed.state import Health, Hold, ObservedState
from trueup.plan.explanation import Explanation, Section

PLAIN = Style()
STATE = desired(Want(evaluations=("facts@1",)))


def seen(observed: ObservedState) -> Status:
    return status(STATE, observed, diff(STATE, observed))


def held() -> ObservedState:
    observed = applied(STATE)
    route = observed.target.routes[0]
    hold = Hold("dev", route.deployment, route.release, "answers got worse", "Ada <ada@example.com> on box", NOON)
    return replace(observed, holds=(hold,))


def killed() -> ObservedState:
    return with_server(applied(STATE), 0, health=Health.STOPPED, pid=0, detail="ended by signal 9")


@pytest.mark.parametrize("observed", [applied(STATE), held(), killed(), nothing()])
@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_of_a_status_is_wider_than_the_terminal(observed: ObservedState, width: int) -> None:
    words_that_stick_out = max(map(len, re.split(r"\s+", render(seen(observed), Format.TEXT, PLAIN, 10_000))))
    lines = render(seen(observed), Format.TEXT, PLAIN, width).splitlines()
    assert max(map(len, lines)) <= max(width, words_that_stick_out + 14)


def test_what_differs_is_followed_by_what_to_do() -> None:
    assert render(seen(killed()), Format.TEXT, PLAIN).endswith("trueup plan -e dev")
    assert "trueup plan" not in render(seen(applied(STATE)), Format.TEXT, PLAIN)


def test_a_dead_server_says_how_it_ended() -> None:
    text = render(seen(killed()), Format.TEXT, PLAIN)
    assert "drifted" in text
    assert re.search(r"server +stopped, ended by signal 9 \(server \w+, replica 0\)", text)


def test_the_log_of_a_dead_server_is_shown_below_it_and_that_of_a_living_one_is_not() -> None:
    said = "ended by signal 9; its last log lines:\nloading\n" + "x" * 200
    dead = with_server(applied(STATE), 0, health=Health.STOPPED, pid=0, detail=said)
    lines = render(seen(dead), Format.TEXT, PLAIN, 80).splitlines()
    assert "    server    stopped, ended by signal 9" in "\n".join(lines)
    assert [line.strip()[:5] for line in lines if line.strip().startswith("|")] == ["| loa", "| xxx"]
    assert max(map(len, lines)) <= 80
    back = with_server(applied(STATE), 0, restarts=1, detail=said)
    assert " | " not in render(seen(back), Format.TEXT, PLAIN, 80)
    assert "1 restart, ended by signal 9" in " ".join(render(seen(back), Format.TEXT, PLAIN).split())


def test_the_e_mail_of_an_actor_is_for_programs() -> None:
    assert "(Ada on box)" in render(seen(held()), Format.TEXT, PLAIN)
    assert "ada@example.com" in render(seen(held()), Format.JSON, PLAIN)


def test_colour_adds_nothing_but_colour() -> None:
    for observed in (applied(STATE), held(), killed(), nothing()):
        painted = render(seen(observed), Format.TEXT, Style(True))
        assert "\x1b[" in painted
        assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render(seen(observed), Format.TEXT, PLAIN)


def test_every_format_names_the_deployment() -> None:
    for output in (Format.TEXT, Format.JSON, Format.NDJSON, Format.MARKDOWN):
        assert "Deployment/dev/support" in render(seen(applied(STATE)), output, PLAIN)


def test_an_explanation_fits_the_terminal_and_hides_no_line() -> None:
    lines = tuple(f"{n} apply in dev: done, by Ada <ada@example.com> on box, commit {n:012}" for n in range(3))
    value = Explanation("Deployment/dev/a", "Deployment/dev/a is in sync", (Section("Recorded", lines),))
    text = explanation.render(value, Format.TEXT, PLAIN, 40)
    assert max(map(len, text.splitlines())) <= 40
    assert " ".join(text.split()).count("by Ada on box") == 3
    assert json.loads(explanation.render(value, Format.JSON, PLAIN))["sections"][0]["lines"] == list(lines)
    assert explanation.render(value, Format.MARKDOWN, PLAIN).count("\n- ") == 3
