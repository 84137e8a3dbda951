package trueup.rules.sc_10_test

import data.trueup.fixtures
import data.trueup.rules.sc_10

test_a_build_that_the_runtime_loads_passes if count(sc_10.deny) == 0 with input as fixtures.good

test_a_build_that_the_runtime_does_not_load_is_denied if {
	results := sc_10.deny with input as with_facts({"runtimeLoads": false})
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "release", "build"]
	result.severity == "critical"
	contains(result.msg, "the runtime `llama.cpp` 2026.8.0 loads what the mode `gguf` makes")
}

test_what_a_plugins_runtime_loads_need_not_be_known if {
	count(sc_10.deny) == 0 with input as with_facts({"runtimeLoads": null})
}

test_a_word_in_place_of_true_is_denied if count(sc_10.deny) > 0 with input as with_facts({"runtimeLoads": "true"})

test_an_engine_for_what_is_there_passes if count(sc_10.deny) == 0 with input as engine({})

test_an_engine_for_another_product_is_denied if {
	results := sc_10.deny with input as engine({"acceleratorMatches": false, "accelerator": "NVIDIA-A100"})
	{result.msg | some result in results} == {sprintf("%s%s", [
		"The engine is for the accelerator `NVIDIA-A100`, ",
		"and nothing says that the environment has it.",
	])}
}

test_an_engine_where_nobody_says_the_accelerator_is_denied if {
	count(sc_10.deny) == 1 with input as engine({"acceleratorMatches": null, "accelerator": null})
}

test_an_engine_of_another_capability_is_denied if {
	results := sc_10.deny with input as engine({"capabilityMatches": false})
	some result in results
	contains(result.msg, "compute capability `9.0`")
}

test_a_capability_that_is_unknown_passes_for_a_product_that_matches if {
	count(sc_10.deny) == 0 with input as engine({"capabilityMatches": null, "capability": null})
}

test_an_engine_tuned_to_a_capability_needs_that_capability if {
	count(sc_10.deny) == 0 with input as tuned_to_capability({"acceleratorMatches": false})
	count(sc_10.deny) == 1 with input as tuned_to_capability({"capabilityMatches": null})
	count(sc_10.deny) == 1 with input as tuned_to_capability({"capabilityMatches": false})
}

test_an_engine_of_another_version_than_the_runtime_is_denied if {
	results := sc_10.deny with input as engine({"runtimeVersion": "1.2.0"})
	{result.msg | some result in results} == {"The engine is of version `1.2.1`, and the runtime's is `1.2.0`."}
}

test_an_engine_for_a_runtime_without_version_is_denied if {
	count(sc_10.deny) == 1 with input as engine({"runtimeVersion": null})
	count(sc_10.deny) == 1 with input as engine({"runtimeVersion": " ", "toolVersion": " "})
}

test_an_engine_where_the_runtime_removed_engines_is_denied if {
	removed := {"runtimeLoads": false, "inWindow": false, "toolVersion": "1.4.0", "runtimeVersion": "1.4.0"}
	results := sc_10.deny with input as engine(removed)
	some result in results
	result.msg == "The mode `engine` exists from version 0.19 to 1.2.1, and the toolchain's is `1.4.0` (BLD101)."
}

test_what_a_check_before_the_build_found_is_denied_with_its_code_where_it_stands if {
	error := {
		"code": "BLD116",
		"address": "Build/tiny-q8@1",
		"path": ["spec", "accelerator", "gpu"],
		"message": "A rank has weights 131.4 GiB.",
		"hint": "take more accelerators",
	}
	results := sc_10.deny with input as tuned_to_capability({"errors": [error]})
	{[r.address, r.path, r.msg] | some r in results} == {[
		"Build/tiny-q8@1",
		["spec", "accelerator", "gpu"],
		"BLD116: A rank has weights 131.4 GiB. To do: take more accelerators",
	]}
	hidden := sc_10.deny with input as with_facts({"errors": [object.union(error, {"address": "Build/nobodys@1"})]})
	{[r.address, r.path] | some r in hidden} == {[fixtures.deployment, ["spec", "release", "build"]]}
}

test_an_error_of_another_shape_is_denied_all_the_same if {
	results := sc_10.deny with input as with_facts({"errors": [{}]})
	{r.msg | some r in results} == {"?: ? To do: ?"}
}

test_a_window_is_told_once if {
	error := {"code": "BLD101", "address": "Build/tiny-q8@1", "path": ["spec"], "message": "m", "hint": "h"}
	count(sc_10.deny) == 1 with input as engine({"inWindow": false, "errors": [error]})
}

test_of_what_is_compiled_the_checks_have_to_have_been_made if {
	unchecked := json.patch(engine({}), [{
		"op": "remove",
		"path": sprintf("/derived/builds/%s/errors", [replace(fixtures.deployment, "/", "~1")]),
	}])
	results := sc_10.deny with input as unchecked
	{r.msg | some r in results} == {"The policy document does not say what checks before the build found."}
	plain := json.patch(fixtures.good, [{
		"op": "remove",
		"path": sprintf("/derived/builds/%s/errors", [replace(fixtures.deployment, "/", "~1")]),
	}])
	count(sc_10.deny) == 0 with input as plain
}

test_an_engine_of_a_version_that_cannot_be_read_is_denied if {
	count(sc_10.deny) == 1 with input as engine({"inWindow": null})
	count(sc_10.deny) == 1 with input as engine({"inWindow": "true"})
}

test_an_engine_of_a_mode_without_a_window_passes if {
	count(sc_10.deny) == 0 with input as engine({"window": null, "inWindow": null})
}

test_an_engine_that_a_plugins_runtime_loads_has_to_be_known if {
	count(sc_10.deny) == 1 with input as engine({"runtimeLoads": null})
}

test_a_checkpoint_needs_no_toolchain if {
	window := {"from": "1.0", "until": ""}
	count(sc_10.deny) == 0 with input as with_facts({"window": window, "inWindow": null})
	results := sc_10.deny with input as with_facts({"window": window, "inWindow": false, "toolVersion": "0.19"})
	{result.msg | some result in results} == {"The mode `gguf` does not exist in version 0.19 of its toolchain (BLD101)."}
}

test_an_open_window_has_no_end if {
	window := {"from": "1.0", "until": ""}
	results := sc_10.deny with input as engine({"window": window, "inWindow": false})
	{result.msg | some result in results} == {"The mode `engine` exists from version 1.0, and the toolchain's is `1.2.1` (BLD101)."}
}

test_what_a_double_made_is_denied_everywhere if {
	results := sc_10.deny with input as with_facts({"simulated": true})
	{result.msg | some result in results} == {sprintf("%s%s", [
		"A double of a toolchain made the artifact: ",
		"it is for tests and holds no model.",
	])}
	count(sc_10.deny) == 1 with input as engine({"simulated": true})
	count(sc_10.deny) == 1 with input as at_the_gate({"simulated": true})
}

test_what_is_not_built_yet_passes_in_a_plan_and_not_at_the_gate if {
	count(sc_10.deny) == 0 with input as with_facts({"simulated": null})
	count(sc_10.deny) == 1 with input as at_the_gate({"simulated": null})
	count(sc_10.deny) == 1 with input as at_the_gate({"simulated": "false"})
	count(sc_10.deny) == 0 with input as at_the_gate({})
}

test_facts_of_another_build_are_denied if count(sc_10.deny) == 1 with input as with_facts({"mode": "none"})

test_a_deployment_without_facts_is_denied if {
	count(sc_10.deny) == 1 with input as fixtures.changed("/derived/builds", {})
	count(sc_10.deny) == 1 with input as with_facts({"mode": ""})
}

test_a_document_without_facts_of_builds_is_denied if {
	count(sc_10.deny) > 0 with input as fixtures.without("/derived/builds")
}

test_an_empty_document_is_denied if count(sc_10.deny) > 0 with input as {}

with_facts(differences) := fixtures.changed(
	"/derived/builds",
	{fixtures.deployment: object.union(fixtures.derived.builds[fixtures.deployment], differences)},
)

at_the_gate(differences) := json.patch(with_facts(differences), [{"op": "replace", "path": "/gate", "value": true}])

engine(differences) := json.patch(with_facts(object.union(engine_facts, differences)), [{
	"op": "replace",
	"path": "/deployments/0/release/build/mode",
	"value": "engine",
}])

tuned_to_capability(differences) := json.patch(engine(differences), [{
	"op": "add",
	"path": "/resources/Build~1tiny-q8@1",
	"value": {"kind": "Build", "spec": {"accelerator": {"gpu": "NVIDIA-H200", "tuning": "capability"}}},
}])

engine_facts := {
	"mode": "engine",
	"window": {"from": "0.19", "until": "1.2.1"},
	"toolVersion": "1.2.1",
	"inWindow": true,
	"runtime": "trtllm",
	"runtimeVersion": "1.2.1",
	"runtimeLoads": true,
	"simulated": false,
	"accelerator": "NVIDIA-H200",
	"capability": "9.0",
	"acceleratorMatches": true,
	"capabilityMatches": true,
	"errors": [],
}
