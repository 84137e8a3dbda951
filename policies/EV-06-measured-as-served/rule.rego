# METADATA
# title: Measured as it will be served
# description: >-
#   Evidence was measured on the very build, runtime and arguments that will serve: another quantisation, engine or
#   argument makes what was measured before say nothing.
# custom:
#   id: EV-06
#   ruleSet: evaluation
#   severity: high
#   controls: [NIST AI RMF MEASURE 2.5]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Run `trueup evaluate` for the release as it is declared now.
package trueup.rules.ev_06

import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "evidence"]
	some result in lib.absent("EV-06", "high", parts) | lib.evidence_gaps("EV-06", "high")
}

deny contains lib.result("EV-06", "high", deployment.address, path, msg) if {
	some [deployment, evaluation] in lib.evaluated
	some item in lib.evidence_of(deployment, evaluation)
	some [name, words, wanted, path] in [
		["build", "build", lib.field(deployment, ["release", "build", "key"]), ["spec", "release", "build"]],
		["server", "runtime and arguments", lib.field(deployment, ["server", "key"]), ["spec", "runtime"]],
	]
	measured := lib.field(item, ["subject", name])
	not same(measured, wanted)
	msg := sprintf("The evidence of %s was measured with another %s (`%s`) than will serve (`%s`).", [
		lib.evaluation_address(evaluation),
		words,
		shown(measured),
		shown(wanted),
	])
}

same(measured, wanted) if {
	lib.digest(wanted)
	measured == wanted
}

shown(value) := value if lib.text(value)

shown(value) := "unknown" if not lib.text(value)
