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

# The document a deployment is declared in, {} when it is not there.
declared(deployment) := object.get(input.resources, deployment.address, {})

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

# One result for each of `parts` (dotted paths) that the policy document lacks or has in another shape, and for each
# document that it names and does not hold.
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

has(part) if {
	value := object.get(input, split(part, "."), null)
	value != null
	type_name(value) == object.get(shapes, part, type_name(value))
}

# The parts of the policy document that rules stand on, and what each is.
shapes := {
	"approvals": "array",
	"base.resources": "object",
	"change.author": "string",
	"change.commits": "array",
	"change.files": "array",
	"change.operations": "array",
	"clock.today": "string",
	"deployments": "array",
	"derived.artifacts": "object",
	"derived.builds": "object",
	"derived.capacity": "object",
	"derived.capacity.demand": "object",
	"derived.components": "array",
	"derived.cost": "object",
	"derived.evaluationChanges": "array",
	"derived.freeze": "object",
	"derived.freeze.active": "array",
	"derived.images": "array",
	"derived.licenses": "object",
	"derived.lifecycle": "object",
	"derived.lineage": "object",
	"derived.prompts": "array",
	"derived.purposes": "array",
	"derived.releaseChanges": "object",
	"derived.reviews": "object",
	"derived.secrets": "array",
	"derived.soak": "object",
	"environment.settings": "object",
	"environment.tier": "string",
	"evidence": "array",
	"exceptions": "array",
	"observed.drift": "array",
	"observed.drills": "array",
	"observed.holds": "array",
	"observed.routes": "array",
	"observed.upstream": "array",
	"observed.verified": "array",
	"policies.changed": "array",
	"policies.rules": "array",
	"resources": "object",
}

deployments_complete if {
	every deployment in input.deployments {
		is_array(deployment.resources)
		text(deployment.address)
	}
}

# Evidence of one type about one digest that passed and that no double produced; `name` is the subject's.
passing(type, name, value) := [item |
	some item in input.evidence
	item.type == type
	digest(value)
	item.subject[name] == value
	item.passed == true
	item.simulated == false
]

# Severity of what must hold in production and is shown elsewhere.
graded(severity) := severity if production

graded(severity) := "medium" if {
	not production
	severity != ""
}
