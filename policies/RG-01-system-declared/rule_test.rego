package trueup.rules.rg_01_test

import data.trueup.fixtures
import data.trueup.rules.rg_01

system := "/resources/System~1support-assistant"

test_a_declared_system_passes if count(rg_01.deny) == 0 with input as fixtures.good

test_a_deployment_without_system_is_denied if {
	results := rg_01.deny with input as fixtures.without("/resources/Deployment~1prod~1support/spec/system")
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "system"]
	result.severity == "critical"
}

test_outside_production_it_is_medium if {
	document := fixtures.in_tier(fixtures.without("/resources/Deployment~1prod~1support/spec/system"), "dev")
	{r.severity | some r in rg_01.deny} == {"medium"} with input as document
}

test_a_system_that_is_not_declared_is_denied if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/resources/Deployment~1prod~1support/spec/system", "value": "other"},
	])
	results := rg_01.deny with input as document
	some result in results
	result.msg == "System/other is not declared."
}

test_a_system_without_a_field_is_denied if {
	every part in ["spec/intendedPurpose", "spec/operatorRole", "spec/riskClass", "metadata/owner"] {
		results := rg_01.deny with input as fixtures.without(concat("/", [system, part]))
		some result in results
		result.address == "System/support-assistant"
		result.path == split(part, "/")
	}
}

test_a_system_without_jurisdictions_is_denied if {
	count(rg_01.deny) > 0 with input as fixtures.without(concat("", [system, "/spec/jurisdictions"]))
	count(rg_01.deny) > 0 with input as fixtures.changed(concat("", [system, "/spec/jurisdictions"]), [])
}

test_jurisdictions_that_are_a_text_are_none if {
	count(rg_01.deny) == 1 with input as fixtures.changed(concat("", [system, "/spec/jurisdictions"]), "EU")
}

test_a_place_nobody_knows_is_denied_where_it_stands if {
	every place in ["Europe", "worldwide", "XX", "", "E", " EU", 5, null] {
		results := rg_01.deny with input as fixtures.changed(concat("", [system, "/spec/jurisdictions"]), ["US", place])
		{r.path | some r in results} == {["spec", "jurisdictions", 1]}
	}
}

test_countries_and_their_parts_are_places if {
	places := ["EU", "de", "US-CA", "GB-ENG", "NO"]
	count(rg_01.deny) == 0 with input as fixtures.changed(concat("", [system, "/spec/jurisdictions"]), places)
}

test_words_that_law_does_not_have_are_denied if {
	every part, words in {
		"riskClass": ["low", "High-Annex-III", "", null, ["minimal"]],
		"operatorRole": ["vendor", "Deployer"],
	} {
		every word in words {
			results := rg_01.deny with input as fixtures.changed(concat("/", [system, "spec", part]), word)
			{r.path | some r in results} == {["spec", part]}
		}
	}
}

test_words_that_say_nothing_are_no_purpose_and_no_owner if {
	every part in ["spec/intendedPurpose", "metadata/owner"] {
		every word in ["TBD", "n/a", "  ", "-", "<todo>", "TODO."] {
			count(rg_01.deny) == 1 with input as fixtures.changed(concat("/", [system, part]), word)
		}
	}
}

test_a_system_that_is_no_document_is_not_declared if {
	results := rg_01.deny with input as fixtures.changed(system, "support")
	some result in results
	result.msg == "System/support-assistant is not declared."
}

test_what_runs_unchanged_is_not_judged_again if {
	document := json.patch(fixtures.without(concat("", [system, "/spec/riskClass"])), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(rg_01.deny) == 0 with input as document
}

test_an_empty_document_is_denied if count(rg_01.deny) > 0 with input as {}
