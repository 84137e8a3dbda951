package trueup.rules.sc_11_test

import data.trueup.fixtures
import data.trueup.rules.sc_11

test_components_that_nobody_warns_of_pass if count(sc_11.deny) == 0 with input as fixtures.good

test_a_bad_version_is_denied_at_its_place if {
	results := sc_11.deny with input as running("litellm", "1.82.7")
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "runtime", "version"]
	result.severity == "critical"
	startswith(result.msg, "litellm 1.82.7 is on the list")
}

test_another_version_passes if {
	count(sc_11.deny) == 0 with input as running("litellm", "1.82.6")
	count(sc_11.deny) == 0 with input as running("litellm", "1.82.70")
	count(sc_11.deny) == 0 with input as running("litellm", "11.82.7")
}

test_another_spelling_of_the_same_release_is_denied if {
	every spelling in ["v1.82.7", " 1.82.7 ", "1.82.7.0", "1.82.7+cu12", "01.82.07", "V1.82.7"] {
		count(sc_11.deny) == 1 with input as running("litellm", spelling)
	}
}

test_another_spelling_of_the_name_is_denied if {
	every name in ["LiteLLM", "litellm ", "Litellm"] {
		count(sc_11.deny) == 1 with input as running(name, "1.82.8")
	}
	count(sc_11.deny) == 1 with input as running("Bad.Tool", "1") with data.parameters.components.denied as [{
		"name": "bad_tool",
		"versions": ["1.0"],
		"reason": "It is bad.",
	}]
}

test_a_listed_component_without_version_is_denied if {
	results := sc_11.deny with input as running("litellm", "")
	some result in results
	contains(result.msg, "version not said")
	count(sc_11.deny) == 1 with input as running("litellm", null)
}

test_a_star_denies_every_version if {
	count(sc_11.deny) == 1 with input as running("ours", "9") with data.parameters.components.denied as [{
		"name": "ours",
		"versions": ["*"],
		"reason": "It is retired.",
	}]
}

test_components_of_what_does_not_change_are_not_judged if {
	document := fixtures.added("/derived/components/-", {
		"address": "Deployment/prod/other",
		"path": ["spec", "runtime"],
		"name": "litellm",
		"version": "1.82.7",
	})
	count(sc_11.deny) == 0 with input as document
}

test_a_deployment_without_components_is_denied if {
	results := sc_11.deny with input as fixtures.changed("/derived/components", [])
	{result.path | some result in results} == {["spec", "runtime"]}
}

test_a_component_without_a_name_is_denied if count(sc_11.deny) > 0 with input as running("", "1")

test_a_component_of_nobody_without_a_name_is_denied if {
	document := fixtures.added("/derived/components/-", {"address": "", "path": [], "version": "1"})
	count(sc_11.deny) == 1 with input as document
}

test_a_document_without_components_is_denied if {
	count(sc_11.deny) > 0 with input as fixtures.without("/derived/components")
}

test_an_empty_document_is_denied if count(sc_11.deny) > 0 with input as {}

running(name, version) := fixtures.changed("/derived/components", [{
	"address": fixtures.deployment,
	"path": ["spec", "runtime", "version"],
	"name": name,
	"version": version,
}])
