# METADATA
# title: A provider has a fallback
# description: >-
#   A deployment whose model a provider serves names another deployment that answers in its place: verified here, and
#   not of the same provider.
# custom:
#   id: OP-10
#   ruleSet: operations
#   severity: medium
#   controls: [NIST AI RMF GOVERN 6.2]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Roll out a deployment with another model first, and name it in `fallbacks`.
package trueup.rules.op_10

import data.trueup.lib

deny contains result if some result in lib.absent("OP-10", "medium", ["deployments", "resources", "observed.verified"])

deny contains lib.result("OP-10", "medium", deployment.address, ["spec", "release", "model"], msg) if {
	some deployment in lib.changed
	model := model_of(deployment)
	not is_object(model)
	msg := "The policy document does not hold the model, so nobody can tell whether a provider serves it."
}

deny contains lib.result("OP-10", "medium", deployment.address, ["spec", "fallbacks"], msg) if {
	some deployment in external
	count(fallbacks(deployment)) == 0
	msg := sprintf("Its model is served by `%s`, and no deployment answers in its place.", [provider(deployment)])
}

deny contains lib.result("OP-10", "medium", deployment.address, ["spec", "fallbacks"], msg) if {
	some deployment in external
	named := fallbacks(deployment)
	count(named) > 0
	count([name | some name in named; stands_in(name, deployment)]) == 0
	names := concat(", ", [sprintf("%v", [name]) | some name in named])
	msg := sprintf("None of its fallbacks (%s) is another deployment here that was verified and does without `%s`.", [
		names,
		provider(deployment),
	])
}

external contains deployment if {
	some deployment in lib.changed
	provider(deployment) != ""
}

fallbacks(deployment) := declared if {
	declared := lib.field(lib.declared(deployment), ["spec", "fallbacks"])
	is_array(declared)
} else := []

stands_in(name, deployment) if {
	address := sprintf("Deployment/%s/%v", [deployment.environment, name])
	address != deployment.address
	some other in by_address[address]
	is_object(model_of(other))
	provider(other) != provider(deployment)
	some release in verified[address]
	release in releases(other)
}

by_address[address] contains deployment if {
	some deployment in lib.list(input.deployments)
	address := deployment.address
}

verified[address] contains release if {
	some item in lib.list(input.observed.verified)
	address := item.deployment
	release := item.release
}

# What serves there and what is to serve there.
releases(deployment) := {digest |
	some path in [["release", "digest"], ["running", "release", "digest"]]
	digest := lib.field(deployment, path)
	lib.digest(digest)
}

# "" when the policy document does not hold it.
model_of(deployment) := lib.field(input.resources, [lib.field(deployment, ["release", "model", "address"])])

# Host of an `api://` source; "" when we serve the model ourselves.
provider(deployment) := lower(split(uri, "/")[2]) if {
	uri := uri_of(deployment)
	regex.match(`^[aA][pP][iI]://[^/]`, uri)
} else := "a provider nobody names" if {
	is_remote(deployment)
} else := ""

is_remote(deployment) if lib.field(model_of(deployment), ["spec", "format"]) == "api"

is_remote(deployment) if startswith(lower(uri_of(deployment)), "api:")

uri_of(deployment) := uri if {
	uri := lib.field(model_of(deployment), ["spec", "source", "uri"])
	is_string(uri)
} else := ""
