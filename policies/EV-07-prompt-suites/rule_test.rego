package trueup.rules.ev_07_test

import data.trueup.fixtures
import data.trueup.rules.ev_07

measured := "/evidence/0/subject/prompt"

served := "/deployments/0/release/prompt"

test_evidence_with_the_served_prompt_passes if count(ev_07.deny) == 0 with input as fixtures.good

test_evidence_with_another_prompt_is_denied if {
	results := ev_07.deny with input as fixtures.changed(measured, fixtures.d("f"))
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "release", "prompt"]
	contains(result.msg, "Evaluation/facts@1")
}

test_evidence_that_does_not_name_its_prompt_is_denied if {
	count(ev_07.deny) == 1 with input as fixtures.without(measured)
	count(ev_07.deny) == 1 with input as fixtures.changed(measured, "")
}

test_a_prompt_without_a_digest_is_denied if {
	count(ev_07.deny) == 1 with input as fixtures.without(concat("/", [served, "digest"]))
	count(ev_07.deny) == 1 with input as fixtures.without(served)
	count(ev_07.deny) == 1 with input as fixtures.changed(concat("/", [served, "digest"]), fixtures.d("0"))
}

test_a_release_without_a_prompt_needs_evidence_without_one if {
	none := fixtures.changed(served, null)
	count(ev_07.deny) == 1 with input as none
	count(ev_07.deny) == 0 with input as json.patch(none, [{"op": "replace", "path": measured, "value": ""}])
	count(ev_07.deny) == 0 with input as json.patch(none, [{"op": "remove", "path": measured}])
}

test_a_prompt_that_changes_without_an_evaluation_is_denied if {
	results := ev_07.deny with input as unevaluated(["prompt"])
	{r.msg | some r in results} == {"The prompt changes, and no evaluation shows what that does."}
	{r.severity | some r in results} == {"high"}
	staging := {r.severity | some r in ev_07.deny} with input as fixtures.in_tier(unevaluated(["prompt"]), "staging")
	staging == {"medium"}
	count(ev_07.deny) == 0 with input as fixtures.in_tier(unevaluated(["prompt"]), "dev")
}

test_another_change_without_an_evaluation_is_not_judged_here if {
	count(ev_07.deny) == 0 with input as unevaluated(["runtime"])
}

test_a_first_release_changes_no_prompt if {
	document := json.patch(unevaluated(["prompt"]), [{"op": "replace", "path": "/deployments/0/fromRelease", "value": ""}])
	count(ev_07.deny) == 0 with input as document
}

test_a_release_that_does_not_say_what_it_changes_may_change_the_prompt if {
	document := json.patch(unevaluated([]), [{"op": "replace", "path": "/derived/releaseChanges", "value": {}}])
	count(ev_07.deny) == 1 with input as document
}

test_an_evaluation_that_will_run_is_not_judged_here if {
	document := json.patch(fixtures.changed(measured, fixtures.d("f")), [{
		"op": "replace",
		"path": "/deployments/0/evaluations/0/status",
		"value": "planned",
	}])
	count(ev_07.deny) == 0 with input as document
}

test_absent_facts_are_denied if {
	count(ev_07.deny) == 1 with input as fixtures.changed("/evidence", [])
	count(ev_07.deny) > 0 with input as fixtures.without("/derived/releaseChanges")
}

test_an_empty_document_is_denied if count(ev_07.deny) > 0 with input as {}

unevaluated(parts) := json.patch(fixtures.good, [
	{"op": "replace", "path": "/deployments/0/evaluations", "value": []},
	{"op": "replace", "path": "/derived/releaseChanges/Deployment~1prod~1support", "value": parts},
])
