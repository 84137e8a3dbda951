package trueup.rules.rg_03_test

import data.trueup.fixtures
import data.trueup.rules.rg_03

spec := "/resources/System~1support-assistant/spec"

notice := concat("/", [spec, "transparency", "notice"])

test_a_system_with_a_notice_passes if count(rg_03.deny) == 0 with input as fixtures.good

test_a_system_without_a_notice_is_denied if {
	every part in [notice, concat("/", [spec, "transparency"])] {
		results := rg_03.deny with input as fixtures.without(part)
		count(results) == 1
		some result in results
		result.severity == "high"
		result.address == "System/support-assistant"
		result.path == ["spec", "transparency", "notice"]
		result.effectiveFrom == "2026-08-02"
		contains(result.msg, "Art. 50(1)")
	}
}

test_a_notice_that_says_nothing_is_none if {
	every words in ["", " ", "none", "N/A", "TODO", "-", null, true, ["Hello"]] {
		count(rg_03.deny) == 1 with input as fixtures.changed(notice, words)
	}
}

test_outside_production_it_is_medium if {
	{r.severity | some r in rg_03.deny} == {"medium"} with input as fixtures.in_tier(fixtures.without(notice), "dev")
}

test_outside_the_union_no_notice_is_asked_for if {
	document := json.patch(fixtures.without(notice), [
		{"op": "replace", "path": concat("/", [spec, "jurisdictions"]), "value": ["US"]},
	])
	count(rg_03.deny) == 0 with input as document
}

test_a_place_nobody_knows_counts_as_the_union if {
	document := json.patch(fixtures.without(notice), [
		{"op": "replace", "path": concat("/", [spec, "jurisdictions"]), "value": ["everywhere"]},
	])
	count(rg_03.deny) == 1 with input as document
}

test_a_system_nobody_talks_to_needs_none if {
	document := json.patch(fixtures.without(notice), [
		{"op": "replace", "path": "/derived/purposes/0/categories", "value": ["batch-processing", "indexing"]},
	])
	count(rg_03.deny) == 0 with input as document
}

test_one_purpose_among_others_is_enough_to_need_one if {
	every categories in [["batch-processing", "chat"], [], null] {
		document := json.patch(fixtures.without(notice), [
			{"op": "replace", "path": "/derived/purposes/0/categories", "value": categories},
		])
		count(rg_03.deny) == 1 with input as document
	}
}

test_the_day_is_data if {
	duty := {"text": "a", "article": "b", "jurisdiction": "EU", "from": "2030-01-01"}
	results := rg_03.deny with input as fixtures.without(notice)
		with data.parameters.regulation.duties.ai_notice as duty
	{r.effectiveFrom | some r in results} == {"2030-01-01"}
}

test_what_runs_unchanged_is_not_judged_again if {
	document := json.patch(fixtures.without(notice), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(rg_03.deny) == 0 with input as document
}

test_a_document_without_purposes_is_denied if count(rg_03.deny) > 0 with input as fixtures.without("/derived/purposes")

test_an_empty_document_is_denied if count(rg_03.deny) > 0 with input as {}
