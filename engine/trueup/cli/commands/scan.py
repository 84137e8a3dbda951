"""`trueup scan`: look into weights before anything loads them, and into datasets before anything learns from them."""

import argparse
import json

from trueup.cli.arguments import UsageError, add_environment, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format, Style
from trueup.cli.reports import report_invalid

SUMMARY = "Look into weights and datasets for what must not be in them, and record it"
EXAMPLE = "trueup scan Dataset/facts@1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `scan`."""
    parser.add_argument("reference", metavar="REF", nargs="?", default="", help="a Model, Adapter or Dataset")
    add_environment(parser, required=False)
    parser.add_argument(
        "--against",
        metavar="REF",
        action="append",
        default=[],
        help="compare a Dataset with this one; may be repeated",
    )
    parser.add_argument("--again", action="store_true", help="with -e: also what has passing evidence")
    add_revision(parser)
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Scan and record."""
    if bool(arguments.reference) == bool(arguments.environment):
        raise UsageError("One of REF and -e ENV must be given.")
    if arguments.environment or arguments.reference.startswith("Dataset/"):
        return _data(arguments, console)
    return _weights(arguments, console)


def _data(arguments: argparse.Namespace, console: Console) -> int:
    from trueup.cli.views.data_scan import render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid
    from trueup.workflows.scan_data import DataRequest, scan_data

    request = DataRequest(
        reference=arguments.reference,
        environment=arguments.environment or "",
        against=tuple(arguments.against),
        revision=arguments.revision or "HEAD",
        again=arguments.again,
    )
    scanned = scan_data(open_workspace(console), request)
    if isinstance(scanned, Invalid):
        return report_invalid(scanned, console)
    if not scanned:
        console.note("Nothing to scan: all data that the environment reaches has passing evidence.")
    console.publish(lambda output, style: render(scanned, output, style))
    return ExitCode.DONE if all(one.passed for one in scanned) else ExitCode.DENIED


def _weights(arguments: argparse.Namespace, console: Console) -> int:
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid
    from trueup.workflows.scan import scan

    scanned = scan(open_workspace(console), arguments.reference, arguments.revision or "HEAD")
    if isinstance(scanned, Invalid):
        return report_invalid(scanned, console)
    found = scanned

    def render(output: Format, style: Style) -> str:
        if output is Format.JSON:
            document = {
                "format_version": "1.0",
                "address": str(found.address),
                "artifact": found.artifact.digest,
                "findings": list(found.findings),
                "tool": found.evidence.tool,
                "evidence": found.evidence.digest,
            }
            return json.dumps(document, indent=2, ensure_ascii=False)
        lines = [style.paint(f"! {finding}", "red") for finding in found.findings]
        verdict = f"{len(found.findings)} findings" if found.findings else "nothing that runs when it is loaded"
        return "\n".join([*lines, f"{found.address}: {verdict} ({found.evidence.tool}), recorded"])

    console.publish(render)
    return ExitCode.DENIED if found.findings else ExitCode.DONE
