"""What can be wrong with what policies answer, and with the exceptions from them."""

from trueup.core.diagnostics import Code

NOTHING_TO_ASK = Code(
    "POL021",
    "No rule to evaluate",
    "The policies have no `deny`, `violation` or `warn`. An empty set of rules would allow everything.",
    "Turn the library on in `trueup.yaml`, or add a rule.",
)
RESULT_SHAPE = Code(
    "POL034",
    "Rule gave a result of an unknown shape",
    "A result must be a string, or an object with a string `msg`. Anything else cannot be shown, waived or "
    "recorded, so it denies.",
    'Give objects such as `{"id": "X-01", "severity": "high", "msg": "...", "address": "...", "path": []}`.',
)
EXCEPTION = Code(
    "POL040",
    "Policy exception is not in force",
    "It has expired, lasts longer than 90 days, or lacks a rule, a resource, a reason or an expiry.",
    "Renew it with a reason and a date, or remove it together with what it excused.",
)

CODES = (NOTHING_TO_ASK, RESULT_SHAPE, EXCEPTION)
