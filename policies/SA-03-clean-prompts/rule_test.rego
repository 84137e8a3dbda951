package trueup.rules.sa_03_test

import data.trueup.fixtures
import data.trueup.rules.sa_03

template := ["spec", "template"]

test_clean_prompts_pass if count(sa_03.deny) == 0 with input as fixtures.good

test_a_finding_is_denied_at_its_place if {
	results := sa_03.deny with input as finding({})
	{[r.address, r.path, r.severity, r.msg] | some r in results} == {[
		"Prompt/support@2",
		template,
		"critical",
		"Prompt/support@2 holds an e-mail address.",
	]}
}

test_every_kind_is_denied if {
	every kind in ["secret", "email", "phone", "card", "iban", "hostname", "address"] {
		count(sa_03.deny) == 1 with input as finding({"kind": kind})
	}
}

test_a_kind_nobody_knows_is_denied if {
	every kind in ["passport", "", null] {
		results := sa_03.deny with input as finding({"kind": kind})
		some result in results
		contains(result.msg, "something that must not get out")
	}
}

test_every_finding_is_shown if {
	both := [
		{"address": "Prompt/support@2", "path": template, "kind": "email"},
		{"address": "Prompt/support@2", "path": ["spec", "messages", 0, "content"], "kind": "email"},
	]
	count(sa_03.deny) == 2 with input as fixtures.changed("/derived/prompts", both)
}

test_outside_production_it_is_denied_as_well if {
	{r.severity | some r in sa_03.deny} == {"critical"} with input as fixtures.in_tier(finding({}), "dev")
}

test_a_prompt_that_does_not_change_is_not_judged if {
	count(sa_03.deny) == 0 with input as finding({"address": "Prompt/other@1"})
	still := json.patch(finding({}), [{"op": "replace", "path": "/deployments/0/changed", "value": false}])
	count(sa_03.deny) == 0 with input as still
}

test_a_finding_without_a_place_is_denied if {
	count(sa_03.deny) == 1 with input as finding({"address": ""})
	count(sa_03.deny) == 1 with input as finding({"address": null})
	count(sa_03.deny) == 1 with input as fixtures.changed("/derived/prompts", [{"kind": "secret"}])
}

test_a_document_without_findings_is_denied if {
	count(sa_03.deny) > 0 with input as fixtures.without("/derived/prompts")
	count(sa_03.deny) > 0 with input as fixtures.changed("/derived/prompts", {})
}

test_a_prompt_that_is_not_in_the_document_is_denied if {
	count(sa_03.deny) > 0 with input as fixtures.without("/resources/Prompt~1support@2")
}

test_an_empty_document_is_denied if count(sa_03.deny) > 0 with input as {}

finding(differences) := fixtures.changed("/derived/prompts", [object.union(
	{"address": "Prompt/support@2", "path": template, "kind": "email"},
	differences,
)])
