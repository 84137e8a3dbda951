# METADATA
# title: Evidence for what is released
# description: >-
#   Each evaluation the environment requires has passed for exactly this release, or the plan runs it before traffic
#   moves.
# custom:
#   id: EV-01
#   ruleSet: evaluation
#   severity: critical
#   controls: [EU AI Act Art. 15(1), NIST AI RMF MEASURE 2.3, NIST AI RMF MEASURE 2.5, ISO/IEC 42001 A.6.2.4]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
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
	word := object.get(words, status, "its evidence is of an unknown status")
	msg := sprintf("%s: %s%s.", [address, word, beside(status, evaluation)])
}

# The tests of a prompt are evidence about it like any other.
deny contains lib.result("EV-01", "critical", deployment.address, ["spec", "release", "prompt"], msg) if {
	some deployment in lib.changed
	tests := object.get(deployment, "promptTests", null)
	tests != null
	status := lib.field(tests, ["status"])
	not sufficient(status)
	address := lib.field(tests, ["evaluation", "address"])
	word := object.get(words, status, "its evidence is of an unknown status")
	msg := sprintf("The tests of %s: %s%s.", [address, word, beside(status, tests)])
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

required contains name if {
	some name in lib.list(lib.field(input, ["environment", "settings", "evaluations", "required"]))
}

sufficient(status) if status == "present"

sufficient(status) if {
	status == "planned"
	input.gate == false
	input.environment.evaluate == "during"
}

# What was measured beside what is wanted, for each threshold that did not hold; what made a result stale.
beside(status, evaluation) := sprintf(": %s", [concat("; ", sort(found))]) if {
	status in {"failed", "undecided"}
	found := shortfalls(evaluation)
	count(found) > 0
} else := sprintf(": %s", [concat(", ", found)]) if {
	status == "stale"
	found := [sprintf("%v changed", [name]) | some name in lib.list(lib.field(evaluation, ["stale", "changed"]))]
	count(found) > 0
} else := ""

shortfalls(evaluation) := {text |
	evidence := lib.field(evaluation, ["evidence"])
	is_object(evidence)
	gates := object.get(evidence, "gates", [])
	is_array(gates)
	some gate in gates
	lib.field(gate, ["passed"]) == false
	wanted := sprintf("%v %v", [lib.field(gate, ["operator"]), lib.field(gate, ["threshold"])])
	about := sprintf("%v%s", [lib.field(gate, ["metric"]), part(object.get(gate, "slice", ""))])
	text := sprintf("%s is %v, and %s is wanted%s", [about, shown(lib.field(gate, ["value"])), wanted, more(gate)])
}

part(slice) := "" if slice == ""

part(slice) := sprintf(" in %v", [slice]) if slice != ""

# A value on the right side of the threshold may still be too uncertain.
more(gate) := sprintf(", which is not enough evidence: %d more samples", [gate.moreSamples]) if {
	gate.undecided == true
	is_number(gate.moreSamples)
} else := ", which is not enough evidence" if {
	object.get(gate, "undecided", false) == true
} else := ""

# To the third digit: thresholds are not finer, and 0.06666666666666667 hides what it says.
shown(value) := round(value * 1000) / 1000 if is_number(value)

shown(value) := "not measured" if not is_number(value)

words := {
	"missing": "it has not run for this release",
	"stale": "its evidence is stale",
	"failed": "it has run for this release and failed",
	"undecided": "it has run for this release and decided nothing",
	"unsigned": "its evidence is not signed by a trusted key",
	"planned": "it would run after traffic has moved",
	"": "its evidence has no status",
}
