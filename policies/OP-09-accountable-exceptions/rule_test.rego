package trueup.rules.op_09_test

import data.trueup.fixtures
import data.trueup.rules.op_09

exception := {
	"address": "PolicyException/sc-01-for-one-release",
	"rule": "SC-01",
	"resource": "Model/tiny@2",
	"path": "spec.source",
	"owner": "ml-platform",
	"reason": "The registry is down until Monday.",
	"compensatingControl": "The digest was compared by hand.",
	"approvedBy": "risk-owner@example.com",
	"expires": "2026-12-31",
	"expiresInDays": 40,
	"approverIsAuthor": false,
	"inForce": true,
	"problem": "",
}

with_exception(changes) := fixtures.changed("/exceptions", [object.union(exception, changes)])

test_no_exception_passes if count(op_09.deny) == 0 with input as fixtures.good

test_a_complete_exception_passes if {
	count(op_09.deny) == 0 with input as with_exception({})
	count(op_09.warn) == 0 with input as with_exception({})
}

test_an_exception_without_a_part_is_denied_at_its_field if {
	every field, path in {
		"owner": ["metadata", "owner"],
		"reason": ["spec", "reason"],
		"compensatingControl": ["spec", "compensatingControl"],
		"approvedBy": ["spec", "approvedBy"],
	} {
		every value in ["", "  ", "TBD", "none", "-", null, 5] {
			results := op_09.deny with input as with_exception({field: value})
			{r.path | some r in results} == {path}
			{r.address | some r in results} == {exception.address}
			{r.severity | some r in results} == {"high"}
		}
	}
}

test_an_exception_that_says_nothing_is_denied_for_all_of_it if {
	bare := {"address": exception.address, "resource": exception.resource}
	count(op_09.deny) == 6 with input as fixtures.changed("/exceptions", [bare])
}

test_an_exception_ends_within_90_days if {
	count(op_09.deny) == 0 with input as with_exception({"expiresInDays": 90})
	count(op_09.deny) == 0 with input as with_exception({"expiresInDays": 0})
	every left in [91, 3650, null, "40", true] {
		results := op_09.deny with input as with_exception({"expiresInDays": left})
		{r.path | some r in results} == {["spec", "expires"]}
	}
}

test_a_shorter_time_may_be_set_as_data if {
	count(op_09.deny) == 1 with input as with_exception({}) with data.parameters.days.exception as 30
}

test_an_author_does_not_approve_an_exception if {
	every value in [true, null, "", "false"] {
		results := op_09.deny with input as with_exception({"approverIsAuthor": value})
		{r.path | some r in results} == {["spec", "approvedBy"]}
	}
}

test_an_expired_exception_warns_and_denies_nothing if {
	document := with_exception({"expiresInDays": 0 - 1, "owner": ""})
	count(op_09.deny) == 0 with input as document
	results := op_09.warn with input as document
	{r.severity | some r in results} == {"low"}
}

test_an_exception_for_something_else_is_not_this_plans if {
	every resource in [
		"Model/other@1",
		"Deployment/staging/support",
		"Model/tiny",
		"Model/tiny@22",
		"model/tiny@2",
		"*/other@*",
	] {
		count(op_09.deny) == 0 with input as with_exception({"owner": "", "resource": resource})
	}
}

test_patterns_reach_what_the_exception_would_lift if {
	every resource in ["Model/*", "*/tiny@?", "Deployment/prod/*", "Deployment/*/support", "System/support-assistant"] {
		count(op_09.deny) == 1 with input as with_exception({"owner": "", "resource": resource})
	}
	every resource in ["Deployment/*", "*"] {
		count(op_09.deny) == 0 with input as with_exception({"owner": "", "resource": resource})
	}
}

test_a_pattern_that_cannot_be_read_may_concern_anything if {
	every resource in ["Model/[", "(", "", null, 5, "Model/tiny@2|"] {
		count(op_09.deny) == 1 with input as with_exception({"owner": "", "resource": resource})
	}
}

test_an_exception_without_an_address_is_denied if {
	count(op_09.deny) == 1 with input as with_exception({"address": ""})
	count(op_09.deny) == 1 with input as fixtures.changed("/exceptions", ["SC-01"])
}

test_a_plan_that_rolls_nothing_out_judges_no_exception if {
	document := json.patch(with_exception({"owner": "", "resource": null}), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(op_09.deny) == 0 with input as document
}

test_a_document_without_exceptions_is_denied if count(op_09.deny) > 0 with input as fixtures.without("/exceptions")

test_an_empty_document_is_denied if count(op_09.deny) > 0 with input as {}
