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
UNKNOWN_RULE = Code(
    "POL036",
    "Setting or exception for a rule that does not exist",
    "It does nothing, and reads as if it did.",
    "Correct the name (`trueup policy list` prints them), or remove it.",
)
EXCEPTION = Code(
    "POL040",
    "Policy exception is not in force",
    "It has expired, lasts longer than 90 days, lacks an owner, a reason, a control or an approver, is approved by who "
    "wrote it, or its rule takes none.",
    "Renew it with a reason and a date, or remove it together with what it excused.",
)

CODES = (NOTHING_TO_ASK, RESULT_SHAPE, UNKNOWN_RULE, EXCEPTION)
