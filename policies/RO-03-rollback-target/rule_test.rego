package trueup.rules.ro_03_test

import data.trueup.fixtures
import data.trueup.rules.ro_03

test_a_verified_and_retained_release_passes if count(ro_03.deny) == 0 with input as fixtures.good

test_a_release_whose_artifacts_are_gone_is_denied if {
	results := ro_03.deny with input as fixtures.changed("/observed/verified/0/retained", false)
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "release"]
	result.severity == "high"
}

test_a_release_that_does_not_say_whether_it_is_retained_is_denied if {
	count(ro_03.deny) > 0 with input as fixtures.without("/observed/verified/0/retained")
}

test_the_new_release_is_no_way_back_from_itself if {
	count(ro_03.deny) > 0 with input as fixtures.changed("/observed/verified/0/release", fixtures.d("1"))
}

test_the_first_release_only_warns if {
	document := fixtures.changed("/observed/verified", [])
	count(ro_03.deny) == 0 with input as document
	count(ro_03.warn) == 1 with input as document
}

test_a_release_verified_for_another_deployment_does_not_count if {
	document := json.patch(fixtures.changed("/observed/verified/0/retained", false), [{
		"op": "add",
		"path": "/observed/verified/-",
		"value": {"deployment": "Deployment/prod/other", "release": fixtures.d("9"), "retained": true},
	}])
	count(ro_03.deny) > 0 with input as document
}

test_a_rollback_needs_no_further_target if {
	document := json.patch(fixtures.changed("/observed/verified/0/retained", false), [{
		"op": "replace",
		"path": "/deployments/0/movement",
		"value": "rollback",
	}])
	count(ro_03.deny) == 0 with input as document
}

test_the_same_release_needs_no_further_target if {
	document := json.patch(fixtures.changed("/observed/verified/0/retained", false), [{
		"op": "replace",
		"path": "/deployments/0/fromRelease",
		"value": fixtures.d("1"),
	}])
	count(ro_03.deny) == 0 with input as document
}

test_dev_needs_none_unless_it_asks if {
	document := fixtures.in_tier(fixtures.changed("/observed/verified/0/retained", false), "dev")
	count(ro_03.deny) == 0 with input as document
	asked := json.patch(document, [{"op": "add", "path": "/environment/settings/requireRollbackTarget", "value": true}])
	count(ro_03.deny) == 1 with input as asked
}

test_a_document_without_verified_releases_is_denied if {
	count(ro_03.deny) > 0 with input as fixtures.without("/observed/verified")
}

test_an_empty_document_is_denied if count(ro_03.deny) > 0 with input as {}
