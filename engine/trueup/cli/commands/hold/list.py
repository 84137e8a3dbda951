"""`trueup hold list`: the holds that nobody lifted."""

import argparse
import json

from trueup.cli.arguments import add_environment, add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format, Style

SUMMARY = "List the holds that nobody lifted, in one environment or in all"
EXAMPLE = "trueup hold list -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `hold list`."""
    add_environment(parser, required=False)
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List them; those that ended by themselves are marked."""
    from trueup.cli.views.plan_text import hold_line
    from trueup.cli.views.text import wrapped_pieces
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.holding import holds_placed
    from trueup.workflows.loading import require_environment

    workspace = open_workspace(console)
    found = holds_placed(workspace, arguments.environment or "")
    if not found and arguments.environment:
        require_environment(workspace, arguments.environment)

    def render(output: Format, style: Style) -> str:
        if output is Format.JSON:
            listed = [{**hold.to_json(), "in_force": in_force} for hold, in_force in found]
            return json.dumps({"format_version": "1.0", "holds": listed}, indent=2, ensure_ascii=False)
        lines = [
            line
            for hold, in_force in found
            for line in wrapped_pieces([(hold_line(hold, in_force=in_force), ())], console.width, "", style, "  ")
        ]
        return "\n".join(lines) or style.paint("No release is on hold.", "dim")

    console.publish(render)
    return ExitCode.DONE
