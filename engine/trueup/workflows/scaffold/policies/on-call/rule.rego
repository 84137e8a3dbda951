package team.on_call

import rego.v1

# METADATA
# title: A deployment says whom to call
# description: Whoever is woken up needs a name and a runbook, and the night is no time to look for them.
# custom:
#   id: TEAM-01
#   ruleSet: operations
#   severity: medium
#   lastReviewed: "2026-11-21"
#   remediation: Set `spec.onCall.contact` to an address that somebody reads.
deny contains result if {
	some deployment in input.deployments
	document := object.get(input.resources, deployment.address, {})
	object.get(document, ["spec", "onCall", "contact"], "") == ""
	result := {
		"msg": sprintf("%s does not say whom to call when it breaks", [deployment.address]),
		"address": deployment.address,
		"path": ["spec", "onCall"],
	}
}
