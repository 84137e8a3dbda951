package trueup.rules.rg_01_test

import data.trueup.fixtures
import data.trueup.rules.rg_01

system := "/resources/System~1support-assistant"

test_a_declared_system_passes if count(rg_01.deny) == 0 with input as fixtures.good

test_a_deployment_without_system_is_denied if {
	results := rg_01.deny with input as fixtures.without("/resources/Deployment~1prod~1support/spec/system")
	some result in results
	result.address == fixtures.deployment
	result.path == ["spec", "system"]
	result.severity == "critical"
}

test_outside_production_it_is_medium if {
	document := fixtures.in_tier(fixtures.without("/resources/Deployment~1prod~1support/spec/system"), "dev")
	{r.severity | some r in rg_01.deny} == {"medium"} with input as document
}

test_a_system_that_is_not_declared_is_denied if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/resources/Deployment~1prod~1support/spec/system", "value": "other"},
	])
	results := rg_01.deny with input as document
	some result in results
	result.msg == "System/other is not declared."
}

test_a_system_without_a_field_is_denied if {
	every part in ["spec/intendedPurpose", "spec/operatorRole", "spec/riskClass", "metadata/owner"] {
		results := rg_01.deny with input as fixtures.without(concat("/", [system, part]))
		some result in results
		result.address == "System/support-assistant"
		result.path == split(part, "/")
	}
}

test_a_system_without_jurisdictions_is_denied if {
	count(rg_01.deny) > 0 with input as fixtures.without(concat("", [system, "/spec/jurisdictions"]))
	count(rg_01.deny) > 0 with input as fixtures.changed(concat("", [system, "/spec/jurisdictions"]), [])
}

test_an_empty_document_is_denied if count(rg_01.deny) > 0 with input as {}
