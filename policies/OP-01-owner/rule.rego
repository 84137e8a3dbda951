# METADATA
# title: Somebody answers for it
# description: >-
#   What is deployed has an owner; in production there is somebody to call, something to read and somebody who comes
#   next.
# custom:
#   id: OP-01
#   ruleSet: operations
#   severity: high
#   controls: [NIST AI RMF GOVERN 2.1, ISO/IEC 42001 A.3.2]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Set `metadata.owner`, and `onCall.contact`, `onCall.runbook` and `onCall.escalation` of the deployment.
package trueup.rules.op_01

import data.trueup.lib

deny contains result if some result in lib.absent("OP-01", "high", ["deployments", "resources", "environment.tier"])

deny contains lib.result("OP-01", "high", address, ["metadata", "owner"], msg) if {
	some [address, document] in lib.reached
	owner := lib.field(document, ["metadata", "owner"])
	not lib.said(owner)
	msg := sprintf("%s has no owner.", [address])
}

deny contains lib.result("OP-01", lib.graded("high"), deployment.address, ["spec", "onCall", part], msg) if {
	some deployment in lib.changed
	some part, what in {"contact": "whom to call", "runbook": "what to read when it breaks"}
	value := lib.field(lib.declared(deployment), ["spec", "onCall", part])
	not lib.said(value)
	msg := sprintf("The deployment does not say %s.", [what])
}

deny contains lib.result("OP-01", lib.graded("high"), deployment.address, ["spec", "onCall", "escalation"], msg) if {
	some deployment in lib.changed
	not has_escalation(deployment)
	msg := "The deployment does not say who comes next when the contact does not answer."
}

# Somebody else than the contact.
has_escalation(deployment) if {
	on_call := lib.field(lib.declared(deployment), ["spec", "onCall"])
	is_array(on_call.escalation)
	some next in on_call.escalation
	lib.said(next)
	spelled(next) != spelled(lib.field(on_call, ["contact"]))
}

spelled(person) := lower(trim_space(person)) if is_string(person)

spelled(person) := "" if not is_string(person)
