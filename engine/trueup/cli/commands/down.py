"""`trueup down`: end what runs on this machine; what is declared stays declared."""

import argparse

from trueup.cli.arguments import UsageError, add_environment
from trueup.cli.asking import confirm
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode

SUMMARY = "End all servers and gateways of an environment on this machine"
EXAMPLE = "trueup down -e dev"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `down`."""
    add_environment(parser, required=False)
    parser.add_argument("--all", action="store_true", help="every environment of this repository")
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Ask, then end them, draining what is in flight. The next apply starts them again."""
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.loading import require_environment

    if bool(arguments.environment) == arguments.all:
        raise UsageError("Give `-e ENV` or `--all`.", hint="`--all` ends every environment of this repository")
    workspace = open_workspace(console)
    target = workspace.process_target
    names = target.environments() if arguments.all else (arguments.environment,)
    if not set(names) & set(target.environments()):
        if arguments.environment:
            require_environment(workspace, arguments.environment)
        console.note("Nothing runs here.")
        return ExitCode.DONE
    if not arguments.auto_approve and not confirm(console, f"End everything of {', '.join(names)}?"):
        console.note("Nothing was ended.")
        return ExitCode.ERROR
    for name in names:
        with workspace.lock.hold(name, f"down -e {name}", 0.0):
            target.shutdown(name)
        console.note(f"{name}: every server and the gateway have ended. `trueup apply -e {name}` starts them again.")
    return ExitCode.DONE
