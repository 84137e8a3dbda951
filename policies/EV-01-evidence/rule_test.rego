package trueup.rules.ev_01_test

import data.trueup.fixtures
import data.trueup.rules.ev_01

status := "/deployments/0/evaluations/0/status"

test_passed_evidence_passes if count(ev_01.deny) == 0 with input as fixtures.good

test_missing_evidence_is_denied if {
	results := ev_01.deny with input as fixtures.changed(status, "missing")
	some result in results
	result.address == fixtures.deployment
	contains(result.msg, "Evaluation/facts@1")
}

test_failed_evidence_is_denied if count(ev_01.deny) > 0 with input as fixtures.changed(status, "failed")

test_failed_evidence_says_what_was_measured_and_what_is_wanted if {
	results := ev_01.deny with input as measured([
		{"metric": "refusal", "operator": ">=", "threshold": 0.9, "value": 0.06666666666666667, "passed": false},
		{"metric": "latency_p95", "operator": "<=", "threshold": 500, "value": null, "passed": false},
		{"metric": "exact_match", "operator": ">=", "threshold": 0.8, "value": 0.9, "passed": true},
	])
	some result in results
	contains(result.msg, "and failed: latency_p95 is not measured, and <= 500 is wanted; refusal is 0.067, and >= 0.9")
	indexof(result.msg, "exact_match") == -1
}

test_failed_evidence_without_thresholds_is_denied_all_the_same if {
	count(ev_01.deny) > 0 with input as measured([])
	count(ev_01.deny) > 0 with input as measured("none")
}

test_an_evaluation_that_runs_before_traffic_moves_passes if {
	count(ev_01.deny) == 0 with input as planned("during", false)
}

test_an_evaluation_cannot_be_planned_at_the_gate if count(ev_01.deny) > 0 with input as planned("during", true)

test_an_environment_that_wants_evidence_before_takes_no_plan if {
	count(ev_01.deny) > 0 with input as planned("before", false)
}

test_evidence_without_status_is_denied if count(ev_01.deny) > 0 with input as fixtures.without(status)

test_a_status_nobody_knows_is_denied if count(ev_01.deny) > 0 with input as fixtures.changed(status, "probably")

test_a_required_evaluation_that_was_forgotten_is_denied if {
	count(ev_01.deny) > 0 with input as fixtures.changed("/deployments/0/evaluations", [])
}

test_a_deployment_that_does_not_say_its_evaluations_is_denied if {
	results := ev_01.deny with input as fixtures.without("/deployments/0/evaluations")
	some result in results
	contains(result.msg, "which evaluations the release needs")
}

test_a_document_without_settings_is_denied_with_the_name_of_what_is_absent if {
	results := ev_01.deny with input as fixtures.without("/environment/settings")
	some result in results
	contains(result.msg, "`environment.settings`")
}

test_an_environment_that_does_not_say_what_it_requires_is_denied if {
	count(ev_01.deny) > 0 with input as fixtures.without("/environment/settings/evaluations")
}

test_production_without_evaluations_warns if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/deployments/0/evaluations", "value": []},
		{"op": "replace", "path": "/environment/settings/evaluations/required", "value": []},
	])
	count(ev_01.warn) == 1 with input as document
	count(ev_01.deny) == 0 with input as document
}

test_an_empty_document_is_denied if count(ev_01.deny) > 0 with input as {}

measured(gates) := json.patch(fixtures.good, [
	{"op": "replace", "path": status, "value": "failed"},
	{"op": "add", "path": "/deployments/0/evaluations/0/evidence/gates", "value": gates},
])

planned(when, gate) := json.patch(fixtures.good, [
	{"op": "replace", "path": status, "value": "planned"},
	{"op": "replace", "path": "/environment/evaluate", "value": when},
	{"op": "replace", "path": "/gate", "value": gate},
])

test_stale_evidence_is_denied_with_what_changed if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": status, "value": "stale"},
		{"op": "add", "path": "/deployments/0/evaluations/0/stale", "value": {"changed": ["decoding", "prompt"]}},
	])
	results := ev_01.deny with input as document
	count(results) == 1
	some result in results
	contains(result.msg, "its evidence is stale: decoding changed, prompt changed")
}

test_too_little_evidence_is_denied_with_how_much_more_is_needed if {
	gate := {
		"metric": "exact_match",
		"slice": "capital",
		"operator": ">=",
		"threshold": 0.8,
		"value": 0.85,
		"passed": false,
		"undecided": true,
		"moreSamples": 212,
	}
	document := json.patch(measured([gate]), [{"op": "replace", "path": status, "value": "undecided"}])
	results := ev_01.deny with input as document
	some result in results
	contains(result.msg, "exact_match in capital is 0.85, and >= 0.8 is wanted, which is not enough evidence: 212 more samples")
}

test_unsigned_evidence_is_denied if count(ev_01.deny) == 1 with input as fixtures.changed(status, "unsigned")

prompt_tests(word) := json.patch(fixtures.good, [{
	"op": "add",
	"path": "/deployments/0/promptTests",
	"value": {"evaluation": {"address": "Prompt/support@2"}, "status": word, "evidence": null},
}])

test_tests_of_the_prompt_that_passed_pass if count(ev_01.deny) == 0 with input as prompt_tests("present")

test_tests_of_the_prompt_that_did_not_pass_are_denied if {
	count(ev_01.deny) == 1 with input as prompt_tests("failed")
	count(ev_01.deny) == 1 with input as prompt_tests("missing")
	results := ev_01.deny with input as prompt_tests("missing")
	some result in results
	result.path == ["spec", "release", "prompt"]
}
