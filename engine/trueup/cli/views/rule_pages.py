"""Pages about rules, and which rules cover a control."""

import json
import re
from collections.abc import Iterator, Sequence

from trueup.cli.output import Format, Style
from trueup.cli.views.markup import cell, cell_code, prose, table
from trueup.cli.views.policy import FORMAT_VERSION, SEVERITY_COLOURS, rule_json, severity_of
from trueup.cli.views.text import visible, visible_lines, wrapped
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.diff.masks import masked
from trueup.policy.listing import ListedRule, RulePage, by_control, by_rule_set, serves

_LONGEST_VALUE = 2_000
"""Characters of a parameter that is printed; a longer one is a table, which its file shows better."""
_HEADING = re.compile(r"^(#{1,4}) ")


@dataclass(frozen=True, slots=True)
class PagesReport:
    """What to show.

    Attributes:
        pages: The rules.
        by: `rule`, `control` or `rule-set`.
        control: The clause that was asked for; empty for all.
    """

    pages: tuple[RulePage, ...]
    by: str = "rule"
    control: str = ""

    @property
    def rules(self) -> tuple[ListedRule, ...]:
        """The rows of the pages."""
        return tuple(p.rule for p in self.pages)

    @property
    def controls(self) -> tuple[tuple[str, tuple[ListedRule, ...]], ...]:
        """Every control asked for, with its rules."""
        return tuple((c, r) for c, r in by_control(self.rules) if not self.control or serves(c, self.control))

    @property
    def answer(self) -> str:
        """What covers the clause that was asked for, in a line; `none` is an answer."""
        ids = [r.info.id for r in self.rules]
        if not ids:
            return f"No rule covers {self.control}."
        verb = "covers" if len(ids) == 1 else "cover"
        return f"{', '.join(ids)} {verb} {self.control}."


def render(report: PagesReport, output: Format, style: Style, width: int = 100) -> str:
    """Return the pages in the format asked for."""
    match output:
        case Format.TEXT:
            return "\n".join(_text(report, style, width))
        case Format.MARKDOWN:
            return "\n".join(_markdown(report))
        case _:
            return json.dumps(_document(report), indent=2, ensure_ascii=False)


def library_table(rules: Sequence[ListedRule]) -> list[str]:
    """Return the table of the library's own README: rules by set, each with its folder."""
    lines: list[str] = []
    for name, members in by_rule_set(rules):
        rows = [
            [f"[{r.info.id}]({_folder(r)})", _own(r.info.title), severity_of(r), _own(", ".join(r.info.controls))]
            for r in members
        ]
        lines += [f"### {name}", "", *table(["rule", "title", "severity", "controls"], rows), ""]
    return lines


def _own(text: str) -> str:
    """Return text of the library itself for a cell: nobody else wrote it, and its source should read well."""
    return text.replace("|", "\\|")


def _folder(rule: ListedRule) -> str:
    return rule.path.rpartition("/")[0].rpartition("/")[2]


def _document(report: PagesReport) -> Json:
    return {
        "format_version": FORMAT_VERSION,
        "rules": [
            {
                **rule_json(p.rule),
                "reads": list(p.inputs),
                "parameters": [{"path": path, "value": masked(value, path)} for path, value in p.parameters],
                "page": p.text,
            }
            for p in report.pages
        ],
        "controls": [{"control": c, "rules": [r.info.id for r in rules]} for c, rules in report.controls],
    }


def _text(report: PagesReport, style: Style, width: int) -> Iterator[str]:
    if report.control:
        yield from wrapped(report.answer, width, "", style, "bold")
        if not report.pages:
            return
        yield ""
    match report.by:
        case "control":
            for control, rules in report.controls:
                yield style.paint(visible(control), "bold")
                yield from (line for r in rules for line in wrapped(f"{r.info.id} {r.info.title}", width, "  "))
        case "rule-set":
            for name, rules in by_rule_set(report.rules):
                yield style.paint(visible(name or "no set"), "bold")
                yield from (line for r in rules for line in wrapped(f"{r.info.id} {r.info.title}", width, "  "))
        case _:
            for index, page in enumerate(report.pages):
                if index:
                    yield ""
                yield from _page_text(page, style, width)


def _page_text(page: RulePage, style: Style, width: int) -> Iterator[str]:
    info = page.rule.info
    yield from wrapped(f"{info.id} {info.title}", width, "", style, "bold", SEVERITY_COLOURS[severity_of(page.rule)])
    yield from wrapped(info.description, width, "  ") if info.description else ()
    for name, text in _facts(page):
        yield from wrapped(f"{name}: {text}", width, "  ")
    for path, value in page.parameters:
        yield from wrapped(f"parameter {path}: {_value(path, value)}", width, "  ")
    for line in visible_lines(page.text) if page.text else ():
        yield f"  | {line}".rstrip()


def _markdown(report: PagesReport) -> Iterator[str]:
    if report.control:
        yield from (f"**{prose(report.answer)}**", "")
    match report.by:
        case "control":
            rows = [[cell(c), ", ".join(cell_code(r.info.id) for r in rules)] for c, rules in report.controls]
            yield from table(["control", "rules"], rows)
        case "rule-set":
            for name, rules in by_rule_set(report.rules):
                rows = [[cell_code(r.info.id), cell(r.info.title), severity_of(r)] for r in rules]
                yield from (f"## {prose(name or 'no set')}", "", *table(["rule", "title", "severity"], rows), "")
        case _:
            for page in report.pages:
                yield from _page_markdown(page)


def _page_markdown(page: RulePage) -> Iterator[str]:
    info = page.rule.info
    yield from (f"## {prose(info.id)} {prose(info.title)}", "")
    yield from (prose(info.description), "") if info.description else ()
    rows = [[cell(name), cell(text)] for name, text in _facts(page)]
    rows += [[cell_code(path), cell(_value(path, value))] for path, value in page.parameters]
    yield from (*table(["", ""], rows), "")
    # The page's own headings go below the rule's; its first one repeats id and title.
    lines = page.text.splitlines()
    for line in lines[1:] if lines and lines[0].startswith("# ") else lines:
        yield _HEADING.sub(r"#\1 ", line)
    yield ""


def _facts(page: RulePage) -> Iterator[tuple[str, str]]:
    """Yield everything METADATA says, and what follows from it."""
    rule, info = page.rule, page.rule.info
    yield "severity", severity_of(rule)
    if info.rule_set:
        yield "rule set", info.rule_set
    for environment, word in rule.enforcement:
        yield f"in {environment}", word
    if info.controls:
        yield "controls", ", ".join(info.controls)
    yield "jurisdictions", ", ".join(info.jurisdictions) or "everywhere"
    yield "roles", ", ".join(info.roles) or "any"
    if info.effective_from:
        yield "in force from", info.effective_from + ("" if rule.in_force else " (not yet; warns until then)")
    if info.last_reviewed:
        yield "last reviewed", info.last_reviewed
    yield "can be waived", "yes, by a PolicyException" if info.waivable else "no"
    if info.remediation:
        yield "to do", info.remediation
    if page.inputs:
        yield "reads", ", ".join(page.inputs)
    missing = f"; no case: {', '.join(rule.missing_kinds)}" if rule.missing_kinds else ""
    reach = "" if rule.coverage is None else f", which reach {int(rule.coverage)} % of its lines"
    yield "tests", f"{rule.tests}{reach}{missing}"
    if rule.path:
        yield "defined in", str(info.span)


def _value(path: str, value: Json) -> str:
    if value is None:
        return "too large to show"
    text = json.dumps(masked(value, path), ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} ..."
