"""The table of rules: what each does in which environment, and what its tests show and reach."""

import json
from collections.abc import Iterator, Sequence

from trueup.cli.output import Format, Style
from trueup.cli.views.markup import cell, cell_code, table
from trueup.cli.views.text import visible, width_of
from trueup.core.json import Json
from trueup.policy.listing import KINDS, ListedRule, by_rule_set

FORMAT_VERSION = "1.0"
SEVERITY_COLOURS = {"critical": "red", "high": "red", "medium": "yellow", "low": "cyan"}
_MOST_ENVIRONMENTS = 4
"""Words side by side; with more environments than that, one word stands for all."""
_WIDE = 120
"""Columns from which on controls and file are shown."""
_GAP = "  "


def render_rules(rules: Sequence[ListedRule], output: Format, style: Style, width: int = 200) -> str:
    """Return the rules, a line each below their set; what does not fit *width* is cut at the end of the line."""
    match output:
        case Format.TEXT:
            return "\n".join(_text(rules, style, width))
        case Format.MARKDOWN:
            return "\n".join(rules_markdown(rules))
        case _:
            document: Json = {"format_version": FORMAT_VERSION, "rules": [rule_json(r) for r in rules]}
            return json.dumps(document, indent=2, ensure_ascii=False)


def rules_markdown(rules: Sequence[ListedRule]) -> Iterator[str]:
    """Yield the table as markdown."""
    environments = _environments(rules)
    head = ["rule", "title", "set", "severity", *environments, "tests", "coverage", "controls"]
    rows = [
        [
            cell_code(r.info.id),
            cell(r.info.title),
            cell(r.info.rule_set),
            cell(severity_of(r)),
            *(cell(word) for _, word in r.enforcement),
            cell(_tests(r)),
            cell(_coverage(r)),
            cell(", ".join(r.info.controls)),
        ]
        for r in rules
    ]
    yield from table(head, rows)
    yield from ("", _counted(rules))


def rule_json(rule: ListedRule) -> dict[str, Json]:
    """Return one rule as JSON."""
    info = rule.info
    return {
        "id": info.id,
        "package": info.package,
        "rule": info.entry,
        "entries": list(rule.entries),
        "title": info.title,
        "description": info.description,
        "severity": severity_of(rule),
        "rule_set": info.rule_set,
        "enforcement": [{"environment": name, "does": word} for name, word in rule.enforcement],
        "controls": list(info.controls),
        "jurisdictions": list(info.jurisdictions),
        "roles": list(info.roles),
        "effective_from": info.effective_from,
        "in_force": rule.in_force,
        "last_reviewed": info.last_reviewed,
        "waivable": info.waivable,
        "remediation": info.remediation,
        "tests": rule.tests,
        "cases": list(rule.kinds),
        "coverage_percent": None if rule.coverage is None else round(rule.coverage, 1),
        "path": rule.path,
        "line": info.span.line if info.span else 0,
    }


def severity_of(rule: ListedRule) -> str:
    """Return the severity a result of the rule has when it names none."""
    return rule.info.severity or "high"


def _text(rules: Sequence[ListedRule], style: Style, width: int) -> Iterator[str]:
    environments = _environments(rules)
    if environments:
        yield f"does in {', '.join(visible(e) for e in environments)}"
    head = ("rule", "severity", "does", "tests", "cover" if any(r.coverage is not None for r in rules) else "", "title")
    rows = {r.info.id: _cells(r, width) for r in rules}
    shown = [head, *rows.values()]
    widths = [max(width_of(row[i]) for row in shown) for i in range(len(head) - 1)]
    if rules:
        yield style.paint(_line(head, widths, width, Style(), ""), "dim")
    for name, members in by_rule_set(rules):
        yield style.paint(visible(name or "no set"), "bold")
        for rule in members:
            yield _line(rows[rule.info.id], widths, width, style, SEVERITY_COLOURS.get(severity_of(rule), "dim"))
    yield from ("", _counted(rules))
    if any(r.tests for r in rules):
        yield "tests: p a case that passes, f one that denies, a one in which a fact is absent; - is missing"
    if any(not r.in_force for r in rules):
        yield "*: not in force yet, warns until then"


def _line(cells: Sequence[str], widths: Sequence[int], width: int, style: Style, colour: str) -> str:
    """Return one line: columns of *widths*, the last one cut where the terminal ends."""
    fixed = [c + " " * (w - width_of(c)) for c, w in zip(cells[:-1], widths, strict=True)]
    room = width - sum(widths) - len(_GAP) * len(widths)
    last = _cut(cells[-1], max(room, 12))
    if colour:
        fixed[1] = style.paint(fixed[1], colour)
    return _GAP.join([*fixed, last]).rstrip()


def _cut(text: str, room: int) -> str:
    if width_of(text) <= room:
        return text
    while width_of(text) > room - 3:
        text = text[:-1]
    return text.rstrip() + "..."


def _cells(rule: ListedRule, width: int) -> tuple[str, ...]:
    mark = "" if rule.in_force else "*"
    last = visible(rule.info.title)
    if width >= _WIDE:
        last = _GAP.join(visible(part) for part in (rule.info.title, ", ".join(rule.info.controls), rule.path) if part)
    return visible(rule.info.id) + mark, severity_of(rule), _does(rule), _tests(rule), _coverage(rule), last


def _does(rule: ListedRule) -> str:
    words = [word for _, word in rule.enforcement]
    if not words:
        return ""
    if len(words) > _MOST_ENVIRONMENTS:
        return words[0] if len(set(words)) == 1 else "differs"
    return " ".join("dry " if word == "dryrun" else word for word in words)


def _tests(rule: ListedRule) -> str:
    if not rule.tests:
        return "  0"
    letters = "".join(kind[0] if kind in rule.kinds else "-" for kind in KINDS)
    return f"{rule.tests:>3} {letters}"


def _coverage(rule: ListedRule) -> str:
    # Rounded down: 100 % is said of what was reached whole.
    return "" if rule.coverage is None else f"{int(rule.coverage):>3} %"


def _environments(rules: Sequence[ListedRule]) -> tuple[str, ...]:
    return tuple(name for name, _ in rules[0].enforcement) if rules else ()


def _counted(rules: Sequence[ListedRule]) -> str:
    return "1 rule" if len(rules) == 1 else f"{len(rules)} rules"
