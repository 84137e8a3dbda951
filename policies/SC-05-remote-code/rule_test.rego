package trueup.rules.sc_05_test

import data.trueup.fixtures
import data.trueup.rules.sc_05

trusted := "/resources/Model~1tiny@2/spec/trustRemoteCode"

test_no_remote_code_passes if count(sc_05.deny) == 0 with input as fixtures.good

test_remote_code_in_production_is_denied if {
	results := sc_05.deny with input as fixtures.changed(trusted, true)
	some result in results
	result.address == "Model/tiny@2"
	result.path == ["spec", "trustRemoteCode"]
}

test_a_pinned_commit_does_not_help_in_production if {
	document := json.patch(fixtures.changed(trusted, true), [commit])
	count(sc_05.deny) > 0 with input as document
}

test_unpinned_remote_code_is_denied_in_dev if {
	document := fixtures.in_tier(fixtures.changed(trusted, true), "dev")
	results := sc_05.deny with input as document
	some result in results
	result.path == ["spec", "codeRevision"]
}

test_pinned_remote_code_passes_in_dev if {
	document := fixtures.in_tier(json.patch(fixtures.changed(trusted, true), [commit]), "dev")
	count(sc_05.deny) == 0 with input as document
}

test_a_model_that_does_not_say_is_denied if count(sc_05.deny) > 0 with input as fixtures.without(trusted)

test_a_value_that_is_no_boolean_is_denied if count(sc_05.deny) > 0 with input as fixtures.changed(trusted, "false")

test_an_unknown_tier_counts_as_production if {
	document := fixtures.in_tier(json.patch(fixtures.changed(trusted, true), [commit]), "canary")
	count(sc_05.deny) > 0 with input as document
}

test_a_document_without_a_tier_is_denied if {
	count(sc_05.deny) > 0 with input as fixtures.without("/environment/tier")
}

test_an_empty_document_is_denied if count(sc_05.deny) > 0 with input as {}

commit := {
	"op": "add",
	"path": "/resources/Model~1tiny@2/spec/codeRevision",
	"value": "0123456789abcdef0123456789abcdef01234567",
}
