package trueup.rules.ev_02_test

import data.trueup.fixtures
import data.trueup.rules.ev_02

age := "/evidence/0/ageDays"

declared := "/resources/Evaluation~1facts@1/spec"

baseline := "/evidence/0/comparison/baselineSettings"

test_fresh_evidence_passes if count(ev_02.deny) == 0 with input as fixtures.good

test_evidence_as_old_as_the_evaluation_allows_is_stale if {
	count(ev_02.deny) == 0 with input as fixtures.changed(age, 29)
	results := ev_02.deny with input as fixtures.changed(age, 30)
	some result in results
	result.address == fixtures.deployment
	contains(result.msg, "30 day(s) old (allowed: 30d, 90d)")
}

test_the_environment_may_want_younger_evidence if {
	document := fixtures.changed("/environment/settings/evaluations/maxAge", "1d")
	count(ev_02.deny) == 1 with input as document
}

test_an_evaluation_cannot_declare_more_than_the_limit if {
	long := json.patch(fixtures.changed(age, 90), [{"op": "replace", "path": concat("/", [declared, "maxAge"]), "value": "5200w"}])
	count(ev_02.deny) == 1 with input as long
}

test_without_a_declared_age_the_limit_holds if {
	undeclared := fixtures.without(concat("/", [declared, "maxAge"]))
	count(ev_02.deny) == 0 with input as undeclared
	old := json.patch(undeclared, [{"op": "replace", "path": age, "value": 90}])
	count(ev_02.deny) == 1 with input as old
}

test_durations_add_up if {
	document := fixtures.changed(concat("/", [declared, "maxAge"]), "1w12h")
	count(ev_02.deny) == 0 with input as json.patch(document, [{"op": "replace", "path": age, "value": 7}])
	count(ev_02.deny) == 1 with input as json.patch(document, [{"op": "replace", "path": age, "value": 8}])
}

test_an_age_that_is_no_duration_is_denied if {
	results := ev_02.deny with input as fixtures.changed(concat("/", [declared, "maxAge"]), "forever")
	some result in results
	contains(result.msg, "`forever`, which is no duration")
	count(ev_02.deny) > 0 with input as fixtures.changed(concat("/", [declared, "maxAge"]), 30)
}

test_evidence_of_unknown_age_is_denied if {
	count(ev_02.deny) == 1 with input as fixtures.without(age)
	count(ev_02.deny) == 1 with input as fixtures.changed(age, null)
	count(ev_02.deny) == 1 with input as fixtures.changed(age, "1")
}

test_evidence_from_the_future_is_denied if {
	count(ev_02.deny) == 1 with input as fixtures.changed(age, -400)
	count(ev_02.deny) == 0 with input as fixtures.changed(age, -1)
}

test_another_way_to_measure_than_the_baselines_is_denied if {
	count(ev_02.deny) == 1 with input as fixtures.changed(concat("/", [baseline, "tool"]), "lm-eval")
	count(ev_02.deny) == 1 with input as fixtures.changed(concat("/", [baseline, "task"]), "exact_match_2")
	count(ev_02.deny) == 1 with input as fixtures.changed(concat("/", [baseline, "fewshot"]), 5)
	count(ev_02.deny) == 1 with input as fixtures.changed(concat("/", [baseline, "chatTemplate"]), false)
	results := ev_02.deny with input as fixtures.changed(concat("/", [baseline, "version"]), "2.0.1")
	some result in results
	contains(result.msg, "harness's major version is `1` here and `2` in the baseline")
}

test_a_minor_version_of_the_harness_may_differ if {
	count(ev_02.deny) == 0 with input as fixtures.changed(concat("/", [baseline, "version"]), "1.4.2")
}

test_settings_that_nobody_knows_are_not_equal if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/evidence/0/settings/fewshot", "value": null},
		{"op": "replace", "path": concat("/", [baseline, "fewshot"]), "value": null},
	])
	count(ev_02.deny) == 1 with input as document
	count(ev_02.deny) == 5 with input as fixtures.without(baseline)
}

test_evidence_that_is_compared_with_nothing_needs_no_baseline if {
	document := json.patch(fixtures.changed("/evidence/0/comparison", null), [{
		"op": "replace",
		"path": "/evidence/0/settings",
		"value": null,
	}])
	count(ev_02.deny) == 0 with input as document
}

test_results_of_another_version_than_declared_are_denied if {
	pinned := fixtures.changed(concat("/", [declared, "suite"]), {"tool": "builtin", "version": "2"})
	count(ev_02.deny) == 1 with input as pinned
	unknown := json.patch(pinned, [{"op": "remove", "path": "/evidence/0/settings/version"}])
	results := ev_02.deny with input as unknown
	some result in results
	contains(result.msg, "declares version `2` of its harness, and the evidence comes from `unknown`")
}

test_an_evaluation_that_has_not_run_is_not_judged_here if {
	path := "/deployments/0/evaluations/0/status"
	document := fixtures.changed("/evidence", [])
	count(ev_02.deny) == 0 with input as json.patch(document, [{"op": "replace", "path": path, "value": "planned"}])
	count(ev_02.deny) == 0 with input as json.patch(document, [{"op": "replace", "path": path, "value": "missing"}])
}

test_absent_evidence_is_denied if {
	count(ev_02.deny) == 1 with input as fixtures.changed("/evidence", [])
	count(ev_02.deny) > 0 with input as fixtures.without("/evidence")
}

test_evidence_of_another_release_counts_as_absent if {
	results := ev_02.deny with input as fixtures.changed("/evidence/0/subject/release", fixtures.d("f"))
	some result in results
	contains(result.msg, "no evidence of Evaluation/facts@1 for this release")
}

test_the_newest_evidence_is_judged if {
	older := object.union(fixtures.evidence, {"ageDays": 200, "completedAt": "2026-05-01T12:00:00Z"})
	count(ev_02.deny) == 0 with input as fixtures.added("/evidence/-", older)
}

test_a_deployment_that_does_not_say_its_evaluations_is_denied if {
	count(ev_02.deny) > 0 with input as fixtures.without("/deployments/0/evaluations")
}

test_an_empty_document_is_denied if count(ev_02.deny) > 0 with input as {}
