"""Wrong words, wrong variables, and what wins over what."""

import io

import pytest

from trueup.cli.arguments import Parser, UsageError, add_environment, add_output, add_revision
from trueup.cli.main import run
from trueup.cli.output import Format, OutputFile


def _run(*words: str, **variables: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return run(list(words), out, err, variables), out.getvalue(), err.getvalue()


def _parser() -> Parser:
    parser = Parser("try", "Try", "trueup try")
    add_environment(parser)
    add_revision(parser)
    add_output(parser, Format.JSON)
    parser.add_argument("--limit", metavar="N", type=int, default=10, help="how many")
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("names", metavar="NAME", nargs="*", help="names")
    return parser


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "There is no command."),
        (["schem"], "did you mean `schema`?"),
        (["--colour"], "did you mean `--color`?"),
        (["audit"], "one of log, at, send, verify"),
        (["audit", "lg"], "did you mean `log`?"),
        (["schema", "--al"], "did you mean `--all`?"),
        (["schema", "Model", "Prompt"], "`Prompt` is one word too many."),
        (["doctor", "--output"], "expected one argument"),
        (["doctor", "-o", "xml"], "invalid choice"),
        (["doctor", "--output-file", "plan.json"], "`plan.json` is not FORMAT=PATH"),
    ],
)
def test_wrong_usage_ends_with_1_and_says_what_was_meant(words: list[str], said: str) -> None:
    code, out, err = _run(*words)
    assert code == 1  # argparse would give 2, which means "changes present"
    assert out == ""
    assert said in err
    assert err.splitlines()[-1].startswith("usage: trueup")


def test_a_flag_wins_over_its_variable_and_a_variable_over_the_default() -> None:
    variables = {"TRUEUP_LIMIT": "20", "TRUEUP_ENVIRONMENT": "dev", "TRUEUP_ALL": "yes"}
    assert _parser().read(["-e", "prod"], {}).limit == 10
    read = _parser().read([], variables)
    assert (read.limit, read.environment, read.all) == (20, "dev", True)
    read = _parser().read(["--limit", "30", "-e", "prod"], variables)
    assert (read.limit, read.environment) == (30, "prod")


def test_output_files_may_be_several_by_flag_and_by_variable() -> None:
    files = [OutputFile(Format.JSON, "a.json"), OutputFile(Format.TEXT, "a.txt")]
    flags = ["-e", "dev", "--output-file", "json=a.json", "--output-file", "text=a.txt"]
    assert _parser().read(flags, {}).output_file == files
    assert _parser().read(["-e", "dev"], {"TRUEUP_OUTPUT_FILE": "json=a.json,text=a.txt"}).output_file == files
    assert _parser().read(["-e", "dev"], {}).output_file == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRUEUP_LIMIT", "many"), ("TRUEUP_OUTPUT", "xml"), ("TRUEUP_OUTPUT_FILE", "json"), ("TRUEUP_ALL", "perhaps")],
)
def test_a_bad_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is `{value}`") as caught:
        _parser().read(["-e", "dev"], {name: value})
    assert caught.value.code.id == "CLI003"


def test_a_required_flag_may_come_from_its_variable_and_the_hint_says_so() -> None:
    with pytest.raises(UsageError, match="--environment") as caught:
        _parser().read([], {})
    assert caught.value.hint == "add it, or set TRUEUP_ENVIRONMENT"


def test_a_parser_can_read_twice() -> None:
    parser = _parser()
    first = parser.read(["-e", "dev"], {})
    assert parser.read(["-e", "dev"], {}) == first
    with pytest.raises(UsageError):
        parser.read([], {})


def test_flags_may_stand_before_the_verb(tmp_path: object) -> None:
    code, out, _ = _run("-C", str(tmp_path), "--color", "never", "schema")
    assert code == 0
    assert "Deployment" in out.split()


def test_a_folder_that_does_not_exist_is_refused() -> None:
    code, _, err = _run("-C", "/no/such/folder", "schema")
    assert code == 1
    assert "CLI007" in err


def test_an_unknown_kind_is_refused_with_the_closest() -> None:
    code, _, err = _run("schema", "deployment")
    assert code == 1
    assert "did you mean `Deployment`?" in err
