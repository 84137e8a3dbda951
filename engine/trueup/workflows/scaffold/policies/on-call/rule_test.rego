package team.on_call_test

import rego.v1

import data.team.on_call

test_a_deployment_with_a_contact_passes if {
	count(on_call.deny) == 0 with input as deployment_with({"onCall": {"contact": "team@example.com"}})
}

test_a_deployment_without_a_contact_is_denied if {
	results := on_call.deny with input as deployment_with({})
	some result in results
	result.address == "Deployment/dev/assistant"
}

test_an_empty_contact_is_none if {
	count(on_call.deny) == 1 with input as deployment_with({"onCall": {"contact": ""}})
}

deployment_with(spec) := {
	"deployments": [{"address": "Deployment/dev/assistant"}],
	"resources": {"Deployment/dev/assistant": {"spec": spec}},
}
