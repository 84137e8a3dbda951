"""Explanations in every format."""

import json

from trueup.cli.output import Format, Style
from trueup.cli.views.explanation import render
from trueup.plan.explanation import Explanation, Section

FOUND = Explanation(
    "Model/tiny@1",
    "Model/tiny@1 is declared",
    (Section("Uses", ("nothing",)), Section("Used by", ("Deployment/dev/support", "Deployment/<b>"))),
)


def test_text_has_a_paragraph_for_each_question() -> None:
    assert render(FOUND, Format.TEXT, Style()).splitlines() == [
        "Model/tiny@1 is declared",
        "",
        "Uses",
        "  nothing",
        "",
        "Used by",
        "  Deployment/dev/support",
        "  Deployment/<b>",
    ]


def test_markdown_has_a_heading_for_each_question_and_no_markup_of_others() -> None:
    shown = render(FOUND, Format.MARKDOWN, Style())
    assert "### Used by" in shown
    assert "- Deployment/dev/support" in shown
    assert "<b>" not in shown


def test_json_is_versioned() -> None:
    for output in (Format.JSON, Format.NDJSON):
        assert json.loads(render(FOUND, output, Style())) == {
            "format_version": "1.0",
            "address": "Model/tiny@1",
            "summary": "Model/tiny@1 is declared",
            "sections": [
                {"title": "Uses", "lines": ["nothing"]},
                {"title": "Used by", "lines": ["Deployment/dev/support", "Deployment/<b>"]},
            ],
        }
