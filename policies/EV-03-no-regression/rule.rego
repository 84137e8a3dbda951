# METADATA
# title: No worse than what it replaces
# description: >-
#   What an Evaluation compares with the release that serves has not become worse beyond the margin, by a paired test
#   whose terms were declared and leave it a chance to find a loss. In production something is compared.
# custom:
#   id: EV-03
#   ruleSet: evaluation
#   severity: high
#   controls: [NIST AI RMF MEASURE 2.5]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare `regression` in an Evaluation that the environment requires and run `trueup evaluate`; correct the release
#     when it is worse.
package trueup.rules.ev_03

import data.parameters.evidence.regression as limits
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "environment.settings", "evidence", "observed.upstream"]
	some result in lib.absent("EV-03", "high", parts) | lib.evidence_gaps("EV-03", "high")
}

deny contains lib.result("EV-03", lib.graded("high"), deployment.address, ["spec", "release"], msg) if {
	lib.strict
	some deployment in replacing
	count([e | some e in lib.list(lib.field(deployment, ["evaluations"])); declares(e)]) == 0
	msg := "No evaluation that this release needs declares `regression`: nothing compares it with what it replaces."
}

deny contains lib.result("EV-03", "high", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, item] in compared
	not was_compared(item)
	msg := sprintf("%s was not compared with the release that serves.", [lib.evaluation_address(evaluation)])
}

deny contains lib.result("EV-03", "high", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, item] in compared
	comparison := lib.field(item, ["comparison"])
	is_object(comparison)
	term := terms(evaluation)
	some part, wanted in term
	not keeps(part, wanted, comparison, deployment)
	address := lib.evaluation_address(evaluation)
	msg := sprintf("%s: %s of its comparison is `%v`, and %v is wanted.", [address, part, found(comparison, part), wanted])
}

# Neither worse nor no worse: there is too little to see a loss that matters.
deny contains lib.result("EV-03", "high", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, item] in compared
	comparison := lib.field(item, ["comparison"])
	is_object(comparison)
	not object.get(comparison, "outcome", "unknown") in {"no-worse", "regressed"}
	msg := sprintf("%s: not enough evidence to compare%s.", [lib.evaluation_address(evaluation), wanting(comparison)])
}

wanting(comparison) := sprintf(": %d more samples", [comparison.moreSamples]) if {
	is_number(comparison.moreSamples)
} else := ""

deny contains lib.result("EV-03", "high", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, item] in compared
	some name in unmeasured(evaluation, item)
	msg := sprintf("%s compares %s, which was not measured.", [lib.evaluation_address(evaluation), name])
}

deny contains lib.result("EV-03", "high", address, ["spec", "regression", key], msg) if {
	some [address, key, words] in weak
	msg := sprintf("%s %s.", [address, words])
}

# Deployments whose new release takes the place of another.
replacing contains deployment if {
	some deployment in lib.released
	object.get(deployment, "fromRelease", "unknown") != ""
}

was_compared(item) if is_object(lib.field(item, ["comparison"]))

regression_of(evaluation) := lib.field(lib.evaluation_document(evaluation), ["spec", "regression"])

declares(evaluation) if is_object(regression_of(evaluation))

compared contains [deployment, evaluation, item] if {
	some [deployment, evaluation] in lib.evaluated
	deployment in replacing
	declares(evaluation)
	some item in lib.evidence_of(deployment, evaluation)
}

# What the comparison must have been; what is not declared has the default that the kind gives it.
terms(evaluation) := object.union(defaults, declared) if {
	defaults := {
		"regressed": false,
		"baseline": "deployed",
		"test": "paired-bootstrap",
		"alpha": 0.05,
		"margin": 0,
		"samples": least_samples(object.get(regression_of(evaluation), "minSamples", limits.min_samples)),
		"correction": "holm",
	}
	declared := object.filter(regression_of(evaluation), ["baseline", "test", "alpha", "margin", "correction"])
}

least_samples(declared) := max({declared, limits.min_samples}) if {
	is_number(declared)
} else := limits.min_samples

# Of what is undecided the result above speaks.
keeps("regressed", _, comparison, _) if comparison.outcome == "not-enough"

keeps(part, wanted, comparison, _) if {
	part in {"regressed", "test", "alpha", "margin", "correction"}
	comparison[part] == wanted
}

keeps("samples", wanted, comparison, _) if {
	is_number(comparison.samples)
	comparison.samples >= wanted
}

# A release compared with itself is never worse.
keeps("baseline", wanted, comparison, deployment) if {
	comparison.baseline != deployment.release.digest
	comparison.baseline in baselines(wanted, deployment)
}

baselines("deployed", deployment) := {deployment.fromRelease}

baselines("upstream", deployment) := lib.upstream_releases(deployment)

found(comparison, part) := value if {
	value := lib.field(comparison, [part])
	value != ""
} else := "unknown"

compared_metrics(evaluation, item) := {name | some name in declared} if {
	declared := object.get(regression_of(evaluation), "metrics", [])
	count(declared) > 0
} else := measured_metrics(item)

measured_metrics(item) := {m.metric | some m in lib.list(lib.field(item, ["measurements"]))}

unmeasured(evaluation, item) := {"its metrics"} if {
	count(compared_metrics(evaluation, item)) == 0
} else := compared_metrics(evaluation, item) - measured_metrics(item)

# Terms under which hardly any loss would be found, as [address, field, words].
weak contains [lib.evaluation_address(evaluation), "alpha", words] if {
	some [_, evaluation, _] in compared
	alpha := terms(evaluation).alpha
	not can_find(alpha)
	words := sprintf("accepts a false alarm with a chance of %v; below %v a loss stays hidden", [alpha, limits.min_alpha])
}

can_find(alpha) if {
	is_number(alpha)
	alpha >= limits.min_alpha
}

weak contains [lib.evaluation_address(evaluation), "test", words] if {
	some [_, evaluation, _] in compared
	test := terms(evaluation).test
	not test in limits.tests
	words := sprintf("compares by `%v`, which is no paired test", [test])
}

weak contains [lib.evaluation_address(evaluation), "correction", words] if {
	some [_, evaluation, item] in compared
	metrics := count(compared_metrics(evaluation, item))
	metrics > 1
	correction := terms(evaluation).correction
	not correction in limits.corrections
	words := sprintf("compares %d metrics without a correction for their number", [metrics])
}

weak contains [lib.evaluation_address(evaluation), "margin", words] if {
	some [_, evaluation, item] in compared
	margin := terms(evaluation).margin
	some measurement in lib.list(lib.field(item, ["measurements"]))
	measurement.metric in compared_metrics(evaluation, item)
	most := limits.max_margin[measurement.unit]
	margin > most
	words := sprintf("accepts a loss of %v in %s; at most %v is allowed", [margin, measurement.metric, most])
}

# With an effect this large a comparison of few examples finds everything no worse.
weak contains [lib.evaluation_address(evaluation), "smallestEffect", words] if {
	some [_, evaluation, item] in compared
	effect := object.get(regression_of(evaluation), "smallestEffect", null)
	is_number(effect)
	some measurement in lib.list(lib.field(item, ["measurements"]))
	measurement.metric in compared_metrics(evaluation, item)
	most := limits.max_effect[measurement.unit]
	effect > most
	words := sprintf("has to see no loss of %s below %v; at most %v is allowed", [measurement.metric, effect, most])
}
