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

reached_of(kind) := {pair | some pair in reached_by_kind[kind]}

# Found once for all rules: most of them speak of one kind.
reached_by_kind[kind] contains [address, document] if {
	some [address, document] in reached
	kind := split(address, "/")[0]
}

# Addresses that changed deployments reach: what is known of others is not judged here.
touched contains address if some [address, _] in reached

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
field(document, path) := object.get(document, path, "") if {
	is_object(document)
} else := ""

text(value) if {
	is_string(value)
	trim_space(value) != ""
}

# Text that says something: "TBD" and its kin are written where nobody knew.
said(value) if {
	text(value)
	word := lower(trim(value, " \t\r\n.,;:!?*_-/()[]<>"))
	word != ""
	not word in placeholders
}

placeholders contains word if some word in data.parameters.placeholders.words

# What may be walked through: engines differ on `some ... in` over anything else.
list(value) := value if is_array(value)

list(value) := [] if not is_array(value)

# Without a regular expression: one that counts to 64 takes twenty times as long, and rules ask for every digest.
digest(value) if {
	is_string(value)
	count(value) == 71
	startswith(value, "sha256:")
	digits := substring(value, 7, -1)
	trim(digits, "0123456789abcdef") == ""
	trim(digits, "0") != ""
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
absent(id, severity, parts) := set() if {
	whole
	every part in parts {
		part in usable
	}
} else := {result(id, severity, "", [], msg) |
	some part in parts
	not part in usable
	not has(part)
	msg := sprintf("The policy document has no usable `%s`, so nothing can be said.", [part])
} | {result(id, severity, deployment, [], msg) |
	some [deployment, address] in missing
	msg := sprintf("The policy document does not hold %s, so nothing can be said of it.", [address])
} | {result(id, severity, "", [], msg) |
	not deployments_complete
	msg := "A deployment of the policy document has no address or no list of resources."
}

whole if {
	deployments_complete
	count(missing) == 0
}

# Found once for all rules.
usable contains part if {
	some part, shape in shapes
	type_name(object.get(input, split(part, "."), null)) == shape
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
	"change.base": "string",
	"change.commits": "array",
	"change.files": "array",
	"change.operations": "array",
	"change.trailers": "object",
	"clock.today": "string",
	"deployments": "array",
	"derived.artifacts": "object",
	"derived.builds": "object",
	"derived.capacity": "object",
	"derived.capacity.bySku": "object",
	"derived.capacity.demand": "object",
	"derived.capacity.quota": "object",
	"derived.capacity.unbounded": "array",
	"derived.components": "array",
	"derived.cost": "object",
	"derived.cost.unpriced": "array",
	"derived.evaluationChanges": "array",
	"derived.freeze": "object",
	"derived.freeze.active": "array",
	"derived.freeze.unreadable": "array",
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
	"environment.name": "string",
	"environment.settings": "object",
	"environment.target": "string",
	"environment.tier": "string",
	"environment.upstream": "string",
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

# The newest evidence of one type about one digest that no double produced: none, or several that ended together.
newest(type, name, value) := [item | some item in found; item.completedAt == last] if {
	digest(value)
	found := [item |
		some item in evidence_about[value]
		item.type == type
		item.subject[name] == value
	]
	last := max([item.completedAt | some item in found])
} else := []

evidence_about[value] contains item if {
	some item in input.evidence
	item.simulated == false
	text(item.completedAt)
	some value in item.subject
}

# The values of a metric for one slice ("" is all of it); a metric that was not measured has none.
measured(item, metric, slice) := [m |
	some m in object.get(item, "measurements", [])
	m.metric == metric
	object.get(m, "slice", "") == slice
]

# Severity of what must hold in production and is shown elsewhere.
graded(severity) := severity if production

graded(severity) := "medium" if {
	not production
	severity != ""
}

# Deployments that get another release than the one that serves. A rollback goes to one that was verified here before.
released contains deployment if {
	some deployment in changed
	object.get(deployment, "movement", "") != "rollback"
	not same_release(deployment)
}

same_release(deployment) if {
	release := field(deployment, ["release", "digest"])
	digest(release)
	release == object.get(deployment, "fromRelease", "")
}

# Evaluations of changed deployments that have run, as [deployment, evaluation]: EV-01 speaks of those that have not.
evaluated contains [deployment, evaluation] if {
	some deployment in changed
	some evaluation in list(field(deployment, ["evaluations"]))
	status := field(evaluation, ["status"])
	not status in {"missing", "planned", "stale"}
}

# One result for each changed deployment that does not say its evaluations, and for each evaluation that has run and
# whose evidence is not in the document.
evidence_gaps(id, severity) := {result(id, severity, deployment.address, [], msg) |
	some deployment in changed
	evaluations := object.get(deployment, "evaluations", null)
	not is_array(evaluations)
	msg := "The policy document does not say which evaluations the release needs."
} | {result(id, severity, deployment.address, ["spec", "release"], msg) |
	some [deployment, evaluation] in evaluated
	evidence_of(deployment, evaluation) == []
	msg := sprintf("The policy document holds no evidence of %s for this release.", [evaluation_address(evaluation)])
}

# The newest evidence of an evaluation of exactly this release; [] when there is none, two when they ended together.
evidence_of(deployment, evaluation) := [item | some item in found; item.completedAt == newest] if {
	key := field(evaluation, ["key"])
	digest(key)
	found := [item |
		some item in evidence_by_key[key]
		item.subject.release == deployment.release.digest
	]
	newest := max([item.completedAt | some item in found])
} else := []

evidence_by_key[key] contains item if {
	some item in list(field(input, ["evidence"]))
	item.type == "evaluation"
	key := item.key
}

evaluation_address(evaluation) := field(evaluation, ["evaluation", "address"])

# The document an evaluation is declared in, {} when it is not there.
evaluation_document(evaluation) := object.get(input.resources, evaluation_address(evaluation), {})

# What is merged was judged as one change before; on the default branch many lie between two releases, a commit each.
merged if object.get(input, ["policies", "from"], "unknown") == "head"

# The files of each known commit of the change that changes `path`.
commits_changing(path) := [files |
	text(path)
	some commit in list(field(input, ["change", "commits"]))
	files := list(field(commit, ["files"]))
	path in files
]

# Releases that were verified for the deployment of the same name upstream.
upstream_releases(deployment) := {verified.release |
	name := sprintf("Deployment/%v/%v", [input.environment.upstream, field(deployment, ["name"])])
	some verified in upstream_by_deployment[name]
}

upstream_by_deployment[address] contains verified if {
	some verified in list(field(input, ["observed", "upstream"]))
	address := verified.deployment
}

# Those who approved the change, by e-mail in lower case: one person counts once, and an author never.
approvers contains email if {
	some approval in list(field(input, ["approvals"]))
	email := address_of(approval)
	approval.isAuthor == false
	not email in authors
	acceptable_signature(approval)
}

approvers_of(role) := {email |
	some approval in list(field(input, ["approvals"]))
	some given in list(field(approval, ["roles"]))
	given == role
	email := address_of(approval)
	email in approvers
}

address_of(approval) := lower(trim_space(approval.email)) if text(approval.email)

acceptable_signature(approval) if object.get(approval, "signed", false) == true

# In full: an engine loses the imports of a package whose functions another package calls.
acceptable_signature(_) if data.parameters.approvals.require_signed == false

authors contains lower(found[1]) if {
	some name in {field(input, ["change", "author"])} | {field(commit, ["author"]) |
		some commit in list(field(input, ["change", "commits"]))
	}
	is_string(name)
	some found in regex.find_all_string_submatch_n(`<([^<>]+)>`, name, -1)
}
