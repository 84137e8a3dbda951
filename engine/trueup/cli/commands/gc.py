"""`trueup gc`: remove artifacts that nothing needs."""

import argparse
import json

from trueup.cli.arguments import add_output
from trueup.cli.asking import confirm
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format, Style
from trueup.cli.reports import report_invalid

SUMMARY = "Remove artifacts that nothing needs, and say why the rest is kept"
EXAMPLE = "trueup gc --dry-run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gc`."""
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be removed")
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Tell what goes and what stays, ask, remove."""
    from trueup.cli.wiring import open_workspace
    from trueup.core.digests import short
    from trueup.workflows.collect import collect
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console)
    found = collect(workspace, dry_run=True)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    if not arguments.dry_run and found.removed:
        question = f"Remove {len(found.removed)} artifacts that nothing needs?"
        if not arguments.auto_approve and not confirm(console, question):
            console.note("Nothing was removed.")
            return ExitCode.ERROR
        found = collect(workspace, dry_run=False)
        if isinstance(found, Invalid):
            return report_invalid(found, console)
    collected = found

    def render(output: Format, style: Style) -> str:
        rows = [{"key": a.key, "kept_because": a.reason, "freed_bytes": a.freed_bytes} for a in collected.artifacts]
        if output is Format.JSON:
            document = {"format_version": "1.0", "dry_run": collected.dry_run, "artifacts": rows}
            return json.dumps(document, indent=2, ensure_ascii=False)
        lines = [f"  kept     {short(a.key)}  {a.reason}" for a in collected.artifacts if a.reason]
        verb = "removable" if collected.dry_run else "removed"
        lines += [style.paint(f"- {verb}  {short(a.key)}", "red") for a in collected.removed]
        freed = sum(a.freed_bytes for a in collected.artifacts) / 1e6
        total = f"{len(collected.removed)} of {len(collected.artifacts)} artifacts {verb}"
        return "\n".join([*lines, total + (f", {freed:.1f} MB freed" if freed else "")])

    console.publish(render)
    return ExitCode.DONE
