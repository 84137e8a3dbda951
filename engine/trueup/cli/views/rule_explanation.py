"""Why a rule says what it says, as text, markdown or JSON."""

import json
from collections.abc import Iterator

from trueup.cli.output import Format, Style
from trueup.cli.views.decision_text import DecisionText
from trueup.cli.views.governing import whose
from trueup.cli.views.markup import prose
from trueup.cli.views.plan_json import violation_json
from trueup.cli.views.policy import FORMAT_VERSION, rule_json, severity_of
from trueup.cli.views.text import visible, visible_lines, wrapped
from trueup.cli.views.values import path_text
from trueup.core.json import Json
from trueup.policy.decision import Enforcement
from trueup.policy.rule_explanation import Fact, RuleExplanation
from trueup.policy.tracing import Body, ranges

Section = tuple[str, list[str]]

_MARKS = {
    Enforcement.DENY: ("! denies", "red"),
    Enforcement.WARN: ("warns", "yellow"),
    Enforcement.DRYRUN: ("dry run", "cyan"),
}


def render(value: RuleExplanation, output: Format, style: Style, width: int = 100) -> str:
    """Return *value* in the format asked for."""
    match output:
        case Format.TEXT:
            return "\n".join(_text(value, style, width))
        case Format.MARKDOWN:
            return "\n".join(_markdown(value))
        case _:
            return json.dumps(document(value), indent=2, ensure_ascii=False)


def summary_of(value: RuleExplanation) -> str:
    """Say in one line what the rule says of the address."""
    rule = value.rule.info.id
    if value.errors:
        return f"{rule} could not be decided for {value.address} in {value.environment}, which denies."
    if not value.is_judged:
        return f"{rule} says nothing of {value.address}: nothing in the plan of {value.environment} reaches it."
    if not value.violations:
        others = f" ({value.elsewhere} elsewhere in this plan)" if value.elsewhere else ""
        return f"{rule} has nothing against {value.address} in {value.environment}{others}."
    effects = ", ".join(_effect(v.enforcement, v.excepted_by) for v in value.violations)
    return f"{rule} {effects}: {value.address} in {value.environment}."


def document(value: RuleExplanation) -> dict[str, Json]:
    """Return the explanation as JSON."""
    return {
        "format_version": FORMAT_VERSION,
        "summary": summary_of(value),
        "rule": rule_json(value.rule),
        "address": value.address,
        "environment": value.environment,
        "plan_outcome": value.outcome,
        "judged": value.is_judged,
        "deployments": list(value.deployments),
        "violations": [violation_json(v) for v in value.violations],
        "violations_elsewhere": value.elsewhere,
        "why": list(value.why),
        "facts": [_fact_json(f) for f in value.facts],
        "parameters": [{"path": path, "value": text} for path, text in value.parameters],
        "bodies": [_body_json(b) for b in value.bodies],
        "coverage": [
            {"path": c.path, "reached": list(c.reached), "not_reached": list(c.missed)} for c in value.coverage
        ],
        "errors": list(value.errors),
        "printed": value.printed,
        "judged_by": {"source": value.source, "revision": value.revision, "changed": list(value.changed)},
    }


def _fact_json(fact: Fact) -> Json:
    place: Json = {"path": fact.span.path, "line": fact.span.line, "column": fact.span.column}
    return {"path": list(fact.path), "found": fact.found, "value": fact.value, "named_at": place}


def _body_json(body: Body) -> Json:
    ended = body.stalled
    return {
        "rule": body.rule,
        "path": body.span.path,
        "line": body.span.line,
        "tried": body.is_tried,
        "complete": body.is_tried and ended is None,
        "gave_value": body.has_given,
        "last_line": body.last_line,
        "ended_at": ended.span.line if ended else None,
        "statement": ended.text if ended else "",
        "next_line": ended.next_line if ended else None,
    }


def _text(value: RuleExplanation, style: Style, width: int) -> Iterator[str]:
    yield from wrapped(summary_of(value), width, "", style, "bold")
    info = value.rule.info
    about = f"{info.title} ({severity_of(value.rule)}){f': {info.description}' if info.description else ''}"
    yield from wrapped(about, width, "", style, "dim")
    for line in whose(value.source, value.revision, value.changed):
        yield from wrapped(line, width, "", style, "yellow")
    if value.violations:
        yield ""
        view = DecisionText(style, width)
        for violation in value.violations:
            mark, colour = _MARKS[violation.enforcement]
            yield from view.violation("excepted" if violation.excepted_by else mark, violation, colour)
    for title, lines in _sections(value):
        yield from ("", style.paint(title, "bold", "cyan"))
        for line in lines:
            yield from wrapped(line, width, "  ")


def _markdown(value: RuleExplanation) -> Iterator[str]:
    yield f"**{prose(summary_of(value))}**"
    yield from ("", prose(value.rule.info.description)) if value.rule.info.description else ()
    for line in whose(value.source, value.revision, value.changed):
        yield from ("", f"> {prose(line)}")
    for violation in value.violations:
        yield from ("", f"- {prose(violation.message)} To do: {prose(violation.remediation)}")
    for title, lines in _sections(value):
        yield from ("", f"### {prose(title)}", "", *(f"- {prose(line)}" for line in lines))


def _sections(value: RuleExplanation) -> Iterator[Section]:
    yield from _section("Why it does that", value.why)
    yield from _section("Why it could not be decided", value.errors)
    yield from _section("Facts it read", [_fact(f) for f in value.facts])
    yield from _section("Parameters", [f"{path} = {text}" for path, text in value.parameters])
    own = [b for b in value.bodies if value.coverage and b.span.path == value.coverage[0].path]
    yield from _section("How far it came", [_body(b) for b in own])
    missed = [f"{c.path}: reached {ranges(c.reached) or 'nothing'}" for c in value.coverage]
    yield from _section("Lines reached", missed)
    yield from _section("Printed", [line for line in visible_lines(value.printed) if line])
    if value.deployments:
        yield "Looked at", [", ".join(visible(d) for d in value.deployments)]


def _section(title: str, lines: "tuple[str, ...] | list[str]") -> Iterator[Section]:
    if lines:
        yield title, list(lines)


def _fact(fact: Fact) -> str:
    value = fact.value if fact.found else "absent"
    return f"input.{path_text(fact.path)} = {value} (named at {fact.span.path}:{fact.span.line})"


def _body(body: Body) -> str:
    head = f"line {body.span.line} `{body.rule}`: "
    if body.stalled:
        after = f", so line {body.stalled.next_line} was not reached" if body.stalled.next_line else ""
        return f"{head}ended at line {body.stalled.span.line}, where `{body.stalled.text}` was not true{after}"
    if not body.is_tried:
        return f"{head}was not tried"
    if body.has_given:
        return f"{head}came to its end and gave a value"
    return f"{head}came as far as its last statement, line {body.last_line}; whether that was true is not known"


def _effect(enforcement: Enforcement, excepted_by: str) -> str:
    if excepted_by:
        return f"is excepted by {excepted_by}"
    match enforcement:
        case Enforcement.DENY:
            return "denies"
        case Enforcement.WARN:
            return "warns"
        case Enforcement.DRYRUN:
            return "would speak (dry run)"
