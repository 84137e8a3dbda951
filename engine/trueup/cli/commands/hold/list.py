"""`trueup hold list`: the holds in force."""

import argparse
import json

from trueup.cli.arguments import add_environment, add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format, Style

SUMMARY = "List the holds in force in an environment"
EXAMPLE = "trueup hold list -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `hold list`."""
    add_environment(parser)
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List them."""
    from trueup.cli.views.plan_text import hold_line
    from trueup.cli.views.text import wrapped_pieces
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.holding import holds
    from trueup.workflows.loading import require_environment

    workspace = open_workspace(console)
    found = holds(workspace, arguments.environment)
    if not found:
        require_environment(workspace, arguments.environment)

    def render(output: Format, style: Style) -> str:
        if output is Format.JSON:
            document = {"format_version": "1.0", "holds": [h.to_json() for h in found]}
            return json.dumps(document, indent=2, ensure_ascii=False)
        lines = [line for h in found for line in wrapped_pieces([(hold_line(h), ())], console.width, "", style, "  ")]
        return "\n".join(lines) or style.paint("No release is on hold.", "dim")

    console.publish(render)
    return ExitCode.DONE
