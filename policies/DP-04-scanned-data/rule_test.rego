package trueup.rules.dp_04_test

import data.trueup.fixtures
import data.trueup.rules.dp_04

digest := ["spec", "source", "digest"]

test_scanned_data_passes if count(dp_04.deny) == 0 with input as fixtures.good

test_data_without_a_scan_is_denied_at_its_digest if {
	results := dp_04.deny with input as scanned([])
	{[r.address, r.path, r.severity] | some r in results} == {["Dataset/facts@1", digest, "critical"]}
}

test_a_scan_of_other_bytes_is_denied if {
	count(dp_04.deny) == 1 with input as scanned([scan({"subject": {"dataset": fixtures.d("f")}})])
	count(dp_04.deny) == 1 with input as scanned([scan({"type": "data-checks"})])
}

test_a_simulated_scan_is_denied if {
	count(dp_04.deny) == 1 with input as scanned([scan({"simulated": true})])
	count(dp_04.deny) == 1 with input as scanned([scan({"simulated": null})])
}

test_a_digest_of_zeros_matches_no_scan if {
	document := json.patch(scanned([scan({"subject": {"dataset": fixtures.d("0")}})]), [{
		"op": "replace",
		"path": "/resources/Dataset~1facts@1/spec/source/digest",
		"value": fixtures.d("0"),
	}])
	count(dp_04.deny) == 1 with input as document
}

test_data_without_a_digest_matches_no_scan if {
	count(dp_04.deny) == 1 with input as fixtures.without("/resources/Dataset~1facts@1/spec/source/digest")
}

test_a_failed_scan_is_denied if {
	results := dp_04.deny with input as scanned([scan({"passed": false})])
	{r.msg | some r in results} == {"The newest scan of Dataset/facts@1 failed."}
}

test_the_newest_scan_counts if {
	older := scan({"completedAt": "2026-11-19T12:00:00Z"})
	count(dp_04.deny) == 1 with input as scanned([older, scan({"passed": false})])
	count(dp_04.deny) == 0 with input as scanned([object.union(older, {"passed": false}), scan({})])
}

test_one_secret_is_denied if {
	results := dp_04.deny with input as scanned([found(1, 0)])
	{r.msg | some r in results} == {"The newest scan of Dataset/facts@1 found 1 secret(s)."}
}

test_a_secret_in_one_slice_is_denied if {
	parts := [m | some m in array.concat(fixtures.data_scan.measurements, [measured("secrets", 1, 3, "code")])]
	count(dp_04.deny) == 1 with input as scanned([scan({"measurements": parts})])
}

test_personal_data_that_nobody_declared_is_denied if {
	results := dp_04.deny with input as scanned([found(0, 1)])
	{r.path | some r in results} == {["spec", "personalData"]}
}

test_declared_personal_data_may_be_found if {
	document := json.patch(scanned([found(0, 12)]), [{
		"op": "replace",
		"path": "/resources/Dataset~1facts@1/spec/personalData/present",
		"value": true,
	}])
	findings := {"undeclared": 0, "declared": 11}
	count(dp_04.deny) == 0 with input as document
	count(dp_04.deny) == 1 with input as document with data.parameters.datasets.personal_data_findings as findings
}

test_a_scan_that_did_not_look_at_all_records_is_denied if {
	every samples in [0, 58, null, "59"] {
		parts := [measured("secrets", 0, samples, ""), measured("personal_data", 0, 59, "")]
		results := dp_04.deny with input as scanned([scan({"measurements": parts})])
		{r.msg | some r in results} == {sprintf("%s does not say of all records how many `secrets` it found.", [
			"The newest scan of Dataset/facts@1",
		])}
	}
}

test_a_scan_of_a_dataset_of_unknown_size_looks_at_something if {
	small := json.patch(found(0, 0), [
		{"op": "replace", "path": "/measurements/0/samples", "value": 1},
		{"op": "replace", "path": "/measurements/1/samples", "value": 1},
	])
	document := json.patch(scanned([small]), [{"op": "remove", "path": "/resources/Dataset~1facts@1/spec/datasetSize"}])
	none := json.patch(document, [{"op": "replace", "path": "/evidence/0/measurements/0/samples", "value": 0}])
	count(dp_04.deny) == 0 with input as document
	count(dp_04.deny) == 1 with input as none
}

test_a_scan_without_a_number_is_denied if {
	every value in [null, "0", -1] {
		parts := [measured("secrets", value, 59, ""), measured("personal_data", 0, 59, "")]
		count(dp_04.deny) > 0 with input as scanned([scan({"measurements": parts})])
	}
	count(dp_04.deny) == 1 with input as scanned([scan({"measurements": [measured("secrets", 0, 59, "")]})])
	count(dp_04.deny) == 2 with input as scanned([scan({"measurements": []})])
}

test_a_dataset_of_what_does_not_change_is_not_judged if {
	document := json.patch(scanned([]), [{"op": "replace", "path": "/deployments/0/changed", "value": false}])
	count(dp_04.deny) == 0 with input as document
}

test_a_document_without_evidence_is_denied if count(dp_04.deny) > 0 with input as fixtures.without("/evidence")

test_an_empty_document_is_denied if count(dp_04.deny) > 0 with input as {}

scanned(scans) := fixtures.changed("/evidence", scans)

scan(differences) := object.union(fixtures.data_scan, differences)

found(secrets, personal) := scan({"measurements": [
	measured("secrets", secrets, 59, ""),
	measured("personal_data", personal, 59, ""),
]})

measured(metric, value, samples, slice) := {
	"metric": metric,
	"value": value,
	"unit": "findings",
	"samples": samples,
	"slice": slice,
}
