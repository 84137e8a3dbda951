package trueup.rules.op_06_test

import data.trueup.fixtures
import data.trueup.rules.op_06

life := "/derived/lifecycle/Model~1tiny@2"

prime := {"phase": "active", "deprecatedForDays": null, "retiresInDays": null}

living(facts) := fixtures.changed(life, object.union(prime, facts))

# The same model serves already; something else of the release changes.
kept(document) := json.patch(document, [
	{"op": "replace", "path": "/deployments/0/running/release/model", "value": fixtures.release.model},
])

test_a_model_in_its_prime_passes if {
	every phase in ["active", "candidate", null] {
		count(op_06.deny) == 0 with input as living({"phase": phase})
		count(op_06.warn) == 0 with input as living({"phase": phase})
	}
}

test_a_retired_model_is_denied if {
	results := op_06.deny with input as living({"phase": "retired"})
	{r.msg | some r in results} == {"Model/tiny@2 has come to its end and may not serve."}
	{r.address | some r in results} == {fixtures.deployment}
	{r.path | some r in results} == {["spec", "release", "model"]}
	{r.severity | some r in results} == {"high"}
}

test_a_retired_model_is_denied_where_it_serves_already if {
	count(op_06.deny) == 1 with input as kept(living({"phase": "retired"}))
}

test_the_day_of_its_end_is_the_first_it_may_not_serve if {
	count(op_06.deny) == 1 with input as living({"retiresInDays": 0})
	count(op_06.deny) == 1 with input as living({"retiresInDays": 0 - 30})
	count(op_06.deny) == 0 with input as living({"retiresInDays": 1})
}

test_an_end_within_the_notice_warns if {
	every left in [1, 90] {
		results := op_06.warn with input as living({"retiresInDays": left})
		{r.msg | some r in results} == {sprintf("Model/tiny@2 is switched off in %d days.", [left])}
	}
	count(op_06.warn) == 0 with input as living({"retiresInDays": 91})
}

test_how_early_it_warns_is_data if {
	count(op_06.warn) == 0 with input as living({"retiresInDays": 60}) with data.parameters.days.retirement_notice as 30
}

test_a_deprecated_model_is_not_newly_used if {
	every facts in [{"phase": "deprecated"}, {"deprecatedForDays": 0}, {"deprecatedForDays": 400}] {
		results := op_06.deny with input as living(facts)
		{r.msg | some r in results} == {"Model/tiny@2 is deprecated and may not be newly used."}
	}
}

test_a_deprecation_to_come_denies_nothing if count(op_06.deny) == 0 with input as living({"deprecatedForDays": 0 - 1})

test_where_a_deprecated_model_serves_it_goes_on_with_a_warning if {
	document := kept(living({"phase": "deprecated"}))
	count(op_06.deny) == 0 with input as document
	count(op_06.warn) == 1 with input as document
}

test_another_version_that_serves_makes_it_no_use_of_before if {
	document := json.patch(living({"phase": "deprecated"}), [
		{"op": "replace", "path": "/deployments/0/running/release/model/address", "value": "Model/tiny@1"},
	])
	count(op_06.deny) == 1 with input as document
}

test_where_nothing_serves_all_use_is_new if {
	document := json.patch(living({"phase": "deprecated"}), [
		{"op": "replace", "path": "/deployments/0/running", "value": null},
	])
	count(op_06.deny) == 1 with input as document
	count(op_06.deny) == 1 with input as json.patch(document, [{"op": "remove", "path": "/deployments/0/running"}])
}

test_adapters_have_lives_too if {
	adapter := {"address": "Adapter/tone@1", "digest": fixtures.d("9")}
	facts := {"phase": "retired", "deprecatedForDays": null, "retiresInDays": null}
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/deployments/0/release/adapters", "value": [adapter]},
		{"op": "add", "path": "/derived/lifecycle/Adapter~1tone@1", "value": facts},
	])
	results := op_06.deny with input as document
	{r.path | some r in results} == {["spec", "release", "adapters"]}
	deprecated := json.patch(document, [
		{"op": "replace", "path": "/derived/lifecycle/Adapter~1tone@1/phase", "value": "deprecated"},
		{"op": "replace", "path": "/deployments/0/running/release/adapters", "value": [adapter]},
	])
	count(op_06.deny) == 0 with input as deprecated
	count(op_06.warn) == 1 with input as deprecated
}

test_a_model_whose_life_is_unknown_is_denied if {
	every document in [
		fixtures.without(life),
		fixtures.changed(life, null),
		fixtures.changed(life, {}),
		living({"phase": "Retired"}),
		living({"phase": ""}),
		living({"retiresInDays": "90"}),
		living({"deprecatedForDays": false}),
		fixtures.without("/deployments/0/release/model"),
	] {
		results := op_06.deny with input as document
		count(results) == 1
		some result in results
		contains(result.msg, "does not say where")
	}
}

test_what_runs_unchanged_is_not_judged_again if {
	document := json.patch(living({"phase": "retired"}), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(op_06.deny) == 0 with input as document
}

test_a_document_without_lives_is_denied if count(op_06.deny) > 0 with input as fixtures.without("/derived/lifecycle")

test_an_empty_document_is_denied if count(op_06.deny) > 0 with input as {}

test_what_is_gone_back_to_is_no_new_use if {
	document := json.patch(living({"phase": "deprecated"}), [
		{"op": "replace", "path": "/deployments/0/movement", "value": "rollback"},
	])
	count(op_06.deny) == 0 with input as document
	count(op_06.warn) == 1 with input as document
}

test_a_warning_names_the_day_and_the_replacement if {
	life_of := {"phase": "deprecated", "retiresAt": "2027-06-30", "retiresInDays": 200, "replacement": "tiny@3"}
	results := op_06.warn with input as kept(living(life_of))
	{r.msg | some r in results} == {"Model/tiny@2 is deprecated and may serve until 2027-06-30; use tiny@3."}
	denied := op_06.deny with input as living(life_of)
	{r.msg | some r in denied} == {"Model/tiny@2 is deprecated and may not be newly used; use tiny@3."}
}

test_steps_after_deprecated_are_not_judged_here if {
	every phase in ["drained", "archived", "deleted"] {
		count(op_06.deny) == 0 with input as living({"phase": phase})
	}
}
