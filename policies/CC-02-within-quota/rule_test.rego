package trueup.rules.cc_02_test

import data.trueup.fixtures
import data.trueup.rules.cc_02

capacity := "/derived/capacity"

set(patches) := json.patch(fixtures.good, [{"op": "replace", "path": concat("", [capacity, path]), "value": value} |
	some path, value in patches
])

test_within_the_quota_passes if count(cc_02.deny) == 0 with input as fixtures.good

test_a_quota_may_be_used_to_the_last if count(cc_02.deny) == 0 with input as set({"/demand/replicas": 4})

test_more_servers_than_the_quota_are_denied_with_both_numbers if {
	results := cc_02.deny with input as set({"/demand/replicas": 5})
	{r.msg | some r in results} == {"At their most servers all deployments take 5 servers, and the quota is 4."}
	{r.path | some r in results} == {["spec", "quota", "replicas"]}
	{r.address | some r in results} == {"Environment/prod"}
	{r.severity | some r in results} == {"high"}
}

test_every_resource_with_a_quota_is_compared if {
	every key, path in {
		"accelerators": "accelerators",
		"cpuMillis": "cpu",
		"memoryMiB": "memory",
		"storageMiB": "storage",
	} {
		document := set({sprintf("/demand/%s", [key]): 9, sprintf("/quota/%s", [key]): 8})
		{r.path | some r in cc_02.deny} == {["spec", "quota", path]} with input as document
	}
}

test_a_quota_of_nothing_is_a_quota if {
	count(cc_02.deny) == 1 with input as set({"/demand/accelerators": 1, "/quota/accelerators": 0})
}

test_a_demand_nobody_knows_is_denied_where_there_is_a_quota if {
	results := cc_02.deny with input as set({"/demand/replicas": null})
	some result in results
	contains(result.msg, "take an unknown number of servers")
}

test_a_quota_that_is_a_text_holds_nothing if count(cc_02.deny) == 1 with input as set({"/quota/replicas": "100"})

test_accelerators_without_a_quota_are_denied if {
	results := cc_02.deny with input as set({"/demand/accelerators": 2})
	{r.path | some r in results} == {["spec", "quota", "accelerators"]}
	{r.severity | some r in results} == {"high"}
}

test_accelerators_without_a_quota_are_medium_outside_production if {
	document := fixtures.in_tier(set({"/demand/accelerators": 2}), "staging")
	{r.severity | some r in cc_02.deny} == {"medium"} with input as document
}

test_a_number_of_accelerators_nobody_knows_is_denied if {
	count(cc_02.deny) == 1 with input as set({"/demand/accelerators": null})
}

test_more_of_a_product_than_there_is_is_denied if {
	results := cc_02.deny with input as set({"/bySku": {"h100": {"demand": 9, "available": 8}}})
	{r.msg | some r in results} == {"All deployments take 9 accelerators `h100`, and the environment has 8."}
	{r.path | some r in results} == {["spec", "accelerators"]}
	count(cc_02.deny) == 0 with input as set({"/bySku": {"h100": {"demand": 8, "available": 8}}})
}

test_a_product_the_environment_does_not_have_is_denied if {
	count(cc_02.deny) == 1 with input as set({"/bySku": {"h100": {"demand": 1, "available": null}}})
	count(cc_02.deny) == 1 with input as set({"/bySku": {"h100": {"demand": 1}}})
	count(cc_02.deny) == 1 with input as set({"/bySku": {"h100": null}})
}

test_servers_without_an_upper_end_are_denied if {
	results := cc_02.deny with input as set({"/unbounded": [fixtures.deployment]})
	{r.path | some r in results} == {["spec", "scaling", "maxReplicas"]}
	{r.address | some r in results} == {fixtures.deployment}
}

test_another_deployment_without_an_upper_end_is_not_this_plans if {
	count(cc_02.deny) == 0 with input as set({"/unbounded": ["Deployment/prod/other"]})
}

test_a_plan_that_rolls_nothing_out_is_not_judged if {
	document := json.patch(set({"/demand/replicas": 5, "/demand/accelerators": 1, "/bySku": {"a": {}}}), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(cc_02.deny) == 0 with input as document
}

test_a_document_without_the_facts_is_denied if {
	every part in ["demand", "quota", "unbounded", "bySku"] {
		count(cc_02.deny) > 0 with input as fixtures.without(concat("/", [capacity, part]))
	}
	count(cc_02.deny) > 0 with input as fixtures.without("/environment/name")
}

test_an_empty_document_is_denied if count(cc_02.deny) > 0 with input as {}
