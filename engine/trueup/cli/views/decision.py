"""Decisions in every format: what policy says of documents, rule by rule, those that passed included."""

import json
from collections.abc import Iterator, Sequence

from trueup import __version__
from trueup.cli.output import Format, Style
from trueup.cli.views.decision_text import DecisionText, counts_of, verdict_of
from trueup.cli.views.findings import findings_of
from trueup.cli.views.markup import code, folded, prose, table
from trueup.cli.views.plan_json import decision_json
from trueup.cli.views.text import visible
from trueup.core.json import Json
from trueup.policy.checked import Checked, Status, counted
from trueup.policy.decision import Outcome, Violation

FORMAT_VERSION = "1.0"
_MOST_LISTED = 200
"""Violations in a comment on a pull request; nobody reads more there."""


def render(checks: Sequence[Checked], output: Format, style: Style, width: int = 100) -> str:
    """Return *checks* in the format asked for."""
    match output:
        case Format.TEXT | Format.HTML | Format.CSV:
            return _for_people(checks, output, style, width)
        case Format.MARKDOWN:
            return "\n".join(_markdown(checks))
        case Format.JSON:
            return json.dumps(document(checks), indent=2, ensure_ascii=False)
        case Format.NDJSON:
            return "\n".join(json.dumps(line, ensure_ascii=False) for line in _lines(checks))
        case Format.SARIF:
            from trueup.cli.views.sarif import sarif

            rules = {r.id: r for c in checks for r in c.rules}
            found = [f for c in checks for f in findings_of(c.decision, c.rules)]
            return sarif(found, __version__, rules.values(), counts_json(checks))
        case Format.JUNIT:
            from trueup.cli.views.junit import Suite, junit_suites

            return junit_suites(Suite(c.subject, findings_of(c.decision, c.rules), c.decision.rules) for c in checks)
        case Format.GITHUB | Format.CODEQUALITY:
            return _beside_lines(checks, output)
        case Format.OPENREPORTS:
            from trueup.cli.views.openreports import openreports

            return openreports(checks)


def _beside_lines(checks: Sequence[Checked], output: Format) -> str:
    """Return what a forge shows beside the lines of a change."""
    from trueup.cli.views.codequality import codequality
    from trueup.cli.views.github import github

    found = [f for c in checks for f in findings_of(c.decision, c.rules)]
    return codequality(found) if output is Format.CODEQUALITY else github(found, summary_of(checks))


def _for_people(checks: Sequence[Checked], output: Format, style: Style, width: int) -> str:
    text = "\n".join(_text(checks, style, width))
    if output is not Format.HTML:
        return text
    from trueup.cli.views.page import text_page

    return text_page(summary_of(checks), text)


def summary_of(checks: Sequence[Checked]) -> str:
    """Return the line that says it all: how many documents, and how many rules ended in which way."""
    counts = counts_json(checks)
    said = ", ".join(
        f"{counts[name]} {word}"
        for name, word in (
            ("pass", "passed"),
            ("fail", "denied"),
            ("warn", "warned"),
            ("skip", "excepted or dry run"),
            ("error", "could not be evaluated"),
        )
        if counts[name] or name in ("pass", "fail")
    )
    documents = "1 document" if len(checks) == 1 else f"{len(checks)} documents"
    return f"{documents}, rules: {said}."


def counts_json(checks: Sequence[Checked]) -> dict[str, Json]:
    """Return how many rules ended in each way, over all documents."""
    counts: dict[str, Json] = {status.value: count for status, count in counted(checks).items()}
    return {**counts, "error": sum(len(c.decision.errors) for c in checks)}


def document(checks: Sequence[Checked]) -> dict[str, Json]:
    """Return *checks* as JSON."""
    return {
        "format_version": FORMAT_VERSION,
        "outcome": _outcome(checks).value,
        "rules": counts_json(checks),
        "checks": [
            {
                "subject": c.subject,
                "decision": decision_json(c.decision),
                "rules": [
                    {"rule": r.rule, "title": r.title, "result": r.status.value, "violations": len(r.violations)}
                    for r in c.results
                ],
            }
            for c in checks
        ],
    }


def _outcome(checks: Sequence[Checked]) -> Outcome:
    outcomes = {c.decision.outcome for c in checks}
    if Outcome.ERROR in outcomes:
        return Outcome.ERROR
    return Outcome.DENY if Outcome.DENY in outcomes else Outcome.ALLOW


def _lines(checks: Sequence[Checked]) -> Iterator[Json]:
    """Yield a value for each rule, violation and error, the summary last."""
    whole = document(checks)
    for check in checks:
        decision = decision_json(check.decision)
        subject = {"subject": check.subject}
        for result in check.results:
            said: dict[str, Json] = {"rule": result.rule, "title": result.title, "result": result.status.value}
            yield {"type": "rule", **subject, **said, "violations": len(result.violations)}
        for kind, key in (("violation", "violations"), ("policy_error", "errors")):
            items = decision[key]
            for item in items if isinstance(items, list) else []:
                yield {"type": kind, **subject, **(item if isinstance(item, dict) else {})}
    yield {"type": "summary", **{k: v for k, v in whole.items() if k != "checks"}}


def _text(checks: Sequence[Checked], style: Style, width: int) -> Iterator[str]:
    view = DecisionText(style, width)
    for index, check in enumerate(checks):
        if index:
            yield ""
        yield style.paint(visible(check.subject), "bold")
        yield from view.lines(check.decision)
    yield from ("", style.paint(summary_of(checks), "bold"))


def _markdown(checks: Sequence[Checked]) -> Iterator[str]:
    yield f"**{prose(summary_of(checks))}**"
    for check in checks:
        decision = check.decision
        icon = "\u2705" if decision.outcome is Outcome.ALLOW else "\u26d4"
        yield from ("", f"### {icon} {prose(check.subject)}: {prose(verdict_of(decision))}", "")
        yield f"{len(decision.rules)} rules; violations: {prose(counts_of(decision))}."
        for error in decision.errors[:_MOST_LISTED]:
            where = f" ({code(str(error.span))})" if error.span else ""
            yield f"- `!` a policy could not be evaluated{where}: {prose(error.message)}"
        listed = decision.violations[:_MOST_LISTED]
        if listed:
            yield ""
            yield from (_item(v) for v in listed)
        if len(decision.violations) > len(listed):
            yield f"- and {len(decision.violations) - len(listed)} more"
        passed = [[prose(r.rule), prose(r.title)] for r in check.results if r.status is Status.PASS]
        if passed:
            yield from ("", *folded(f"Passed ({len(passed)})", table(["rule", "title"], passed)))


def _item(violation: Violation) -> str:
    mark = f"excepted by {violation.excepted_by}" if violation.excepted_by else violation.enforcement.value
    soft = f", softened by {prose(violation.softened_by)}" if violation.softened_by else ""
    place = f" {code(str(violation.span))}" if violation.span else ""
    about = f" {code(violation.address)}" if violation.address else ""
    head = f"- {prose(mark)} **{prose(violation.rule)}** {prose(violation.title)} ({prose(violation.severity)}{soft})"
    to_do = f" To do: {prose(violation.remediation)}" if violation.remediation else ""
    return f"{head}{',' if about or place else ''}{about}{place}: {prose(violation.message)}{to_do}"
