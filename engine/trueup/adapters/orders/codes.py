"""Codes of orders."""

from trueup.core.diagnostics import Code

ORDER_NOT_WRITABLE = Code(
    "ORD001",
    "The order cannot be left",
    "What is said to a rollout is a file in the state folder, and it could not be written.",
    "Free some space or make the folder writable, and say it again.",
)

CODES = (ORDER_NOT_WRITABLE,)
