package trueup.rules.ro_08_test

import data.trueup.fixtures
import data.trueup.rules.ro_08

drift := {"address": "Deployment/prod/other", "reason": "its server runs with other arguments"}

movement := "/deployments/0/movement"

test_a_target_as_it_was_applied_passes if count(ro_08.deny) == 0 with input as fixtures.good

test_a_promotion_onto_drift_is_denied if {
	document := json.patch(drifted([drift]), [{"op": "replace", "path": movement, "value": "promotion"}])
	results := ro_08.deny with input as document
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "release"]
	result.severity == "high"
	contains(result.msg, "Deployment/prod/other: its server runs with other arguments.")
}

test_a_release_where_an_upstream_is_declared_counts_as_one if count(ro_08.deny) == 1 with input as drifted([drift])

test_each_drift_is_named if {
	other := {"address": "Deployment/prod/third", "reason": "its route was changed"}
	count(ro_08.deny) == 2 with input as drifted([drift, other])
}

test_drift_of_which_nobody_says_more_is_drift if {
	count(ro_08.deny) == 1 with input as drifted([{}])
	count(ro_08.deny) == 1 with input as drifted(["Deployment/prod/other"])
}

test_a_promotion_without_an_upstream_is_still_one if {
	document := json.patch(drifted([drift]), [{"op": "replace", "path": "/environment/upstream", "value": ""}])
	count(ro_08.deny) == 0 with input as document
	promoted := json.patch(document, [{"op": "replace", "path": movement, "value": "promotion"}])
	count(ro_08.deny) == 1 with input as promoted
}

test_a_rollback_goes_out_all_the_same if {
	document := json.patch(drifted([drift]), [{"op": "replace", "path": movement, "value": "rollback"}])
	count(ro_08.deny) == 0 with input as document
}

test_a_repair_of_the_drift_goes_out if {
	document := json.patch(drifted([drift]), [{
		"op": "replace",
		"path": "/deployments/0/fromRelease",
		"value": fixtures.d("1"),
	}])
	count(ro_08.deny) == 0 with input as document
}

test_absent_facts_are_denied if {
	count(ro_08.deny) > 0 with input as fixtures.without("/observed/drift")
	count(ro_08.deny) > 0 with input as fixtures.without("/environment/upstream")
}

test_an_empty_document_is_denied if count(ro_08.deny) > 0 with input as {}

drifted(list) := fixtures.changed("/observed/drift", list)
