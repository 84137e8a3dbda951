package trueup.rules.dp_05_test

import data.trueup.fixtures
import data.trueup.rules.dp_05

test_data_without_checks_passes if count(dp_05.deny) == 0 with input as fixtures.good

test_checks_that_passed_pass if {
	count(dp_05.deny) == 0 with input as checked([run({})])
	count(dp_05.warn) == 0 with input as checked([run({})])
}

test_checks_without_a_run_are_denied if {
	results := dp_05.deny with input as checked([])
	{[r.address, r.path, r.severity] | some r in results} == {["Dataset/facts@1", ["spec", "checks"], "high"]}
}

test_a_run_on_other_bytes_is_denied if {
	count(dp_05.deny) == 1 with input as checked([run({"subject": {"dataset": fixtures.d("f")}})])
	count(dp_05.deny) == 1 with input as checked([run({"type": "data-scan"})])
	count(dp_05.deny) == 1 with input as checked([run({"simulated": true})])
}

test_a_check_that_did_not_run_is_denied_at_its_place if {
	gates := [gate("not_null", "answer", true), gate("pii", "", true)]
	results := dp_05.deny with input as checked([run({"gates": gates})])
	{[r.path, r.msg] | some r in results} == {[
		["spec", "checks", 1],
		"The check `unique question` of Dataset/facts@1 has not run on its bytes.",
	]}
}

test_a_check_of_another_column_is_another_check if {
	gates := [gate("not_null", "answer", true), gate("unique", "answer", true), gate("pii", "", true)]
	count(dp_05.deny) == 1 with input as checked([run({"gates": gates})])
}

test_a_check_that_failed_is_denied_at_its_place if {
	gates := [gate("not_null", "answer", false), gate("unique", "question", true), gate("pii", "", true)]
	results := dp_05.deny with input as checked([run({"gates": gates})])
	{[r.path, r.msg] | some r in results} == {[
		["spec", "checks", 0],
		"The check `not_null answer` of Dataset/facts@1 failed.",
	]}
	count(dp_05.warn) == 0 with input as checked([run({"gates": gates})])
}

test_a_check_of_severity_warning_warns if {
	gates := [gate("not_null", "answer", true), gate("unique", "question", true), gate("pii", "", false)]
	results := dp_05.warn with input as checked([run({"gates": gates})])
	{[r.path, r.severity] | some r in results} == {[["spec", "checks", 2], "low"]}
	count(dp_05.deny) == 0 with input as checked([run({"gates": gates})])
}

test_a_severity_nobody_knows_counts_as_error if {
	gates := [gate("not_null", "answer", true), gate("unique", "question", true), gate("pii", "", false)]
	document := json.patch(checked([run({"gates": gates})]), [{
		"op": "replace",
		"path": "/resources/Dataset~1facts@1/spec/checks/2/severity",
		"value": "Warning",
	}])
	count(dp_05.deny) == 1 with input as document
}

test_two_checks_alike_have_a_gate_each if {
	document := json.patch(checked([run({})]), [{
		"op": "add",
		"path": "/resources/Dataset~1facts@1/spec/checks/-",
		"value": {"type": "not_null", "column": "answer", "params": {"share": 0.5}},
	}])
	count(dp_05.deny) == 2 with input as document
}

test_a_result_that_is_no_boolean_is_denied if {
	every passed in [null, "true", 1] {
		gates := [gate("not_null", "answer", passed), gate("unique", "question", true), gate("pii", "", true)]
		count(dp_05.deny) == 1 with input as checked([run({"gates": gates})])
	}
}

test_a_run_that_failed_is_denied_whatever_its_gates_say if {
	results := dp_05.deny with input as checked([run({"passed": false})])
	{r.msg | some r in results} == {"The newest run of the checks of Dataset/facts@1 failed."}
}

test_the_newest_run_counts if {
	older := run({"completedAt": "2026-11-19T12:00:00Z"})
	count(dp_05.deny) == 1 with input as checked([older, run({"passed": false})])
	count(dp_05.deny) == 0 with input as checked([object.union(older, {"passed": false}), run({})])
}

test_checks_that_are_no_list_are_denied if {
	every checks in [null, {"type": "unique"}, "unique"] {
		path := "/resources/Dataset~1facts@1/spec/checks"
		count(dp_05.deny) == 1 with input as fixtures.added(path, checks)
	}
}

test_a_document_without_evidence_is_denied if count(dp_05.deny) > 0 with input as fixtures.without("/evidence")

test_an_empty_document_is_denied if count(dp_05.deny) > 0 with input as {}

checked(runs) := json.patch(fixtures.changed("/evidence", runs), [{
	"op": "add",
	"path": "/resources/Dataset~1facts@1/spec/checks",
	"value": [
		{"type": "not_null", "column": "answer"},
		{"type": "unique", "column": "question", "severity": "error"},
		{"type": "pii", "severity": "warning"},
	],
}])

run(differences) := object.union(
	{
		"type": "data-checks",
		"subject": {"dataset": fixtures.d("d")},
		"passed": true,
		"simulated": false,
		"completedAt": "2026-11-20T12:00:00Z",
		"gates": [gate("not_null", "answer", true), gate("unique", "question", true), gate("pii", "", true)],
	},
	differences,
)

gate(metric, slice, passed) := {
	"metric": metric,
	"operator": "==",
	"threshold": 0,
	"value": 0,
	"slice": slice,
	"passed": passed,
}
