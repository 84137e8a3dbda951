package trueup.rules.cc_01_test

import data.trueup.fixtures
import data.trueup.rules.cc_01

fit := {
	"type": "fit",
	"address": fixtures.deployment,
	"subject": {"release": fixtures.d("1"), "server": fixtures.d("7")},
	"passed": true,
	"simulated": false,
	"signed": null,
	"completedAt": "2026-11-20T12:00:00Z",
	"ageDays": 1,
	"tool": "estimator 1",
	"measurements": [
		{"metric": "required", "value": 70000, "unit": "MiB", "samples": 1, "slice": ""},
		{"metric": "available", "value": 81559, "unit": "MiB", "samples": 1, "slice": ""},
	],
	"gates": [],
}

declared := "/resources/Deployment~1prod~1support/spec/"

on_gpu := json.patch(fixtures.good, [
	{"op": "add", "path": concat("", [declared, "resources"]), "value": {"accelerator": "H100", "count": 1}},
	{"op": "add", "path": concat("", [declared, "runtime"]), "value": {"engine": "vllm"}},
])

with_fit(item) := json.patch(on_gpu, [{"op": "add", "path": "/evidence/-", "value": item}])

altered(path, value) := with_fit(json.patch(fit, [{"op": "replace", "path": path, "value": value}]))

test_a_server_without_accelerator_needs_no_estimate if count(cc_01.deny) == 0 with input as fixtures.good

test_a_release_that_fits_passes if count(cc_01.deny) == 0 with input as with_fit(fit)

test_memory_may_be_used_to_the_last if {
	count(cc_01.deny) == 0 with input as altered("/measurements/0/value", 81559)
}

test_a_release_that_does_not_fit_is_denied_with_both_numbers if {
	results := cc_01.deny with input as altered("/measurements/0/value", 90000)
	{r.msg | some r in results} == {"It does not fit: an accelerator has 81559 MiB, and the release takes 90000."}
	{r.severity | some r in results} == {"critical"}
	{r.path | some r in results} == {["spec", "resources"]}
}

test_no_estimate_is_denied if {
	results := cc_01.deny with input as on_gpu
	some result in results
	contains(result.msg, "Nobody estimated")
}

test_why_nobody_could_estimate_it_is_said if {
	path := "/derived/builds/Deployment~1prod~1support/fitUnknown"
	results := cc_01.deny with input as json.patch(on_gpu, [{"op": "replace", "path": path, "value": "no sizes"}])
	some result in results
	endswith(result.msg, "with these arguments: no sizes.")
}

test_an_estimate_of_another_release_is_none if {
	count(cc_01.deny) == 1 with input as altered("/subject/release", fixtures.d("9"))
}

test_an_estimate_with_other_arguments_is_none if {
	count(cc_01.deny) == 1 with input as altered("/subject/server", fixtures.d("9"))
}

test_an_estimate_of_another_deployment_is_none if {
	count(cc_01.deny) == 1 with input as altered("/address", "Deployment/staging/support")
}

test_digests_of_zeros_match_nothing if {
	zeros := json.patch(altered("/subject/server", fixtures.d("0")), [
		{"op": "replace", "path": "/deployments/0/server/key", "value": fixtures.d("0")},
	])
	count(cc_01.deny) == 1 with input as zeros
	unknown := json.patch(altered("/subject/release", fixtures.d("0")), [
		{"op": "replace", "path": "/deployments/0/release/digest", "value": fixtures.d("0")},
	])
	count(cc_01.deny) == 1 with input as unknown
}

test_a_simulated_estimate_is_none if count(cc_01.deny) == 1 with input as altered("/simulated", true)

test_an_estimate_that_failed_is_denied_whatever_its_numbers_say if {
	count(cc_01.deny) == 1 with input as altered("/passed", false)
}

test_numbers_that_were_not_measured_are_denied if {
	every path in ["/measurements/0/value", "/measurements/1/value"] {
		count(cc_01.deny) == 1 with input as altered(path, null)
	}
	count(cc_01.deny) == 1 with input as altered("/measurements", [])
	count(cc_01.deny) == 1 with input as altered("/measurements/0/value", 0)
	count(cc_01.deny) == 1 with input as altered("/measurements/0/unit", "GiB")
	count(cc_01.deny) == 1 with input as altered("/measurements", array.concat(fit.measurements, fit.measurements))
}

test_the_newest_estimate_decides if {
	worse := json.patch(fit, [
		{"op": "replace", "path": "/completedAt", "value": "2026-11-21T12:00:00Z"},
		{"op": "replace", "path": "/measurements/0/value", "value": 90000},
	])
	document := json.patch(with_fit(fit), [{"op": "add", "path": "/evidence/-", "value": worse}])
	count(cc_01.deny) == 1 with input as document
	older := json.patch(worse, [{"op": "replace", "path": "/completedAt", "value": "2026-11-01T12:00:00Z"}])
	better := json.patch(with_fit(fit), [{"op": "add", "path": "/evidence/-", "value": older}])
	count(cc_01.deny) == 0 with input as better
}

test_a_runtime_for_accelerators_has_to_say_how_many if {
	runtime := json.patch(fixtures.good, [
		{"op": "add", "path": concat("", [declared, "runtime"]), "value": {"engine": "TRTLLM"}},
	])
	results := cc_01.deny with input as runtime
	{r.path | some r in results} == {["spec", "resources", "count"]}
	served := fixtures.changed("/deployments/0/server/runtime", "vllm")
	count(cc_01.deny) == 1 with input as served
	none := json.patch(runtime, [{"op": "add", "path": concat("", [declared, "resources"]), "value": {"count": 0}}])
	count(cc_01.deny) == 0 with input as none
}

test_a_count_that_is_a_text_still_needs_an_estimate if {
	document := json.patch(on_gpu, [
		{"op": "replace", "path": concat("", [declared, "resources"]), "value": {"count": "1"}},
	])
	paths := {r.path | some r in cc_01.deny} with input as document
	paths == {["spec", "resources", "count"], ["spec", "resources"]}
}

test_a_product_or_a_build_for_one_is_enough_to_need_an_estimate if {
	product := json.patch(fixtures.good, [
		{"op": "add", "path": concat("", [declared, "resources"]), "value": {"accelerator": "H100"}},
	])
	count(cc_01.deny) == 1 with input as product
	built := fixtures.changed("/derived/builds/Deployment~1prod~1support/accelerator", "H100")
	count(cc_01.deny) == 1 with input as built
}

test_a_deployment_without_facts_of_its_build_is_denied if {
	results := cc_01.deny with input as fixtures.without("/derived/builds/Deployment~1prod~1support")
	some result in results
	contains(result.msg, "no facts of what the release was built for")
}

test_what_runs_unchanged_is_not_judged_again if {
	count(cc_01.deny) == 0 with input as json.patch(on_gpu, [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
}

test_a_document_without_evidence_is_denied if count(cc_01.deny) > 0 with input as fixtures.without("/evidence")

test_an_empty_document_is_denied if count(cc_01.deny) > 0 with input as {}
