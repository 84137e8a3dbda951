package trueup.rules.sc_01_test

import data.trueup.fixtures
import data.trueup.rules.sc_01

source := "/resources/Model~1tiny@2/spec/source"

test_pinned_sources_pass if count(sc_01.deny) == 0 with input as fixtures.good

test_a_model_without_digest_is_denied if {
	results := sc_01.deny with input as fixtures.without(concat("", [source, "/digest"]))
	some result in results
	result.address == "Model/tiny@2"
	result.path == ["spec", "source", "digest"]
	result.severity == "critical"
}

test_a_placeholder_digest_is_denied if {
	count(sc_01.deny) > 0 with input as fixtures.changed(concat("", [source, "/digest"]), fixtures.d("0"))
}

test_a_commit_of_a_repository_is_a_pin if {
	pinned := {"uri": "hf://org/model", "revision": "0123456789abcdef0123456789abcdef01234567"}
	count(sc_01.deny) == 0 with input as fixtures.changed(source, pinned)
}

test_a_commit_of_a_local_file_is_no_pin if {
	pinned := {"uri": "file:model", "revision": "0123456789abcdef0123456789abcdef01234567"}
	count(sc_01.deny) > 0 with input as fixtures.changed(source, pinned)
}

test_a_moving_revision_is_denied_even_with_a_digest if {
	results := sc_01.deny with input as fixtures.added(concat("", [source, "/revision"]), "Main")
	some result in results
	result.path == ["spec", "source", "revision"]
	result.severity == "critical"
}

test_a_moving_revision_only_warns_in_dev if {
	document := fixtures.in_tier(fixtures.added(concat("", [source, "/revision"]), "main"), "dev")
	{r.severity | some r in sc_01.deny} == {"medium"} with input as document
}

test_a_bare_provider_model_is_denied if {
	count(sc_01.deny) > 0 with input as fixtures.changed(source, {"uri": "api://provider/family"})
}

test_a_dated_provider_model_passes if {
	dated := {"uri": "api://provider/family", "revision": "2026-08-06"}
	count(sc_01.deny) == 0 with input as fixtures.changed(source, dated)
}

test_a_dataset_without_digest_is_denied if {
	results := sc_01.deny with input as fixtures.without("/resources/Dataset~1facts@1/spec/source/digest")
	some result in results
	result.address == "Dataset/facts@1"
}

test_an_unpinned_tokenizer_is_denied if {
	tokenizer := {"uri": "hf://org/tokenizer", "revision": "v1"}
	document := fixtures.added("/resources/Model~1tiny@2/spec/tokenizer", tokenizer)
	results := sc_01.deny with input as document
	some result in results
	result.path == ["spec", "tokenizer"]
}

test_a_source_that_is_absent_is_denied if count(sc_01.deny) > 0 with input as fixtures.without(source)

test_a_release_without_digest_is_denied if {
	count(sc_01.deny) > 0 with input as fixtures.without("/deployments/0/release/artifact/digest")
}

test_a_document_without_deployments_is_denied if count(sc_01.deny) > 0 with input as fixtures.without("/deployments")

test_a_document_without_the_model_is_denied if {
	count(sc_01.deny) > 0 with input as fixtures.without("/resources/Model~1tiny@2")
}

test_an_empty_document_is_denied if count(sc_01.deny) > 0 with input as {}

test_what_does_not_change_is_not_judged_again if {
	document := json.patch(fixtures.without(source), [{"op": "replace", "path": "/deployments/0/changed", "value": false}])
	count(sc_01.deny) == 0 with input as document
}
