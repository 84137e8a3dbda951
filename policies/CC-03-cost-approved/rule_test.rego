package trueup.rules.cc_03_test

import data.trueup.fixtures
import data.trueup.rules.cc_03

# 900.00 more a month, above the limit and within the budget.
costs := {"monthlyBefore": 0, "monthlyAfter": 90000, "monthlyDelta": 90000, "monthlyBudget": 100000}

priced(changes) := json.patch(fixtures.good, [{
	"op": "replace",
	"path": "/derived/cost",
	"value": object.union({"currency": "USD", "unpriced": []}, object.union(costs, changes)),
}])

fin := {"by": "Fin <fin@example.com>", "email": "fin@example.com", "roles": ["finops"], "signed": false, "isAuthor": false}

approved_by(approval) := json.patch(priced({}), [{
	"op": "add",
	"path": "/approvals/-",
	"value": object.union(fin, approval),
}])

test_what_costs_no_more_passes if count(cc_03.deny) == 0 with input as fixtures.good

test_an_increase_up_to_the_limit_passes if {
	count(cc_03.deny) == 0 with input as priced({"monthlyDelta": 50000})
}

test_an_increase_above_the_limit_is_denied_with_both_amounts if {
	results := cc_03.deny with input as priced({})
	wanted := "A month costs 900.00 USD more, and above 500.00 USD somebody of the role `finops` has to approve."
	{r.msg | some r in results} == {wanted}
	{r.address | some r in results} == {"Environment/prod"}
	{r.severity | some r in results} == {"high"}
}

test_it_is_as_dear_outside_production if {
	{r.severity | some r in cc_03.deny} == {"high"} with input as fixtures.in_tier(priced({}), "dev")
}

test_an_approval_by_finops_lets_it_pass if {
	count(cc_03.deny) == 0 with input as approved_by({})
	count(cc_03.deny) == 0 with input as approved_by({"roles": ["risk-owner", "finops"]})
}

test_an_approval_by_another_role_does_not if {
	count(cc_03.deny) == 1 with input as approved_by({"roles": ["risk-owner"]})
	count(cc_03.deny) == 1 with input as approved_by({"roles": []})
	count(cc_03.deny) == 1 with input as approved_by({"email": ""})
}

test_an_approval_by_an_author_does_not_count if {
	count(cc_03.deny) == 1 with input as approved_by({"isAuthor": true})
	count(cc_03.deny) == 1 with input as approved_by({"isAuthor": null})
	count(cc_03.deny) == 1 with input as approved_by({"email": "ADA@example.com"})
}

test_roles_that_are_a_text_are_none if count(cc_03.deny) == 1 with input as approved_by({"roles": "finops"})

test_a_currency_without_a_limit_needs_an_approval_for_any_increase if {
	count(cc_03.deny) == 1 with input as priced({"currency": "SEK", "monthlyDelta": 1})
	count(cc_03.deny) == 1 with input as priced({"currency": "usd", "monthlyDelta": 1})
	count(cc_03.deny) == 1 with input as priced({"currency": null, "monthlyDelta": 1})
	count(cc_03.deny) == 0 with input as priced({"currency": "SEK", "monthlyDelta": 0})
}

test_a_cost_nobody_can_tell_is_denied_with_what_has_no_price if {
	unknown := {"monthlyDelta": null, "monthlyBudget": null, "unpriced": ["h100"]}
	results := cc_03.deny with input as priced(unknown)
	wanted := "Nobody can tell what this costs: h100 without a price, so somebody of the role `finops` has to approve."
	{r.msg | some r in results} == {wanted}
	{r.path | some r in results} == {["spec", "accelerators"]}
	{r.severity | some r in cc_03.deny} == {"medium"} with input as fixtures.in_tier(priced(unknown), "dev")
	count(cc_03.deny) == 1 with input as priced({"monthlyDelta": "0"})
}

test_a_cost_above_the_budget_is_denied_even_when_approved if {
	document := json.patch(approved_by({}), [{"op": "replace", "path": "/derived/cost/monthlyBudget", "value": 80000}])
	results := cc_03.deny with input as document
	{r.msg | some r in results} == {"A month would cost 900.00 USD, and the budget is 800.00 USD."}
	{r.path | some r in results} == {["spec", "budget", "maxBudget"]}
}

test_a_budget_holds_small_increases_too if {
	count(cc_03.deny) == 1 with input as priced({"monthlyDelta": 1, "monthlyBudget": 80000})
}

test_a_budget_of_nothing_is_a_budget if {
	count(cc_03.deny) == 1 with input as priced({"monthlyDelta": 1, "monthlyAfter": 1, "monthlyBudget": 0})
}

test_who_takes_less_is_not_held_up_by_the_budget if {
	count(cc_03.deny) == 0 with input as priced({"monthlyDelta": 0 - 1, "monthlyBudget": 80000})
}

test_a_sum_nobody_knows_keeps_to_no_budget if {
	count(cc_03.deny) == 1 with input as priced({"monthlyAfter": null, "monthlyDelta": 1})
	count(cc_03.deny) == 1 with input as priced({"monthlyBudget": "80000", "monthlyDelta": 1})
}

test_the_limit_is_data if {
	count(cc_03.deny) == 0 with input as priced({}) with data.parameters.cost.approval_above as {"USD": 100000}
}

test_a_plan_that_rolls_nothing_out_is_not_judged if {
	still := [{"op": "replace", "path": "/deployments/0/changed", "value": false}]
	count(cc_03.deny) == 0 with input as json.patch(priced({"monthlyBudget": 1}), still)
	count(cc_03.deny) == 0 with input as json.patch(priced({"monthlyDelta": null, "monthlyBudget": null}), still)
}

test_a_document_without_costs_or_approvals_is_denied if {
	count(cc_03.deny) > 0 with input as fixtures.without("/derived/cost")
	count(cc_03.deny) > 0 with input as fixtures.without("/approvals")
	count(cc_03.deny) > 0 with input as fixtures.without("/change/commits")
}

test_an_empty_document_is_denied if count(cc_03.deny) > 0 with input as {}
