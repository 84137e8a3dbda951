"""Progress lines, driven by a clock of our own."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.cli.console import Console
from trueup.cli.progress import Progress, amount, duration
from trueup.ports import NOTICE


class Watch:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class StillProgress(Progress):
    """Draws only when the test says so."""

    def _start_ticker(self) -> None:
        pass


def _progress(*, live: bool, width: int = 80) -> tuple[StillProgress, Watch, list[str]]:
    written: list[str] = []
    watch = Watch()
    return StillProgress(written.append, watch, live=live, width=width), watch, written


def test_work_that_is_soon_done_is_not_shown() -> None:
    progress, watch, written = _progress(live=True)
    progress("fetch tiny", 0, 100)
    watch.seconds += 1
    progress.tick()
    progress("fetch tiny", 100, 100)
    progress.tick()
    assert written == []


def test_a_terminal_gets_one_line_with_bar_rate_and_time_left() -> None:
    progress, watch, written = _progress(live=True)
    progress("fetch smollm2", 0, 90_000_000)
    watch.seconds += 3
    progress("fetch smollm2", 45_000_000, 90_000_000)
    progress.tick()
    line = "fetch smollm2 [==========          ] 50 %  45 M of 90 M  15 M/s  3 s left"
    assert written == ["\r\x1b[K" + line]
    progress.clear()
    assert written[-1] == "\r\x1b[K"


def test_the_rate_of_resumed_work_counts_only_what_was_done_now() -> None:
    progress, watch, written = _progress(live=False)
    progress("fetch", 800, 1000)
    watch.seconds += 10
    progress("fetch", 900, 1000)
    progress.tick()
    assert written == ["fetch: 90 %, 900 of 1 k, 10/s, 10 s left\n"]


def test_a_log_gets_plain_lines_seldom_and_a_last_one() -> None:
    progress, watch, written = _progress(live=False)
    progress("build", 0, 100)
    for _ in range(40):
        watch.seconds += 0.5
        progress.tick()
    progress("build", 100, 100)
    assert len(written) == 5
    assert written[-1] == "build: done in 20 s\n"
    assert not any("\r" in line or "\x1b" in line for line in written)


def test_silent_work_shows_a_heartbeat() -> None:
    progress, watch, written = _progress(live=False)
    with progress.activity("start server"):
        watch.seconds += 7
        progress.tick()
        watch.seconds += 7
        progress.tick()
    assert written == ["start server: 7 s\n", "start server: 14 s\n", "start server: done in 14 s\n"]


def test_the_youngest_of_several_works_is_shown_with_the_number_of_others() -> None:
    progress, watch, written = _progress(live=True)
    progress("one", 1, 10)
    watch.seconds += 1
    progress("two", 1, 10)
    watch.seconds += 5
    progress.tick()
    assert written[-1].startswith("\r\x1b[Ktwo (and 1 more) [")


@given(st.integers(10, 200), st.text(st.characters(categories=["L"]), max_size=80), st.integers(0, 10**12))
def test_a_line_never_wraps(width: int, what: str, done: int) -> None:
    progress, watch, written = _progress(live=True, width=width)
    progress(what, 0, 10**12 + 1)
    watch.seconds += 60
    progress(what, done, 10**12 + 1)
    progress.tick()
    assert len(written[-1].removeprefix("\r\x1b[K")) < width


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1000, "1 k"), (38_200_000, "38.2 M"), (1.5e9, "1.5 G"), (9e15, "9e+03 T")],
)
def test_amounts_have_three_digits(number: float, text: str) -> None:
    assert amount(number) == text


@pytest.mark.parametrize(("seconds", "text"), [(4.4, "4 s"), (125, "2 min 5 s"), (3780, "1 h 3 min")])
def test_times_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_closing_stops_the_ticker() -> None:
    console = Console(io.StringIO(), io.StringIO(), {})
    progress = console.progress
    progress("work", 0, 0)
    console.close()
    progress.close()
    assert progress._ticker is None


@pytest.mark.parametrize("live", [True, False])
def test_a_notice_is_said_once_and_never_again(live: bool) -> None:
    progress, watch, written = _progress(live=live)
    progress("the stored copy is damaged", 0, NOTICE)
    for _ in range(3):
        watch.seconds += 10
        progress.tick()
    assert written == ["the stored copy is damaged\n"]
