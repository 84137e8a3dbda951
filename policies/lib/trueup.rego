# METADATA
# title: What the rules of the library share
# description: >-
#   The deployments a plan touches, the documents they reach, and results in one shape. Every rule adds
#   `absent` for the parts of the document it stands on, so that a document without them denies.
package trueup.lib

# A deployment is judged when the plan rolls it out; what runs unchanged was judged when it was rolled out.
changed contains deployment if {
	some deployment in input.deployments
	object.get(deployment, "changed", true) != false
}

# Documents that changed deployments reach, as [address, document].
reached contains [address, document] if {
	some deployment in changed
	some address in deployment.resources
	document := object.get(input.resources, address, {})
}

reached_of(kind) := {[address, document] |
	some [address, document] in reached
	startswith(address, sprintf("%s/", [kind]))
}

# Addresses that a deployment reaches and that are not in the document: nothing can be said of them.
missing contains [deployment.address, address] if {
	some deployment in changed
	some address in deployment.resources
	object.get(input.resources, address, null) == null
}

# An unknown tier is taken for production.
default production := true

production := false if input.environment.tier in {"dev", "staging"}

default strict := true

strict := false if input.environment.tier == "dev"

# `field(x, ["spec", "source", "digest"])` is "" when any part is absent.
field(document, path) := object.get(document, path, "") if is_object(document)

field(document, _) := "" if not is_object(document)

text(value) if {
	is_string(value)
	trim_space(value) != ""
}

digest(value) if {
	is_string(value)
	regex.match(`^sha256:[0-9a-f]{64}$`, value)
	value != "sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

result(id, severity, address, path, msg) := {
	"id": id,
	"severity": severity,
	"address": address,
	"path": path,
	"msg": msg,
}

# One result for each of `parts` that the policy document lacks or has in another shape, and for each document that
# it names and does not hold.
absent(id, severity, parts) := {result(id, severity, "", [], msg) |
	some part in parts
	not has(part)
	msg := sprintf("The policy document has no usable `%s`, so nothing can be said.", [part])
} | {result(id, severity, deployment, [], msg) |
	some [deployment, address] in missing
	msg := sprintf("The policy document does not hold %s, so nothing can be said of it.", [address])
} | {result(id, severity, "", [], msg) |
	not deployments_complete
	msg := "A deployment of the policy document has no address or no list of resources."
}

has("deployments") if is_array(input.deployments)

has("resources") if is_object(input.resources)

has("observed.verified") if is_array(input.observed.verified)

has("observed.routes") if is_array(input.observed.routes)

has("observed.holds") if is_array(input.observed.holds)

has("change.operations") if is_array(input.change.operations)

has("derived.secrets") if is_array(input.derived.secrets)

has("derived.licenses") if is_object(input.derived.licenses)

has("derived.artifacts") if is_object(input.derived.artifacts)

has("environment.tier") if text(input.environment.tier)

has("environment.settings") if is_object(input.environment.settings)

deployments_complete if {
	every deployment in input.deployments {
		is_array(deployment.resources)
		text(deployment.address)
	}
}

# Severity of what must hold in production and is shown elsewhere.
graded(severity) := severity if production

graded(severity) := "medium" if {
	not production
	severity != ""
}
