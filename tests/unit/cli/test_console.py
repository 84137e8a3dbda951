"""Where output goes, in which colour, and what never reaches a terminal."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.cli.console import Console
from trueup.cli.output import SGR, Format, OutputFile, Style, is_automation, wants_color
from trueup.core.errors import PermanentError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class ClosedPipe(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


class Ascii(io.TextIOWrapper):
    """A terminal that only knows ASCII."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii")

    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode("ascii")


@pytest.mark.parametrize(
    ("choice", "variables", "is_terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_decided_by_flag_then_variables_then_terminal(
    choice: str, variables: Mapping[str, str], is_terminal: bool, expected: bool
) -> None:
    assert wants_color(choice, variables, is_terminal=is_terminal) is expected


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_ci_is_recognised(value: str, expected: bool) -> None:
    assert is_automation({"CI": value}) is expected


def test_data_goes_to_standard_output_and_all_else_to_standard_error() -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, {})
    console.out("data")
    console.note("note")
    console.progress("work", 1, 2)
    console.close()
    assert out.getvalue() == "data\n"
    assert err.getvalue() == "note\n"


def test_a_terminal_gets_our_colours_and_no_other_escape() -> None:
    out = Terminal()
    console = Console(out, io.StringIO(), {})
    console.out(Style(enabled=True).paint("ok", "bold", "green") + "\x1b[2J\x1b[8mhidden\u202e\r")
    assert out.getvalue() == "\x1b[1;32mok\x1b[0m\\x1b[2J\\x1b[8mhidden\\u202e\\r\n"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_without_colour_no_escape_character_is_written(text: str) -> None:
    out = io.StringIO()
    Console(out, io.StringIO(), {}).out(text)
    assert "\x1b" not in out.getvalue()
    assert "\r" not in out.getvalue()


@given(st.sampled_from(sorted(SGR)), st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1))
def test_painted_text_passes_unchanged(attribute: str, text: str) -> None:
    painted = Style(enabled=True).paint(text, attribute)
    out = Terminal()
    Console(out, io.StringIO(), {}).out(painted)
    assert out.getvalue() == painted + "\n"


def test_json_is_written_as_it_is() -> None:
    out = io.StringIO()
    console = Console(out, io.StringIO(), {})
    console.configure(output=Format.JSON)
    document = json.dumps({"text": "a\x9bb"}, ensure_ascii=False)
    console.out(document)
    assert json.loads(out.getvalue()) == {"text": "a\x9bb"}


def test_what_the_terminal_cannot_encode_is_replaced() -> None:
    out = Ascii()
    Console(out, io.StringIO(), {}).out("a → b")
    assert out.text() == "a ? b\n"


def test_lone_surrogates_of_odd_file_names_are_replaced() -> None:
    out = io.StringIO()
    Console(out, io.StringIO(), {}).out("spec/\udcff.yaml")
    assert out.getvalue() == "spec/?.yaml\n"


def test_a_reader_that_leaves_does_not_stop_the_command() -> None:
    err = io.StringIO()
    console = Console(ClosedPipe(), err, {})
    console.out("one")
    console.out("two")
    console.note("still here")
    console.close()
    assert err.getvalue() == "still here\n"


def test_one_run_feeds_several_files(tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(out, io.StringIO(), {})
    files = [OutputFile(Format.JSON, str(tmp_path / "a.json")), OutputFile(Format.TEXT, str(tmp_path / "a.txt"))]
    console.configure(color="always", files=files)
    console.publish(lambda output, style: style.paint(output.value, "red"))
    assert out.getvalue() == "\x1b[31mtext\x1b[0m\n"
    assert (tmp_path / "a.json").read_text() == "json\n"
    assert (tmp_path / "a.txt").read_text() == "text\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_long_result_is_written_line_by_line_in_each_format(tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(out, io.StringIO(), {})
    files = [OutputFile(Format.CSV, str(tmp_path / "a.csv")), OutputFile(Format.MARKDOWN, str(tmp_path / "a.md"))]
    console.configure(output=Format.NDJSON, files=files)
    console.stream(lambda output, _: (f"{output.value} {n}\x1b[2J" for n in range(2)))
    assert out.getvalue() == "ndjson 0\x1b[2J\nndjson 1\x1b[2J\n"
    assert (tmp_path / "a.csv").read_bytes() == b"csv 0\x1b[2J\ncsv 1\x1b[2J\n"
    assert (tmp_path / "a.md").read_bytes() == b"markdown 0\\x1b[2J\nmarkdown 1\\x1b[2J\n"


def test_a_long_result_that_breaks_off_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    def lines(*_: object) -> Iterator[str]:
        yield "new"
        raise ValueError("gone")

    file = tmp_path / "a.csv"
    file.write_text("old")
    console = Console(io.StringIO(), io.StringIO(), {})
    console.configure(files=[OutputFile(Format.CSV, str(file))])
    with pytest.raises(ValueError, match="gone"):
        console.stream(lambda output, style: lines() if output is Format.CSV else ())
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_an_output_file_that_cannot_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    console = Console(io.StringIO(), io.StringIO(), {})
    with pytest.raises(PermanentError, match="CLI004"):
        console.configure(files=[OutputFile(Format.JSON, str(tmp_path / "no" / "such.json"))])
    with pytest.raises(PermanentError, match="CLI004"):
        console.configure(files=[OutputFile(Format.JSON, str(tmp_path))])


def test_the_width_comes_from_the_variable_or_is_80() -> None:
    assert Console(io.StringIO(), io.StringIO(), {"COLUMNS": "120"}).width == 120
    assert Console(io.StringIO(), io.StringIO(), {"COLUMNS": "wide"}).width == 80


@pytest.mark.parametrize("text", ["##[error]owned", "left\u202eright", "\x9b31m", "\u200f", "\x7f"])
def test_json_spells_what_a_log_would_obey_and_says_the_same(text: str, tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(out, io.StringIO(), {})
    console.configure(output=Format.JSON, files=[OutputFile(Format.SARIF, str(tmp_path / "a.sarif"))])
    console.publish(lambda *_: json.dumps([text, "plain ä"], ensure_ascii=False))
    for written in (out.getvalue(), (tmp_path / "a.sarif").read_text()):
        assert text not in written
        assert json.loads(written) == [text, "plain ä"]
        assert "plain ä" in written
