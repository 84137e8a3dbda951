package trueup.rules.dp_01_test

import data.trueup.fixtures
import data.trueup.rules.dp_01

spec := "/resources/Dataset~1facts@1/spec"

bias := "/resources/Dataset~1facts@1/spec/knownBias"

test_a_complete_card_passes if count(dp_01.deny) == 0 with input as fixtures.good

test_an_absent_part_is_denied_at_its_place if {
	every part in ["dataCollectionProcess", "license", "intendedUse", "knownBias"] {
		results := dp_01.deny with input as fixtures.without(sprintf("%s/%s", [spec, part]))
		{[r.address, r.path, r.severity] | some r in results} == {["Dataset/facts@1", ["spec", part], "high"]}
	}
}

test_a_source_without_address_is_denied if {
	results := dp_01.deny with input as fixtures.without("/resources/Dataset~1facts@1/spec/source/uri")
	{r.path | some r in results} == {["spec", "source", "uri"]}
	count(dp_01.deny) == 1 with input as fixtures.without("/resources/Dataset~1facts@1/spec/source")
}

test_words_that_say_nothing_are_denied if {
	every words in ["", " ", "TBD", "n/a", "...", "(todo)", "None.", ["web"], null, 1] {
		count(dp_01.deny) == 1 with input as fixtures.changed(sprintf("%s/intendedUse", [spec]), words)
	}
}

test_a_list_of_bias_that_says_nothing_is_denied if {
	every words in [[], [""], ["none"], ["TBD", "In English only."], "In English only.", {"a": "b"}, null] {
		count(dp_01.deny) == 1 with input as fixtures.changed(bias, words)
	}
}

test_saying_what_was_looked_at_is_enough if {
	count(dp_01.deny) == 0 with input as fixtures.changed(bias, ["None known; gender and age were looked at."])
}

test_a_dataset_of_what_does_not_change_is_not_judged if {
	document := json.patch(fixtures.without(bias), [{"op": "replace", "path": "/deployments/0/changed", "value": false}])
	count(dp_01.deny) == 0 with input as document
}

test_a_dataset_that_is_not_in_the_document_is_denied if {
	count(dp_01.deny) > 0 with input as fixtures.without("/resources/Dataset~1facts@1")
}

test_an_empty_document_is_denied if count(dp_01.deny) > 0 with input as {}
