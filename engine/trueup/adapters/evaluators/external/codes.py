"""Why a tool in a Python of its own gave no results. None of these ever counts as a pass."""

from trueup.core.diagnostics import Code

NO_INTERPRETER = Code(
    "EEXT001",
    "The tool's Python cannot be used",
    "The declared interpreter is not there, does not start, or does not have the tool installed.",
    "Install the tool in an environment of its own (`python -m venv DIR`, `DIR/bin/pip install lm-eval[api]` or "
    "`inspect-ai openai`) and declare `DIR/bin/python`.",
)
OTHER_VERSION = Code(
    "EEXT002",
    "The tool is of another version than declared",
    "The Evaluation declares the version of its harness; results of another version are not comparable with earlier "
    "ones.",
    "Install the declared version, or declare the new one.",
)
UNSUPPORTED = Code(
    "EEXT003",
    "The evaluation asks for what the tool cannot do",
    "What the tool would leave out in silence is refused, because the gate would judge less than was declared.",
    "Use what the detail lists, or another `suite.tool`.",
)
FAILED = Code(
    "EEXT004",
    "The tool failed",
    "The tool ended with an error; nothing that it wrote until then is used.",
    "The detail ends with what it printed last; its whole log is in the folder that is named.",
)
TOO_SLOW = Code(
    "EEXT005",
    "The tool took too long",
    "The tool did not end in time and was killed with all that it had started.",
    "Ask fewer examples (`limit`), or allow more time.",
)
NOTHING_WRITTEN = Code(
    "EEXT006",
    "The tool did not measure what was asked",
    "The tool ended without an error, but its results are missing, of another model or of other tasks.",
    "Look at the log in the folder that is named.",
)

CODES = (NO_INTERPRETER, OTHER_VERSION, UNSUPPORTED, FAILED, TOO_SLOW, NOTHING_WRITTEN)
