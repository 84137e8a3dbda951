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
FOREIGN_ID = Code(
    "POL065",
    "Result under the id of another rule",
    "A rule gave a result with the id of a rule in another package, or with one that begins with `TU-`, which is kept "
    "for what trueup judges itself. Exceptions, settings and records would take it for that rule's.",
    "Leave `id` out of the result, so that it has the rule's own, or give it one that no other rule has.",
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

CODES = (NOTHING_TO_ASK, RESULT_SHAPE, FOREIGN_ID, UNKNOWN_RULE, EXCEPTION)
