package trueup.rules.li_03_test

import data.trueup.fixtures
import data.trueup.rules.li_03

expressions := "/derived/licenses/Model~1tiny@2/expressions"

link := "https://example.com/community"

test_a_licence_of_spdx_passes if count(li_03.deny) == 0 with input as fixtures.good

test_a_recorded_licence_passes if {
	count(li_03.deny) == 0 with input as community({}) with data.parameters.licenses.recorded as recorded({})
}

test_a_licence_without_a_record_warns_at_its_place if {
	results := li_03.deny with input as community({})
	{result.path | some result in results} == {["spec", "licenses"]}
	{result.severity | some result in results} == {"medium"}
	count(results) == 5
}

test_a_record_without_an_approval_is_denied if {
	every part in ["name", "link", "approvedBy", "approvedOn"] {
		every words in ["", "TBD", true, null] {
			records := recorded({part: words})
			count(li_03.deny) > 0 with input as community({}) with data.parameters.licenses.recorded as records
		}
	}
}

test_a_record_without_limits_is_denied if {
	every limits in [[], "none", [""], ["tbd"], null] {
		records := recorded({"limits": limits})
		count(li_03.deny) == 1 with input as community({}) with data.parameters.licenses.recorded as records
	}
}

test_an_approval_of_tomorrow_is_denied if {
	every day in ["2026-11-22", "2027-01-01", "21.11.2026", "2026-11-21T00:00:00Z"] {
		records := recorded({"approvedOn": day})
		count(li_03.deny) == 1 with input as community({}) with data.parameters.licenses.recorded as records
	}
	today := recorded({"approvedOn": "2026-11-21"})
	count(li_03.deny) == 0 with input as community({}) with data.parameters.licenses.recorded as today
}

test_a_model_without_name_or_link_of_its_licence_is_denied_there if {
	every field in ["licenseName", "licenseLink"] {
		results := li_03.deny with input as community({field: " "}) with data.parameters.licenses.recorded as recorded({})
		{result.path | some result in results} == {["spec", field]}
	}
}

test_a_link_to_another_text_than_approved_is_denied if {
	results := li_03.deny with input as community({"licenseLink": "https://example.com/other"})
		with data.parameters.licenses.recorded as recorded({})
	{result.msg | some result in results} == {sprintf("%s `https://example.com/other`, and approved is %s.", [
		"Model/tiny@2 links the licence",
		link,
	])}
}

test_an_alternative_of_spdx_spares_the_record if {
	either := [{"expression": "MIT OR LicenseRef-Ours", "alternatives": [["LicenseRef-Ours"], ["MIT"]]}]
	both := [{"expression": "MIT AND LicenseRef-Ours", "alternatives": [["LicenseRef-Ours", "MIT"]]}]
	count(li_03.deny) == 0 with input as fixtures.changed(expressions, either)
	count(li_03.deny) > 0 with input as fixtures.changed(expressions, both)
}

test_other_names_nothing if {
	results := li_03.deny with input as fixtures.changed(expressions, [{"expression": "other", "alternatives": null}])
	{result.msg | some result in results} == {sprintf("%s, under which nothing can be recorded; write `LicenseRef-...`.", [
		"Model/tiny@2 has the licence `other`",
	])}
	spelled := [{"expression": "Other", "alternatives": [["Other"]]}]
	count(li_03.deny) > 0 with input as fixtures.changed(expressions, spelled)
}

test_another_spelling_of_licenseref_is_a_licence_of_its_own if {
	spelled := [{"expression": "LICENSEREF-ours", "alternatives": [["LICENSEREF-ours"]]}]
	count(li_03.deny) > 0 with input as fixtures.changed(expressions, spelled)
}

test_a_dataset_needs_a_link if {
	document := json.patch(fixtures.changed("/derived/licenses/Dataset~1facts@1/expressions", ours), [{
		"op": "add",
		"path": "/resources/Dataset~1facts@1/spec/licenseLink",
		"value": link,
	}])
	count(li_03.deny) == 0 with input as document with data.parameters.licenses.recorded as recorded({})
	without := json.patch(document, [{"op": "remove", "path": "/resources/Dataset~1facts@1/spec/licenseLink"}])
	results := li_03.deny with input as without with data.parameters.licenses.recorded as recorded({})
	{result.path | some result in results} == {["spec", "licenseLink"]}
}

test_the_licence_of_an_adapter_is_told_by_the_record if {
	document := json.patch(fixtures.good, [
		{"op": "add", "path": "/deployments/0/resources/-", "value": "Adapter/tone@1"},
		{"op": "add", "path": "/resources/Adapter~1tone@1", "value": {"kind": "Adapter", "spec": {}}},
		{"op": "add", "path": "/derived/licenses/Adapter~1tone@1", "value": {"field": "licenses", "expressions": ours}},
	])
	count(li_03.deny) == 0 with input as document with data.parameters.licenses.recorded as recorded({})
	count(li_03.deny) > 0 with input as document
}

test_a_file_without_records_records_nothing if {
	count(li_03.deny) > 0 with input as community({}) with data.parameters.licenses as {"allowed": []}
}

test_a_document_without_today_is_denied if count(li_03.deny) > 0 with input as fixtures.without("/clock/today")

test_a_document_without_licences_is_denied if {
	count(li_03.deny) > 0 with input as fixtures.without("/derived/licenses")
}

test_an_empty_document_is_denied if count(li_03.deny) > 0 with input as {}

ours := [{"expression": "LicenseRef-Ours", "alternatives": [["LicenseRef-Ours"]]}]

community(spec) := json.patch(fixtures.changed(expressions, ours), [{
	"op": "replace",
	"path": "/resources/Model~1tiny@2/spec",
	"value": object.union(
		object.union(fixtures.model.spec, {"licenseName": "Community 1", "licenseLink": link}),
		spec,
	),
}])

recorded(differences) := {"LicenseRef-Ours": object.union(
	{
		"name": "Community 1",
		"link": link,
		"approvedBy": "legal@example.com",
		"approvedOn": "2026-11-01",
		"limits": ["No more than a million users."],
	},
	differences,
)}
