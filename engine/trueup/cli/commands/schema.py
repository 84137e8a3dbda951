"""`trueup schema`: the JSON Schemas of the kinds."""

import argparse

from trueup.cli.arguments import UsageError
from trueup.cli.codes import UNKNOWN_KIND
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode

SUMMARY = "Print the JSON Schema of a kind"
EXAMPLE = "trueup schema Deployment"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `schema`."""
    parser.add_argument(
        "kind", metavar="KIND", nargs="?", help="the kind, or Resource for any; without it, they are listed"
    )
    parser.add_argument("--all", metavar="DIR", help="write the schemas of all kinds into DIR, for editors")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print one schema, write them all, or list the kinds."""
    from pathlib import Path

    from trueup.core.suggestions import did_you_mean
    from trueup.workflows.schema import names, schema_text, write_schemas

    known = names()
    if arguments.kind is not None and arguments.kind not in known:
        same = next((k for k in known if k.lower() == arguments.kind.lower()), "")
        hint = f"did you mean `{same}`?" if same else did_you_mean(arguments.kind, known)
        raise UsageError(f"`{arguments.kind}` is not a kind.", code=UNKNOWN_KIND, hint=hint)
    if arguments.all is not None:
        written = write_schemas(Path(arguments.all))
        console.note(f"wrote {len(written)} schemas to {arguments.all}")
    if arguments.kind is not None:
        console.out(schema_text(arguments.kind))
    elif arguments.all is None:
        console.out("\n".join(known))
    return ExitCode.DONE
