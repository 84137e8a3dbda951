"""Diagnostics views, and the pieces that all views are made of."""

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.cli.output import Format, Style
from trueup.cli.views import markup
from trueup.cli.views.diagnostics import DiagnosticsReport, render
from trueup.cli.views.findings import finding_of
from trueup.cli.views.sarif import MOST_RESULTS, sarif
from trueup.cli.views.text import table, visible, width_of, wrapped, wrapped_pieces
from trueup.cli.views.values import path_text, value_pieces, value_text, word_pieces
from trueup.core.diagnostics import Code, Diagnostic, Severity, Span
from trueup.diff.changes import FieldChange

CODE = Code("SPEC014", "Unknown model reference", "A route names a model.", "Declare the model.")
PLACE = Span("spec/prod/route.yaml", 12, 10)
ERROR = Diagnostic(
    CODE, "Route `chat` names the model `tiny-gtp`, which no spec declares.", PLACE, "did you mean `tiny-gpt`?"
)
WARNING = Diagnostic(Code("SPEC020", "Deprecated", "", ""), "Old.", None, severity=Severity.WARNING)


def shown(*diagnostics: Diagnostic, output: Format = Format.TEXT, width: int = 100, line: str | None = None) -> str:
    lines = {} if line is None else {PLACE: line}
    return render(DiagnosticsReport(diagnostics, lines, "2 files"), output, Style(), width)


def test_a_diagnostic_reads_place_code_summary_detail_source_hint() -> None:
    assert shown(ERROR, line="  model: tiny-gtp") == (
        "spec/prod/route.yaml:12:10: error SPEC014: Unknown model reference\n"
        "  Route `chat` names the model `tiny-gtp`, which no spec declares.\n"
        "  12 |   model: tiny-gtp\n"
        "     |          ^\n"
        "  hint: did you mean `tiny-gpt`?\n"
        "1 error, 0 warnings in 2 files."
    )


def test_the_caret_stands_below_its_column_after_wide_characters() -> None:
    lines = shown(ERROR, line="日本語日本語日本語model").splitlines()
    assert width_of(lines[2].split("| ")[1][:9]) == len(lines[3].split("| ")[1]) - 1


def test_a_very_long_source_line_is_cut_around_the_column() -> None:
    far = Diagnostic(CODE, "x", Span("a.yaml", 1, 5000))
    text = render(DiagnosticsReport((far,), {far.span: "a" * 4999 + "B" + "c" * 5000}), Format.TEXT, Style(), 80)  # type: ignore[dict-item]  # has a span
    source, caret = text.splitlines()[2:4]
    assert len(source) < 120
    assert source[caret.index("^")] == "B"


def test_no_problem_is_said_in_one_line() -> None:
    assert shown() == "No problems in 2 files."


def test_a_secret_in_a_source_line_is_masked() -> None:
    assert "hf_" not in shown(ERROR, line="  key: hf_abcdefghijklmnopqrstuvwxyz")


def test_a_warning_without_a_place_has_none() -> None:
    assert shown(WARNING).splitlines()[0] == "warning SPEC020: Deprecated"


def test_the_json_has_every_diagnostic_and_says_whether_it_is_valid() -> None:
    document = json.loads(shown(ERROR, WARNING, output=Format.JSON))
    assert (document["format_version"], document["valid"], document["errors"]) == ("1.0", False, 1)
    assert document["diagnostics"][0]["span"] == {"path": PLACE.path, "line": 12, "column": 10}
    assert document["diagnostics"][1]["span"] is None


def test_ndjson_has_a_line_for_each_and_the_summary_last() -> None:
    lines = [json.loads(line) for line in shown(ERROR, WARNING, output=Format.NDJSON).splitlines()]
    assert [line["type"] for line in lines] == ["diagnostic", "diagnostic", "summary"]


def test_sarif_points_at_line_and_column_and_keeps_its_name_when_lines_move() -> None:
    moved = Diagnostic(CODE, ERROR.detail, Span(PLACE.path, 99, 1), ERROR.hint)
    results = [json.loads(shown(d, output=Format.SARIF))["runs"][0]["results"] for d in (ERROR, moved)]
    (first,), (second,) = results
    place = first["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 12, "startColumn": 10}
    assert first["partialFingerprints"] == second["partialFingerprints"]


def test_sarif_keeps_errors_when_there_are_more_results_than_a_forge_takes() -> None:
    findings = [finding_of(WARNING)] * MOST_RESULTS + [finding_of(ERROR)]
    (run,) = json.loads(sarif(findings, "0"))["runs"]
    assert len(run["results"]) == MOST_RESULTS
    assert run["results"][0]["ruleId"] == "SPEC014"


def test_a_path_with_spaces_is_an_address_in_sarif() -> None:
    odd = Diagnostic(CODE, "x", Span("a b/ü.yaml"))
    (run,) = json.loads(shown(odd, output=Format.SARIF))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC.yaml"


def test_junit_fails_for_errors_and_passes_without() -> None:
    assert ET.fromstring(shown(ERROR, WARNING, output=Format.JUNIT).encode()).attrib["failures"] == "1"
    assert ET.fromstring(shown(output=Format.JUNIT).encode()).attrib == {
        "name": "trueup",
        "tests": "1",
        "failures": "0",
        "errors": "0",
    }


def test_markdown_lists_errors_first_and_stops_where_nobody_reads_on() -> None:
    text = shown(*[WARNING] * 250, ERROR, output=Format.MARKDOWN)
    assert text.splitlines()[2].startswith("- `spec/prod/route.yaml:12:10`: error **SPEC014**")
    assert text.endswith("- and 51 more")


@pytest.mark.parametrize("output", list(Format))
def test_hostile_text_is_harmless_in_every_format(output: Format) -> None:
    bad = Diagnostic(
        CODE, "\x1b[2J\n::error::x \x00 </failure> <!-- @all ]]>\ufffe", Span("a\n\x1b.yaml", 1, 1), "\u202e"
    )
    text = shown(bad, output=output)
    assert "\x1b" not in text
    assert "\x00" not in text
    commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert [c.split(" ")[0] for c in commands] == (["::error"] if output is Format.GITHUB else [])
    if output is Format.JUNIT:
        ET.fromstring(text.encode())


def test_a_path_reads_as_it_is_written() -> None:
    assert path_text(("spec", "a.b", 0, "[name=x]", "c")) == 'spec["a.b"][0][name=x].c'


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain", "plain"), ("7", '"7"'), ("", '""'), (" x", '" x"'), ("null", '"null"'), (None, "null")],
)
def test_text_that_could_be_something_else_is_quoted(value: str | None, text: str) -> None:
    assert value_text(value) == text


def test_a_text_cannot_claim_to_be_a_change() -> None:
    words = (("equal", "see {+this+} "), ("insert", "and [-that-]"))
    assert "".join(t for t, _ in word_pieces(words)) == "see {\\+this+\\} {+and [\\-that-\\]+}"


def test_a_line_end_that_is_added_is_seen() -> None:
    assert "".join(t for t, _ in word_pieces((("equal", "a."), ("insert", "\n")))) == "a.{+\\n+}"


def test_long_unchanged_text_is_cut_in_its_middle_only() -> None:
    same = "word " * 100
    text = "".join(t for t, _ in word_pieces((("insert", "a"), ("equal", same), ("delete", "b"))))
    assert len(text) < 150
    assert " ... " in text
    assert text.startswith("{+a+}word")
    assert text.endswith("word [-b-]")


@given(st.text(max_size=80), st.integers(5, 40))
def test_wrapping_loses_nothing_and_breaks_no_word(text: str, width: int) -> None:
    lines = wrapped(text, width, "  ")
    assert "".join("".join(lines).split()).replace("\\x3a:", "::") == "".join(visible(text).split()).replace(
        "\\x3a:", "::"
    )
    for line in lines:
        assert width_of(line) <= width or " " not in line.strip(" ")


@given(st.text(max_size=40))
def test_visible_text_is_one_line_without_control_characters(text: str) -> None:
    shown_text = visible(text)
    assert len(shown_text.splitlines()) <= 1
    assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in shown_text)


@given(st.text(alphabet="ab `|<>&*_[]()@#!\\\n-+~", max_size=30))
def test_prose_has_no_raw_markup_outside_code(text: str) -> None:
    import re

    rest = re.sub(r"(`+) ?.+? ?\1", " ", markup.prose(text))
    assert not re.search(r"[<>|*_\[\]()!\\]", rest.replace("&#8203;", ""))
    assert not re.search(r"(?<!\w)@\w", rest)


@given(st.text(alphabet="a`| ", max_size=20))
def test_a_code_span_contains_its_text_and_nothing_ends_it_early(text: str) -> None:
    span = markup.code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]
    inner = span[len(fence) : -len(fence)]
    assert fence not in inner.replace("``" * 99, "") or not text
    assert text in inner


def test_columns_of_a_table_line_up_whatever_is_in_them() -> None:
    assert table([["a", "x"], ["日本", "y\n"]]) == ["a     x", "日本  y\\n"]


def test_a_table_without_rows_is_nothing() -> None:
    assert table([]) == []


def test_a_runner_command_in_the_old_spelling_is_spelled_out() -> None:
    assert visible("##[add-mask]x") == "\\x23#[add-mask]x"


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [("x", None, "x"), ("(masked)", "(masked)", "(masked) (another value)"), (1, 2, "1 -> 2")],
)
def test_a_value_that_goes_or_changes_says_how(before: object, after: object, text: str) -> None:
    field = FieldChange("X/y", ("a",), before, after)  # type: ignore[arg-type]  # JSON
    assert "".join(t for t, _ in value_pieces(field)) == text


def test_newlines_in_a_value_stay_lines() -> None:
    assert wrapped_pieces([("a\nb", ())], 80, "  ", Style()) == ["  a", "  b"]
