"""Problems of the command line: wrong usage, wrong variables, output that cannot be written, and our own bugs."""

from trueup.core.diagnostics import Code

UNKNOWN_COMMAND = Code(
    "CLI001",
    "Unknown command",
    "The word after `trueup` is not one of its commands.",
    "See `trueup --help` for the commands.",
)
WRONG_USAGE = Code(
    "CLI002",
    "Wrong usage",
    "A flag is unknown, a value is missing or not allowed, or there is one argument too many.",
    "See `trueup COMMAND --help` for the flags and an example.",
)
BAD_VARIABLE = Code(
    "CLI003",
    "Wrong value in an environment variable",
    "Every long flag has a variable: `--output-file` is `TRUEUP_OUTPUT_FILE`. The one named here holds a value that "
    "its flag would refuse.",
    "Correct or unset the variable, or give the flag: a flag wins over its variable.",
)
OUTPUT_NOT_WRITTEN = Code(
    "CLI004",
    "Output file cannot be written",
    "A file named by `--output-file` or `--out`, or standard output, could not be written.",
    "Check that its folder exists and that you may write there.",
)
SYSTEM_REFUSED = Code(
    "CLI005",
    "The system refused",
    "The operating system did not let trueup read, write or start something.",
    "Look at the path and the reason: a missing permission, a full disk, a file in the way.",
)
BUG = Code(
    "CLI006",
    "This is a bug in trueup",
    "Something happened that the code does not expect. Your files are not the cause, even if one of them led to it.",
    "Run the command again with `--debug` and report it with the traceback.",
)
NO_DIRECTORY = Code(
    "CLI007",
    "No such folder",
    "The folder given with `-C` does not exist or cannot be entered.",
    "Give an existing folder.",
)
NO_PROJECT = Code(
    "CLI008",
    "No project here",
    "The file `trueup.yaml` at the root of the git repository says where everything is, and it is not there.",
    "Go to your repository, name it with `-C DIR`, or start one with `trueup init`.",
)
NOT_AVAILABLE = Code(
    "CLI009",
    "Package cannot be imported",
    "A package that trueup needs is missing or broken in this Python environment.",
    "Install trueup again into this environment; `trueup doctor` shows what is missing.",
)
UNKNOWN_KIND = Code(
    "CLI010",
    "Unknown kind",
    "There is no schema under that name.",
    "`trueup schema` without a name lists the kinds.",
)

CODES = (
    UNKNOWN_COMMAND,
    WRONG_USAGE,
    BAD_VARIABLE,
    OUTPUT_NOT_WRITTEN,
    SYSTEM_REFUSED,
    BUG,
    NO_DIRECTORY,
    NO_PROJECT,
    NOT_AVAILABLE,
    UNKNOWN_KIND,
)
