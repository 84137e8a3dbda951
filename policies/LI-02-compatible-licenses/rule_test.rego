package trueup.rules.li_02_test

import data.trueup.fixtures
import data.trueup.rules.li_02

test_what_was_made_from_nothing_passes if count(li_02.deny) == 0 with input as fixtures.good

test_a_permissive_source_allows_any_licence if {
	count(li_02.deny) == 0 with input as made("finetune", ["MIT"], ["Apache-2.0"])
	count(li_02.deny) == 0 with input as made("finetune", ["MIT"], ["Proprietary-1.0"])
}

test_a_source_that_wants_its_own_licence_denies_another if {
	results := li_02.deny with input as made("finetune", ["CC-BY-SA-4.0"], ["MIT"])
	{result.msg | some result in results} == {sprintf("%s, whose licence does not allow that.", [
		"Model/tiny@2 (MIT) was made from the weights of Model/base@1 (CC-BY-SA-4.0)",
	])}
	some result in results
	result.address == "Model/tiny@2"
	result.path == ["spec", "licenses"]
	result.severity == "high"
}

test_a_source_that_wants_its_own_licence_allows_it if {
	count(li_02.deny) == 0 with input as made("finetune", ["CC-BY-SA-4.0"], ["CC-BY-SA-4.0"])
}

test_share_alike_does_not_reach_weights_that_were_trained_on_data if {
	count(li_02.deny) == 0 with input as made("data", ["CC-BY-SA-4.0"], ["MIT"])
}

test_non_commercial_data_makes_non_commercial_weights if {
	count(li_02.deny) == 1 with input as made("data", ["CC-BY-NC-4.0"], ["MIT"])
	count(li_02.deny) == 0 with input as made("data", ["CC-BY-NC-4.0"], ["CC-BY-NC-SA-4.0"])
}

test_a_teacher_that_forbids_commercial_use_reaches_what_it_taught if {
	every relation in ["distilled", "generated-by"] {
		results := li_02.deny with input as made(relation, ["CC-BY-NC-4.0"], ["Apache-2.0"])
		some result in results
		contains(result.msg, "was made from the outputs of Model/base@1")
	}
}

test_a_licence_without_derivatives_allows_none if {
	every licence in ["MIT", "CC-BY-ND-4.0"] {
		count(li_02.deny) == 1 with input as made("merge", ["CC-BY-ND-4.0"], [licence])
	}
}

test_a_licence_on_neither_list_allows_nothing if {
	count(li_02.deny) == 1 with input as made("quantized", ["LicenseRef-ours"], ["LicenseRef-ours"])
	count(li_02.deny) == 1 with input as made("quantized", ["mit"], ["MIT"])
}

test_one_alternative_of_the_source_is_enough if {
	count(li_02.deny) == 0 with input as either_or(["GPL-3.0-only", "MIT"], ["Apache-2.0"])
	count(li_02.deny) == 1 with input as either_or(["GPL-3.0-only", "CC-BY-ND-4.0"], ["Apache-2.0"])
}

test_every_alternative_of_what_was_made_keeps_the_licence if {
	count(li_02.deny) == 1 with input as either_or(["GPL-3.0-only"], ["GPL-3.0-only", "MIT"])
	count(li_02.deny) == 0 with input as either_or(["GPL-3.0-only"], ["GPL-3.0-only", "AGPL-3.0-only"])
}

test_all_expressions_of_the_source_apply if {
	document := made("finetune", ["MIT"], ["MIT"])
	both := [spdx([["MIT"]]), spdx([["CC-BY-SA-4.0"]])]
	count(li_02.deny) == 1 with input as with_source(document, both)
}

test_a_source_without_a_licence_allows_nothing if {
	document := made("finetune", ["MIT"], ["MIT"])
	results := li_02.deny with input as with_source(document, [])
	some result in results
	contains(result.msg, "Model/base@1 (no licence)")
	count(li_02.deny) == 1 with input as with_source(document, [{"expression": "((", "alternatives": null}])
	count(li_02.deny) == 1 with input as with_source(document, [{"expression": "", "alternatives": []}])
	without := json.patch(document, [{"op": "remove", "path": "/derived/licenses/Model~1base@1"}])
	count(li_02.deny) == 1 with input as without
}

test_what_was_made_without_a_licence_keeps_none if {
	document := json.patch(made("finetune", ["CC-BY-SA-4.0"], ["MIT"]), [{
		"op": "replace",
		"path": "/derived/licenses/Model~1tiny@2/expressions",
		"value": [{"expression": "x", "alternatives": []}],
	}])
	count(li_02.deny) == 1 with input as document
}

test_a_name_that_nobody_declares_is_denied_where_it_stands if {
	document := json.patch(fixtures.added("/derived/lineage/Dataset~1facts@1/unknown/-", "some-api-model"), [{
		"op": "add",
		"path": "/resources/Dataset~1facts@1/spec/generatedBy",
		"value": "some-api-model",
	}])
	results := li_02.deny with input as document
	some result in results
	result.address == "Dataset/facts@1"
	result.path == ["spec", "generatedBy"]
	count(li_02.deny) == 0 with input as document with data.parameters.derivation.programs as ["some-api-model"]
}

test_a_base_that_nobody_declares_is_denied_where_it_stands if {
	results := li_02.deny with input as fixtures.added("/derived/lineage/Model~1tiny@2/unknown/-", "llama")
	some result in results
	result.path == ["spec", "baseModel"]
}

test_a_relation_nobody_knows_is_denied if {
	results := li_02.deny with input as made("inspired-by", ["MIT"], ["MIT"])
	some result in results
	contains(result.msg, "in a way nobody knows")
}

test_a_model_without_lineage_is_denied if {
	count(li_02.deny) > 0 with input as fixtures.without("/derived/lineage/Model~1tiny@2")
	count(li_02.deny) > 0 with input as fixtures.without("/derived/lineage/Model~1tiny@2/unknown")
	count(li_02.deny) > 0 with input as fixtures.changed("/derived/lineage/Model~1tiny@2/parents", {})
}

test_what_does_not_change_is_not_judged if {
	document := json.patch(made("merge", ["CC-BY-ND-4.0"], ["MIT"]), [{
		"op": "replace",
		"path": "/deployments/0/changed",
		"value": false,
	}])
	count(li_02.deny) == 0 with input as document
}

test_a_document_without_lineage_is_denied if count(li_02.deny) > 0 with input as fixtures.without("/derived/lineage")

test_an_empty_document_is_denied if count(li_02.deny) > 0 with input as {}

# The model of the good document, made from a base with such licences; the lists apply together.
made(relation, source, own) := lineage(relation, [spdx([source])], [spdx([own])])

either_or(source, own) := lineage("finetune", [spdx([[l] | some l in source])], [spdx([[l] | some l in own])])

lineage(relation, source, own) := json.patch(fixtures.good, [
	{
		"op": "add",
		"path": "/derived/lineage/Model~1tiny@2/parents/-",
		"value": {"address": "Model/base@1", "relation": relation},
	},
	{"op": "add", "path": "/derived/licenses/Model~1base@1", "value": {"field": "licenses", "expressions": source}},
	{"op": "replace", "path": "/derived/licenses/Model~1tiny@2/expressions", "value": own},
])

with_source(document, expressions) := json.patch(document, [{
	"op": "replace",
	"path": "/derived/licenses/Model~1base@1/expressions",
	"value": expressions,
}])

spdx(alternatives) := {
	"expression": concat(" OR ", [concat(" AND ", licences) | some licences in alternatives]),
	"alternatives": alternatives,
}
