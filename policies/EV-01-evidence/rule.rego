# METADATA
# title: Evidence for what is released
# description: >-
#   Each evaluation the environment requires has passed for exactly this release, or the plan runs it before traffic
#   moves.
# custom:
#   id: EV-01
#   severity: critical
#   controls: [EU AI Act Art. 15(1), NIST AI RMF MEASURE 2.3, NIST AI RMF MEASURE 2.5, ISO/IEC 42001 A.6.2.4]
#   remediation: Run `trueup evaluate` for the environment, and correct the release when it fails.
package trueup.rules.ev_01

import data.trueup.lib

deny contains result if {
	some result in lib.absent("EV-01", "critical", ["deployments", "resources", "environment.settings"])
}

deny contains lib.result("EV-01", "critical", deployment.address, [], msg) if {
	some deployment in lib.changed
	evaluations := object.get(deployment, "evaluations", null)
	not is_array(evaluations)
	msg := "The policy document does not say which evaluations the release needs."
}

deny contains lib.result("EV-01", "critical", deployment.address, ["spec", "release"], msg) if {
	some deployment in lib.changed
	some evaluation in deployment.evaluations
	status := lib.field(evaluation, ["status"])
	not sufficient(status)
	address := lib.field(evaluation, ["evaluation", "address"])
	msg := sprintf("%s: %s.", [address, object.get(words, status, "its evidence is of an unknown status")])
}

# What the environment requires and nobody resolved would be forgotten in silence.
deny contains lib.result("EV-01", "critical", deployment.address, [], msg) if {
	some deployment in lib.changed
	some name in required
	address := sprintf("Evaluation/%s", [name])
	not address in {a | some evaluation in deployment.evaluations; a := evaluation.evaluation.address}
	msg := sprintf("The environment requires %s, and the release does not have it.", [address])
}

deny contains lib.result("EV-01", "critical", "", [], msg) if {
	listed := object.get(input, ["environment", "settings", "evaluations", "required"], null)
	not is_array(listed)
	msg := "The policy document does not say which evaluations the environment requires."
}

warn contains lib.result("EV-01", "low", sprintf("Environment/%s", [input.environment.name]), path, msg) if {
	lib.production
	count(required) == 0
	path := ["spec", "evaluations", "required"]
	msg := "A production environment requires no evaluation, so no release needs evidence."
}

required contains name if some name in input.environment.settings.evaluations.required

sufficient(status) if status == "present"

sufficient(status) if {
	status == "planned"
	input.gate == false
	input.environment.evaluate == "during"
}

words := {
	"missing": "it has not run for this release",
	"failed": "it has run for this release and failed",
	"planned": "it would run after traffic has moved",
	"": "its evidence has no status",
}
