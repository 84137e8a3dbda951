package trueup.rules.sc_02_test

import data.trueup.fixtures
import data.trueup.rules.sc_02

test_equal_digests_pass if count(sc_02.deny) == 0 with input as fixtures.good

test_an_artifact_other_than_declared_is_denied if {
	document := fixtures.changed("/deployments/0/release/artifact/digest", fixtures.d("f"))
	results := sc_02.deny with input as document
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "release", "model"]
}

test_a_build_from_another_artifact_is_denied if {
	results := sc_02.deny with input as fixtures.changed("/change/operations/0/source", fixtures.d("f"))
	some result in results
	result.path == ["spec", "release", "build"]
}

test_fetching_what_nobody_declares_is_denied if {
	results := sc_02.deny with input as fixtures.changed("/change/operations/1/digest", fixtures.d("f"))
	some result in results
	result.address == "Model/tiny@2"
}

test_evidence_of_another_release_is_denied if {
	path := "/deployments/0/evaluations/0/evidence/subject/release"
	count(sc_02.deny) > 0 with input as fixtures.changed(path, fixtures.d("f"))
}

test_evidence_on_other_data_is_denied if {
	path := "/deployments/0/evaluations/0/evidence/subject/dataset"
	count(sc_02.deny) > 0 with input as fixtures.changed(path, fixtures.d("f"))
}

test_evidence_without_a_release_is_denied if {
	count(sc_02.deny) > 0 with input as fixtures.without("/deployments/0/evaluations/0/evidence/subject/release")
}

test_evidence_without_a_subject_is_denied if {
	count(sc_02.deny) > 0 with input as fixtures.without("/deployments/0/evaluations/0/evidence/subject")
}

test_a_model_without_a_declared_digest_is_denied if {
	count(sc_02.deny) > 0 with input as fixtures.without("/resources/Model~1tiny@2/spec/source/digest")
}

test_a_build_that_does_not_name_its_source_is_denied if {
	count(sc_02.deny) > 0 with input as fixtures.without("/change/operations/0/source")
}

test_a_document_without_operations_is_denied if {
	count(sc_02.deny) > 0 with input as fixtures.without("/change/operations")
}

test_an_empty_document_is_denied if count(sc_02.deny) > 0 with input as {}
