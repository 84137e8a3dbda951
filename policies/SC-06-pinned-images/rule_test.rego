package trueup.rules.sc_06_test

import data.trueup.fixtures
import data.trueup.rules.sc_06

digest := fixtures.d("c")

test_a_plan_without_images_passes if count(sc_06.deny) == 0 with input as fixtures.good

test_a_pinned_image_of_a_listed_registry_passes if {
	count(sc_06.deny) == 0 with input as serving(sprintf("nvcr.io/nvidia/tritonserver@%s", [digest]), "nvcr.io", digest)
}

test_a_short_name_stands_for_docker_hub if {
	count(sc_06.deny) == 0 with input as serving(sprintf("vllm/vllm-openai@%s", [digest]), "docker.io", digest)
}

test_a_tag_is_denied_at_its_place if {
	results := sc_06.deny with input as serving("nvcr.io/nvidia/tritonserver:26.01", "nvcr.io", "")
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "runtime", "image"]
	result.severity == "high"
	contains(result.msg, "no digest")
}

test_a_digest_of_zeros_is_denied if {
	image := sprintf("nvcr.io/nvidia/tritonserver@%s", [fixtures.d("0")])
	count(sc_06.deny) > 0 with input as serving(image, "nvcr.io", fixtures.d("0"))
}

test_a_digest_that_the_image_does_not_have_is_denied if {
	count(sc_06.deny) > 0 with input as serving("nvcr.io/nvidia/tritonserver:26.01", "nvcr.io", digest)
}

test_another_registry_is_denied if {
	results := sc_06.deny with input as serving(sprintf("evil.example/vllm@%s", [digest]), "evil.example", digest)
	{result.msg | some result in results} == {sprintf(
		"The image `evil.example/vllm@%s` comes from no registry on the list.",
		[digest],
	)}
}

test_a_registry_that_only_begins_like_a_listed_one_is_denied if {
	image := sprintf("nvcr.io/nvidia-mirror/tritonserver@%s", [digest])
	count(sc_06.deny) > 0 with input as serving(image, "nvcr.io", digest)
	longer := sprintf("nvcr.io.evil.example/nvidia/tritonserver@%s", [digest])
	count(sc_06.deny) > 0 with input as serving(longer, "nvcr.io.evil.example", digest)
}

test_a_path_that_climbs_out_of_a_listed_one_is_denied if {
	image := sprintf("nvcr.io/nvidia/../other/tool@%s", [digest])
	count(sc_06.deny) > 0 with input as serving(image, "nvcr.io", digest)
}

test_an_environment_narrows_the_list if {
	document := narrowed(serving(sprintf("nvcr.io/nvidia/x@%s", [digest]), "nvcr.io", digest), ["ghcr.io"])
	results := sc_06.deny with input as document
	{result.msg | some result in results} == {sprintf(
		"The image `nvcr.io/nvidia/x@%s` comes from no registry that Environment/prod verifies.",
		[digest],
	)}
}

test_an_environment_cannot_widen_the_list if {
	document := narrowed(serving(sprintf("evil.example/x@%s", [digest]), "evil.example", digest), ["evil.example"])
	count(sc_06.deny) == 1 with input as document
}

test_a_declared_image_without_facts_is_denied if {
	document := fixtures.added("/resources/Deployment~1prod~1support/spec/runtime", {"image": ""})
	results := sc_06.deny with input as document
	some result in results
	contains(result.msg, "no facts of the image")
}

test_a_declared_toolchain_image_without_facts_is_denied if {
	document := built({"mode": "pytorch", "toolchain": {"image": "x"}})
	results := sc_06.deny with input as document
	some result in results
	result.path == ["spec", "toolchain", "image"]
}

test_a_cluster_that_would_choose_the_image_is_denied if {
	results := sc_06.deny with input as fixtures.changed("/environment/target", "kubernetes")
	some result in results
	result.path == ["spec", "runtime", "image"]
}

test_an_engine_without_an_image_is_denied if {
	results := sc_06.deny with input as built({"mode": "engine", "toolchain": {"tensorrtLlm": "1.2.1"}})
	{result.address | some result in results} == {"Build/fast@1"}
}

test_another_mode_needs_no_image if count(sc_06.deny) == 0 with input as built({"mode": "gguf"})

test_images_of_what_does_not_change_are_not_judged if {
	document := json.patch(fixtures.good, [{
		"op": "replace",
		"path": "/derived/images",
		"value": [facts("Deployment/prod/other", ["spec", "runtime", "image"], "x:latest", "docker.io", "")],
	}])
	count(sc_06.deny) == 0 with input as document
}

test_a_document_without_images_is_denied if count(sc_06.deny) > 0 with input as fixtures.without("/derived/images")

test_a_document_without_a_target_is_denied if {
	count(sc_06.deny) > 0 with input as fixtures.without("/environment/target")
}

test_an_empty_document_is_denied if count(sc_06.deny) > 0 with input as {}

serving(image, registry, pin) := json.patch(fixtures.good, [
	{"op": "add", "path": "/resources/Deployment~1prod~1support/spec/runtime", "value": {"image": image}},
	{
		"op": "replace",
		"path": "/derived/images",
		"value": [facts(fixtures.deployment, ["spec", "runtime", "image"], image, registry, pin)],
	},
])

built(spec) := json.patch(fixtures.good, [
	{"op": "add", "path": "/deployments/0/resources/-", "value": "Build/fast@1"},
	{"op": "add", "path": "/resources/Build~1fast@1", "value": {"kind": "Build", "spec": spec}},
])

narrowed(document, registries) := json.patch(document, [{
	"op": "add",
	"path": "/environment/settings/verification",
	"value": {"registries": registries},
}])

facts(address, path, image, registry, pin) := {
	"address": address,
	"path": path,
	"image": image,
	"registry": registry,
	"digest": pin,
}
