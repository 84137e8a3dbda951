"""`trueup schema`: the JSON Schemas of what is declared and of what is printed."""

import argparse

from trueup.cli.arguments import UsageError
from trueup.cli.codes import UNKNOWN_KIND
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode

SUMMARY = "Print the JSON Schema of a kind, or of what commands print as JSON"
EXAMPLE = "trueup schema Deployment"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `schema`."""
    parser.add_argument(
        "kind",
        metavar="NAME",
        nargs="?",
        help="a kind, Resource for any, or an output such as `plan`; none: list",
    )
    parser.add_argument("--all", metavar="DIR", help="write the schemas of all kinds into DIR, for editors")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print one schema, write those of the kinds, or list all."""
    from pathlib import Path

    from trueup.core.suggestions import did_you_mean
    from trueup.workflows.schema import names, schema_text, write_schemas

    kinds, outputs = names(), _output_names()
    wanted = arguments.kind
    if wanted is not None and wanted not in (*kinds, *outputs):
        same = next((k for k in kinds if k.lower() == wanted.lower()), "")
        hint = f"did you mean `{same}`?" if same else did_you_mean(wanted, (*kinds, *outputs))
        raise UsageError(f"`{wanted}` is not a kind, and no output has that name.", code=UNKNOWN_KIND, hint=hint)
    if arguments.all is not None:
        written = write_schemas(Path(arguments.all))
        console.note(f"wrote {len(written)} schemas to {arguments.all}")
    if wanted is not None:
        console.out(schema_text(wanted) if wanted in kinds else _output_text(wanted))
    elif arguments.all is None:
        console.out("\n".join((*kinds, *outputs)))
    return ExitCode.DONE


def _output_names() -> tuple[str, ...]:
    from trueup.cli.views.schemas import OUTPUTS

    return tuple(OUTPUTS)


def _output_text(name: str) -> str:
    import json

    from trueup.cli.views.schemas import OUTPUTS

    return json.dumps(OUTPUTS[name].schema(), indent=2, ensure_ascii=False) + "\n"
