"""Why latency could not be found out. None of these ever counts as a pass."""

from trueup.core.diagnostics import Code

FAILED_REQUESTS = Code(
    "LOAD001",
    "Requests failed under load",
    "More requests failed than `maxErrorRate` allows (none, unless it is declared). Percentiles of those that were "
    "answered would look better than what users get, so nothing is measured.",
    "The detail counts the reasons. Lower `concurrency`, give the server more slots, or declare the `maxErrorRate` "
    "that is acceptable; it is then part of what is measured (`error_rate`).",
)

CODES = (FAILED_REQUESTS,)
