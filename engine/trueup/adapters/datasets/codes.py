"""Why a dataset could not be checked. None of these ever counts as a pass."""

from trueup.core.diagnostics import Code

UNKNOWN_FORMAT = Code(
    "DATA001",
    "The format of the data is not known",
    "Neither `format` nor the names of the files say how records are to be read, or it is a format that nothing here "
    "reads. What is not read is not checked.",
    "Declare `format: jsonl`, `json`, `csv`, `parquet`, `arrow`, `text` or `folder`; or give the data as one of them.",
)
BAD_CHECK = Code(
    "DATA002",
    "A check cannot be run as it is declared",
    "A type or parameter of `checks` is unknown, missing or of the wrong kind. Leaving it out would check less than "
    "was declared.",
    "Correct what is named; docs/data.md has the parameters of each check.",
)
NO_EXTRA = Code(
    "DATA003",
    "A library for datasets is not installed",
    "Parquet files, secrets, languages and JSON Schemas are looked at by libraries that the core does not have.",
    "Install it: `pip install 'trueup[data]'`.",
)
UNREADABLE = Code(
    "DATA004",
    "The data cannot be read",
    "A file is damaged, was cut short, or may not be read. Records behind the damage would not be checked.",
    "Get the file anew, or declare data that is whole as a new version.",
)
CODES = (UNKNOWN_FORMAT, BAD_CHECK, NO_EXTRA, UNREADABLE)
