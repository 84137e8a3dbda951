package trueup.rules.rg_04_test

import data.trueup.fixtures
import data.trueup.rules.rg_04

spec := "/resources/System~1support-assistant/spec"

marking := concat("/", [spec, "transparency", "contentMarking"])

# A provider's System whose content is not marked.
unmarked := json.patch(fixtures.good, [
	{"op": "replace", "path": concat("/", [spec, "operatorRole"]), "value": "provider"},
	{"op": "replace", "path": marking, "value": "none"},
])

but(patches) := json.patch(unmarked, patches)

verified_at(times) := but([{"op": "replace", "path": "/observed/verified", "value": [{
	"deployment": fixtures.deployment,
	"release": fixtures.d("0"),
	"retained": true,
	"verifiedAt": time,
} |
	some time in times
]}])

model := "/resources/Model~1tiny@2/spec/capabilities"

test_marked_content_passes if {
	every word in ["metadata", "watermark", "c2pa"] {
		count(rg_04.deny) == 0 with input as but([{"op": "replace", "path": marking, "value": word}])
	}
}

test_content_that_is_not_marked_is_denied if {
	results := rg_04.deny with input as unmarked
	count(results) == 1
	some result in results
	result.severity == "high"
	result.address == "System/support-assistant"
	result.path == ["spec", "transparency", "contentMarking"]
	result.effectiveFrom == "2026-08-02"
}

test_nothing_said_of_marking_is_not_marked if {
	every path in [marking, concat("/", [spec, "transparency"])] {
		count(rg_04.deny) == 1 with input as but([{"op": "remove", "path": path}])
	}
	every word in ["None", "", "yes", true, null, ["c2pa"], "C2PA"] {
		count(rg_04.deny) == 1 with input as but([{"op": "replace", "path": marking, "value": word}])
	}
}

test_a_system_that_was_verified_before_the_law_has_the_later_day if {
	results := rg_04.deny with input as verified_at(["2026-09-01T10:00:00Z", "2026-08-01T23:59:59Z"])
	{r.effectiveFrom | some r in results} == {"2026-12-02"}
}

test_a_system_that_was_verified_on_the_day_has_not if {
	every time in ["2026-08-02T00:00:00Z", "2026-11-01T12:00:00Z", "", null, 5, "1"] {
		results := rg_04.deny with input as verified_at([time])
		{r.effectiveFrom | some r in results} == {"2026-08-02"}
	}
}

test_an_older_release_of_another_deployment_makes_no_legacy if {
	document := json.patch(verified_at(["2025-01-01T00:00:00Z"]), [
		{"op": "replace", "path": "/observed/verified/0/deployment", "value": "Deployment/prod/other"},
	])
	{r.effectiveFrom | some r in rg_04.deny} == {"2026-08-02"} with input as document
}

test_who_only_deploys_has_no_such_duty if {
	every role in ["deployer", "importer", "distributor"] {
		count(rg_04.deny) == 0 with input as but([
			{"op": "replace", "path": concat("/", [spec, "operatorRole"]), "value": role},
		])
	}
}

test_both_and_unknown_roles_have_it if {
	every role in ["both", "Deployer", "", null] {
		count(rg_04.deny) == 1 with input as but([
			{"op": "replace", "path": concat("/", [spec, "operatorRole"]), "value": role},
		])
	}
}

test_outside_the_union_it_does_not_hold if {
	count(rg_04.deny) == 0 with input as but([
		{"op": "replace", "path": concat("/", [spec, "jurisdictions"]), "value": ["US"]},
	])
	count(rg_04.deny) == 1 with input as but([{"op": "remove", "path": concat("/", [spec, "jurisdictions"])}])
}

test_a_model_that_makes_no_content_needs_no_mark if {
	document := but([{"op": "add", "path": model, "value": {"outputTypes": ["embedding"]}}])
	count(rg_04.deny) == 0 with input as document
}

test_a_model_that_makes_something_else_besides_needs_one if {
	every outputs in [["embedding", "text"], [], "embedding", null] {
		document := but([{"op": "add", "path": model, "value": {"outputTypes": outputs}}])
		count(rg_04.deny) == 1 with input as document
	}
}

test_a_model_nobody_knows_needs_one if {
	count(rg_04.deny) > 0 with input as but([{"op": "remove", "path": "/deployments/0/release/model"}])
	count(rg_04.deny) > 0 with input as but([
		{"op": "replace", "path": "/deployments/0/release/model/address", "value": "Model/other@1"},
	])
}

test_outside_production_it_is_medium if {
	{r.severity | some r in rg_04.deny} == {"medium"} with input as fixtures.in_tier(unmarked, "staging")
}

test_what_runs_unchanged_is_not_judged_again if {
	count(rg_04.deny) == 0 with input as but([{"op": "replace", "path": "/deployments/0/changed", "value": false}])
}

test_a_document_without_the_history_is_denied if {
	count(rg_04.deny) > 0 with input as fixtures.without("/observed/verified")
}

test_an_empty_document_is_denied if count(rg_04.deny) > 0 with input as {}
