"""Why results of another tool are refused. What is refused never becomes evidence, so it can open no gate."""

from trueup.core.diagnostics import Code

UNKNOWN_TOOL = Code(
    "EIMP001",
    "No importer reads these results",
    "The file is of no tool that can be read, or does not look like one of the tool that is named.",
    "Name the tool and give the file that `docs/import-results.md` lists for it.",
)
UNREADABLE = Code(
    "EIMP002",
    "The result file cannot be read",
    "The file is missing, too large, cut short or not in the format of its tool. Half a file is not half a result.",
    "Copy the file again, complete; or run the tool again.",
)
UNKNOWN_VERSION = Code(
    "EIMP003",
    "The results are of an unknown version",
    "Tools change what their fields mean between versions, and the same name may then hold something else.",
    "Use a version that `docs/import-results.md` lists.",
)
NOT_FINISHED = Code(
    "EIMP004",
    "The run did not come to its end",
    "The tool says that the run failed, was cancelled or is still going on; what it measured until then is a "
    "selection.",
    "Run it again to its end.",
)
NO_RESULTS = Code(
    "EIMP005",
    "The results are empty",
    "Nothing was measured. An empty result is not a good one.",
    "Look at the tool's own output for why it did nothing.",
)
NOT_FINITE = Code(
    "EIMP006",
    "A result is not a finite number",
    "NaN and infinity compare with no threshold; they come from a broken model, a division by zero or an overflow.",
    "Look at the examples behind the value; then run it again.",
)
NOT_COMPARABLE = Code(
    "EIMP007",
    "The results do not say how they were measured",
    "Without the version of the task, the number of few-shot examples, the chat template, the seed or the load, nobody "
    "can tell whether two results may be compared.",
    "Run the tool with the options that make it record what is missing.",
)
NO_PRECISION = Code(
    "EIMP008",
    "The results do not say how sure they are",
    "A value without the number of its examples and without a standard error, or the examples to compute it from, "
    "cannot be told from chance.",
    "Have the tool write its examples too (lm-eval: `--log_samples`), or run it on more than one example.",
)
FAILED_REQUESTS = Code(
    "EIMP009",
    "Requests of the run failed",
    "What did not get an answer is left out of the tool's numbers, so they are about the part that worked.",
    "Repair the server, or lower the load, and run it again.",
)
CONTRADICTION = Code(
    "EIMP010",
    "The results contradict themselves",
    "A total is not the sum of its parts: lines are missing, files of two runs are mixed, or somebody edited them.",
    "Take all files from one run.",
)
UNEXPECTED = Code(
    "EIMP011",
    "The results do not have the expected form",
    "A field is missing or of another type than the tool writes.",
    "Check that the file is the one the tool wrote and its version is one that `docs/import-results.md` lists.",
)
OTHER_VERSION = Code(
    "EIMP012",
    "The results are of another version than declared",
    "The Evaluation declares the version of its harness; results of another version are not comparable with "
    "earlier ones.",
    "Run the declared version, or declare the new one.",
)
UNKNOWN_UNIT = Code(
    "EIMP013",
    "A result has an unknown unit",
    "A time in an unknown unit may be a thousand times what it seems.",
    "Use a version of the tool that `docs/import-results.md` lists.",
)

CODES = (
    UNKNOWN_TOOL,
    UNREADABLE,
    UNKNOWN_VERSION,
    NOT_FINISHED,
    NO_RESULTS,
    NOT_FINITE,
    NOT_COMPARABLE,
    NO_PRECISION,
    FAILED_REQUESTS,
    CONTRADICTION,
    UNEXPECTED,
    OTHER_VERSION,
    UNKNOWN_UNIT,
)
