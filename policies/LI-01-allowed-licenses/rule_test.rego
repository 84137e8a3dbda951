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

test_a_licence_without_commercial_use_is_denied_for_a_commercial_system if {
	results := li_01.deny with input as limited(["customer-support"], {})
	{result.msg | some result in results} == {sprintf("%s, which does not allow commercial use, and %s is that.", [
		"Model/tiny@2 has the licence `CC-BY-NC-4.0`",
		fixtures.deployment,
	])}
	some result in results
	result.path == ["spec", "licenses"]
}

test_a_licence_without_commercial_use_passes_for_research if {
	count(li_01.deny) == 0 with input as limited(["non-commercial-research"], {})
	count(li_01.deny) == 0 with input as limited(["Non-commercial research", "personal-use"], {})
}

test_one_commercial_purpose_makes_a_system_commercial if {
	count(li_01.deny) == 1 with input as limited(["non-commercial-research", "sales"], {})
	count(li_01.deny) == 1 with input as limited(["non-commercial-research", "tbd"], {})
}

test_a_system_that_does_not_say_its_purposes_is_commercial if {
	count(li_01.deny) == 1 with input as limited([], {})
	count(li_01.deny) == 1 with input as json.patch(
		limited(["personal-use"], {}),
		[{"op": "replace", "path": "/derived/purposes", "value": []}],
	)
}

test_a_licence_that_may_not_be_handed_on_passes_for_a_deployer_only if {
	limits := {"LicenseRef-Some": {"redistribution": false}}
	count(li_01.deny) == 0 with input as having("LicenseRef-Some", [], {}) with data.parameters.licenses.limited as limits
	every role in ["provider", "both", "importer", ""] {
		results := li_01.deny with input as having("LicenseRef-Some", [], {"operatorRole": role})
			with data.parameters.licenses.limited as limits
		some result in results
		contains(result.msg, "does not allow handing it on")
	}
}

test_a_licence_that_leaves_a_region_out_is_denied_there if {
	except := {"LicenseRef-Some": {"except_regions": ["EU", "US-CA"]}}
	every places in [["EU"], ["DE"], ["eu"], ["US"], ["us-ca"], ["GB", "FR"], ["Europe"], [], "GB"] {
		count(li_01.deny) == 1 with input as having("LicenseRef-Some", [], {"jurisdictions": places})
			with data.parameters.licenses.limited as except
	}
	every places in [["GB"], ["US-NY"], ["GB", "CH"]] {
		count(li_01.deny) == 0 with input as having("LicenseRef-Some", [], {"jurisdictions": places})
			with data.parameters.licenses.limited as except
	}
}

test_a_licence_that_leaves_a_country_out_is_denied_in_its_union if {
	except := {"LicenseRef-Some": {"except_regions": ["DE"]}}
	count(li_01.deny) == 1 with input as having("LicenseRef-Some", [], {}) with data.parameters.licenses.limited as except
}

test_a_limited_licence_without_a_system_is_denied if {
	system := {"op": "remove", "path": "/resources/System~1support-assistant"}
	name := {"op": "remove", "path": "/resources/Deployment~1prod~1support/spec/system"}
	document := json.patch(limited(["personal-use"], {}), [system])
	without := json.patch(document, [name])
	count(li_01.deny) > 0 with input as document
	count(li_01.deny) > 0 with input as without
}

test_an_unlimited_alternative_is_enough_for_every_use if {
	either := [{"expression": "CC-BY-NC-4.0 OR MIT", "alternatives": [["CC-BY-NC-4.0"], ["MIT"]]}]
	count(li_01.deny) == 0 with input as fixtures.changed(expressions, either)
}

test_a_file_with_nothing_but_allowed_licences_is_enough if {
	count(li_01.deny) == 0 with input as fixtures.good with data.parameters.licenses as {"allowed": ["Apache-2.0"]}
}

test_a_document_without_purposes_is_denied if count(li_01.deny) > 0 with input as fixtures.without("/derived/purposes")

test_an_empty_document_is_denied if count(li_01.deny) > 0 with input as {}

limited(purposes, system) := having("CC-BY-NC-4.0", purposes, system)

having(license, purposes, system) := json.patch(fixtures.good, [
	{"op": "replace", "path": expressions, "value": [{"expression": license, "alternatives": [[license]]}]},
	{"op": "replace", "path": "/derived/purposes/0/categories", "value": purposes},
	{
		"op": "replace",
		"path": "/resources/System~1support-assistant/spec",
		"value": object.union(fixtures.system.spec, system),
	},
])
