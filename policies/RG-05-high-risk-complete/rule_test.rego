package trueup.rules.rg_05_test

import data.trueup.fixtures
import data.trueup.rules.rg_05

system := "/resources/System~1support-assistant/spec"

deployment := "/resources/Deployment~1prod~1support/spec"

complete := json.patch(fixtures.good, [
	{"op": "replace", "path": concat("/", [system, "riskClass"]), "value": "high-annex-iii"},
	{"op": "add", "path": concat("/", [system, "impactAssessments"]), "value": [{
		"type": "AIIA",
		"ref": "RISK-7",
		"approvedBy": "risk-owner@example.com",
		"validUntil": "2026-11-21",
	}]},
	{"op": "add", "path": concat("/", [system, "ethicalConsiderations"]), "value": ["Wrong answers; people check."]},
	{"op": "add", "path": concat("/", [system, "technicalLimitations"]), "value": ["Knows little."]},
	{"op": "add", "path": concat("/", [system, "transparency", "documentation"]), "value": "docs/instructions.md"},
	{"op": "add", "path": concat("/", [system, "humanOversight"]), "value": {
		"mode": "on-the-loop",
		"stopControl": "trueup rollback",
		"contact": "support-team@example.com",
	}},
	{"op": "add", "path": concat("/", [deployment, "logging"]), "value": {"retention": "200d", "sink": "s3://records"}},
	{"op": "add", "path": "/resources/Model~1tiny@2/spec/card", "value": "A small model."},
])

but(path, value) := json.patch(complete, [{"op": "replace", "path": path, "value": value}])

lacking(path) := json.patch(complete, [{"op": "remove", "path": path}])

at(parts) := concat("/", parts)

test_what_is_no_high_risk_passes if count(rg_05.deny) == 0 with input as fixtures.good

test_a_complete_high_risk_system_passes if count(rg_05.deny) == 0 with input as complete

test_a_bare_high_risk_system_is_told_all_that_it_lacks if {
	results := rg_05.deny with input as fixtures.changed(at([system, "riskClass"]), "high-annex-iii")
	{r.path | some r in results} == {
		["spec", "impactAssessments"],
		["spec", "ethicalConsiderations"],
		["spec", "technicalLimitations"],
		["spec", "transparency", "documentation"],
		["spec", "humanOversight", "mode"],
		["spec", "humanOversight", "stopControl"],
		["spec", "humanOversight", "contact"],
		["spec", "logging", "retention"],
		["spec", "logging", "sink"],
		["spec", "release", "model"],
	}
	{r.severity | some r in results} == {"high"}
	{r.effectiveFrom | some r in results} == {"2027-12-02"}
}

test_products_have_a_later_day if {
	results := rg_05.deny with input as fixtures.changed(at([system, "riskClass"]), "high-annex-i")
	count(results) == 10
	{r.effectiveFrom | some r in results} == {"2028-08-02"}
}

test_each_field_of_the_system_is_asked_for if {
	every path in [
		["ethicalConsiderations"],
		["technicalLimitations"],
		["transparency", "documentation"],
		["humanOversight", "stopControl"],
		["humanOversight", "contact"],
		["humanOversight", "mode"],
		["impactAssessments"],
	] {
		results := rg_05.deny with input as lacking(at(array.concat([system], path)))
		{r.path | some r in results} == {array.concat(["spec"], path)}
	}
}

test_words_that_say_nothing_are_absent if {
	every path, values in {
		"ethicalConsiderations": [[], ["tbd"], "", [null], 5],
		"technicalLimitations": [[], ["none"], null],
	} {
		every value in values {
			count(rg_05.deny) == 1 with input as but(at([system, path]), value)
		}
	}
}

test_oversight_by_nobody_is_none if {
	every mode in ["none", "", null, "In-The-Loop", ["in-the-loop"]] {
		results := rg_05.deny with input as but(at([system, "humanOversight", "mode"]), mode)
		{r.path | some r in results} == {["spec", "humanOversight", "mode"]}
	}
}

test_an_assessment_has_to_hold_and_be_approved if {
	every field, values in {
		"validUntil": ["2026-11-20", "", null, "9999", "never", 20271231],
		"approvedBy": ["", "tbd", null],
		"ref": ["", "n/a", null],
		"type": ["DPIA", "other", "", null],
	} {
		every value in values {
			results := rg_05.deny with input as but(at([system, "impactAssessments", "0", field]), value)
			{r.path | some r in results} == {["spec", "impactAssessments"]}
		}
	}
	count(rg_05.deny) == 1 with input as lacking(at([system, "impactAssessments", "0", "validUntil"]))
	count(rg_05.deny) == 1 with input as but(at([system, "impactAssessments"]), "RISK-7")
}

test_records_are_asked_for_at_the_deployment if {
	results := rg_05.deny with input as lacking(at([deployment, "logging"]))
	{[r.address, r.path] | some r in results} == {
		[fixtures.deployment, ["spec", "logging", "retention"]],
		[fixtures.deployment, ["spec", "logging", "sink"]],
	}
}

test_a_card_may_be_a_file_that_was_read if {
	card := "/resources/Model~1tiny@2/spec/card"
	count(rg_05.deny) == 0 with input as but(card, {"file": "card.md", "content": "A small model."})
	every value in ["", {"file": "card.md"}, {"file": "card.md", "content": " "}, null] {
		results := rg_05.deny with input as but(card, value)
		{r.path | some r in results} == {["spec", "release", "model"]}
	}
}

test_accuracy_has_to_be_measured_for_this_release if {
	status := "/deployments/0/evaluations/0/status"
	every document in [
		but(status, "missing"),
		but(status, "failed"),
		lacking(status),
		but("/deployments/0/evaluations", []),
		but("/resources/Evaluation~1facts@1/spec/category", "performance"),
		lacking("/resources/Evaluation~1facts@1/spec/category"),
	] {
		results := rg_05.deny with input as document
		{r.path | some r in results} == {["spec", "release"]}
	}
}

test_a_measurement_may_be_planned_and_not_at_the_gate if {
	planned := but("/deployments/0/evaluations/0/status", "planned")
	count(rg_05.deny) == 0 with input as planned
	count(rg_05.deny) == 1 with input as json.patch(planned, [{"op": "replace", "path": "/gate", "value": true}])
}

test_a_high_risk_purpose_declared_as_less_is_denied if {
	every class in ["minimal", "transparency", "low", ""] {
		document := json.patch(fixtures.good, [
			{"op": "replace", "path": "/derived/purposes/0/categories", "value": ["chat", "Employment"]},
			{"op": "replace", "path": at([system, "riskClass"]), "value": class},
		])
		results := rg_05.deny with input as document
		count(results) == 1
		some result in results
		result.path == ["spec", "riskClass"]
		result.effectiveFrom == "2027-12-02"
		contains(result.msg, "`employment` (Annex III(4))")
	}
}

test_an_assessment_why_it_is_none_lets_it_pass if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/derived/purposes/0/categories", "value": ["employment"]},
		{"op": "add", "path": at([system, "impactAssessments"]), "value": [{
			"type": "AIIA",
			"ref": "RISK-8",
			"approvedBy": "risk-owner@example.com",
			"validUntil": "2027-01-31",
		}]},
	])
	count(rg_05.deny) == 0 with input as document
	other := json.patch(document, [
		{"op": "replace", "path": at([system, "impactAssessments", "0", "type"]), "value": "DPIA"},
	])
	count(rg_05.deny) == 1 with input as other
}

test_outside_the_union_it_does_not_hold if {
	document := fixtures.changed(at([system, "riskClass"]), "high-annex-iii")
	elsewhere := json.patch(document, [
		{"op": "replace", "path": at([system, "jurisdictions"]), "value": ["US"]},
		{"op": "replace", "path": "/derived/purposes/0/categories", "value": ["employment"]},
	])
	count(rg_05.deny) == 0 with input as elsewhere
}

test_outside_production_it_is_medium if {
	document := fixtures.in_tier(fixtures.changed(at([system, "riskClass"]), "high-annex-iii"), "dev")
	{r.severity | some r in rg_05.deny} == {"medium"} with input as document
}

test_what_runs_unchanged_is_not_judged_again if {
	document := json.patch(fixtures.changed(at([system, "riskClass"]), "high-annex-iii"), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(rg_05.deny) == 0 with input as document
}

test_a_document_without_the_day_or_the_purposes_is_denied if {
	count(rg_05.deny) > 0 with input as fixtures.without("/clock/today")
	count(rg_05.deny) > 0 with input as fixtures.without("/derived/purposes")
}

test_an_empty_document_is_denied if count(rg_05.deny) > 0 with input as {}
