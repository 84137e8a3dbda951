# METADATA
# title: Exceptions have an end and people who answer
# description: >-
#   A PolicyException that could lift a rule for what the plan changes has an owner, a reason, a compensating control,
#   an approver who is no author, and an end within 90 days.
# custom:
#   id: OP-09
#   ruleSet: operations
#   severity: high
#   controls: [ISO/IEC 42001 Clause 6.1.3, NIST AI RMF GOVERN 1.4]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   waivable: false
#   remediation: Complete the PolicyException, have somebody else approve it, or delete it.
package trueup.rules.op_09

import data.parameters.days
import data.trueup.lib

deny contains result if some result in lib.absent("OP-09", "high", ["deployments", "resources", "exceptions"])

deny contains lib.result("OP-09", "high", "", [], msg) if {
	some exception in lib.list(input.exceptions)
	address := lib.field(exception, ["address"])
	not lib.text(address)
	msg := "An exception of the policy document has no address, so nobody can tell which it is."
}

deny contains lib.result("OP-09", "high", exception.address, path, msg) if {
	some exception in judged
	some field, path in {
		"owner": ["metadata", "owner"],
		"reason": ["spec", "reason"],
		"compensatingControl": ["spec", "compensatingControl"],
		"approvedBy": ["spec", "approvedBy"],
	}
	value := lib.field(exception, [field])
	not lib.said(value)
	msg := sprintf("The exception does not say `%s`.", [concat(".", path)])
}

deny contains lib.result("OP-09", "high", exception.address, ["spec", "expires"], msg) if {
	some exception in judged
	left := lib.field(exception, ["expiresInDays"])
	not ends_in_time(left)
	msg := sprintf("The exception does not end within %d days.", [days.exception])
}

deny contains lib.result("OP-09", "high", exception.address, ["spec", "approvedBy"], msg) if {
	some exception in judged
	by_author := lib.field(exception, ["approverIsAuthor"])
	by_author != false
	msg := "The exception is not approved by somebody else than its author."
}

warn contains lib.result("OP-09", "low", exception.address, ["spec", "expires"], msg) if {
	some exception in concerning
	has_expired(exception)
	day := lib.field(exception, ["expires"])
	msg := sprintf("The exception expired on %v and lifts nothing: renew it, or delete it.", [day])
}

judged := [exception |
	some exception in concerning
	not has_expired(exception)
]

has_expired(exception) if {
	is_number(exception.expiresInDays)
	exception.expiresInDays < 0
}

ends_in_time(left) if {
	is_number(left)
	left <= days.exception
}

# Those whose resource is one that the plan changes or reaches; another team's are not this plan's.
concerning := [exception |
	some exception in lib.list(input.exceptions)
	lib.text(exception.address)
	concerns(lib.field(exception, ["resource"]))
]

concerns(pattern) if pattern in reached

concerns(pattern) if {
	is_plain(pattern)
	regex.match(`[*?]`, pattern)
	some address in reached
	is_string(address)
	regex.match(sprintf("^%s$", [expression(pattern)]), address)
}

# What cannot be read may concern anything.
concerns(pattern) if {
	count(lib.changed) > 0
	not is_plain(pattern)
}

reached contains address if some [address, _] in lib.reached

is_plain(pattern) if {
	is_string(pattern)
	regex.match(`^[A-Za-z0-9*?@/._-]+$`, pattern)
}

# `*` and `?` stand for anything within a part, as in `spec.resource` of a PolicyException.
expression(pattern) := strings.replace_n({".": "[.]", "*": "[^/]*", "?": "[^/]"}, pattern)
