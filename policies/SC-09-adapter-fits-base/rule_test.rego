package trueup.rules.sc_09_test

import data.trueup.fixtures
import data.trueup.rules.sc_09

test_a_release_without_adapters_passes if count(sc_09.deny) == 0 with input as fixtures.good

test_an_adapter_of_the_served_model_passes if {
	count(sc_09.deny) == 0 with input as serving({"baseModel": "tiny@2", "method": "lora", "rank": 16})
}

test_the_same_bytes_under_another_name_pass if {
	document := json.patch(serving({"baseModel": "same@1", "method": "lora", "rank": 16}), [{
		"op": "add",
		"path": "/resources/Model~1same@1",
		"value": {"kind": "Model", "spec": {"source": {"uri": "file:same", "digest": fixtures.d("a")}}},
	}])
	count(sc_09.deny) == 0 with input as document
}

test_an_adapter_of_another_model_is_denied if {
	results := sc_09.deny with input as of_another_model(fixtures.d("f"))
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "release", "adapters"]
	result.severity == "critical"
	contains(result.msg, "Adapter/tone@1 was made for Model/other@1")
}

test_two_digests_of_zeros_are_not_the_same_bytes if {
	document := json.patch(of_another_model(fixtures.d("0")), [{
		"op": "replace",
		"path": "/deployments/0/release/artifact/digest",
		"value": fixtures.d("0"),
	}])
	count(sc_09.deny) > 0 with input as document
}

test_an_adapter_without_a_base_is_denied if count(sc_09.deny) > 0 with input as serving({"method": "lora", "rank": 16})

test_a_base_that_is_not_in_the_document_is_denied if {
	count(sc_09.deny) > 0 with input as serving({"baseModel": "gone@1", "method": "lora", "rank": 16})
}

test_a_rank_above_the_runtimes_is_denied if {
	results := sc_09.deny with input as on("vllm", {}, 32)
	{[result.path, result.msg] | some result in results} == {[
		["spec", "runtime", "args"],
		"Adapter/tone@1 has the rank 32, and the runtime takes 16 at most.",
	]}
}

test_arguments_raise_what_the_runtime_takes if {
	count(sc_09.deny) == 0 with input as on("vllm", {"max_lora_rank": 32}, 32)
	count(sc_09.deny) > 0 with input as on("vllm", {"max_lora_rank": 32}, 33)
}

test_of_two_limits_the_smaller_counts if {
	count(sc_09.deny) > 0 with input as on("vllm", {"max_lora_rank": 64, "max-lora-rank": 8}, 16)
}

test_a_limit_that_is_text_is_denied if count(sc_09.deny) > 0 with input as on("vllm", {"max_lora_rank": "64"}, 16)

test_a_limit_of_none_in_words_is_denied if {
	count(sc_09.deny) > 0 with input as on("vllm", {"max_lora_rank": "unlimited"}, 16)
}

test_a_runtime_that_nobody_knows_has_to_say_its_limit if {
	results := sc_09.deny with input as on("ours", {}, 16)
	{result.msg | some result in results} == {"Nobody says the largest rank that the runtime `ours` takes."}
	count(sc_09.deny) == 0 with input as on("ours", {"max-lora-rank": 16}, 16)
}

test_an_adapter_without_a_rank_is_denied if {
	results := sc_09.deny with input as serving({"baseModel": "tiny@2", "method": "lora"})
	some result in results
	result.address == "Adapter/tone@1"
	result.path == ["spec", "rank"]
}

test_a_rank_that_is_no_whole_number_is_denied if {
	count(sc_09.deny) > 0 with input as serving({"baseModel": "tiny@2", "method": "lora", "rank": 0})
	count(sc_09.deny) > 0 with input as serving({"baseModel": "tiny@2", "method": "lora", "rank": 1.5})
	count(sc_09.deny) > 0 with input as serving({"baseModel": "tiny@2", "method": "lora", "rank": "8"})
}

test_a_method_without_a_rank_needs_none if {
	count(sc_09.deny) == 0 with input as serving({"baseModel": "tiny@2", "method": "prefix"})
}

test_an_adapter_that_does_not_say_its_method_needs_a_rank if {
	count(sc_09.deny) > 0 with input as serving({"baseModel": "tiny@2"})
}

test_an_adapter_that_the_release_forgot_is_judged_as_declared if {
	document := json.patch(fixtures.good, [
		{"op": "add", "path": "/resources/Deployment~1prod~1support/spec/release", "value": {"adapters": ["tone@1"]}},
		{"op": "add", "path": "/resources/Adapter~1tone@1", "value": adapter({"baseModel": "gone@1", "method": "ia3"})},
	])
	count(sc_09.deny) == 1 with input as document
}

test_an_adapter_that_is_built_in_is_judged if {
	engine := {"kind": "Build", "spec": {"mode": "engine", "adapters": ["tone@1"]}}
	document := json.patch(fixtures.good, [
		{"op": "add", "path": "/resources/Build~1tiny-q8@1", "value": engine},
		{"op": "add", "path": "/resources/Adapter~1tone@1", "value": adapter({"baseModel": "gone@1", "method": "ia3"})},
	])
	count(sc_09.deny) == 1 with input as document
}

test_an_adapter_that_is_not_in_the_document_is_denied if {
	document := json.patch(serving({}), [{"op": "remove", "path": "/resources/Adapter~1tone@1"}])
	results := sc_09.deny with input as document
	some result in results
	contains(result.msg, "does not hold Adapter/tone@1")
}

test_a_release_that_does_not_say_its_adapters_is_denied if {
	count(sc_09.deny) > 0 with input as fixtures.without("/deployments/0/release/adapters")
	count(sc_09.deny) > 0 with input as fixtures.changed("/deployments/0/release/adapters", {})
}

test_an_empty_document_is_denied if count(sc_09.deny) > 0 with input as {}

adapter(spec) := {"kind": "Adapter", "spec": spec}

serving(spec) := json.patch(fixtures.good, [
	{"op": "add", "path": "/deployments/0/release/adapters/-", "value": {"address": "Adapter/tone@1", "digest": "x"}},
	{"op": "add", "path": "/resources/Adapter~1tone@1", "value": adapter(spec)},
])

of_another_model(digest) := json.patch(serving({"baseModel": "other@1", "method": "lora", "rank": 16}), [{
	"op": "add",
	"path": "/resources/Model~1other@1",
	"value": {"kind": "Model", "spec": {"source": {"uri": "file:other", "digest": digest}}},
}])

on(runtime, arguments, rank) := json.patch(serving({"baseModel": "tiny@2", "method": "qlora", "rank": rank}), [
	{"op": "replace", "path": "/deployments/0/server/runtime", "value": runtime},
	{"op": "replace", "path": "/deployments/0/server/arguments", "value": arguments},
])
