package trueup.rules.dp_06_test

import data.trueup.fixtures
import data.trueup.rules.dp_06

test_a_release_whose_training_data_is_not_declared_passes if count(dp_06.deny) == 0 with input as fixtures.good

test_data_that_was_compared_passes if count(dp_06.deny) == 0 with input as trained({}, [comparison({})])

test_data_that_nobody_compared_is_denied_at_the_evaluation if {
	results := dp_06.deny with input as trained({}, [])
	{[r.address, r.path, r.severity] | some r in results} == {["Evaluation/facts@1", ["spec", "dataset"], "high"]}
	{r.msg | some r in results} == {sprintf("Nobody measured how much of %s, which the release was trained on.", [
		"Dataset/facts@1 was in Dataset/lessons@1",
	])}
}

test_a_comparison_of_other_bytes_is_denied if {
	every differences in [
		{"subject": {"dataset": fixtures.d("f")}},
		{"subject": {"against": fixtures.d("f")}},
		{"subject": {"dataset": fixtures.d("e"), "against": fixtures.d("d")}},
		{"type": "data-scan"},
		{"simulated": true},
		{"completedAt": null},
	] {
		count(dp_06.deny) > 0 with input as trained({}, [comparison(differences)])
	}
}

test_an_overlap_above_the_limit_is_denied if {
	results := dp_06.deny with input as trained({}, [overlapping(0.011, 59)])
	{r.msg | some r in results} == {sprintf("%s does not show an overlap of at most 0.01 of all records.", [
		"The newest comparison of Dataset/facts@1 with Dataset/lessons@1",
	])}
	count(dp_06.deny) == 0 with input as trained({}, [overlapping(0.01, 59)])
}

test_an_overlap_of_some_records_is_denied if {
	every samples in [0, 58, null, "59"] {
		count(dp_06.deny) == 1 with input as trained({}, [overlapping(0, samples)])
	}
}

test_an_overlap_that_is_no_share_is_denied if {
	every value in [-1, null, "0"] {
		count(dp_06.deny) == 1 with input as trained({}, [overlapping(value, 59)])
	}
	count(dp_06.deny) == 1 with input as trained({}, [comparison({"measurements": []})])
	count(dp_06.deny) == 1 with input as trained({}, [comparison({"passed": false})])
}

test_the_newest_comparison_counts if {
	later := {"completedAt": "2026-11-20T13:00:00Z"}
	count(dp_06.deny) == 1 with input as trained({}, [comparison({}), object.union(overlapping(0.5, 59), later)])
	count(dp_06.deny) == 0 with input as trained({}, [overlapping(0.5, 59), comparison(later)])
}

test_a_newer_comparison_with_other_data_changes_nothing if {
	other := object.union(overlapping(0.5, 59), {
		"subject": {"dataset": fixtures.d("d"), "against": fixtures.d("f")},
		"completedAt": "2026-11-20T13:00:00Z",
	})
	count(dp_06.deny) == 0 with input as trained({}, [comparison({}), other])
}

test_evaluation_data_that_was_trained_on_is_denied if {
	document := json.patch(fixtures.good, [parent("Model~1tiny@2", "Dataset/facts@1")])
	results := dp_06.deny with input as document
	{[r.address, r.path] | some r in results} == {
		["Dataset/facts@1", ["spec", "purpose"]],
		["Evaluation/facts@1", ["spec", "dataset"]],
	}
}

test_the_same_bytes_under_another_name_are_denied if {
	document := trained({"source": {"digest": fixtures.d("d")}}, [comparison({"subject": {"against": fixtures.d("d")}})])
	results := dp_06.deny with input as document
	{r.msg | some r in results} == {sprintf("Evaluation/facts@1 measures on Dataset/facts@1, and %s, as %s.", [
		"the release was trained or tuned on it",
		"Dataset/lessons@1",
	])}
}

test_two_digests_of_zeros_are_not_compared if {
	zeros := {"subject": {"against": fixtures.d("0")}}
	document := trained({"source": {"digest": fixtures.d("0")}}, [comparison(zeros)])
	count(dp_06.deny) == 1 with input as document
}

test_training_data_of_another_purpose_is_denied if {
	every purpose in ["eval", "drift-baseline", "", null] {
		results := dp_06.deny with input as trained({"purpose": purpose}, [comparison({})])
		{[r.address, r.path] | some r in results} == {["Dataset/lessons@1", ["spec", "purpose"]]}
	}
}

test_measuring_on_training_data_is_denied if {
	document := fixtures.changed("/resources/Dataset~1facts@1/spec/purpose", "train")
	results := dp_06.deny with input as document
	{[r.address, r.path] | some r in results} == {["Evaluation/facts@1", ["spec", "dataset"]]}
}

test_data_of_a_base_model_counts if {
	document := json.patch(fixtures.good, [
		parent("Model~1tiny@2", "Model/base@1"),
		{"op": "add", "path": "/derived/lineage/Model~1base@1", "value": lineage("Dataset/lessons@1")},
		{"op": "add", "path": "/resources/Dataset~1lessons@1", "value": lessons({})},
	])
	count(dp_06.deny) == 1 with input as document
}

test_data_of_an_adapter_counts if {
	document := json.patch(fixtures.good, [
		{"op": "add", "path": "/deployments/0/release/adapters/-", "value": {"address": "Adapter/tone@1", "digest": "x"}},
		{"op": "add", "path": "/derived/lineage/Adapter~1tone@1", "value": lineage("Dataset/lessons@1")},
		{"op": "add", "path": "/resources/Dataset~1lessons@1", "value": lessons({})},
	])
	count(dp_06.deny) == 1 with input as document
}

test_data_of_a_calibration_counts if {
	build := {"kind": "Build", "spec": {"quantization": {"calibration": {"dataset": "facts@1"}}}}
	document := fixtures.added("/resources/Build~1tiny-q8@1", build)
	count(dp_06.deny) == 2 with input as document
}

test_an_evaluation_without_data_is_not_compared if {
	document := json.patch(trained({}, []), [{"op": "remove", "path": "/resources/Evaluation~1facts@1/spec/dataset"}])
	count(dp_06.deny) == 0 with input as document
}

test_a_release_that_does_not_say_its_evaluations_is_denied if {
	count(dp_06.deny) == 1 with input as fixtures.without("/deployments/0/evaluations")
}

test_a_model_without_lineage_is_denied if {
	count(dp_06.deny) > 0 with input as fixtures.without("/derived/lineage/Model~1tiny@2")
}

test_what_does_not_change_is_not_judged if {
	document := json.patch(trained({}, []), [{"op": "replace", "path": "/deployments/0/changed", "value": false}])
	count(dp_06.deny) == 0 with input as document
}

test_a_document_without_evidence_is_denied if count(dp_06.deny) > 0 with input as fixtures.without("/evidence")

test_an_empty_document_is_denied if count(dp_06.deny) > 0 with input as {}

trained(differences, evidence) := json.patch(fixtures.changed("/evidence", evidence), [
	parent("Model~1tiny@2", "Dataset/lessons@1"),
	{"op": "add", "path": "/resources/Dataset~1lessons@1", "value": lessons(differences)},
])

parent(address, of) := {
	"op": "add",
	"path": sprintf("/derived/lineage/%s/parents/-", [address]),
	"value": {"address": of, "relation": "data"},
}

lineage(of) := {"parents": [{"address": of, "relation": "data"}], "ancestors": [of], "unknown": []}

lessons(differences) := {"kind": "Dataset", "spec": object.union(
	{"purpose": "train", "source": {"uri": "file:lessons", "digest": fixtures.d("e")}},
	differences,
)}

overlapping(value, samples) := comparison({"measurements": [{
	"metric": "overlap",
	"value": value,
	"unit": "ratio",
	"samples": samples,
	"slice": "",
}]})

comparison(differences) := object.union(
	{
		"type": "data-overlap",
		"subject": {"dataset": fixtures.d("d"), "against": fixtures.d("e")},
		"passed": true,
		"simulated": false,
		"completedAt": "2026-11-20T12:00:00Z",
		"measurements": [{"metric": "overlap", "value": 0, "unit": "ratio", "samples": 59, "slice": ""}],
	},
	differences,
)
