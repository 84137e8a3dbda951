"""Progress of long work on standard error: one updating line on a terminal, sparse plain lines elsewhere."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PATIENCE_SECONDS = 2.0
"""Work that is done sooner is not worth a line."""

PLAIN_INTERVAL_SECONDS = 5.0
"""Often enough for a CI log to show that something lives, and for its size not to matter."""

_LIVE_INTERVAL_SECONDS = 0.2
_BAR_WIDTH = 20
_OWN_COLOR = re.compile(r"\x1b\[[0-9;]*m")

Picture = Callable[[int, int], list[str]]
"""Gives at most so many columns and lines of text, already safe to show."""


@dataclass(slots=True)
class _Work:
    started: float
    first_done: int
    done: int
    total: int
    shown_at: float | None = None


class Progress:
    """Shows what it is told; may be told from several threads.

    A ticker thread draws, so that work that reports nothing for a while (a server that loads) still shows a
    sign of life.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        monotonic: Callable[[], float],
        *,
        live: bool,
        width: int = 80,
        size: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        """Draw with *write*; *live* means a terminal, where lines can be drawn over; *size* tells how large it is."""
        self._write = write
        self._monotonic = monotonic
        self._live = live
        self._width = width
        self._works: dict[str, _Work] = {}
        self._drawn: tuple[int, ...] = ()
        self._picture: Picture | None = None
        self._size = size
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._ticker: threading.Thread | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """Note that *done* of *total* of *what* are done; a total of 0 is unknown, and `NOTICE` says *what* once."""
        from trueup.ports.runs import NOTICE  # with it come all ports, which most commands that are quick need not

        with self._lock:
            if total == NOTICE:
                self.clear()
                self._write(f"{what}\n")
                return
            work = self._works.get(what)
            if work is None:
                work = self._works[what] = _Work(self._monotonic(), done, done, total)
                self._start_ticker()
            work.done, work.total = done, total
            if 0 < total <= done:
                self._finish(what)

    @contextmanager
    def activity(self, what: str) -> Iterator[None]:
        """Show *what* as going on while the context lasts."""
        self(what, 0, 0)
        try:
            yield
        finally:
            with self._lock:
                self._finish(what)

    def show(self, picture: "Picture | None") -> None:
        """Keep *picture* on the terminal, drawn again and again, below all that is written; None takes it away."""
        with self._lock:
            if picture is None or self._picture is None:
                self.clear()
            self._picture = picture
            if picture is not None and self._live:
                self._start_ticker()
                self.tick()

    def tick(self) -> None:
        """Draw what is due."""
        with self._lock:
            now = self._monotonic()
            due = {k: w for k, w in self._works.items() if now - w.started >= PATIENCE_SECONDS}
            if self._live:
                self._draw_live(due, now)
            else:
                self._draw_plain(due, now)

    def redraw(self) -> None:
        """Draw the picture again, after something was written above it."""
        if self._picture is not None and self._live:
            self.tick()

    def clear(self) -> None:
        """Take the updating line away, before something else is written."""
        with self._lock:
            if self._drawn:
                self._write("\r\x1b[K" if len(self._drawn) == 1 and not self._picture else f"{self._home()}\x1b[J")
                self._drawn = ()

    def close(self) -> None:
        """Stop drawing."""
        with self._lock:
            self._works.clear()
            self._picture = None
            self.clear()
            ticker, self._ticker = self._ticker, None
        self._wake.set()
        if ticker is not None:
            ticker.join()

    def _finish(self, what: str) -> None:
        work = self._works.pop(what, None)
        if work is None:
            return
        self.clear()
        if work.shown_at is not None and not self._live:
            self._write(f"{what}: done in {duration(self._monotonic() - work.started)}\n")

    def _draw_live(self, due: dict[str, _Work], now: float) -> None:
        width, height = self._now()
        lines = self._picture(width - 1, height - 2) if self._picture else []
        if due:
            what = max(due, key=lambda k: due[k].started)
            more = f" (and {len(due) - 1} more)" if len(due) > 1 else ""
            due[what].shown_at = now
            lines = [*lines, live_line(what + more, due[what], now, width - 1)]
        if len(lines) == 1 and not self._picture:
            self._write(f"\r\x1b[K{lines[0]}")
            self._drawn = (len(lines[0]),)
        elif lines:
            # One write that draws over what is there: nothing is seen empty in between.
            drawn = "\r\n".join(f"{line}\x1b[K" for line in lines)
            self._write(f"{self._home()}{drawn}\x1b[J")
            self._drawn = tuple(len(_OWN_COLOR.sub("", line)) for line in lines)

    def _home(self) -> str:
        """Return how the cursor gets to the start of what is drawn; a terminal made narrower has broken its lines."""
        width = max(1, self._now()[0])
        up = sum(max(1, -(-length // width)) for length in self._drawn) - 1
        return f"\r\x1b[{up}A" if up > 0 else "\r"

    def _now(self) -> tuple[int, int]:
        return self._size() if self._size else (self._width, 24)

    def _draw_plain(self, due: dict[str, _Work], now: float) -> None:
        for what, work in due.items():
            if work.shown_at is None or now - work.shown_at >= PLAIN_INTERVAL_SECONDS:
                work.shown_at = now
                self._write(f"{what}: {', '.join(_facts(work, now))}\n")

    def _start_ticker(self) -> None:
        if self._ticker is None:
            self._wake.clear()
            self._ticker = threading.Thread(target=self._run, name="progress", daemon=True)
            self._ticker.start()

    def _run(self) -> None:
        while not self._wake.wait(_LIVE_INTERVAL_SECONDS if self._live else 1.0):
            self.tick()


def live_line(what: str, work: _Work, now: float, width: int) -> str:
    """Return one line of at most *width* characters: name, bar, share, amount, rate, time left."""
    facts = _facts(work, now)
    bar = ""
    if work.total:
        filled = min(_BAR_WIDTH, _BAR_WIDTH * work.done // work.total)
        bar = f"[{'=' * filled}{' ' * (_BAR_WIDTH - filled)}] "
    while facts and len(what) + len(bar) + len("  ".join(facts)) + 1 > width:
        if bar:
            bar = ""
        else:
            facts.pop()
    return f"{what} {bar}{'  '.join(facts)}".rstrip()[:width]


def _facts(work: _Work, now: float) -> list[str]:
    elapsed = now - work.started
    if not work.total:
        counted = [amount(work.done)] if work.done else []
        return [*counted, duration(elapsed)]
    rate = (work.done - work.first_done) / elapsed if elapsed > 0 else 0.0
    facts = [f"{100 * work.done // work.total} %", f"{amount(work.done)} of {amount(work.total)}"]
    if rate > 0:
        facts += [f"{amount(rate)}/s", f"{duration((work.total - work.done) / rate)} left"]
    return facts


def amount(number: float) -> str:
    """Return *number* with three digits and a decimal prefix: `38.2 M`. The unit is the reader's to know."""
    for prefix in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.3g} {prefix}".rstrip() if prefix or number % 1 else f"{number:.0f}"
        number /= 1000
    return f"{number:.3g} T"


def duration(seconds: float) -> str:
    """Return a time for people: `4 s`, `2 min 5 s`, `1 h 3 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
