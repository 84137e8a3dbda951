package trueup.rules.op_10_test

import data.trueup.fixtures
import data.trueup.rules.op_10

spec := "/resources/Deployment~1prod~1support/spec"

remote := {
	"kind": "Model",
	"metadata": {"name": "big"},
	"spec": {"source": {"uri": "api://Provider/big"}, "format": "api"},
}

backup := json.patch(fixtures.rollout, [
	{"op": "replace", "path": "/address", "value": "Deployment/prod/backup"},
	{"op": "replace", "path": "/name", "value": "backup"},
	{"op": "replace", "path": "/changed", "value": false},
	{"op": "replace", "path": "/release/model/address", "value": "Model/own@1"},
	{"op": "replace", "path": "/release/digest", "value": fixtures.d("6")},
	{"op": "replace", "path": "/resources", "value": []},
])

# A provider's model, with a fallback that we serve ourselves.
covered := json.patch(fixtures.good, [
	{"op": "replace", "path": "/resources/Model~1tiny@2", "value": remote},
	{"op": "add", "path": "/resources/Model~1own@1", "value": fixtures.model},
	{"op": "add", "path": "/deployments/-", "value": backup},
	{"op": "add", "path": "/observed/verified/-", "value": {
		"deployment": "Deployment/prod/backup",
		"release": fixtures.d("6"),
		"retained": true,
	}},
	{"op": "add", "path": concat("", [spec, "/fallbacks"]), "value": ["backup"]},
])

but(patches) := json.patch(covered, patches)

test_a_model_of_our_own_needs_no_fallback if count(op_10.deny) == 0 with input as fixtures.good

test_a_provider_with_a_tested_fallback_passes if count(op_10.deny) == 0 with input as covered

test_a_provider_without_a_fallback_is_denied if {
	every document in [
		but([{"op": "remove", "path": concat("", [spec, "/fallbacks"])}]),
		but([{"op": "replace", "path": concat("", [spec, "/fallbacks"]), "value": []}]),
		but([{"op": "replace", "path": concat("", [spec, "/fallbacks"]), "value": "backup"}]),
	] {
		results := op_10.deny with input as document
		{r.msg | some r in results} == {"Its model is served by `provider`, and no deployment answers in its place."}
		{r.path | some r in results} == {["spec", "fallbacks"]}
		{r.severity | some r in results} == {"medium"}
	}
}

test_a_provider_is_recognised_by_address_or_by_format if {
	bare := [{"op": "remove", "path": concat("", [spec, "/fallbacks"])}]
	uri := "/resources/Model~1tiny@2/spec/source/uri"
	format := "/resources/Model~1tiny@2/spec/format"
	every change in [
		[{"op": "replace", "path": format, "value": "safetensors"}],
		[{"op": "replace", "path": uri, "value": "API://provider/big"}, {"op": "replace", "path": format, "value": "gguf"}],
		[{"op": "replace", "path": uri, "value": "api:provider/big"}, {"op": "replace", "path": format, "value": "gguf"}],
		[{"op": "replace", "path": uri, "value": "https://provider/big"}],
		[{"op": "replace", "path": uri, "value": null}],
		[{"op": "remove", "path": "/resources/Model~1tiny@2/spec/source"}],
	] {
		count(op_10.deny) == 1 with input as but(array.concat(bare, change))
	}
}

test_a_fallback_that_was_never_verified_is_none if {
	results := op_10.deny with input as but([{"op": "remove", "path": "/observed/verified/1"}])
	some result in results
	contains(result.msg, "None of its fallbacks (backup) is")
}

test_a_fallback_that_was_verified_with_another_release_is_none if {
	count(op_10.deny) == 1 with input as but([
		{"op": "replace", "path": "/observed/verified/1/release", "value": fixtures.d("9")},
	])
}

test_what_serves_at_the_fallback_may_be_the_verified_release if {
	document := but([
		{"op": "replace", "path": "/deployments/1/release/digest", "value": fixtures.d("9")},
		{"op": "replace", "path": "/deployments/1/running/release/digest", "value": fixtures.d("6")},
	])
	count(op_10.deny) == 0 with input as document
}

test_digests_of_zeros_verify_nothing if {
	document := but([
		{"op": "replace", "path": "/deployments/1/release/digest", "value": fixtures.d("0")},
		{"op": "replace", "path": "/observed/verified/1/release", "value": fixtures.d("0")},
	])
	count(op_10.deny) == 1 with input as document
}

test_a_fallback_of_the_same_provider_falls_with_it if {
	same := json.patch(remote, [{"op": "replace", "path": "/spec/source/uri", "value": "api://provider/other"}])
	count(op_10.deny) == 1 with input as but([{"op": "replace", "path": "/resources/Model~1own@1", "value": same}])
	other := json.patch(remote, [{"op": "replace", "path": "/spec/source/uri", "value": "api://elsewhere/other"}])
	count(op_10.deny) == 0 with input as but([{"op": "replace", "path": "/resources/Model~1own@1", "value": other}])
}

test_itself_and_what_is_not_here_are_no_fallbacks if {
	every name in ["support", "other", "", null] {
		document := but([{"op": "replace", "path": concat("", [spec, "/fallbacks"]), "value": [name]}])
		count(op_10.deny) == 1 with input as document
	}
}

test_a_fallback_whose_model_nobody_knows_is_none if {
	count(op_10.deny) == 1 with input as but([{"op": "remove", "path": "/resources/Model~1own@1"}])
}

test_one_of_several_is_enough if {
	document := but([{"op": "replace", "path": concat("", [spec, "/fallbacks"]), "value": ["other", "backup"]}])
	count(op_10.deny) == 0 with input as document
}

test_a_model_nobody_knows_is_denied if {
	every document in [
		fixtures.changed("/deployments/0/release/model/address", "Model/other@1"),
		fixtures.without("/deployments/0/release/model"),
	] {
		results := op_10.deny with input as document
		{r.path | some r in results} == {["spec", "release", "model"]}
		{r.severity | some r in results} == {"medium"}
	}
}

test_what_runs_unchanged_is_not_judged_again if {
	document := but([
		{"op": "remove", "path": concat("", [spec, "/fallbacks"])},
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(op_10.deny) == 0 with input as document
}

test_a_document_without_the_history_is_denied if {
	count(op_10.deny) > 0 with input as fixtures.without("/observed/verified")
}

test_an_empty_document_is_denied if count(op_10.deny) > 0 with input as {}
