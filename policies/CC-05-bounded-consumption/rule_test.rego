package trueup.rules.cc_05_test

import data.trueup.fixtures
import data.trueup.rules.cc_05

limits := "/deployments/0/route/limits"

budget := "/environment/settings/budget"

test_a_route_with_limits_and_a_budget_passes if count(cc_05.deny) == 0 with input as fixtures.good

test_a_route_without_one_limit_is_denied_at_its_field if {
	every limit in ["maxTokens", "requestsPerMinute", "timeoutSeconds"] {
		results := cc_05.deny with input as fixtures.without(concat("/", [limits, limit]))
		{r.path | some r in results} == {["spec", "gateway", "limits", limit]}
		{r.address | some r in results} == {fixtures.deployment}
		{r.severity | some r in results} == {"high"}
	}
}

test_a_route_without_limits_names_all_three if {
	count(cc_05.deny) == 3 with input as fixtures.without(limits)
	count(cc_05.deny) == 3 with input as fixtures.without("/deployments/0/route")
	count(cc_05.deny) == 3 with input as fixtures.changed(limits, null)
}

test_a_limit_that_holds_nobody_is_none if {
	every value in [0, 0 - 1, "512", true, [512], 1000000000] {
		count(cc_05.deny) == 1 with input as fixtures.changed(concat("/", [limits, "maxTokens"]), value)
	}
}

test_the_largest_limit_passes if {
	count(cc_05.deny) == 0 with input as fixtures.changed(concat("/", [limits, "timeoutSeconds"]), 900)
}

test_what_is_the_largest_is_data if {
	results := cc_05.deny with input as fixtures.good with data.parameters.limits.most as {"maxTokens": 100}
	{r.msg | some r in results} == {"Clients are granted 512 of `maxTokens`; at most 100 is wanted."}
}

test_an_environment_without_a_budget_is_denied if {
	results := cc_05.deny with input as fixtures.without(budget)
	{r.address | some r in results} == {"Environment/prod"}
	{r.path | some r in results} == {["spec", "budget"]}
	{r.severity | some r in results} == {"high"}
}

test_a_budget_without_an_amount_or_a_time_is_none if {
	every value in [
		null,
		{},
		{"maxBudget": "100", "budgetDuration": "30d"},
		{"maxBudget": 100},
		{"maxBudget": 0 - 1, "budgetDuration": "30d"},
	] {
		count(cc_05.deny) == 1 with input as fixtures.changed(budget, value)
	}
}

test_outside_production_it_is_medium if {
	document := fixtures.in_tier(json.patch(fixtures.without(budget), [{"op": "remove", "path": limits}]), "staging")
	results := cc_05.deny with input as document
	count(results) == 4
	{r.severity | some r in results} == {"medium"}
}

test_what_runs_unchanged_is_not_judged_again if {
	document := json.patch(fixtures.without(budget), [
		{"op": "remove", "path": limits},
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(cc_05.deny) == 0 with input as document
}

test_a_document_without_settings_is_denied if {
	count(cc_05.deny) > 0 with input as fixtures.without("/environment/settings")
}

test_an_empty_document_is_denied if count(cc_05.deny) > 0 with input as {}
