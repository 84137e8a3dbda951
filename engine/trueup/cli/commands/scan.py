"""`trueup scan`: look into weights before anything loads them."""

import argparse
import json

from trueup.cli.arguments import add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format, Style
from trueup.cli.reports import report_invalid

SUMMARY = "Look into weights for what runs when they are loaded, and record it"
EXAMPLE = "trueup scan Model/legacy@1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `scan`."""
    parser.add_argument("reference", metavar="REF", help="Model/name@version or Adapter/name@version")
    add_revision(parser)
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Scan and record."""
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
