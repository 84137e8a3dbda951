"""The look at a policy's text before any parser sees it."""

import pytest

from trueup.adapters.policy.embedded.scan import MAX_COLUMNS, MAX_DEPTH, MAX_LINES, decode, scan
from trueup.core.diagnostics import Diagnostic, Span


def codes(text: str) -> list[str]:
    return [d.code.id for d in scan("p.rego", text)]


def test_an_ordinary_policy_passes() -> None:
    assert codes('package a\ndeny contains {"m": [1, {2}]} if f({"a": [(1)]})\n') == []


@pytest.mark.parametrize(("opening", "closing"), ["[]", "{}", "()"])
def test_brackets_are_allowed_up_to_a_depth(opening: str, closing: str) -> None:
    assert codes(opening * MAX_DEPTH + closing * MAX_DEPTH) == []
    (problem,) = scan("p.rego", "x :=\n " + opening * 400_00)[-1:]
    assert problem.code.id == "POL002"
    assert problem.span == Span("p.rego", 2, MAX_DEPTH + 2)


def test_kinds_of_brackets_count_together() -> None:
    assert codes("[{(" * 5) == ["POL002"]


def test_brackets_in_texts_and_comments_do_not_count() -> None:
    assert codes('"' + "[" * 50 + '"\n`' + "{" * 50 + "\n" + "(" * 50 + "`\n# " + "[" * 50 + "\n") == []
    assert codes(r'"a\"' + "[" * 50 + '"') == []


def test_an_unclosed_text_hides_nothing() -> None:
    assert codes('"' + "[" * 50) == ["POL002"]


def test_long_lines_and_long_files_are_refused_at_their_place() -> None:
    (line,) = scan("p.rego", "package a\n#" + "x" * MAX_COLUMNS)
    assert line.span == Span("p.rego", 2, MAX_COLUMNS + 1)
    (file,) = scan("p.rego", "\n" * MAX_LINES)
    assert file.span == Span("p.rego", MAX_LINES + 1, 1)


def test_bytes_that_are_no_text_are_refused_at_their_place() -> None:
    problem = decode("p.rego", 'package a\nx := "é'.encode() + b"\xff")
    assert isinstance(problem, Diagnostic)
    assert problem.span == Span("p.rego", 2, 8)


def test_a_file_larger_than_a_policy_may_be_is_refused() -> None:
    assert isinstance(decode("p.rego", b"#" * 1_000_001), Diagnostic)
