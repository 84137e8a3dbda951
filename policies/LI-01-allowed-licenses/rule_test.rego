package trueup.rules.li_01_test

import data.trueup.fixtures
import data.trueup.rules.li_01

expressions := "/derived/licenses/Model~1tiny@2/expressions"

test_an_allowed_licence_passes if count(li_01.deny) == 0 with input as fixtures.good

test_another_licence_is_denied if {
	unknown := [{"expression": "AGPL-3.0-only", "alternatives": [["AGPL-3.0-only"]]}]
	results := li_01.deny with input as fixtures.changed(expressions, unknown)
	some result in results
	result.address == "Model/tiny@2"
	result.path == ["spec", "licenses"]
	result.severity == "high"
}

test_one_allowed_alternative_is_enough if {
	either := [{"expression": "AGPL-3.0-only OR MIT", "alternatives": [["AGPL-3.0-only"], ["MIT"]]}]
	count(li_01.deny) == 0 with input as fixtures.changed(expressions, either)
}

test_licences_that_apply_together_must_all_be_allowed if {
	both := [{"expression": "AGPL-3.0-only AND MIT", "alternatives": [["AGPL-3.0-only", "MIT"]]}]
	count(li_01.deny) > 0 with input as fixtures.changed(expressions, both)
}

test_an_expression_that_is_none_is_denied if {
	count(li_01.deny) > 0 with input as fixtures.changed(expressions, [{"expression": "((", "alternatives": null}])
}

test_a_model_without_licence_is_denied if count(li_01.deny) > 0 with input as fixtures.changed(expressions, [])

test_a_model_without_facts_is_denied if {
	count(li_01.deny) > 0 with input as fixtures.without("/derived/licenses/Model~1tiny@2")
}

test_a_dataset_without_licence_is_denied if {
	results := li_01.deny with input as fixtures.changed("/derived/licenses/Dataset~1facts@1/expressions", [])
	some result in results
	result.path == ["spec", "license"]
}

test_the_list_is_data if {
	count(li_01.deny) > 0 with input as fixtures.good with data.parameters.licenses.allowed as ["MIT"]
}

test_an_empty_document_is_denied if count(li_01.deny) > 0 with input as {}
