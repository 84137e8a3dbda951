"""Every way a command can end has an exit code and words, never a traceback."""

import errno
import io
import json

from trueup.cli import problems
from trueup.cli.console import Console
from trueup.cli.error_reference import codes
from trueup.cli.exit_codes import BY_PROBLEM, ExitCode, exit_code_of
from trueup.cli.main import ending_of
from trueup.cli.output import PLAIN, Format
from trueup.core.diagnostics import Code, Diagnostic, Severity, Span
from trueup.core.errors import TransientError

CODE = Code("TRY001", "Nothing works", "It is so.", "Try later.")


def _ended(error: BaseException, output: Format = Format.TEXT, *, debug: bool = False) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err, {})
    console.configure(output=output)

    def work() -> int:
        raise error

    code = ending_of(work, console, debug=debug)
    return code, out.getvalue(), err.getvalue()


def test_a_known_failure_shows_its_diagnostic() -> None:
    code, out, err = _ended(TransientError(CODE, "The port is taken.", span=Span("spec/a.yaml", 3, 4)))
    assert code == ExitCode.ERROR
    assert out == ""
    assert err == "spec/a.yaml:3:4: error TRY001: Nothing works\n  The port is taken.\n  hint: Try later.\n"


def test_a_failure_is_json_where_json_was_asked_for() -> None:
    _, out, err = _ended(TransientError(CODE, "The port is taken."), Format.JSON)
    document = json.loads(out)
    assert document["outcome"] == "error"
    assert document["diagnostics"][0]["code"] == "TRY001"
    assert "The port is taken." in err


def test_a_failure_is_one_line_in_a_stream() -> None:
    _, out, _ = _ended(TransientError(CODE, "The port is taken."), Format.NDJSON)
    assert json.loads(out)["type"] == "diagnostic"
    assert out.count("\n") == 1


def test_an_interrupt_is_one_line_and_130() -> None:
    assert _ended(KeyboardInterrupt()) == (130, "", "interrupted\n")


def test_a_timeout_has_its_own_code() -> None:
    code, _, err = _ended(TimeoutError("the server did not answer within 60 s"))
    assert code == ExitCode.TIMEOUT
    assert "the server did not answer within 60 s" in err


def test_a_full_disk_is_told_with_its_file() -> None:
    code, _, err = _ended(OSError(errno.ENOSPC, "No space left on device", "/store/part"))
    assert code == ExitCode.ERROR
    assert "No space left on device (/store/part)" in err
    assert "CLI005" in err


def test_a_missing_package_is_named() -> None:
    _, _, err = _ended(ModuleNotFoundError("No module named 'numpy'", name="numpy"))
    assert "CLI009" in err
    assert "numpy" in err


def test_a_bug_is_called_a_bug_without_a_traceback() -> None:
    code, _, err = _ended(KeyError("x"))
    assert code == ExitCode.ERROR
    assert "CLI006" in err
    assert "KeyError: 'x'" in err
    assert "--debug" in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback() -> None:
    _, _, err = _ended(KeyError("x"), debug=True)
    assert "Traceback" in err


def test_exit_codes_are_never_1_for_denied_stale_or_locked() -> None:
    assert exit_code_of("APP001") is ExitCode.STALE
    assert exit_code_of("TRY001") is ExitCode.ERROR
    known = {code.id for _, code in codes()}
    assert set(BY_PROBLEM) <= known


def test_exit_codes_are_the_documented_numbers() -> None:
    assert [c.value for c in ExitCode] == [0, 1, 2, 3, 4, 5, 6, 8, 9, 130]
    assert all(c.meaning.endswith((".", ").")) for c in ExitCode)


def test_a_warning_is_not_called_an_error() -> None:
    text = problems.problem_text(Diagnostic(CODE, "Hm.", severity=Severity.WARNING), PLAIN)
    assert text == "warning TRY001: Nothing works\n  Hm.\n  hint: Try later."
