"""Arguments: one parser a command, help that fits a screen, a variable for every long flag.

argparse splits the words; usage errors, help and variables are ours, because argparse exits with 2 (kept for
"changes present"), wraps help over many screens, and knows no variables.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import wrap
from typing import NoReturn

from trueup.cli.codes import BAD_VARIABLE, WRONG_USAGE
from trueup.cli.output import Format, OutputFile
from trueup.core.diagnostics import Code
from trueup.core.errors import PermanentError
from trueup.core.suggestions import did_you_mean

PREFIX = "TRUEUP_"
HELP_WIDTH = 80
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


class UsageError(PermanentError):
    """The words, or a variable in their place, do not make a command.

    Attributes:
        usage: The usage line of the command.
    """

    def __init__(self, detail: str, *, code: Code = WRONG_USAGE, hint: str = "", usage: str = "") -> None:
        super().__init__(code, detail, hint=hint)
        self.usage = usage


class HelpRequested(Exception):  # noqa: N818 - leaves argparse, which would print and exit by itself
    """`--help` was among the words."""


class _ShowHelp(argparse.Action):
    def __call__(self, *_: object, **__: object) -> NoReturn:
        raise HelpRequested


class Parser(argparse.ArgumentParser):
    """The arguments of one command."""

    def __init__(self, command: str, summary: str, example: str) -> None:
        """Start with the flags that every command has."""
        super().__init__(prog=f"trueup {command}", add_help=False, allow_abbrev=False)
        self.summary = summary
        self.example = example
        self.add_argument("-C", "--directory", metavar="DIR", help="run as if started in DIR")
        self.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="when to use colour")
        self.add_argument("--debug", action="store_true", help="show tracebacks")
        self.add_argument("-h", "--help", nargs=0, action=_ShowHelp, help="show this help")
        self._common = len(self._actions)

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and exiting."""
        raise UsageError(_readable(message), usage=self.format_usage())

    @property
    def _advice(self) -> str:
        return f"`{self.prog} --help` has the flags and an example"

    def own_actions(self) -> list[argparse.Action]:
        """Return the arguments besides those that every command has."""
        return self._actions[self._common :]

    def all_actions(self) -> list[argparse.Action]:
        """Return every argument."""
        return list(self._actions)

    def format_usage(self) -> str:
        """Return one line: required flags, `[options]`, positional words."""
        own = self.own_actions()
        required = [f"{a.option_strings[0]} {_value_name(a)}" for a in own if a.option_strings and a.required]
        words = [_positional(a) for a in own if not a.option_strings]
        return " ".join([self.prog, *required, "[options]", *words])

    def format_help(self) -> str:
        """Return the whole help: at most 24 lines of 80 columns, with an example."""
        own = self.own_actions()
        rows = [(_label(a), _description(a)) for a in own if a.help is not argparse.SUPPRESS]
        lines = [f"usage: {self.format_usage()}", "", *wrap(self.summary + ".", HELP_WIDTH), ""]
        lines += format_rows(rows)
        lines += ["  -C DIR, --color WHEN, --debug, -h, --help: as for every command", ""]
        return "\n".join([*lines, f"example: {self.example}", ""])

    def read(self, words: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
        """Return the arguments: a flag wins over its variable, a variable over the default.

        Raises:
            UsageError: A word or a variable is wrong.
            HelpRequested: The help is wanted instead.
        """
        flags = [a for a in self._actions if a.option_strings and a.dest != "help"]
        settings = [(a, a.default, a.required) for a in flags]
        try:
            for action in flags:  # so that what was not given is absent, and its variable is asked
                action.default, action.required = argparse.SUPPRESS, False
            known, unknown = self.parse_known_args(list(words))
        except UsageError as error:
            for action, _, required in settings:
                action.required = required
            raise UsageError(error.detail, hint=self._advice, usage=self.format_usage()) from None
        finally:
            for action, default, required in settings:
                action.default, action.required = default, required
        if unknown:
            self._refuse(unknown)
        given = vars(known)
        for action in flags:
            if action.dest not in given:
                given[action.dest] = _from_variable(action, environment)
        missing = [a for a in flags if a.required and given[a.dest] is None]
        if missing:
            names = ", ".join(f"`{a.option_strings[-1]}`" for a in missing)
            hint = f"add it, or set {variable_of(missing[0])}"
            raise UsageError(f"{names} is required.", hint=hint, usage=self.format_usage())
        return argparse.Namespace(**given)

    def _refuse(self, unknown: Sequence[str]) -> NoReturn:
        word = unknown[0].split("=", 1)[0]
        flags = [f for a in self._actions for f in a.option_strings]
        if word.startswith("-"):
            hint = did_you_mean(word, flags) or self._advice
            raise UsageError(f"`{self.prog}` has no flag `{word}`.", hint=hint, usage=self.format_usage())
        raise UsageError(f"`{word}` is one word too many.", hint=self._advice, usage=self.format_usage())


def format_rows(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Lay out label and description in two columns; a long label gets a line of its own, a long text several."""
    rows = list(rows)
    width = min(28, max((len(label) for label, _ in rows), default=0))
    lines = []
    for label, text in rows:
        first, *rest = wrap(text, HELP_WIDTH - width - 4) or [""]
        if len(label) <= width:
            lines.append(f"  {label:<{width}}  {first}".rstrip())
        else:
            lines += [f"  {label}", f"  {'':<{width}}  {first}".rstrip()]
        lines += [f"  {'':<{width}}  {line}" for line in rest]
    return lines


def variable_of(action: argparse.Action) -> str:
    """Return the variable of a flag: `TRUEUP_OUTPUT_FILE` of `--output-file`."""
    long = next(f for f in action.option_strings if f.startswith("--"))
    return PREFIX + long[2:].upper().replace("-", "_")


def add_environment(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add `-e/--environment`."""
    parser.add_argument("-e", "--environment", metavar="ENV", required=required, help="the environment")


def add_revision(parser: argparse.ArgumentParser) -> None:
    """Add `--revision`."""
    parser.add_argument(
        "--revision", metavar="REV", default="", help="read this commit, branch or tag, not the work tree"
    )


def add_base(parser: argparse.ArgumentParser) -> None:
    """Add `--base`."""
    parser.add_argument(
        "--base", metavar="REV", default="", help="judge by the policies of REV, the branch this is to be merged into"
    )


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Add `--cache`."""
    parser.add_argument(
        "--cache", metavar="DIR", default="", help="remember in DIR what was read (in .git); `off` for nowhere"
    )


def add_output(parser: argparse.ArgumentParser, *formats: Format) -> None:
    """Add `-o/--output` and `--output-file` for the *formats* a command has besides text."""
    names = (Format.TEXT, *formats)

    def output_file(text: str) -> OutputFile:
        name, separator, path = text.partition("=")
        if not separator or not path:
            raise argparse.ArgumentTypeError(f"`{text}` is not FORMAT=PATH")
        if name not in names:
            raise argparse.ArgumentTypeError(f"`{name}` is not one of {', '.join(names)}")
        return OutputFile(Format(name), path)

    # Plain texts: argparse would list enumeration members by their representation.
    choices = [str(name) for name in names]
    parser.add_argument(
        "-o", "--output", metavar="FORMAT", choices=choices, default=Format.TEXT, help=f"{' | '.join(names)}"
    )
    parser.add_argument(
        "--output-file",
        metavar="FORMAT=PATH",
        type=output_file,
        action="append",
        default=[],
        help="write a format to a file as well; repeatable",
    )


def whole_number(text: str) -> int:
    """Read a number that is not negative. For `add_argument`."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number")
    return int(text)


def seconds(text: str) -> float:
    """Read a time to wait. For `add_argument`."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds, 0 or more")
    return number


def _from_variable(action: argparse.Action, environment: Mapping[str, str]) -> object:
    name, default = variable_of(action), action.default
    text = environment.get(name)
    if not text:  # CI systems set a variable to nothing where they mean that it is not set
        return default
    try:
        if action.nargs == 0:
            return _boolean(text)
        if isinstance(default, list):
            return [_convert(action, part) for part in text.split(",") if part]
        return _convert(action, text)
    except (ValueError, TypeError, argparse.ArgumentTypeError) as problem:
        hint = f"correct or unset {name}; `{action.option_strings[-1]}` wins over it"
        raise UsageError(f"{name} is `{text}`: {problem}.", code=BAD_VARIABLE, hint=hint) from None


def _convert(action: argparse.Action, text: str) -> object:
    convert: Callable[[str], object] = action.type if callable(action.type) else str
    value = convert(text)
    if action.choices is not None and value not in action.choices:
        raise ValueError(f"choose from {', '.join(map(str, action.choices))}")
    return value


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(f"choose from {', '.join(_TRUE + _FALSE)}")


def _readable(message: str) -> str:
    return message[:1].upper() + message[1:].rstrip(".") + "."


def _value_name(action: argparse.Action) -> str:
    return action.metavar if isinstance(action.metavar, str) else action.dest.upper()


def _positional(action: argparse.Action) -> str:
    name = _value_name(action)
    match action.nargs:
        case "?":
            return f"[{name}]"
        case "*":
            return f"[{name} ...]"
        case "+":
            return f"{name} [{name} ...]"
        case _:
            return name


def _label(action: argparse.Action) -> str:
    if not action.option_strings:
        return _value_name(action)
    flags = ", ".join(action.option_strings)
    return flags if action.nargs == 0 else f"{flags} {_value_name(action)}"


def _description(action: argparse.Action) -> str:
    return action.help or ""
