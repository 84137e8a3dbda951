"""What a run found, as findings: of the declaration, and of every decision, for the formats that list them."""

from collections.abc import Iterator
from dataclasses import replace

from trueup import __version__
from trueup.cli.views.ci_report import CiReport
from trueup.cli.views.findings import Finding, Level, finding_of, findings_of
from trueup.diff.masks import masked_text
from trueup.policy.results import RuleInfo

EVALUATION = "EVALUATION"
"""Rule id of an evaluation that was run and did not pass."""


def findings(report: CiReport) -> list[Finding]:
    """Return every finding once."""
    return list(dict.fromkeys(_all(report)))


def sarif_of(report: CiReport) -> str:
    """Return SARIF with one run."""
    from trueup.cli.views.sarif import sarif

    return sarif(findings(report), __version__, _rules(report).values())


def junit_of(report: CiReport) -> str:
    """Return a suite for the declaration, and one for each environment."""
    from trueup.cli.views.junit import Suite, junit_suites

    own = [finding_of(d) for d in (*report.failures, *report.diagnostics)]
    suites = [Suite("validate", own)]
    for environment in report.environments:
        found = [finding_of(d) for d in environment.problems]
        decision = environment.plan.decision if environment.plan else None
        if environment.plan and decision:
            found += findings_of(decision, environment.plan.rules)
        suites.append(Suite(f"policy {environment.name}", found, decision.rules if decision else ()))
    if report.measured:
        failed = [replace(f, rule=f.message) for f in _measured(report)]
        suites.append(Suite("evaluate", failed, tuple(report.measured)))
    return junit_suites(suites)


def github_of(report: CiReport) -> str:
    """Return annotations."""
    from trueup.cli.views.github import github

    return github(findings(report), f"trueup: {report.verdict}. {report.summary}")


def codequality_of(report: CiReport) -> str:
    """Return a Code Quality report."""
    from trueup.cli.views.codequality import codequality

    return codequality(findings(report))


def _all(report: CiReport) -> Iterator[Finding]:
    yield from (finding_of(d) for _, d in report.problems)
    for plan in report.plans:
        if plan.decision is not None:
            yield from findings_of(plan.decision, plan.rules)
    yield from _measured(report)


def _measured(report: CiReport) -> Iterator[Finding]:
    """Yield the evaluations that were run now and did not pass."""
    for name, passed in (report.measured or {}).items():
        if not passed:
            title, remedy = (
                "Evaluation did not pass",
                "Change the release, or what it is held to in a change of its own.",
            )
            yield Finding(EVALUATION, title, Level.ERROR, masked_text(name), remedy=remedy, severity="high")


def _rules(report: CiReport) -> dict[str, RuleInfo]:
    return {rule.id: rule for plan in report.plans for rule in plan.rules}
