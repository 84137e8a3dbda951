# METADATA
# title: An adapter serves on the model it was made for
# description: >-
#   The digest of an adapter's base model is the digest of what is served, and its rank is within what the runtime
#   takes.
# custom:
#   id: SC-09
#   ruleSet: supply-chain
#   severity: critical
#   controls: [OWASP LLM03:2025, NIST AI RMF MEASURE 2.5]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Serve the adapter with the model it names in `baseModel`, or train it again on the one that is served; raise the
#     runtime's largest rank if the rank is above it.
package trueup.rules.sc_09

import data.parameters.adapters as limits
import data.trueup.lib

deny contains result if some result in lib.absent("SC-09", "critical", ["deployments", "resources"])

deny contains lib.result("SC-09", "critical", deployment.address, ["spec", "release", "adapters"], msg) if {
	some deployment in lib.changed
	adapters := lib.field(deployment, ["release", "adapters"])
	not is_array(adapters)
	msg := "The policy document does not say which adapters the release has."
}

deny contains lib.result("SC-09", "critical", deployment.address, ["spec", "release", "adapters"], msg) if {
	some [deployment, address] in used
	document := object.get(input.resources, address, null)
	not is_object(document)
	msg := sprintf("The policy document does not hold %s.", [address])
}

deny contains lib.result("SC-09", "critical", deployment.address, ["spec", "release", "adapters"], msg) if {
	some [deployment, address] in used
	base := base_of(address)
	not served(deployment, base)
	model := lib.field(deployment, ["release", "model", "address"])
	msg := sprintf("%s was made for %s, and the release has the bytes of %s.", [address, base, model])
}

deny contains lib.result("SC-09", "critical", address, ["spec", "rank"], msg) if {
	some [_, address] in ranked
	rank := lib.field(input.resources[address], ["spec", "rank"])
	not whole(rank)
	msg := sprintf("%s does not say its rank.", [address])
}

deny contains lib.result("SC-09", "critical", deployment.address, ["spec", "runtime", "args"], msg) if {
	some [deployment, address] in ranked
	rank := lib.field(input.resources[address], ["spec", "rank"])
	some limit in limits_of(deployment)
	not within(rank, limit)
	msg := sprintf("%s has the rank %v, and the runtime takes %v at most.", [address, rank, limit])
}

deny contains lib.result("SC-09", "critical", deployment.address, ["spec", "runtime", "args"], msg) if {
	some [deployment, _] in ranked
	count(limits_of(deployment)) == 0
	msg := sprintf("Nobody says the largest rank that the runtime `%v` takes.", [runtime(deployment)])
}

# Adapters of the release, those that its declaration names and those that are built in, as [deployment, address].
used contains [deployment, adapter.address] if {
	some deployment in lib.changed
	some adapter in deployment.release.adapters
}

used contains [deployment, sprintf("Adapter/%s", [name])] if {
	some deployment in lib.changed
	some name in object.get(lib.declared(deployment), ["spec", "release", "adapters"], [])
}

used contains [deployment, sprintf("Adapter/%s", [name])] if {
	some deployment in lib.changed
	build := object.get(input.resources, lib.field(deployment, ["release", "build", "address"]), {})
	some name in object.get(build, ["spec", "adapters"], [])
}

ranked contains [deployment, address] if {
	some [deployment, address] in used
	method := lib.field(input.resources[address], ["spec", "method"])
	not rankless(method)
}

# Methods that are said, and have no rank.
rankless(method) if {
	lib.text(method)
	not method in {m | some m in limits.ranked_methods}
}

base_of(address) := sprintf("Model/%v", [lib.field(object.get(input.resources, address, {}), ["spec", "baseModel"])])

# The same bytes, whatever their names: what was served first under one name may come back under another.
served(deployment, base) if {
	bytes := lib.field(object.get(input.resources, base, {}), ["spec", "source", "digest"])
	lib.digest(bytes)
	bytes == lib.field(deployment, ["release", "artifact", "digest"])
}

runtime(deployment) := lib.field(deployment, ["server", "runtime"])

# What the arguments say, else the runtime's own default; "none" for a runtime without a limit.
limits_of(deployment) := said_limits(deployment) if count(said_limits(deployment)) > 0

limits_of(deployment) := default_limits(runtime(deployment)) if count(said_limits(deployment)) == 0

said_limits(deployment) := {limit |
	some key in limits.arguments
	some arguments in [
		object.get(lib.declared(deployment), ["spec", "runtime", "args"], {}),
		lib.field(deployment, ["server", "arguments"]),
	]
	limit := object.get(arguments, key, null)
	limit != null
}

default_limits(name) := {object.get({null: "none"}, limit, limit) |
	some key, limit in limits.runtimes
	key == name
}

within(_, limit) if limit == "none"

within(rank, limit) if {
	whole(rank)
	is_number(limit)
	rank <= limit
}

whole(rank) if {
	is_number(rank)
	rank >= 1
	rank == floor(rank)
}
