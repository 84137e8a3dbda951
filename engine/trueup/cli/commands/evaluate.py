"""`trueup evaluate`: measure what is declared, without moving traffic."""

import argparse

from trueup.cli.arguments import add_environment, add_output, add_revision, seconds
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid, show_event

SUMMARY = "Run the evaluations an environment requires, without moving traffic"
EXAMPLE = "trueup evaluate support -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `evaluate`."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these deployments")
    add_environment(parser)
    add_revision(parser)
    parser.add_argument("--again", action="store_true", help="also what has fresh evidence")
    parser.add_argument("--lock-timeout", metavar="SECONDS", type=seconds, default=0.0, help="wait for an apply")
    add_output(parser, Format.NDJSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Measure and record."""
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.evaluate import Evaluated, EvaluateRequest, evaluate

    request = EvaluateRequest(
        environment=arguments.environment,
        revision=arguments.revision or "HEAD",
        targets=tuple(arguments.names),
        again=arguments.again,
        lock_timeout_seconds=arguments.lock_timeout,
    )
    evaluated = Evaluated()
    for event in evaluate(open_workspace(console), request, evaluated):
        show_event(event, console)
    if evaluated.invalid is not None:
        return report_invalid(evaluated.invalid, console)
    for name, passed in evaluated.measured.items():
        console.note(f"{name}: {'passed' if passed else 'FAILED'}")
    if not evaluated.measured and not evaluated.failed:
        console.note("Nothing to evaluate: every required evaluation has fresh passing evidence.")
    for address, error in evaluated.failed.items():
        console.note(f"{address}: not evaluated. hint: {error.diagnostic().advice}")
    if evaluated.failed:
        return ExitCode.ERROR
    return ExitCode.DONE if all(evaluated.measured.values()) else ExitCode.DENIED
