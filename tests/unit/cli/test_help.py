"""Help and the table of verbs."""

import io
import shlex
from importlib import import_module
from pathlib import Path

import pytest

import trueup.cli.commands
from trueup.cli.main import group_help, parser_of, run, top_help
from trueup.cli.verbs import ALONE, SUBVERBS, VERBS, commands, module_name

COMMANDS = commands()


def _fits_a_screen(text: str) -> bool:
    lines = text.splitlines()
    return len(lines) <= 24 and max(map(len, lines)) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_fits_a_screen_and_has_an_example(command: str) -> None:
    text = parser_of(command).format_help()
    assert _fits_a_screen(text), text
    assert f"example: trueup {command}" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_every_command_is_understood_by_its_parser(command: str) -> None:
    words = shlex.split(import_module(module_name(command)).EXAMPLE)
    assert words[0] == "trueup"
    parser_of(command).read(words[1 + len(command.split()) :], {})


def test_every_module_of_a_command_is_in_the_table() -> None:
    folder = Path(trueup.cli.commands.__file__).parent
    found = {
        " ".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert found | set(ALONE) == set(COMMANDS)


def test_help_of_trueup_and_of_every_group_fits_a_screen() -> None:
    assert _fits_a_screen(top_help())
    assert all(_fits_a_screen(group_help(verb)) for verb in SUBVERBS)
    assert all(verb in top_help() for verb in VERBS)


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-h"], ["schema", "--help"], ["schema", "-h"], ["audit", "--help"], ["-C", "/", "init", "-h"]],
)
def test_help_goes_to_standard_output_and_ends_well(words: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert run(words, out, err, {}) == 0
    assert out.getvalue().startswith("usage: trueup")
    assert err.getvalue() == ""
