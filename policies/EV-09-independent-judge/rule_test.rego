package trueup.rules.ev_09_test

import data.trueup.fixtures
import data.trueup.rules.ev_09

digest := "sha256:8888888888888888888888888888888888888888888888888888888888888888"

judged(judge) := json.patch(fixtures.good, [
	{"op": "add", "path": "/resources/Evaluation~1facts@1/spec/judge", "value": {"model": "critic@1"}},
	{"op": "add", "path": "/deployments/0/evaluations/0/judge", "value": judge},
])

judge := {"model": "Model/critic@1", "digest": digest, "families": ["qwen"], "judgedFamilies": ["llama"]}

with_judge(key, value) := judged(json.patch(judge, [{"op": "add", "path": concat("/", ["", key]), "value": value}]))

test_an_evaluation_without_a_judge_passes if count(ev_09.deny) == 0 with input as fixtures.good

test_a_pinned_judge_of_another_family_passes if count(ev_09.deny) == 0 with input as judged(judge)

test_a_judge_of_the_judged_family_is_denied if {
	results := ev_09.deny with input as with_judge("families", ["llama", "qwen"])
	count(results) == 1
	some result in results
	contains(result.msg, "of the family `llama`")
	result.path == ["spec", "judge", "model"]
}

test_a_judge_without_a_digest_is_denied if {
	count(ev_09.deny) == 1 with input as with_judge("digest", "")
	count(ev_09.deny) == 1 with input as with_judge("digest", "latest")
}

test_a_judge_that_was_not_resolved_is_denied if count(ev_09.deny) > 0 with input as judged(null)

test_unknown_families_are_denied_for_either_side if {
	count(ev_09.deny) == 1 with input as with_judge("families", [])
	count(ev_09.deny) == 1 with input as with_judge("judgedFamilies", [])
	count(ev_09.deny) == 1 with input as with_judge("judgedFamilies", "llama")
}

test_what_does_not_change_is_not_looked_at if {
	document := json.patch(judged(null), [{"op": "replace", "path": "/deployments/0/changed", "value": false}])
	count(ev_09.deny) == 0 with input as document
}

test_an_empty_document_is_denied if count(ev_09.deny) > 0 with input as {}
