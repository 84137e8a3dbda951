"""`trueup bom`: a bill of materials of a model, or of what a deployment serves."""

import argparse

from trueup.cli.arguments import add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import report_invalid

SUMMARY = "Print a bill of materials (CycloneDX ML-BOM) of a model or of what a deployment serves"
EXAMPLE = "trueup bom Deployment/prod/support --spec-version 1.7"

_VERSIONS = ("1.6", "1.7")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `bom`."""
    parser.add_argument(
        "ref", metavar="REF", help="Model/name@version, Deployment/environment/name, Build/name@version"
    )
    parser.add_argument(
        "--spec-version", metavar="VERSION", choices=_VERSIONS, default="1.6", help="version of CycloneDX: 1.6 or 1.7"
    )
    parser.add_argument(
        "--model", metavar="NAME@VERSION", default="", help="of a Build: of which model; else its deployments'"
    )
    add_revision(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print it."""
    import json

    from trueup.cli.wiring import open_workspace
    from trueup.workflows.bom import bill
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console)
    found = bill(workspace, arguments.ref, arguments.revision, arguments.spec_version, model=arguments.model)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.out(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return ExitCode.DONE
