"""`trueup audit send`: records for the event sinks that did not get them yet."""

import argparse

from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode

SUMMARY = "Send event sinks the records that they do not have yet"
EXAMPLE = "trueup audit send"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the project file says where events go."""


def run(arguments: argparse.Namespace, console: Console) -> int:  # noqa: ARG001 - every command has this function
    """Send them."""
    from trueup.cli.event_sinks import send_records
    from trueup.cli.wiring import open_workspace

    return ExitCode.DONE if send_records(open_workspace(console), console) else ExitCode.ERROR
