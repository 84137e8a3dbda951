"""A promotion as the text of a pull request."""

from trueup.cli.output import Format, Style
from trueup.cli.views.edits import edit_lines
from trueup.cli.views.markup import cell, fenced, prose, table
from trueup.cli.views.plan import render as render_plan
from trueup.cli.views.promotion import PromotionReport


def markdown(report: PromotionReport) -> str:
    """Return the promotion as markdown: the edit, a table of facts, the plan."""
    lines = [f"### {prose(report.title)}", ""]
    if report.is_needed:
        lines += fenced(edit_lines(report.path, report.before, report.after, Style()), "diff")
        lines += ["", *table(["", ""], ([cell(name), cell(words)] for name, words in report.facts())), ""]
        lines += [render_plan(report.plan, Format.MARKDOWN, Style()), ""]
    return "\n".join(lines)
