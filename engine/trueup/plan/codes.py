"""Problems of plans and plan files."""

from trueup.core.diagnostics import Code

NOT_A_PLAN = Code(
    "PLN001",
    "Not a plan file",
    "The file is not the JSON that `trueup plan --out` writes: it is empty, cut off, too large or something else.",
    "Make the plan again with `trueup plan --out FILE`, and copy it in binary mode.",
)
CHANGED_PLAN = Code(
    "PLN002",
    "The plan file was changed",
    "A plan file holds the digest of its own content, and this content has another one. What was reviewed is not "
    "what the file says.",
    "Make and review the plan again. Never edit a plan file.",
)
UNKNOWN_FORMAT = Code(
    "PLN003",
    "Unknown format of a plan file",
    "The plan file was written by a version of trueup whose format this one does not know.",
    "Use the version of trueup that made the plan, or make the plan again.",
)
INCOMPLETE_PLAN = Code(
    "PLN004",
    "The plan file lacks something",
    "The plan file is whole, but a field that its format requires is absent or of another type.",
    "Make the plan again. If trueup wrote this file, this is a bug: please report it.",
)
UNKNOWN_TARGET = Code(
    "PLN005",
    "Unknown deployment in the targets",
    "The plan was to be narrowed to a deployment that is neither declared in the environment nor served there.",
    "Name a deployment of the environment; `trueup status` lists them.",
)
EXPIRED_PLAN = Code(
    "PLN006",
    "The plan has expired",
    "A saved plan may be applied for a limited time, so that an old review does not let in a new change.",
    "Make and review the plan again.",
)
UNREADABLE_PLAN = Code(
    "PLN007",
    "The plan file cannot be read",
    "There is no such file, it is a folder, or permission is missing.",
    "Give the file that `trueup plan --out FILE` wrote.",
)

CODES = (NOT_A_PLAN, CHANGED_PLAN, UNKNOWN_FORMAT, INCOMPLETE_PLAN, UNKNOWN_TARGET, EXPIRED_PLAN, UNREADABLE_PLAN)
