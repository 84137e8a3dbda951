package trueup.rules.ro_01_test

import data.trueup.fixtures
import data.trueup.rules.ro_01

verified := "/observed/upstream/0"

soak := "/derived/soak/Deployment~1prod~1support"

upstream := "/environment/upstream"

movement := "/deployments/0/movement"

test_a_release_that_was_verified_and_served_upstream_passes if {
	count(ro_01.deny) == 0 with input as fixtures.good
	count(ro_01.warn) == 0 with input as fixtures.good
}

test_a_release_that_was_never_upstream_is_denied if {
	results := ro_01.deny with input as fixtures.changed("/observed/upstream", [])
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "release"]
	result.severity == "critical"
	contains(result.msg, "never verified in `staging`")
}

test_another_digest_than_upstreams_is_denied if {
	count(ro_01.deny) == 1 with input as fixtures.changed(concat("/", [verified, "release"]), fixtures.d("f"))
	count(ro_01.deny) == 1 with input as fixtures.changed("/deployments/0/release/digest", fixtures.d("f"))
	count(ro_01.deny) == 1 with input as fixtures.changed(concat("/", [verified, "release"]), upper(fixtures.d("1")))
}

test_a_digest_that_says_nothing_is_denied if {
	every digest in ["", fixtures.d("0"), null] {
		both(digest)
	}
}

test_a_release_of_another_deployment_or_environment_is_denied if {
	path := concat("/", [verified, "deployment"])
	count(ro_01.deny) == 1 with input as fixtures.changed(path, "Deployment/staging/other")
	count(ro_01.deny) == 1 with input as fixtures.changed(path, "Deployment/dev/support")
}

test_a_release_that_skips_upstream_is_denied_whatever_it_is_called if {
	document := fixtures.changed("/observed/upstream", [])
	count(ro_01.deny) == 1 with input as json.patch(document, [{"op": "replace", "path": movement, "value": "promotion"}])
	count(ro_01.deny) == 1 with input as json.patch(document, [{"op": "replace", "path": movement, "value": "none"}])
}

test_a_release_that_has_not_served_long_enough_is_denied if {
	document := fixtures.changed(concat("/", [soak, "requiredSeconds"]), 259200)
	results := ro_01.deny with input as document
	{r.msg | some r in results} == {"The release has served in `staging` for 172800 s, and 259200 s is wanted."}
	exact := fixtures.changed(concat("/", [soak, "requiredSeconds"]), 172800)
	count(ro_01.deny) == 0 with input as exact
}

test_a_soak_that_nobody_knows_is_denied if {
	results := ro_01.deny with input as fixtures.changed(concat("/", [soak, "servedSeconds"]), null)
	some result in results
	contains(result.msg, "an unknown time")
	count(ro_01.deny) == 1 with input as fixtures.without(concat("/", [soak, "requiredSeconds"]))
	count(ro_01.deny) == 1 with input as fixtures.changed(concat("/", [soak, "servedSeconds"]), "172800")
	count(ro_01.deny) == 1 with input as fixtures.changed("/derived/soak", {})
}

test_a_soak_somewhere_else_does_not_count if {
	count(ro_01.deny) == 1 with input as fixtures.changed(concat("/", [soak, "upstream"]), "dev")
}

test_a_release_that_left_upstream_is_shown if {
	count(ro_01.warn) == 1 with input as fixtures.changed(concat("/", [soak, "retired"]), true)
	count(ro_01.warn) == 1 with input as fixtures.without(concat("/", [soak, "retired"]))
}

test_a_promotion_from_nowhere_is_denied if {
	document := fixtures.changed(upstream, "")
	count(ro_01.deny) == 0 with input as document
	promoted := json.patch(document, [{"op": "replace", "path": movement, "value": "promotion"}])
	results := ro_01.deny with input as promoted
	{r.msg | some r in results} == {"The release is promoted, and its environment declares no `upstream`."}
}

test_a_first_release_comes_from_upstream_too if {
	document := json.patch(fixtures.changed("/observed/upstream", []), [{
		"op": "replace",
		"path": "/deployments/0/fromRelease",
		"value": "",
	}])
	count(ro_01.deny) == 1 with input as document
}

test_a_rollback_and_an_unchanged_release_pass if {
	document := fixtures.changed("/observed/upstream", [])
	count(ro_01.deny) == 0 with input as json.patch(document, [{"op": "replace", "path": movement, "value": "rollback"}])
	same := json.patch(document, [{"op": "replace", "path": "/deployments/0/fromRelease", "value": fixtures.d("1")}])
	count(ro_01.deny) == 0 with input as same
}

test_absent_facts_are_denied if {
	count(ro_01.deny) > 0 with input as fixtures.without("/observed/upstream")
	count(ro_01.deny) > 0 with input as fixtures.without("/derived/soak")
	count(ro_01.deny) > 0 with input as fixtures.without(upstream)
	count(ro_01.deny) > 0 with input as fixtures.changed(upstream, null)
}

test_an_empty_document_is_denied if count(ro_01.deny) > 0 with input as {}

both(digest) if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/deployments/0/release/digest", "value": digest},
		{"op": "replace", "path": concat("/", [verified, "release"]), "value": digest},
	])
	count(ro_01.deny) == 1 with input as document
}
