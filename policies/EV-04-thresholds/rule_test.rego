package trueup.rules.ev_04_test

import data.trueup.fixtures
import data.trueup.rules.ev_04

thresholds := "/resources/Evaluation~1facts@1/spec/metricDecisionThreshold"

gate := "/evidence/0/gates/0"

overall := {"metric": "exact_match", "op": ">=", "value": 0.6}

german := object.union(overall, {"slice": "de"})

slice_measured := {"metric": "exact_match", "value": 0.7, "unit": "ratio", "samples": 12, "slice": "de"}

slice_gate := {"metric": "exact_match", "operator": ">=", "threshold": 0.6, "value": 0.7, "slice": "de", "passed": true}

test_a_threshold_that_is_met_passes if count(ev_04.deny) == 0 with input as fixtures.good

test_a_value_below_the_threshold_is_denied if {
	results := ev_04.deny with input as value(0.58888888)
	some result in results
	result.address == fixtures.deployment
	result.severity == "critical"
	result.msg == "Evaluation/facts@1 wants exact_match >= 0.6, and it is 0.589."
}

test_the_word_of_the_harness_is_not_enough if {
	count(ev_04.deny) == 1 with input as value(0.1)
	count(ev_04.deny) == 1 with input as fixtures.changed(concat("/", [gate, "passed"]), false)
	count(ev_04.deny) == 1 with input as fixtures.changed(concat("/", [gate, "passed"]), "true")
}

test_a_gate_with_another_threshold_than_declared_is_denied if {
	count(ev_04.deny) == 1 with input as fixtures.changed(concat("/", [gate, "threshold"]), 0.1)
	count(ev_04.deny) == 1 with input as fixtures.changed(concat("/", [gate, "operator"]), "<=")
	count(ev_04.deny) == 1 with input as fixtures.changed(concat("/", [gate, "metric"]), "length")
}

test_a_gate_without_a_measurement_is_denied if {
	results := ev_04.deny with input as fixtures.changed("/evidence/0/measurements/0/metric", "length")
	some result in results
	contains(result.msg, "it was not measured")
	count(ev_04.deny) == 1 with input as fixtures.changed("/evidence/0/measurements/0/value", 0.8)
	count(ev_04.deny) == 1 with input as fixtures.changed("/evidence/0/measurements/0/samples", 0)
	count(ev_04.deny) == 1 with input as fixtures.changed(concat("/", [gate, "value"]), null)
}

test_each_declared_part_of_the_data_has_its_own_measurement if {
	declared := fixtures.changed(thresholds, [overall, german])
	results := ev_04.deny with input as declared
	{r.msg | some r in results} == {"Evaluation/facts@1 wants exact_match >= 0.6 in de, and it was not measured."}
	measured := json.patch(declared, [
		{"op": "add", "path": "/evidence/0/measurements/-", "value": slice_measured},
		{"op": "add", "path": "/evidence/0/gates/-", "value": slice_gate},
	])
	count(ev_04.deny) == 0 with input as measured
}

test_a_part_of_the_data_does_not_stand_for_all_of_it if {
	measured := json.patch(fixtures.changed(thresholds, [german]), [
		{"op": "add", "path": "/evidence/0/measurements/-", "value": slice_measured},
		{"op": "add", "path": "/evidence/0/gates/-", "value": slice_gate},
	])
	results := ev_04.deny with input as measured
	{[r.address, r.path] | some r in results} == {["Evaluation/facts@1", ["spec", "metricDecisionThreshold"]]}
}

test_every_operator_is_understood if {
	every pair in [[">", 0.8, true], [">", 0.9, false], ["<", 0.95, true], ["<", 0.9, false]] {
		passes(pair)
	}
	every pair in [["<=", 0.9, true], ["<=", 0.8, false], ["==", 0.9, true], ["==", 0.8, false]] {
		passes(pair)
	}
}

test_a_threshold_that_nothing_can_miss_is_no_threshold if {
	every pair in [[">=", 0], [">", -1], ["<=", 1], ["<", 1.5]] {
		says_nothing(pair)
	}
}

test_a_threshold_in_another_unit_has_no_ends if {
	latency := {"metric": "exact_match", "op": "<=", "value": 500}
	document := json.patch(fixtures.changed(thresholds, [latency]), [
		{"op": "replace", "path": "/evidence/0/measurements/0/unit", "value": "ms"},
		{"op": "replace", "path": concat("/", [gate, "operator"]), "value": "<="},
		{"op": "replace", "path": concat("/", [gate, "threshold"]), "value": 500},
	])
	count(ev_04.deny) == 0 with input as document
}

test_an_evaluation_without_thresholds_is_denied if {
	count(ev_04.deny) == 1 with input as fixtures.changed(thresholds, [])
	count(ev_04.deny) == 1 with input as fixtures.without(thresholds)
	count(ev_04.deny) == 1 with input as fixtures.changed(thresholds, overall)
}

test_a_double_measures_nothing if {
	count(ev_04.deny) == 1 with input as fixtures.changed("/evidence/0/simulated", true)
	count(ev_04.deny) == 1 with input as fixtures.without("/evidence/0/simulated")
}

test_evidence_without_gates_is_denied if {
	count(ev_04.deny) == 1 with input as fixtures.without("/evidence/0/gates")
	count(ev_04.deny) == 1 with input as fixtures.changed("/evidence/0/gates", [])
}

test_an_evaluation_that_failed_is_judged_too if {
	count(ev_04.deny) == 1 with input as json.patch(value(0.1), [{
		"op": "replace",
		"path": "/deployments/0/evaluations/0/status",
		"value": "failed",
	}])
}

test_an_evaluation_that_has_not_run_is_not_judged_here if {
	missing := json.patch(fixtures.changed("/evidence", []), [{
		"op": "replace",
		"path": "/deployments/0/evaluations/0/status",
		"value": "missing",
	}])
	count(ev_04.deny) == 0 with input as missing
}

test_absent_evidence_is_denied if {
	count(ev_04.deny) == 1 with input as fixtures.changed("/evidence", [])
	count(ev_04.deny) > 0 with input as fixtures.without("/evidence")
}

test_an_empty_document_is_denied if count(ev_04.deny) > 0 with input as {}

value(one) := json.patch(fixtures.good, [
	{"op": "replace", "path": "/evidence/0/measurements/0/value", "value": one},
	{"op": "replace", "path": concat("/", [gate, "value"]), "value": one},
])

declared(operator, limit) := json.patch(fixtures.good, [
	{"op": "replace", "path": thresholds, "value": [{"metric": "exact_match", "op": operator, "value": limit}]},
	{"op": "replace", "path": concat("/", [gate, "operator"]), "value": operator},
	{"op": "replace", "path": concat("/", [gate, "threshold"]), "value": limit},
])

passes([operator, limit, expected]) if {
	results := ev_04.deny with input as declared(operator, limit)
	(count(results) == 0) == expected
}

says_nothing([operator, limit]) if {
	results := ev_04.deny with input as declared(operator, limit)
	{r.path | some r in results} == {["spec", "metricDecisionThreshold"]}
}

test_too_little_to_decide_is_denied_with_how_much_more_is_needed if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/evidence/0/gates/0/passed", "value": false},
		{"op": "add", "path": "/evidence/0/gates/0/undecided", "value": true},
		{"op": "add", "path": "/evidence/0/gates/0/moreSamples", "value": 212},
	])
	results := ev_04.deny with input as document
	count(results) == 1
	some result in results
	contains(result.msg, "it is 0.9, which is not enough evidence: 212 more samples")
}
