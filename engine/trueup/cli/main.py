"""The entry point: finds the command, runs it, turns every way it can end into an exit code.

Imports nothing at the top that `--version` and `--help` can do without.
"""

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.verbs import ALONE, ASIDE, SUBVERBS, VERBS, module_name

if TYPE_CHECKING:
    import argparse

    from trueup.cli.arguments import Parser
    from trueup.core.diagnostics import Diagnostic

_LEADING_WITH_VALUE = ("-C", "--directory", "--color", "-e", "--environment", "-o", "--output", "--output-file")
_USAGE = "trueup COMMAND [options]"
_LONGEST_USAGE = 72

_COLLECT_AFTER = 200_000
"""New objects after which the garbage collector looks. Python's own 700 makes it walk everything that a plan of
thousands of resources holds again and again, for a third of the time and nothing to free."""

ON = ("1", "true", "yes", "on")
"""How a variable of a switch says yes."""


class Command(Protocol):
    """What a module in `commands/` offers."""

    SUMMARY: str
    EXAMPLE: str

    def add_arguments(self, parser: "argparse.ArgumentParser") -> None:
        """Add the arguments of the command."""
        ...

    def run(self, arguments: "argparse.Namespace", console: Console) -> int:
        """Run it and return the exit code."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run `trueup` with this process's streams and variables, and return the exit code."""
    gc.set_threshold(_COLLECT_AFTER)
    # A package that happens to be installed must not take part in reading declarations; to look for one takes long.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    words = sys.argv[1:] if argv is None else argv
    code = run(words, _open_stream(sys.stdout), _open_stream(sys.stderr), os.environ)
    if argv is None:
        # Python looks for cycles once more when it ends, for a seventh of a plan's time; the system takes it all back.
        gc.freeze()
    return code


def _open_stream(stream: TextIO | None) -> TextIO:
    """Return *stream*, or a hole in its place: a daemon or `>&-` may start us without it."""
    return open(os.devnull, "w", encoding="utf-8") if stream is None else stream


def run(words: Sequence[str], stdout: TextIO, stderr: TextIO, environment: Mapping[str, str]) -> int:
    """Run one command line and return its exit code; whatever happens, an exception is not how it ends."""
    console = Console(stdout, stderr, environment, words)
    leading, rest = _split(words)
    console.format = _format_asked_for(words, environment)
    debug = "--debug" in words or environment.get("TRUEUP_DEBUG", "").lower() in ON

    def work() -> int:
        if rest[:1] == ["plan"] and not leading:
            from trueup.cli.kept_plan import print_kept

            code = print_kept(console)
            if code is not None:
                return code
        return _run_command(leading, rest, console) if rest else _run_bare(leading, console)

    code = ending_of(work, console, debug=debug)
    return code if console.close() else code or ExitCode.ERROR


def ending_of(work: Callable[[], int], console: Console, *, debug: bool = False) -> int:
    """Do *work* and return the exit code of how it ended; what went wrong is reported, never raised."""
    try:
        return work()
    except KeyboardInterrupt:
        console.note("interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place before the user, where each kind gets its words
        return _failed(error, console, debug=debug)


def parser_of(command: str) -> "Parser":
    """Return the parser of a command from `verbs.commands()`."""
    from trueup.cli.arguments import Parser

    module = _module(command)
    parser = Parser(command, module.SUMMARY, module.EXAMPLE)
    module.add_arguments(parser)
    return parser


def top_help() -> str:
    """Return the help of `trueup` itself."""
    about = "Keeps large language models true to git: declare, plan, judge, apply, prove."
    told = {verb: text for verb, text in VERBS.items() if verb not in ASIDE}
    return _table_help(_USAGE, about, told, also=ASIDE)


def group_help(verb: str) -> str:
    """Return the help of a verb that needs a second word."""
    return _table_help(_group_usage(verb), VERBS[verb] + ".", SUBVERBS[verb])


def _table_help(usage: str, about: str, rows: Mapping[str, str], also: Sequence[str] = ()) -> str:
    width = max(map(len, rows))
    lines = [f"usage: {usage}", "", about, "", *(f"  {word:<{width}}  {text}" for word, text in rows.items())]
    lines += [*([f"  also: {', '.join(also)}"] if also else []), ""]
    command = usage.removesuffix(" [options]").split(" {", 1)[0].removesuffix(" COMMAND")
    lines += [
        f"`{command} {'COMMAND ' if also else next(iter(rows)) + ' '}--help` has the flags and an example.",
        "Everywhere: -C DIR, --color WHEN, --debug. Each long flag has a variable:",
        "--color is TRUEUP_COLOR.",
    ]
    return "\n".join(lines)


def _group_usage(verb: str) -> str:
    usage = f"trueup {verb} {{{','.join(SUBVERBS[verb])}}} [options]"
    # Eight words and more make a line that no terminal of 80 columns holds; the list below it has them.
    return usage if len(usage) <= _LONGEST_USAGE else f"trueup {verb} COMMAND [options]"


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split at the verb; flags may stand before it, as in `trueup -C DIR plan`."""
    place = 0
    while place < len(words) and words[place].startswith("-"):
        place += 2 if words[place] in _LEADING_WITH_VALUE else 1
    return list(words[:place]), list(words[place:])


def _format_asked_for(words: Sequence[str], environment: Mapping[str, str]) -> Format:
    """Guess the format before the words are parsed, so that wrong usage is told in it too; parsing decides."""
    name = environment.get("TRUEUP_OUTPUT", "")
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word in ("-o", "--output"):
            name = following
        elif word.startswith(("-o", "--output=")) and not word.startswith("--output-"):
            name = word.removeprefix("--output=") if word.startswith("--") else word[2:]
    return Format(name) if name in tuple(Format) else Format.TEXT


def _run_bare(flags: Sequence[str], console: Console) -> int:
    """Answer a line without a verb."""
    if "--version" in flags:
        from trueup import __version__

        console.out(f"trueup {__version__}")
        return ExitCode.DONE
    if "--help" in flags or "-h" in flags:
        console.out(top_help())
        return ExitCode.DONE

    from trueup.cli.arguments import UsageError
    from trueup.core.suggestions import did_you_mean

    known = (*_LEADING_WITH_VALUE, "--debug", "--help", "--version")
    unknown = next((f for f in flags if f.startswith("-") and f.split("=")[0] not in known), "")
    if unknown:
        raise UsageError(f"`trueup` has no flag `{unknown}`.", hint=did_you_mean(unknown, known), usage=_USAGE)
    raise UsageError("There is no command.", hint="`trueup --help` lists them", usage=_USAGE)


def _run_command(leading: Sequence[str], words: Sequence[str], console: Console) -> int:
    from trueup.cli.arguments import HelpRequested

    if words[0] in SUBVERBS and words[0] not in ALONE and words[1:2] in (["-h"], ["--help"]):
        console.out(group_help(words[0]))
        return ExitCode.DONE
    command, rest = _find(words)
    parser = parser_of(command)
    try:
        arguments = parser.read([*leading, *rest], console.environment)
    except HelpRequested:
        console.out(parser.format_help())
        return ExitCode.DONE
    console.configure(
        color=arguments.color,
        output=getattr(arguments, "output", Format.TEXT),
        files=getattr(arguments, "output_file", ()),
    )
    return _run_in(arguments.directory, _module(command), arguments, console)


def _find(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the command and the words after it."""
    from trueup.cli.arguments import UsageError
    from trueup.cli.codes import UNKNOWN_COMMAND
    from trueup.core.suggestions import did_you_mean

    verb, second = words[0], words[1] if len(words) > 1 else ""
    if verb in VERBS and verb not in SUBVERBS:
        return verb, words[1:]
    if verb in VERBS and second in SUBVERBS[verb]:
        return f"{verb} {second}", words[2:]
    if verb in ALONE and (not second or second.startswith("-")):
        return verb, words[1:]
    if verb in VERBS:
        known, usage = tuple(SUBVERBS[verb]), _group_usage(verb)
        detail = f"`{second}` is not a command of `trueup {verb}`." if second else f"`trueup {verb}` needs a word more."
        hint = f"one of {', '.join(known)}"
    else:
        known, usage = tuple(VERBS), _USAGE
        detail, hint, second = f"`{verb}` is not a command of trueup.", "`trueup --help` lists them", verb
    raise UsageError(detail, code=UNKNOWN_COMMAND, hint=did_you_mean(second, known) or hint, usage=usage)


def _run_in(directory: str | None, module: Command, arguments: "argparse.Namespace", console: Console) -> int:
    if directory is None:
        return int(module.run(arguments, console))
    from contextlib import chdir

    from trueup.cli.codes import NO_DIRECTORY
    from trueup.core.errors import PermanentError

    if not os.access(directory, os.X_OK) or not os.path.isdir(directory):
        raise PermanentError(NO_DIRECTORY, f"`{directory}` is not a folder that can be entered.")
    with chdir(directory):
        return int(module.run(arguments, console))


def _module(command: str) -> Command:
    from importlib import import_module

    return cast("Command", import_module(module_name(command)))


def _failed(error: Exception, console: Console, *, debug: bool) -> int:
    from trueup.cli.exit_codes import exit_code_of
    from trueup.cli.problems import failure_output

    if debug:
        import traceback

        console.note("".join(traceback.format_exception(error)))
    several: tuple[Diagnostic, ...] = getattr(error, "diagnostics", ())
    diagnostic = diagnostic_of(error)
    console.report(several or [diagnostic])
    usage = getattr(error, "usage", "")
    if usage:
        console.note(f"usage: {usage}")
    console.out(failure_output(several or (diagnostic,), console.format))
    if several:
        return ExitCode.INVALID
    return ExitCode.TIMEOUT if isinstance(error, TimeoutError) else exit_code_of(diagnostic.code.id)


def diagnostic_of(error: Exception) -> "Diagnostic":
    """Return what is told of a failure of any kind."""
    from trueup import __version__
    from trueup.cli.codes import BUG, NOT_AVAILABLE, SYSTEM_REFUSED
    from trueup.core.diagnostics import Diagnostic
    from trueup.core.errors import TrueupError

    match error:
        case TrueupError():
            return error.diagnostic()
        case OSError():
            where = f" ({error.filename})" if error.filename else ""
            return Diagnostic(SYSTEM_REFUSED, f"{error.strerror or error}{where}", hint=SYSTEM_REFUSED.remedy)
        case ModuleNotFoundError() if error.name and not error.name.startswith("trueup"):
            return Diagnostic(NOT_AVAILABLE, f"{error}.", hint=NOT_AVAILABLE.remedy)
        case _:
            python = ".".join(map(str, sys.version_info[:3]))
            detail = f"{type(error).__name__}: {error} (trueup {__version__}, Python {python}, {sys.platform})"
            return Diagnostic(BUG, detail, hint=BUG.remedy)
