# METADATA
# title: Evaluation data is held out
# description: >-
#   What a release is measured on is meant for that, was not trained, tuned or calibrated on under any name, and shares
#   no more records with training data than `parameters/datasets/data.yaml` allows.
# custom:
#   id: DP-06
#   ruleSet: data
#   severity: high
#   controls: [NIST AI RMF MEASURE 2.1, NIST AI RMF MEASURE 2.3, EU AI Act Art. 10(3), ISO/IEC 42001 A.7.4]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Evaluate on data that nobody trained on, and measure the overlap of exactly these bytes with all training data.
package trueup.rules.dp_06

import data.parameters.datasets as limits
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "derived.lineage", "evidence"]
	some result in lib.absent("DP-06", "high", parts)
}

deny contains lib.result("DP-06", "high", address, [], msg) if {
	some [address, _] in (lib.reached_of("Model") | lib.reached_of("Adapter")) | lib.reached_of("Dataset")
	parents := object.get(input.derived.lineage, [address, "parents"], null)
	not is_array(parents)
	msg := sprintf("The policy document does not say what %s was trained on.", [address])
}

deny contains lib.result("DP-06", "high", deployment.address, [], msg) if {
	some deployment in lib.changed
	evaluations := object.get(deployment, "evaluations", null)
	not is_array(evaluations)
	msg := "The policy document does not say which evaluations the release needs."
}

deny contains lib.result("DP-06", "high", address, ["spec", "dataset"], msg) if {
	some [address, name] in measured_on
	purpose := purpose_of(name)
	not purpose in {p | some p in limits.evaluation_purposes}
	msg := sprintf("%s measures on %s, whose purpose is `%v`.", [address, name, purpose])
}

deny contains lib.result("DP-06", "high", name, ["spec", "purpose"], msg) if {
	some [deployment, name] in trained_on
	purpose := purpose_of(name)
	not purpose in {p | some p in limits.training_purposes}
	msg := sprintf("%s was trained or tuned on %s, whose purpose is `%v`.", [deployment.address, name, purpose])
}

deny contains lib.result("DP-06", "high", evaluation, ["spec", "dataset"], msg) if {
	some [evaluation, training, held] in pairs
	same_bytes(training, held)
	msg := sprintf("%s measures on %s, and the release was trained or tuned on it, as %s.", [evaluation, held, training])
}

deny contains lib.result("DP-06", "high", evaluation, ["spec", "dataset"], msg) if {
	some [evaluation, training, held] in pairs
	not same_bytes(training, held)
	count(comparisons(training, held)) == 0
	msg := sprintf("Nobody measured how much of %s was in %s, which the release was trained on.", [held, training])
}

deny contains lib.result("DP-06", "high", evaluation, ["spec", "dataset"], msg) if {
	some [evaluation, training, held] in pairs
	some item in comparisons(training, held)
	not held_out(item, held)
	words := [held, training, limits.max_overlap]
	msg := sprintf("The newest comparison of %s with %s does not show an overlap of at most %v of all records.", words)
}

# Evaluations of the release with the data they measure on.
measured_on contains [address, name] if {
	some deployment in lib.changed
	some [address, name] in data_of(deployment)
}

data_of(deployment) := {[address, sprintf("Dataset/%v", [name])] |
	some evaluation in deployment.evaluations
	address := lib.evaluation_address(evaluation)
	name := lib.field(lib.evaluation_document(evaluation), ["spec", "dataset"])
	name != ""
}

# Data that the release's weights stem from, however far up, and what its build was calibrated on.
trained_on contains [deployment, name] if {
	some deployment in lib.changed
	some address in graph.reachable(sources, {a | some a in weights(deployment)})
	some name in sources[address]
	startswith(name, "Dataset/")
}

trained_on contains [deployment, sprintf("Dataset/%v", [name])] if {
	some deployment in lib.changed
	build := object.get(input.resources, lib.field(deployment, ["release", "build", "address"]), {})
	name := lib.field(build, ["spec", "quantization", "calibration", "dataset"])
	name != ""
}

weights(deployment) := array.concat(
	[lib.field(deployment, ["release", "model", "address"])],
	[adapter.address | some adapter in deployment.release.adapters],
)

sources[address] := {parent.address | some parent in lineage.parents} if some address, lineage in input.derived.lineage

# For each deployment, every evaluation with every data it was trained on.
pairs contains [evaluation, training, held] if {
	some [deployment, training] in trained_on
	some [evaluation, held] in data_of(deployment)
}

purpose_of(name) := lib.field(object.get(input.resources, name, {}), ["spec", "purpose"])

digest_of(name) := lib.field(object.get(input.resources, name, {}), ["spec", "source", "digest"])

same_bytes(one, other) if one == other

same_bytes(one, other) if {
	lib.digest(digest_of(one))
	digest_of(one) == digest_of(other)
}

comparisons(training, held) := [item |
	against := digest_of(training)
	lib.digest(against)
	some item in about(held)
	item.subject.against == against
	item.completedAt == max([other.completedAt | some other in about(held); other.subject.against == against])
]

# What was compared with other data says nothing of this; so the newest is looked for by both digests.
about(held) := [item |
	digest := digest_of(held)
	lib.digest(digest)
	some item in lib.evidence_about[digest]
	item.type == "data-overlap"
	item.subject.dataset == digest
]

held_out(item, held) if {
	item.passed == true
	some m in lib.measured(item, "overlap", "")
	is_number(m.value)
	m.value >= 0
	m.value <= limits.max_overlap
	is_number(m.samples)
	m.samples >= max({1, size(held)})
}

size(held) := count_of if {
	count_of := lib.field(object.get(input.resources, held, {}), ["spec", "datasetSize"])
	is_number(count_of)
} else := 1
