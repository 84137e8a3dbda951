package trueup.rules.ro_09_test

import data.trueup.fixtures
import data.trueup.rules.ro_09

hold := {
	"deployment": fixtures.deployment,
	"release": fixtures.d("1"),
	"reason": "wrong answers.",
	"since": "2026-11-01T00:00:00Z",
	"active": true,
}

test_no_hold_passes if count(ro_09.deny) == 0 with input as fixtures.good

test_a_release_on_hold_is_denied if {
	results := ro_09.deny with input as held(hold)
	some result in results
	result.address == fixtures.deployment
	result.msg == "The release is on hold since 2026-11-01T00:00:00Z: wrong answers."
}

test_a_hold_on_another_release_passes if {
	count(ro_09.deny) == 0 with input as held(object.union(hold, {"release": fixtures.d("2")}))
}

test_a_hold_is_about_the_release_whatever_deploys_it if {
	count(ro_09.deny) == 1 with input as held(object.union(hold, {"deployment": "Deployment/prod/other"}))
}

test_a_hold_that_is_over_is_told_and_denies_nothing if {
	over := object.union(hold, {"active": false, "expires": "2026-11-08T00:00:00Z"})
	count(ro_09.deny) == 0 with input as held(over)
	results := ro_09.warn with input as held(over)
	some result in results
	startswith(result.msg, "The release was on hold until 2026-11-08T00:00:00Z, and the hold ended by itself: wrong")
	count(ro_09.warn) == 0 with input as held(object.union(over, {"release": fixtures.d("2")}))
	count(ro_09.warn) == 0 with input as held(hold)
}

test_a_hold_that_does_not_say_whether_it_is_over_is_in_force if {
	count(ro_09.deny) == 1 with input as held(object.remove(hold, ["active", "reason", "since"]))
}

test_a_release_without_digest_is_denied if {
	count(ro_09.deny) > 0 with input as fixtures.without("/deployments/0/release/digest")
}

test_a_document_without_holds_is_denied if count(ro_09.deny) > 0 with input as fixtures.without("/observed/holds")

test_an_empty_document_is_denied if count(ro_09.deny) > 0 with input as {}

held(one) := fixtures.changed("/observed/holds", [one])
