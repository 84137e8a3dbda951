package trueup.rules.sc_04_test

import data.trueup.fixtures
import data.trueup.rules.sc_04

format := "/resources/Model~1tiny@2/spec/format"

test_safetensors_passes if count(sc_04.deny) == 0 with input as fixtures.good

test_pickle_is_denied if {
	results := sc_04.deny with input as fixtures.changed(format, "pickle")
	some result in results
	result.address == "Model/tiny@2"
	result.path == ["spec", "format"]
}

test_pickle_under_another_name_is_denied if {
	document := fixtures.changed("/derived/artifacts/Model~1tiny@2/runsCode", true)
	results := sc_04.deny with input as document
	some result in results
	result.path == ["spec", "source"]
}

test_a_release_in_another_format_is_denied if {
	count(sc_04.deny) > 0 with input as fixtures.changed("/deployments/0/release/artifact/format", "pytorch")
}

test_a_model_without_format_is_denied if count(sc_04.deny) > 0 with input as fixtures.without(format)

test_a_model_without_facts_is_denied if {
	count(sc_04.deny) > 0 with input as fixtures.without("/derived/artifacts/Model~1tiny@2")
}

test_an_adapter_is_safetensors_unless_it_says_otherwise if {
	facts := {"scheme": "file", "suffix": "safetensors", "runsCode": false}
	document := json.patch(fixtures.good, [
		{"op": "add", "path": "/deployments/0/resources/-", "value": "Adapter/tone@1"},
		{"op": "add", "path": "/resources/Adapter~1tone@1", "value": {"kind": "Adapter", "spec": {}}},
		{"op": "add", "path": "/derived/artifacts/Adapter~1tone@1", "value": facts},
	])
	count(sc_04.deny) == 0 with input as document
}

test_pickle_needs_a_clean_scan_of_its_bytes_besides if {
	paths := {["spec", "format"], ["spec", "source", "digest"]}
	{r.path | some r in sc_04.deny} == paths with input as fixtures.changed(format, "pickle")
	{r.path | some r in sc_04.deny} == {["spec", "format"]} with input as scanned([scan({})])
}

test_a_scan_that_found_something_is_denied if {
	count(sc_04.deny) == 2 with input as scanned([scan({"measurements": [{"metric": "findings", "value": 1}]})])
	count(sc_04.deny) == 2 with input as scanned([scan({"measurements": []})])
	count(sc_04.deny) == 2 with input as scanned([scan({"passed": false})])
}

test_a_scan_of_other_bytes_is_denied if {
	count(sc_04.deny) == 2 with input as scanned([scan({"subject": {"artifact": fixtures.d("f")}})])
}

test_a_simulated_scan_is_denied if count(sc_04.deny) == 2 with input as scanned([scan({"simulated": true})])

test_the_newest_scan_counts if {
	older := scan({"completedAt": "2026-11-19T12:00:00Z"})
	bad := scan({"measurements": [{"metric": "findings", "value": 1}]})
	count(sc_04.deny) == 2 with input as scanned([older, bad])
	count(sc_04.deny) == 1 with input as scanned([object.union(bad, {"completedAt": "2026-11-19T12:00:00Z"}), scan({})])
}

test_a_document_without_derived_facts_is_denied if count(sc_04.deny) > 0 with input as fixtures.without("/derived")

test_an_empty_document_is_denied if count(sc_04.deny) > 0 with input as {}

scanned(scans) := json.patch(fixtures.changed(format, "pickle"), [{
	"op": "replace",
	"path": "/evidence",
	"value": scans,
}])

scan(differences) := object.union(
	{
		"type": "pickle-scan",
		"subject": {"artifact": fixtures.d("a")},
		"passed": true,
		"simulated": false,
		"completedAt": "2026-11-20T12:00:00Z",
		"measurements": [{"metric": "findings", "value": 0, "unit": "findings", "samples": 3, "slice": ""}],
	},
	differences,
)
