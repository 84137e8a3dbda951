# METADATA
# title: Every threshold is met
# description: >-
#   Each threshold that an Evaluation declares, of all data or of a part of it, is met by a value that was measured;
#   and one of them, of all data, could fail.
# custom:
#   id: EV-04
#   ruleSet: evaluation
#   severity: critical
#   controls: [EU AI Act Art. 15(1), SPDX 3.0 metricDecisionThreshold]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Correct the release until it reaches the threshold, or have the threshold changed in a change of its own (EV-05).
package trueup.rules.ev_04

import data.parameters.evidence.bounds
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "evidence"]
	some result in lib.absent("EV-04", "critical", parts) | lib.evidence_gaps("EV-04", "critical")
}

deny contains lib.result("EV-04", "critical", address, ["spec", "metricDecisionThreshold"], msg) if {
	some [_, evaluation, item] in judged
	address := lib.evaluation_address(evaluation)
	count([t | some t in thresholds(evaluation); slice_of(t) == ""; not cannot_fail(t, item)]) == 0
	msg := sprintf("%s declares no threshold of all its data that a release could miss.", [address])
}

deny contains lib.result("EV-04", "critical", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, item] in judged
	some threshold in thresholds(evaluation)
	not met(threshold, item)
	msg := sprintf("%s wants %v %v %v%s, and %s.", [
		lib.evaluation_address(evaluation),
		lib.field(threshold, ["metric"]),
		lib.field(threshold, ["op"]),
		lib.field(threshold, ["value"]),
		part(slice_of(threshold)),
		outcome(threshold, item),
	])
}

judged contains [deployment, evaluation, item] if {
	some [deployment, evaluation] in lib.evaluated
	some item in lib.evidence_of(deployment, evaluation)
}

thresholds(evaluation) := found if {
	found := lib.field(lib.evaluation_document(evaluation), ["spec", "metricDecisionThreshold"])
	is_array(found)
} else := []

# The part of the data a threshold is about; "" is all of it.
slice_of(threshold) := slice if {
	slice := lib.field(threshold, ["slice"])
	slice != null
} else := ""

part(slice) := "" if slice == ""

part(slice) := sprintf(" in %v", [slice]) if slice != ""

# Measured, judged by the value that was declared, and in order: the word of the harness is not enough.
met(threshold, item) if {
	item.simulated == false
	some measurement in measured(threshold, item)
	some gate in lib.list(lib.field(item, ["gates"]))
	gate.metric == threshold.metric
	gate.operator == threshold.op
	gate.threshold == threshold.value
	gate.slice == slice_of(threshold)
	gate.value == measurement.value
	gate.passed == true
	holds(threshold.op, gate.value, threshold.value)
}

measured(threshold, item) := [measurement |
	some measurement in lib.list(lib.field(item, ["measurements"]))
	measurement.metric == threshold.metric
	measurement.slice == slice_of(threshold)
	is_number(measurement.value)
	is_number(measurement.samples)
	measurement.samples > 0
]

holds(">=", value, threshold) if value >= threshold

holds(">", value, threshold) if value > threshold

holds("<=", value, threshold) if value <= threshold

holds("<", value, threshold) if value < threshold

holds("==", value, threshold) if value == threshold

outcome(threshold, item) := sprintf("it is %v%s", [shown(measurement.value), uncertain(threshold, item)]) if {
	some measurement in measured(threshold, item)
} else := "it was not measured"

# A value on the right side that may by chance lie on the wrong one.
uncertain(threshold, item) := sprintf(", which is not enough evidence%s", [wanting(gate)]) if {
	some gate in lib.list(lib.field(item, ["gates"]))
	gate.metric == threshold.metric
	gate.operator == threshold.op
	gate.threshold == threshold.value
	gate.slice == slice_of(threshold)
	object.get(gate, "undecided", false) == true
} else := ""

wanting(gate) := sprintf(": %d more samples", [gate.moreSamples]) if {
	is_number(object.get(gate, "moreSamples", null))
} else := ""

# To the third digit: thresholds are not finer, and 0.06666666666666667 hides what it says.
shown(value) := round(value * 1000) / 1000

# `accuracy >= 0` says nothing.
cannot_fail(threshold, item) if {
	some measurement in measured(threshold, item)
	bound := bounds[measurement.unit]
	says_nothing(threshold.op, threshold.value, bound)
}

says_nothing(">=", value, bound) if value <= bound.least

says_nothing(">", value, bound) if value < bound.least

says_nothing("<=", value, bound) if value >= bound.most

says_nothing("<", value, bound) if value > bound.most
