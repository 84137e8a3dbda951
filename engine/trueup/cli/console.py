"""The console: the one place that writes. Data goes to standard output, all else to standard error."""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TextIO

from trueup.cli.output import PLAIN, SGR, Format, OutputFile, Render, Stream, Style, is_automation, wants_color

if TYPE_CHECKING:
    from trueup.cli.progress import Progress
    from trueup.core.diagnostics import Diagnostic

_PIECE = 1 << 18
"""Characters written at once; the text of a plan of thousands of resources would lie in memory five times."""
_NUMBER = f"(?:{'|'.join(SGR.values())})"
_OWN_COLOR = re.compile(rf"\x1b\[(?:0|{_NUMBER}(?:;{_NUMBER})*)m")
_CONTROL = re.compile(
    # C0 without tab and newline, DEL, C1, and the marks that reorder text (CVE-2021-42574): what a repository
    # holds must not move the cursor of who reads about it, nor read otherwise than it is.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|#(?=#\\[)")
"""Inside of strings alone, where JSON has an escape for each: marks that a reader of a log would be misled by, and what
GitHub's runner obeys wherever it stands in a line."""


class Console:
    """Writes for one run of one command.

    Attributes:
        environment: The variables of the process.
        format: What goes to standard output.
        files: What is written to files besides.
        width: Columns of the terminal.
        words: The command line, as it was typed.
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        environment: Mapping[str, str],
        words: Sequence[str] = (),
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write to the given streams; *environment* decides about colour and progress."""
        self._stdout = stdout
        self._stderr = stderr
        self._monotonic = monotonic
        self._progress: Progress | None = None
        self._gone: set[TextIO] = set()
        self._lost = ""
        self.environment = environment
        self.words = tuple(words)
        self.format = Format.TEXT
        self.files: tuple[OutputFile, ...] = ()
        self.width = _width(environment, stderr)
        self.configure()

    def configure(self, *, color: str = "auto", output: Format = Format.TEXT, files: Sequence[OutputFile] = ()) -> None:
        """Take what the flags say.

        Raises:
            PermanentError: An output file could not be written, which is better known before the work than after.
        """
        if files:
            from trueup.cli.files import refuse_unwritable

            for file in files:
                refuse_unwritable(file.path)
        self.format = Format(output)
        self.files = tuple(files)
        self._color_out = wants_color(color, self.environment, is_terminal=self._stdout.isatty())
        self._color_err = wants_color(color, self.environment, is_terminal=self._stderr.isatty())

    @property
    def style(self) -> Style:
        """How text on standard output is painted."""
        return Style(self._color_out)

    @property
    def error_style(self) -> Style:
        """How text on standard error is painted."""
        return Style(self._color_err)

    @property
    def progress(self) -> "Progress":
        """Where long work reports; see `ports.Progress`."""
        if self._progress is None:
            from trueup.cli.progress import Progress

            self._progress = Progress(
                self._write_progress, self._monotonic, live=self.is_live, width=self.width, size=self._size
            )
        return self._progress

    @property
    def is_live(self) -> bool:
        """Whether somebody looks at a terminal where lines can be drawn over."""
        is_terminal = self._stderr.isatty() and self.environment.get("TERM") != "dumb"
        return is_terminal and not is_automation(self.environment)

    def stream(self, render: Stream) -> None:
        """Write a result as `publish` does, line by line as it is made.

        Raises:
            PermanentError: An output file cannot be written.
        """
        from trueup.cli.files import replace_file_with

        for line in render(self.format, self.style if self.format is Format.TEXT else PLAIN):
            self.out(line)
        for file in self.files:
            lines = render(file.format, PLAIN)
            shown = (_visible(line, color=False) for line in lines) if file.format.is_for_people else lines
            ended = (line if line.endswith("\n") else f"{line}\n" for line in shown)
            replace_file_with(file.path, (line.encode(errors="replace") for line in ended))

    def publish(self, render: Render) -> None:
        """Write a result: to standard output in the chosen format, and to every output file in its own.

        Raises:
            PermanentError: An output file cannot be written.
        """
        self.out(render(self.format, self.style if self.format is Format.TEXT else PLAIN))
        self.publish_files(render)

    def publish_files(self, render: Render) -> None:
        """Write a result to the output files only, for commands that stream to standard output."""
        from trueup.cli.files import replace_file

        for file in self.files:
            text = render(file.format, PLAIN)
            text = self._safe(text, file.format, color=False)
            replace_file(file.path, (text if text.endswith("\n") or not text else text + "\n").encode(errors="replace"))

    def out(self, text: str) -> None:
        """Write data to standard output, ending in a newline; nothing at all for an empty text."""
        self._line(self._stdout, self.shown(text))

    def shown(self, text: str) -> str:
        """Return data as `out` writes it."""
        return self._safe(text, self.format, color=self._color_out)

    def again(self, text: str) -> None:
        """Write data that was shown before."""
        self._line(self._stdout, text)

    def _safe(self, text: str, output: Format, *, color: bool) -> str:
        if output.is_for_people:
            return _visible(text, color=color)
        return _escaped_json(text) if output.is_json else text

    @property
    def are_terminals(self) -> tuple[bool, bool]:
        """Whether somebody looks at standard output, and at standard error."""
        return self._stdout.isatty(), self._stderr.isatty()

    def note(self, text: str) -> None:
        """Write a line for the reader, not for the next program, to standard error."""
        self._line(self._stderr, _visible(text, color=self._color_err))

    def report(self, diagnostics: Iterable["Diagnostic"]) -> None:
        """Write problems to standard error as text."""
        from trueup.cli.problems import problem_text

        for diagnostic in diagnostics:
            self.note(problem_text(diagnostic, self.error_style, self.width))

    def close(self) -> bool:
        """Stop drawing and hand everything to the system; never raises.

        Returns:
            Whether no data was lost; a reader that left did not want it.
        """
        if self._progress is not None:
            self._progress.close()
            self._progress = None
        self._guarded(self._stdout, self._stdout.flush)
        if self._lost:
            self.report([_not_written(self._lost)])
        self._guarded(self._stderr, self._stderr.flush)
        return not self._lost

    def _line(self, stream: TextIO, text: str) -> None:
        if not text:
            return
        if self._progress is not None:
            self._progress.clear()
        self._write(stream, text if text.endswith("\n") else text + "\n")
        if self._progress is not None:
            self._progress.redraw()

    def _size(self) -> tuple[int, int]:
        try:
            height = os.get_terminal_size(self._stderr.fileno()).lines or 24
        except (OSError, ValueError):
            height = 24
        return _width(self.environment, self._stderr), height

    def _write_progress(self, text: str) -> None:
        self._write(self._stderr, text)
        self._guarded(self._stderr, self._stderr.flush)

    def _write(self, stream: TextIO, text: str) -> None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        for start in range(0, len(text), _PIECE):
            # Encoding twice costs less than a traceback on a terminal that cannot show an arrow.
            encodable = text[start : start + _PIECE].encode(encoding, "replace").decode(encoding)
            self._guarded(stream, partial(stream.write, encodable))

    def _guarded(self, stream: TextIO, action: Callable[[], object]) -> None:
        """Do *action*; when it cannot be written, drop it and what follows: an apply must end, not break off."""
        if stream in self._gone:
            return
        try:
            action()
        except OSError as error:
            self._gone.add(stream)
            _discard(stream)
            if stream is self._stdout and not isinstance(error, BrokenPipeError):
                self._lost = error.strerror or str(error)
        except ValueError:  # closed under us, as when the interpreter ends
            self._gone.add(stream)


def _not_written(reason: str) -> "Diagnostic":
    from trueup.cli.codes import OUTPUT_NOT_WRITTEN
    from trueup.core.diagnostics import Diagnostic

    return Diagnostic(OUTPUT_NOT_WRITTEN, f"Standard output: {reason}.", hint="check the disk or device it goes to")


def _discard(stream: TextIO) -> None:
    """Point the stream's file descriptor at nothing, or Python complains about it when it exits."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def _visible(text: str, *, color: bool) -> str:
    """Spell control characters out, except our own colours when *color* is on."""
    if _CONTROL.search(text) is None:
        return text
    if not color:
        return _CONTROL.sub(_escape, text)
    pieces: list[str] = []
    end = 0
    for match in _OWN_COLOR.finditer(text):
        pieces += [_CONTROL.sub(_escape, text[end : match.start()]), match.group()]
        end = match.end()
    return "".join([*pieces, _CONTROL.sub(_escape, text[end:])])


def _escaped_json(text: str) -> str:
    if text.isascii() and "##[" not in text and "\x7f" not in text:
        return text
    return _IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def _width(environment: Mapping[str, str], stream: TextIO) -> int:
    columns = environment.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
