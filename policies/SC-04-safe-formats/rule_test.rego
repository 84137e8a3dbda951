package trueup.rules.sc_04_test

import data.trueup.fixtures
import data.trueup.rules.sc_04

format := "/resources/Model~1tiny@2/spec/format"

test_safetensors_passes if count(sc_04.deny) == 0 with input as fixtures.good

test_pickle_is_denied if {
	results := sc_04.deny with input as fixtures.changed(format, "pickle")
	some result in results
	result.address == "Model/tiny@2"
	result.path == ["spec", "format"]
}

test_pickle_under_another_name_is_denied if {
	document := fixtures.changed("/derived/artifacts/Model~1tiny@2/runsCode", true)
	results := sc_04.deny with input as document
	some result in results
	result.path == ["spec", "source"]
}

test_a_release_in_another_format_is_denied if {
	count(sc_04.deny) > 0 with input as fixtures.changed("/deployments/0/release/artifact/format", "pytorch")
}

test_a_model_without_format_is_denied if count(sc_04.deny) > 0 with input as fixtures.without(format)

test_a_model_without_facts_is_denied if {
	count(sc_04.deny) > 0 with input as fixtures.without("/derived/artifacts/Model~1tiny@2")
}

test_an_adapter_is_safetensors_unless_it_says_otherwise if {
	facts := {"scheme": "file", "suffix": "safetensors", "runsCode": false}
	document := json.patch(fixtures.good, [
		{"op": "add", "path": "/deployments/0/resources/-", "value": "Adapter/tone@1"},
		{"op": "add", "path": "/resources/Adapter~1tone@1", "value": {"kind": "Adapter", "spec": {}}},
		{"op": "add", "path": "/derived/artifacts/Adapter~1tone@1", "value": facts},
	])
	count(sc_04.deny) == 0 with input as document
}

test_a_document_without_derived_facts_is_denied if count(sc_04.deny) > 0 with input as fixtures.without("/derived")

test_an_empty_document_is_denied if count(sc_04.deny) > 0 with input as {}
