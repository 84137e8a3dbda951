package trueup.rules.op_01_test

import data.trueup.fixtures
import data.trueup.rules.op_01

on_call := "/resources/Deployment~1prod~1support/spec/onCall"

test_owned_and_on_call_passes if count(op_01.deny) == 0 with input as fixtures.good

test_a_model_without_owner_is_denied if {
	results := op_01.deny with input as fixtures.without("/resources/Model~1tiny@2/metadata/owner")
	some result in results
	result.address == "Model/tiny@2"
	result.path == ["metadata", "owner"]
	result.severity == "high"
}

test_a_blank_owner_is_none if {
	count(op_01.deny) == 1 with input as fixtures.changed("/resources/Model~1tiny@2/metadata/owner", "  ")
}

test_production_without_a_runbook_is_denied if {
	results := op_01.deny with input as fixtures.without(concat("", [on_call, "/runbook"]))
	some result in results
	result.path == ["spec", "onCall", "runbook"]
	result.severity == "high"
}

test_without_on_call_all_parts_are_named if count(op_01.deny) == 3 with input as fixtures.without(on_call)

test_production_without_an_escalation_is_denied if {
	results := op_01.deny with input as fixtures.without(concat("", [on_call, "/escalation"]))
	{r.path | some r in results} == {["spec", "onCall", "escalation"]}
	{r.severity | some r in results} == {"high"}
}

test_an_escalation_to_nobody_or_to_the_contact_is_none if {
	every value in [[], "head-of-support@example.com", [""], ["tbd"], [null], null, ["Support-Team@example.com "]] {
		count(op_01.deny) == 1 with input as fixtures.changed(concat("", [on_call, "/escalation"]), value)
	}
}

test_words_that_say_nothing_are_absent if {
	every part in ["contact", "runbook"] {
		every value in ["TODO", "-", "n/a", " ", null, 5] {
			results := op_01.deny with input as fixtures.changed(concat("/", [on_call, part]), value)
			["spec", "onCall", part] in {r.path | some r in results}
		}
	}
	count(op_01.deny) == 1 with input as fixtures.changed("/resources/Model~1tiny@2/metadata/owner", "nobody")
}

test_what_runs_unchanged_is_not_judged_again if {
	document := json.patch(fixtures.without(on_call), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(op_01.deny) == 0 with input as document
}

test_dev_without_on_call_is_medium if {
	document := fixtures.in_tier(fixtures.without(on_call), "dev")
	{r.severity | some r in op_01.deny} == {"medium"} with input as document
}

test_an_empty_document_is_denied if count(op_01.deny) > 0 with input as {}
