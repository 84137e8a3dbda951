package trueup.rules.rg_02_test

import data.trueup.fixtures
import data.trueup.rules.rg_02

spec := "/resources/System~1support-assistant/spec"

with_purposes(categories) := fixtures.changed("/derived/purposes/0/categories", categories)

used_in(document, places) := json.patch(document, [
	{"op": "replace", "path": concat("/", [spec, "jurisdictions"]), "value": places},
])

test_an_ordinary_purpose_passes if count(rg_02.deny) == 0 with input as fixtures.good

test_a_prohibited_purpose_is_denied_with_its_article if {
	results := rg_02.deny with input as with_purposes(["chat", "social-scoring"])
	count(results) == 1
	some result in results
	result.severity == "critical"
	result.address == "System/support-assistant"
	result.path == ["spec", "purposeCategories"]
	result.effectiveFrom == "2025-02-02"
	contains(result.msg, "Art. 5(1)(c)")
}

test_it_is_as_prohibited_in_dev if {
	results := rg_02.deny with input as fixtures.in_tier(with_purposes(["social-scoring"]), "dev")
	{r.severity | some r in results} == {"critical"}
}

test_what_is_added_later_says_from_when if {
	results := rg_02.deny with input as with_purposes(["nudification", "child-sexual-abuse-material"])
	count(results) == 2
	{r.effectiveFrom | some r in results} == {"2026-12-02"}
}

test_a_purpose_is_recognised_in_other_spellings if {
	every spelling in ["social_scoring", "Social Scoring", " social scoring ", "SOCIAL-SCORING", "social--scoring"] {
		results := rg_02.deny with input as with_purposes([spelling])
		{r.severity | some r in results} == {"critical"}
	}
}

test_a_member_state_a_part_of_it_and_a_place_nobody_knows_are_the_union_too if {
	every places in [["DE"], ["US", "fr"], ["AT-9"], ["Europe"], ["worldwide", "US"], [], "US", null, ["US", 5]] {
		results := rg_02.deny with input as used_in(with_purposes(["social-scoring"]), places)
		{r.severity | some r in results} == {"critical"}
	}
}

test_law_of_the_union_does_not_hold_elsewhere if {
	count(rg_02.deny) == 0 with input as used_in(with_purposes(["social-scoring"]), ["US", "GB"])
	count(rg_02.deny) == 0 with input as used_in(with_purposes([]), ["US-CA"])
	count(rg_02.deny) == 0 with input as used_in(with_purposes(["something-else"]), ["US-CA"])
}

test_a_system_declared_as_prohibited_is_denied_anywhere if {
	document := fixtures.changed(concat("/", [spec, "riskClass"]), "Prohibited")
	results := rg_02.deny with input as used_in(document, ["US"])
	{r.path | some r in results} == {["spec", "riskClass"]}
	{r.severity | some r in results} == {"critical"}
}

test_a_system_without_purposes_is_denied if {
	every categories in [[], null, "social-scoring", ["tbd"], [""], [null]] {
		results := rg_02.deny with input as with_purposes(categories)
		count(results) == 1
		some result in results
		result.severity == "critical"
		contains(result.msg, "does not say in `purposeCategories` what it is for")
	}
}

test_a_system_without_facts_of_its_purpose_is_denied if {
	count(rg_02.deny) == 1 with input as fixtures.changed("/derived/purposes", [])
	count(rg_02.deny) == 1 with input as fixtures.changed("/derived/purposes/0/address", "System/other")
}

test_outside_production_a_system_without_purposes_is_medium if {
	results := rg_02.deny with input as fixtures.in_tier(with_purposes([]), "staging")
	{r.severity | some r in results} == {"medium"}
}

test_a_purpose_no_list_knows_is_medium if {
	results := rg_02.deny with input as with_purposes(["social-scorring"])
	{r.severity | some r in results} == {"medium"}
}

test_ordinary_purposes_are_data if {
	document := with_purposes(["bird-watching"])
	count(rg_02.deny) == 0 with input as document with data.parameters.purposes.ordinary as ["bird-watching"]
}

test_high_risk_purposes_and_those_nobody_talks_to_are_known if {
	count(rg_02.deny) == 0 with input as with_purposes(["employment", "batch-processing"])
}

test_what_runs_unchanged_is_not_judged_again if {
	document := json.patch(with_purposes(["social-scoring"]), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(rg_02.deny) == 0 with input as document
}

test_a_document_without_purposes_is_denied if count(rg_02.deny) > 0 with input as fixtures.without("/derived/purposes")

test_an_empty_document_is_denied if count(rg_02.deny) > 0 with input as {}
