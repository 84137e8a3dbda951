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

test_a_rollback_was_practised_not_long_ago if {
	count(ro_03.deny) == 0 with input as fixtures.changed(age, 89)
	results := ro_03.deny with input as fixtures.changed(age, 90)
	some result in results
	result.address == fixtures.deployment
	result.msg == "No rollback of it, here or upstream, was carried out in the last 90 days; the last one is 90 days old."
}

test_one_recent_rollback_is_enough if {
	old := {"deployment": fixtures.deployment, "environment": "prod", "ageDays": 700}
	count(ro_03.deny) == 0 with input as fixtures.added("/observed/drills/-", old)
}

test_a_rollback_that_was_never_practised_is_denied if {
	results := ro_03.deny with input as fixtures.changed("/observed/drills", [])
	{r.msg | some r in results} == {"No rollback of it, here or upstream, was carried out in the last 90 days."}
}

test_a_rollback_at_an_unknown_time_does_not_count if {
	count(ro_03.deny) == 1 with input as fixtures.without(age)
	count(ro_03.deny) == 1 with input as fixtures.changed(age, "20")
	count(ro_03.deny) == 1 with input as fixtures.changed(age, -30)
}

test_a_rollback_of_something_else_does_not_count if {
	drill := "/observed/drills/0"
	count(ro_03.deny) == 1 with input as fixtures.changed(concat("/", [drill, "deployment"]), "Deployment/staging/other")
	elsewhere := {"deployment": "Deployment/dev/support", "environment": "dev", "ageDays": 1}
	count(ro_03.deny) == 1 with input as fixtures.changed(drill, elsewhere)
	odd := {"deployment": "Deployment/dev/support", "environment": "staging", "ageDays": 1}
	count(ro_03.deny) == 1 with input as fixtures.changed(drill, odd)
}

test_a_build_for_the_accelerators_that_are_there_passes if {
	count(ro_03.deny) == 0 with input as built({"accelerator": "h200_sxm", "acceleratorMatches": true})
	capable := {"accelerator": "h200_sxm", "acceleratorMatches": true, "capability": "9.0", "capabilityMatches": true}
	count(ro_03.deny) == 0 with input as built(capable)
}

test_a_build_for_another_accelerator_is_denied if {
	results := ro_03.deny with input as built({"accelerator": "h200_sxm", "acceleratorMatches": false})
	some result in results
	result.path == ["spec", "release", "build"]
	result.msg == "The build does not fit the hardware: the environment has no `h200_sxm`."
	count(ro_03.deny) == 1 with input as built({"accelerator": "h200_sxm", "acceleratorMatches": null})
}

test_a_build_for_another_capability_is_denied if {
	fitting := {"accelerator": "l4", "acceleratorMatches": true, "capability": "9.0"}
	count(ro_03.deny) == 1 with input as built(object.union(fitting, {"capabilityMatches": false}))
	count(ro_03.deny) == 1 with input as built(object.union(fitting, {"capabilityMatches": null}))
}

test_a_build_of_which_nothing_is_known_is_denied if {
	count(ro_03.deny) == 1 with input as fixtures.changed("/derived/builds", {})
	count(ro_03.deny) == 2 with input as fixtures.changed("/derived/builds/Deployment~1prod~1support", {})
}

test_the_first_release_needs_no_drill_and_the_right_hardware if {
	document := json.patch(fixtures.changed("/observed/verified", []), [
		{"op": "replace", "path": "/observed/drills", "value": []},
		{"op": "replace", "path": "/derived/builds", "value": {}},
	])
	count(ro_03.deny) == 1 with input as document
}

test_absent_facts_are_denied if {
	count(ro_03.deny) > 0 with input as fixtures.without("/observed/drills")
	count(ro_03.deny) > 0 with input as fixtures.without("/derived/builds")
	count(ro_03.deny) > 0 with input as fixtures.without("/environment/settings")
}

test_a_document_without_verified_releases_is_denied if {
	count(ro_03.deny) > 0 with input as fixtures.without("/observed/verified")
}

test_an_empty_document_is_denied if count(ro_03.deny) > 0 with input as {}

age := "/observed/drills/0/ageDays"

built(facts) := fixtures.changed("/derived/builds/Deployment~1prod~1support", object.union(unbuilt, facts))

unbuilt := {"mode": "engine", "acceleratorMatches": null, "capability": null, "capabilityMatches": null}

test_outside_production_a_way_back_that_is_gone_is_told if {
	document := fixtures.in_tier(fixtures.changed("/observed/verified/0/retained", false), "dev")
	count(ro_03.warn) == 1 with input as document
	count(ro_03.warn) == 0 with input as fixtures.in_tier(fixtures.good, "dev")
	count(ro_03.warn) == 0 with input as fixtures.in_tier(fixtures.changed("/observed/verified", []), "dev")
}
