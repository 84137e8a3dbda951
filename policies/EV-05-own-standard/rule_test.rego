package trueup.rules.ev_05_test

import data.trueup.fixtures
import data.trueup.rules.ev_05

lowered := {"address": "Evaluation/facts@1", "kind": "threshold-loosened", "before": 0.8, "after": 0.6}

grace := "/approvals/0"

test_an_unchanged_standard_passes if count(ev_05.deny) == 0 with input as fixtures.good

test_a_release_that_lowers_its_own_standard_is_denied if {
	results := ev_05.deny with input as lowers(lowered)
	some result in results
	result.severity == "critical"
	result.address == "Evaluation/facts@1"
	result.path == ["spec", "metricDecisionThreshold"]
	contains(result.msg, "a threshold is easier to reach (0.8 to 0.6)")
	contains(result.msg, "the same change releases Deployment/prod/support")
}

test_an_approval_does_not_let_both_into_one_change if count(ev_05.deny) == 1 with input as lowers(lowered)

test_a_lower_standard_of_its_own_passes_when_a_risk_owner_agrees if {
	count(ev_05.deny) == 0 with input as alone(lowered)
}

test_a_standard_merged_before_a_release_needs_its_approval_only if {
	apart := [[standard], [own]]
	count(ev_05.deny) == 0 with input as merged(apart)
	count(ev_05.deny) == 1 with input as json.patch(merged(apart), [{"op": "replace", "path": "/approvals", "value": []}])
	count(ev_05.deny) == 1 with input as merged([[standard, own]])
	count(ev_05.deny) == 1 with input as json.patch(merged(apart), [{"op": "replace", "path": "/policies/from", "value": "base"}])
}

test_a_standard_whose_commit_is_not_known_was_changed_with_the_release if {
	count(ev_05.deny) == 1 with input as merged([[own]])
	every place in ["/environment/path", "/deployments/0/path", "/change/truncated", "/change/commits/0/files"] {
		document := json.patch(merged([[standard], [own]]), [{"op": "remove", "path": place}])
		count(ev_05.deny) == 1 with input as document
	}
	every patch in [
		{"op": "replace", "path": "/change/truncated", "value": true},
		{"op": "replace", "path": "/environment/path", "value": own},
	] {
		count(ev_05.deny) == 1 with input as json.patch(merged([[standard], [own]]), [patch])
	}
}

test_a_lower_standard_that_nobody_approved_is_denied if {
	results := ev_05.deny with input as json.patch(alone(lowered), [{"op": "replace", "path": "/approvals", "value": []}])
	some result in results
	contains(result.msg, "nobody of the role `risk-owner` besides its authors approved that")
}

test_an_approval_of_another_role_is_not_enough if {
	count(ev_05.deny) == 1 with input as approved([{"op": "replace", "path": "/approvals/0/roles", "value": ["finops"]}])
	count(ev_05.deny) == 1 with input as approved([{"op": "remove", "path": "/approvals/0/roles"}])
}

test_an_authors_own_approval_does_not_count if {
	count(ev_05.deny) == 1 with input as approved([{"op": "replace", "path": "/approvals/0/isAuthor", "value": true}])
	count(ev_05.deny) == 1 with input as approved([{"op": "remove", "path": "/approvals/0/isAuthor"}])
	count(ev_05.deny) == 1 with input as approved([{"op": "replace", "path": "/approvals/0/email", "value": "ADA@example.com"}])
}

test_an_approval_without_a_person_does_not_count if {
	count(ev_05.deny) == 1 with input as approved([{"op": "replace", "path": "/approvals/0/email", "value": " "}])
	count(ev_05.deny) == 1 with input as approved([{"op": "remove", "path": "/approvals/0/email"}])
}

test_where_signatures_are_asked_for_an_unsigned_approval_does_not_count if {
	unsigned := alone(lowered)
	count(ev_05.deny) == 1 with input as unsigned with data.parameters.approvals.require_signed as true
	signed := approved([{"op": "replace", "path": "/approvals/0/signed", "value": true}])
	count(ev_05.deny) == 0 with input as signed with data.parameters.approvals.require_signed as true
}

test_every_lowering_is_named_once if {
	document := fixtures.changed("/derived/evaluationChanges", [
		lowered,
		{"address": "Environment/prod", "kind": "requirement-removed", "before": "refuses@1", "after": null},
		{"address": "Dataset/facts@1", "kind": "suite-shrunk", "before": 59, "after": 3},
	])
	results := ev_05.deny with input as document
	{[r.address, r.path] | some r in results} == {
		["Evaluation/facts@1", ["spec", "metricDecisionThreshold"]],
		["Environment/prod", ["spec", "evaluations", "required"]],
		["Dataset/facts@1", ["spec", "source"]],
	}
}

test_a_signature_a_judge_and_a_test_that_go_are_lowerings_with_their_place if {
	document := fixtures.changed("/derived/evaluationChanges", [
		{"address": "Environment/prod", "kind": "signature-dropped", "before": true, "after": false},
		{"address": "Evaluation/facts@2", "kind": "judge-changed", "before": {"model": "judge@1"}, "after": null},
		{"address": "Prompt/support@3", "kind": "prompt-test-dropped", "before": {"message": "Hi"}, "after": null},
	])
	results := ev_05.deny with input as document
	{[r.address, r.path] | some r in results} == {
		["Environment/prod", ["spec", "evaluations", "signed"]],
		["Evaluation/facts@2", ["spec", "judge"]],
		["Prompt/support@3", ["spec", "tests"]],
	}
	some signature in results
	contains(signature.msg, "evidence counts without a signature (true to false)")
	some judge in results
	contains(judge.msg, "another judge scores the answers")
	some test in results
	contains(test.msg, "a test of the prompt asks less")
}

test_a_confidence_or_an_effect_that_is_given_up_is_a_lowering if {
	document := fixtures.changed("/derived/evaluationChanges", [
		{
			"address": "Evaluation/facts@2", "kind": "threshold-loosened",
			"before": {"value": 0.8}, "after": {"value": 0.8, "confidence": 0.5},
		},
		{
			"address": "Evaluation/facts@2", "kind": "regression-loosened",
			"before": {"margin": 0}, "after": {"margin": 0, "smallestEffect": 0.2},
		},
	])
	{r.path | some r in ev_05.deny} == {["spec", "metricDecisionThreshold"], ["spec", "regression"]} with input as document
}

test_a_kind_nobody_knows_is_a_lower_standard_too if {
	count(ev_05.deny) == 1 with input as lowers({"address": "Evaluation/facts@1", "kind": "other"})
	results := ev_05.deny with input as lowers("odd")
	{r.address | some r in results} == {"Environment/prod"}
}

test_the_way_back_waits_for_nobody if {
	document := json.patch(lowers(lowered), [
		{"op": "replace", "path": "/approvals", "value": []},
		{"op": "replace", "path": "/deployments/0/movement", "value": "rollback"},
	])
	count(ev_05.deny) == 0 with input as document
}

test_a_rollback_beside_a_release_does_not_excuse_it if {
	other := object.union(fixtures.rollout, {"address": "Deployment/prod/other", "movement": "rollback"})
	document := json.patch(lowers(lowered), [
		{"op": "replace", "path": "/approvals", "value": []},
		{"op": "add", "path": "/deployments/-", "value": other},
	])
	count(ev_05.deny) == 2 with input as document
}

test_elsewhere_it_is_medium if {
	severities := {r.severity | some r in ev_05.deny} with input as fixtures.in_tier(lowers(lowered), "staging")
	severities == {"medium"}
}

test_absent_facts_are_denied if {
	count(ev_05.deny) > 0 with input as fixtures.without("/derived/evaluationChanges")
	count(ev_05.deny) > 0 with input as fixtures.without("/approvals")
	count(ev_05.deny) > 0 with input as fixtures.without("/change/commits")
}

test_an_empty_document_is_denied if count(ev_05.deny) > 0 with input as {}

lowers(one) := fixtures.changed("/derived/evaluationChanges", [one])

# The standard alone changes: the deployment keeps its release.
alone(one) := json.patch(lowers(one), [{"op": "replace", "path": "/deployments/0/fromRelease", "value": fixtures.d("1")}])

standard := fixtures.good.environment.path

own := fixtures.rollout.path

# Commits on the default branch, by their files, one of which lowers the standard.
merged(commits) := json.patch(lowers(lowered), [
	{"op": "add", "path": "/change/truncated", "value": false},
	{"op": "replace", "path": "/change/commits", "value": [object.union(fixtures.good.change.commits[0], {"files": files}) |
		some files in commits
	]},
])

approved(patches) := json.patch(alone(lowered), patches)
