"""Codes of event sinks."""

from trueup.core.diagnostics import Code

SINK_FAILED = Code(
    "EVT001",
    "An event sink did not take an event",
    "It cannot be reached, answered with an error, or its file cannot be written. What was recorded stands in the "
    "ledger; the sink gets it, and what comes after it, with the next run.",
    "Look at the sink, then run `trueup audit send`.",
)

CODES = (SINK_FAILED,)
