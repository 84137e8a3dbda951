"""The picture of a rollout under way: what it shows, how wide it is, and what a terminal shows of it."""

import re
from datetime import timedelta

import pytest

from states import NOON
from trueup.cli.output import Style
from trueup.cli.progress import Progress
from trueup.cli.views.rollout import Picture, render, taken
from trueup.cli.views.text import width_of
from trueup.core.json import Json
from trueup.rollout.events import Event, Status

ADDRESS = "Deployment/dev/support"
WEIGHTS = (5.0, 25.0, 50.0)


def event(step: str, status: Status = Status.DONE, detail: str = "", **facts: Json) -> Event:
    return Event(NOON, step, ADDRESS, status, detail, tuple(sorted(facts.items())))


def share(stage: int, weight: float) -> Event:
    return event("share", stage=stage, weight=weight, mirror=0.0)


def analysed(outcome: str, more: int = 0) -> Event:
    verdict: Json = {
        "metric": "errorRate",
        "outcome": outcome,
        "new": 0.12,
        "stable": 0.01,
        "low": 0.05,
        "high": 0.2,
        "samples": [120, 2300],
        "more": more,
    }
    return event("analyse", Status.WAITING, verdicts=[verdict])


def waited() -> Event:
    until = (NOON + timedelta(seconds=90)).isoformat()
    return event("wait", Status.WAITING, "next measurement, 1m30s", until=until)


def canary() -> Picture:
    picture: Picture | None = None
    for one in (share(0, 5.0), share(1, 25.0), analysed("undecided", 40), waited()):
        picture = taken(picture, one, WEIGHTS)
    assert picture is not None
    return picture


GOLDEN = {
    40: """rollout of Deployment/dev/support
  step 2 of 3  25 % of the requests
  steps  5 % ok > [25 %] > 50 % > 100 %
  errorRate 0.01 > 0.12 not decided yet~
  waits  1 min 30 s left: next measurem~""",
    80: """rollout of Deployment/dev/support
  step 2 of 3  25 % of the requests
  steps  5 % ok > [25 %] > 50 % > 100 %
  metric                     old       new  verdict
  errorRate                 0.01      0.12  not decided yet, about 40 more
  waits  1 min 30 s left: next measurement""",
}
GOLDEN[120] = GOLDEN[80]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_canary_under_way_shows_steps_metrics_and_countdown(width: int) -> None:
    assert "\n".join(render(canary(), NOON, Style(), width)) == GOLDEN[width]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_colour_changes_no_character(width: int) -> None:
    painted = render(canary(), NOON, Style(enabled=True), width)
    assert any("\x1b[33m" in line for line in painted)
    assert re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(painted)) == GOLDEN[width]


@pytest.mark.parametrize("width", range(1, 121, 7))
@pytest.mark.parametrize("height", [1, 3, 24])
def test_a_picture_never_exceeds_its_terminal(width: int, height: int) -> None:
    lines = render(canary(), NOON, Style(), width, height)
    assert len(lines) <= height
    assert max(map(width_of, lines)) <= width


def test_many_steps_are_shown_about_the_one_now() -> None:
    picture = Picture(ADDRESS, tuple(float(n) for n in range(1, 41)), stage=20, weight=21)
    line = next(line for line in render(picture, NOON, Style(), 60) if "steps" in line)
    assert "[21 %]" in line
    assert line.startswith("  steps  .. ")
    assert line.endswith(" ..")


def test_a_countdown_that_is_over_says_only_what_is_waited_for() -> None:
    assert render(canary(), NOON + timedelta(hours=1), Style(), 80)[-1] == "  waits  next measurement"


def test_an_abort_is_told_and_then_the_picture_goes() -> None:
    aborting = taken(canary(), event("abort", Status.STARTED, "errorRate is worse"))
    assert aborting is not None
    assert render(aborting, NOON, Style(), 80)[-1] == "  aborts: errorRate is worse"
    assert taken(aborting, event("abort")) is None


@pytest.mark.parametrize("step", ["route", "verify", "record"])
def test_the_picture_goes_when_all_traffic_moved(step: str) -> None:
    assert taken(canary(), event(step)) is None


def test_the_picture_goes_when_the_rollout_failed() -> None:
    assert taken(canary(), event("share", Status.FAILED, "the gateway does not answer")) is None


def test_an_event_of_another_deployment_changes_nothing() -> None:
    other = Event(NOON, "route", "Deployment/dev/other", Status.DONE)
    assert taken(canary(), other) == canary()


class Screen:
    """What a terminal of *width* columns shows of the few commands that are written."""

    def __init__(self, width: int) -> None:
        self.rows: list[str] = [""]
        self.at = (0, 0)
        self.width = width

    def write(self, text: str) -> None:
        for token in re.findall(r"\x1b\[\d*[A-Za-z]|[^\x1b]", text):
            row, column = self.at
            match token:
                case "\r":
                    self.at = (row, 0)
                case "\n":
                    self.rows += [""] if row + 1 == len(self.rows) else []
                    self.at = (row + 1, 0)
                case "\x1b[K":
                    self.rows[row] = self.rows[row][:column]
                case "\x1b[J":
                    self.rows[row] = self.rows[row][:column]
                    del self.rows[row + 1 :]
                case _ if token.startswith("\x1b"):
                    assert token.endswith("A"), token
                    self.at = (row - int(token[2:-1]), column)
                case _:
                    assert column < self.width, "a line was broken"
                    line = self.rows[row].ljust(column)
                    self.rows[row] = line[:column] + token + line[column + 1 :]
                    self.at = (row, column + 1)


class StillProgress(Progress):
    """Draws when told only."""

    def _start_ticker(self) -> None:
        """Start nothing."""


def test_a_whole_canary_is_drawn_in_place_and_leaves_only_lines() -> None:
    screen = Screen(60)
    progress = StillProgress(screen.write, lambda: 0.0, live=True, size=lambda: (60, 24))
    picture: Picture | None = None
    steps = [share(0, 5.0), waited(), analysed("pass"), share(1, 25.0), analysed("undecided", 9), waited()]
    for one in steps:
        picture = taken(picture, one, WEIGHTS)
        assert picture is not None
        shown = render(picture, NOON, Style(), 59, 22)
        progress.clear()
        if one.step == "share":
            screen.write("  ok shared traffic\n")
        progress.show(lambda width, height, shown=shown: shown)  # type: ignore[misc]
        progress.tick()
        assert screen.rows[-len(shown) :] == shown
    progress.show(None)
    assert [row for row in screen.rows if row] == ["  ok shared traffic"] * 2
