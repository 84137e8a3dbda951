# METADATA
# title: Somebody answers for it
# description: >-
#   What is deployed has an owner; in production there is somebody to call and something to read.
# custom:
#   id: OP-01
#   severity: high
#   controls: [NIST AI RMF GOVERN 2.1, ISO/IEC 42001 A.3.2]
#   remediation: Set `metadata.owner`, and `onCall.contact` and `onCall.runbook` of the deployment.
package trueup.rules.op_01

import data.trueup.lib

deny contains result if some result in lib.absent("OP-01", "high", ["deployments", "resources", "environment.tier"])

deny contains lib.result("OP-01", "high", address, ["metadata", "owner"], msg) if {
	some [address, document] in lib.reached
	owner := lib.field(document, ["metadata", "owner"])
	not lib.text(owner)
	msg := sprintf("%s has no owner.", [address])
}

deny contains lib.result("OP-01", lib.graded("high"), deployment.address, ["spec", "onCall", part], msg) if {
	some deployment in lib.changed
	some part, what in {"contact": "whom to call", "runbook": "what to read when it breaks"}
	value := object.get(input.resources, [deployment.address, "spec", "onCall", part], "")
	not lib.text(value)
	msg := sprintf("The deployment does not say %s.", [what])
}
