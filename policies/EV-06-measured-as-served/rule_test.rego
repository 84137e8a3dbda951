package trueup.rules.ev_06_test

import data.trueup.fixtures
import data.trueup.rules.ev_06

build := "/evidence/0/subject/build"

server := "/evidence/0/subject/server"

test_evidence_of_what_will_serve_passes if count(ev_06.deny) == 0 with input as fixtures.good

test_evidence_of_another_build_is_denied if {
	results := ev_06.deny with input as fixtures.changed(build, fixtures.d("f"))
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "release", "build"]
	result.severity == "high"
	contains(result.msg, "Evaluation/facts@1")
}

test_evidence_of_another_runtime_or_argument_is_denied if {
	results := ev_06.deny with input as fixtures.changed(server, fixtures.d("f"))
	{r.path | some r in results} == {["spec", "runtime"]}
}

test_a_changed_server_makes_old_evidence_useless if {
	count(ev_06.deny) == 1 with input as fixtures.changed("/deployments/0/server/key", fixtures.d("f"))
	count(ev_06.deny) == 1 with input as fixtures.changed("/deployments/0/release/build/key", fixtures.d("f"))
}

test_evidence_that_does_not_say_what_was_measured_is_denied if {
	count(ev_06.deny) == 1 with input as fixtures.without(build)
	results := ev_06.deny with input as fixtures.without(server)
	some result in results
	contains(result.msg, "(`unknown`)")
}

test_two_unknowns_are_not_the_same if {
	count(ev_06.deny) == 1 with input as both("")
	count(ev_06.deny) == 1 with input as both(null)
	count(ev_06.deny) == 1 with input as both(fixtures.d("0"))
}

test_an_evaluation_that_will_run_is_not_judged_here if {
	document := json.patch(fixtures.changed(server, fixtures.d("f")), [{
		"op": "replace",
		"path": "/deployments/0/evaluations/0/status",
		"value": "planned",
	}])
	count(ev_06.deny) == 0 with input as document
}

test_what_runs_unchanged_is_not_judged if {
	document := json.patch(fixtures.changed(server, fixtures.d("f")), [{
		"op": "replace",
		"path": "/deployments/0/changed",
		"value": false,
	}])
	count(ev_06.deny) == 0 with input as document
}

test_absent_evidence_is_denied if {
	count(ev_06.deny) == 1 with input as fixtures.changed("/evidence", [])
	count(ev_06.deny) > 0 with input as fixtures.without("/evidence")
}

test_an_empty_document_is_denied if count(ev_06.deny) > 0 with input as {}

both(value) := json.patch(fixtures.good, [
	{"op": "replace", "path": server, "value": value},
	{"op": "replace", "path": "/deployments/0/server/key", "value": value},
])
