"""Codes of the gateway: why a route table was refused. What clients get is in `errors.py`, in OpenAI's shape."""

from trueup.core.diagnostics import Code

TABLE_REFUSED = Code(
    "GW001",
    "Route table was refused",
    "The gateway checks a table as a whole before it takes it. This one has a mistake, so the table in force before "
    "still serves.",
    "Correct what the detail names, then apply again.",
)
TABLE_UNREADABLE = Code(
    "GW002",
    "Stored route table is damaged or was changed by hand",
    "The table is stored with its digest, so that a restarted gateway serves exactly what was applied. The stored "
    "one does not match its digest.",
    "Apply again: it writes the table anew.",
)
TEMPLATE_INVALID = Code(
    "GW003",
    "Prompt template cannot be used",
    "The template does not compile in its declared format, or uses a part of it that is not supported.",
    "Correct the Prompt; mustache templates here know variables only, `jinja2` knows everything else.",
)
KEY_MISSING = Code(
    "GW004",
    "Client key cannot be read",
    "Client keys are references. The environment variable is not set or the file cannot be read, or it is empty; a "
    "route without its keys would be open to everybody, so it is refused.",
    "Set the variable or write the file where the command runs, then apply again.",
)
SPLIT_REFUSED = Code(
    "GW005",
    "Requests cannot be shared like this",
    "Releases beside the stable one need names of their own, weights and mirror shares from 0 to 100, and weights that "
    "sum to 100 at most. The table in force before still serves.",
    "Correct the weights or names that the detail gives, then apply again.",
)

CODES = (TABLE_REFUSED, TABLE_UNREADABLE, TEMPLATE_INVALID, KEY_MISSING, SPLIT_REFUSED)
