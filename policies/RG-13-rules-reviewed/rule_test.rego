package trueup.rules.rg_13_test

import data.trueup.fixtures
import data.trueup.rules.rg_13

rule := "/policies/rules/0"

with_age(days) := fixtures.changed(concat("/", [rule, "reviewAgeDays"]), days)

with_control(control) := fixtures.changed(concat("/", [rule, "controls"]), ["OWASP LLM03:2025", control])

test_rules_reviewed_of_late_pass if {
	count(rg_13.deny) == 0 with input as fixtures.good
	count(rg_13.warn) == 0 with input as fixtures.good
}

test_a_review_may_be_as_old_as_the_limit if count(rg_13.warn) == 0 with input as with_age(180)

test_an_older_review_warns_with_the_names_of_the_rules if {
	document := json.patch(with_age(181), [
		{"op": "add", "path": "/policies/rules/-", "value": {"id": "AB-01", "reviewAgeDays": 999}},
	])
	results := rg_13.warn with input as document
	{r.msg | some r in results} == {"Reviewed more than 180 days ago: AB-01, SC-01."}
	{r.severity | some r in results} == {"medium"}
	count(rg_13.deny) == 0 with input as document
}

test_the_limit_is_data if count(rg_13.warn) == 1 with input as with_age(12) with data.parameters.days.review as 11

test_a_rule_nobody_reviewed_is_named if {
	every age in [null, "12", 0 - 1] {
		results := rg_13.warn with input as with_age(age)
		{r.msg | some r in results} == {"Nobody says when these were reviewed: SC-01."}
		{r.severity | some r in results} == {"low"}
	}
	count(rg_13.warn) == 1 with input as fixtures.without(concat("/", [rule, "reviewAgeDays"]))
}

test_a_repealed_text_is_named_with_what_took_its_place if {
	results := rg_13.warn with input as with_control("SR 11-7 section V")
	some result in results
	contains(result.msg, "SC-01 cites `SR 11-7 section V`")
	contains(result.msg, "SR 26-2 and OCC 2026-13")
	result.severity == "medium"
}

test_a_repealed_text_is_found_in_other_spellings if {
	every control in ["Federal Reserve SR11-7", "sr 11–7", "Colorado SB24-205", "Colo. S.B. 24-205"] {
		count(rg_13.warn) == 1 with input as with_control(control)
	}
}

test_texts_that_took_their_place_pass if {
	every control in ["SR 26-2", "OCC 2026-13", "Colorado SB 26-189"] {
		count(rg_13.warn) == 0 with input as with_control(control)
	}
}

test_dates_of_law_are_reviewed_too if {
	count(rg_13.warn) == 0 with input as fixtures.changed("/clock/today", "2027-05-19")
	count(rg_13.warn) == 1 with input as fixtures.changed("/clock/today", "2027-05-20")
	count(rg_13.warn) == 1 with input as fixtures.changed("/clock/today", "2030-01-01")
}

test_a_document_that_names_no_rules_is_denied if {
	results := rg_13.deny with input as fixtures.changed("/policies/rules", [])
	{r.severity | some r in results} == {"medium"}
}

test_a_document_without_rules_or_day_is_denied if {
	count(rg_13.deny) > 0 with input as fixtures.without("/policies/rules")
	count(rg_13.deny) > 0 with input as fixtures.without("/clock/today")
}

test_an_empty_document_is_denied if count(rg_13.deny) > 0 with input as {}
