package trueup.rules.op_08_test

import data.trueup.fixtures
import data.trueup.rules.op_08

secret := {"address": "Prompt/support@2", "path": ["spec", "template"]}

test_no_secret_passes if count(op_08.deny) == 0 with input as fixtures.good

test_a_secret_is_denied_where_it_stands if {
	results := op_08.deny with input as fixtures.changed("/derived/secrets", [secret])
	some result in results
	result.address == secret.address
	result.path == secret.path
	result.severity == "critical"
}

test_a_secret_in_an_unchanged_document_is_denied if {
	document := json.patch(fixtures.changed("/derived/secrets", [secret]), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(op_08.deny) == 1 with input as document
}

test_a_document_without_the_search_is_denied if count(op_08.deny) > 0 with input as fixtures.without("/derived/secrets")

test_an_empty_document_is_denied if count(op_08.deny) > 0 with input as {}
