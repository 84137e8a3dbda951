package trueup.rules.ro_04_test

import data.trueup.fixtures
import data.trueup.rules.ro_04

rollout := "/resources/Deployment~1prod~1support/spec/rollout"

test_a_rollout_without_copies_passes if count(ro_04.deny) == 0 with input as fixtures.good

test_a_shadow_that_only_listens_passes if {
	count(ro_04.deny) == 0 with input as shadow({})
	count(ro_04.deny) == 0 with input as shadow({"sideEffects": "disabled", "retention": "30d"})
	count(ro_04.deny) == 0 with input as shadow({"retention": "1w2d12h"})
	count(ro_04.deny) == 0 with input as fixtures.changed(rollout, {"strategy": "shadow"})
}

test_a_shadow_that_may_act_is_denied if {
	results := ro_04.deny with input as shadow({"sideEffects": "enabled"})
	{r.path | some r in results} == {["spec", "rollout", "mirror", "sideEffects"]}
	{r.msg | some r in results} == {"A copy of a request may act a second time: side effects are `enabled`."}
	count(ro_04.deny) == 1 with input as shadow({"sideEffects": null})
}

test_copies_of_a_canary_are_copies_too if {
	mirror := {"sideEffects": "enabled"}
	document := fixtures.changed(rollout, {"strategy": "canary", "steps": [{"setWeight": 5}], "mirror": mirror})
	count(ro_04.deny) == 1 with input as document
}

test_answers_that_are_kept_too_long_are_denied if {
	results := ro_04.deny with input as shadow({"retention": "31d"})
	{r.msg | some r in results} == {"Answers to copies are kept for `31d`; at most 30 days are allowed."}
	count(ro_04.deny) == 1 with input as shadow({"retention": "30d1ms"})
}

test_a_time_that_nobody_can_read_is_too_long if {
	count(ro_04.deny) == 1 with input as shadow({"retention": "for ever"})
	count(ro_04.deny) == 1 with input as shadow({"retention": 30})
	count(ro_04.deny) == 1 with input as shadow({"retention": null})
	count(ro_04.deny) == 1 with input as shadow({"retention": ""})
}

test_copies_that_nobody_can_read_are_denied if {
	count(ro_04.deny) > 0 with input as shadow("all")
	count(ro_04.deny) > 0 with input as shadow([])
}

test_without_copies_declared_there_are_none if count(ro_04.deny) == 0 with input as shadow(null)

test_a_document_without_its_parts_is_denied if {
	count(ro_04.deny) > 0 with input as {}
	count(ro_04.deny) > 0 with input as fixtures.without("/deployments")
	count(ro_04.deny) > 0 with input as fixtures.without("/resources")
}

test_a_deployment_that_does_not_change_is_not_asked if {
	document := json.patch(shadow({"sideEffects": "enabled"}), [{
		"op": "replace",
		"path": "/deployments/0/changed",
		"value": false,
	}])
	count(ro_04.deny) == 0 with input as document
}

shadow(mirror) := fixtures.changed(rollout, {"strategy": "shadow", "mirror": mirror})
