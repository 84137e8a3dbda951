package trueup.rules.ro_02_test

import data.trueup.fixtures
import data.trueup.rules.ro_02

rollout := "/resources/Deployment~1prod~1support/spec/rollout"

analysis := {"metrics": [{"name": "error_rate", "successCondition": "<= 0.01"}]}

test_a_canary_with_an_analysis_passes if count(ro_02.deny) == 0 with input as fixtures.good

test_all_traffic_at_once_is_denied if {
	results := ro_02.deny with input as fixtures.changed(rollout, {"strategy": "blueGreen"})
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "rollout", "strategy"]
	result.severity == "high"
}

test_a_deployment_without_a_rollout_is_denied if {
	count(ro_02.deny) == 1 with input as fixtures.without(rollout)
	count(ro_02.deny) > 0 with input as fixtures.without("/resources/Deployment~1prod~1support")
}

test_steps_of_another_strategy_are_no_steps if {
	count(ro_02.deny) == 1 with input as fixtures.changed(concat("/", [rollout, "strategy"]), "shadow")
	count(ro_02.deny) == 1 with input as fixtures.changed(concat("/", [rollout, "strategy"]), "Canary")
}

test_a_first_step_that_is_too_large_is_denied if {
	results := ro_02.deny with input as steps([{"setWeight": 10.5}, {"setWeight": 50}])
	{r.msg | some r in results} == {"The first step gets 10.5 % of the traffic; at most 10 % is allowed."}
	count(ro_02.deny) == 1 with input as steps([{"setWeight": 0}, {"setWeight": 50}, {"setWeight": 100}])
}

test_one_step_is_not_progressive if {
	results := ro_02.deny with input as steps([{"setWeight": 10}])
	{r.msg | some r in results} == {"The rollout has 1 step(s); at least 2 are wanted."}
	count(ro_02.deny) == 1 with input as steps([{"setWeight": 10}, {"pause": {"duration": "1h"}}, {"setWeight": 10}])
	count(ro_02.deny) == 0 with input as steps([{"setWeight": 10}, {"setWeight": 100}])
}

test_a_canary_without_steps_is_denied if {
	count(ro_02.deny) == 2 with input as steps([])
	count(ro_02.deny) == 2 with input as fixtures.without(concat("/", [rollout, "steps"]))
	count(ro_02.deny) == 2 with input as steps("all")
	count(ro_02.deny) == 2 with input as steps([{"setWeight": "10"}, {"setWeight": "50"}])
}

test_each_step_has_an_analysis_when_none_holds_all_the_time if {
	complete := [{"setWeight": 5, "analysis": analysis}, {"setWeight": 50}, {"pause": {}}, {"analysis": analysis}]
	count(ro_02.deny) == 0 with input as alone(complete)
	late := [{"setWeight": 5}, {"setWeight": 50}, {"analysis": analysis}]
	results := ro_02.deny with input as alone(late)
	{r.path | some r in results} == {["spec", "rollout", "steps", 0]}
	results_early := ro_02.deny with input as alone([{"setWeight": 5, "analysis": analysis}, {"setWeight": 50}])
	{r.path | some r in results_early} == {["spec", "rollout", "steps", 1]}
}

test_the_step_with_all_traffic_needs_no_analysis if {
	count(ro_02.deny) == 0 with input as alone([{"setWeight": 5, "analysis": analysis}, {"setWeight": 100}])
}

test_an_analysis_that_cannot_fail_is_none if {
	path := concat("/", [rollout, "analysis"])
	count(ro_02.deny) == 2 with input as fixtures.changed(path, {"metrics": []})
	count(ro_02.deny) == 2 with input as fixtures.changed(path, {"minRequests": 100})
	count(ro_02.deny) == 2 with input as fixtures.changed(path, null)
	nameless := fixtures.changed(path, {"metrics": [{"name": "error_rate"}]})
	count(ro_02.deny) == 2 with input as nameless
	forgiving := object.union(analysis.metrics[0], {"failureLimit": 1000})
	count(ro_02.deny) == 2 with input as fixtures.changed(path, {"metrics": [forgiving]})
}

test_a_first_release_takes_no_traffic_from_another if {
	document := json.patch(fixtures.without(rollout), [{"op": "replace", "path": "/deployments/0/fromRelease", "value": ""}])
	count(ro_02.deny) == 0 with input as document
}

test_a_release_that_does_not_say_what_it_replaces_needs_steps if {
	document := json.patch(fixtures.without(rollout), [{"op": "remove", "path": "/deployments/0/fromRelease"}])
	count(ro_02.deny) == 1 with input as document
}

test_a_rollback_moves_at_once if {
	document := json.patch(fixtures.without(rollout), [{
		"op": "replace",
		"path": "/deployments/0/movement",
		"value": "rollback",
	}])
	count(ro_02.deny) == 0 with input as document
}

test_outside_production_traffic_may_move_at_once if {
	count(ro_02.deny) == 0 with input as fixtures.in_tier(fixtures.without(rollout), "staging")
}

test_an_unknown_tier_is_production if {
	count(ro_02.deny) == 1 with input as fixtures.in_tier(fixtures.without(rollout), "Staging")
	count(ro_02.deny) > 0 with input as fixtures.without("/environment/tier")
}

test_an_empty_document_is_denied if count(ro_02.deny) > 0 with input as {}

steps(list) := fixtures.changed(concat("/", [rollout, "steps"]), list)

# The steps and no analysis that holds all the time.
alone(list) := fixtures.changed(rollout, {"strategy": "canary", "steps": list})
