# METADATA
# title: Evidence that is fresh and comparable
# description: >-
#   Evidence is younger than the Evaluation, the Environment and `parameters/evidence/data.yaml` allow, comes from the
#   harness that is declared, and was measured like the baseline it is compared with.
# custom:
#   id: EV-02
#   ruleSet: evaluation
#   severity: high
#   controls: [NIST AI RMF MEASURE 2.1, NIST AI RMF MEASURE 2.13]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Run `trueup evaluate` again, for the baseline as well when the two were measured in different ways.
package trueup.rules.ev_02

import data.parameters.evidence as limits
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "environment.settings", "evidence"]
	some result in lib.absent("EV-02", "high", parts) | lib.evidence_gaps("EV-02", "high")
}

deny contains lib.result("EV-02", "high", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, item] in judged
	age := lib.field(item, ["ageDays"])
	oldest := min({milliseconds(d) | some d in allowed_ages(evaluation)})
	not younger(age, oldest)
	ages := concat(", ", sort(allowed_ages(evaluation)))
	msg := sprintf("The evidence of %s is %v day(s) old (allowed: %s).", [name_of(evaluation), shown(age), ages])
}

deny contains lib.result("EV-02", "high", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, _] in judged
	some age in allowed_ages(evaluation)
	not milliseconds(age)
	msg := sprintf("The oldest age of evidence of %s is `%v`, which is no duration.", [name_of(evaluation), age])
}

deny contains lib.result("EV-02", "high", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, item] in judged
	declared := lib.field(lib.evaluation_document(evaluation), ["spec", "suite", "version"])
	lib.text(declared)
	version := lib.field(item, ["settings", "version"])
	version != declared
	msg := sprintf("%s declares version `%s` of its harness, and the evidence comes from `%v`.", [
		name_of(evaluation),
		declared,
		shown(version),
	])
}

deny contains lib.result("EV-02", "high", deployment.address, ["spec", "release"], msg) if {
	some [deployment, evaluation, item] in judged
	comparison := lib.field(item, ["comparison"])
	is_object(comparison)
	some part, words in compared
	mine := setting(lib.field(item, ["settings"]), part)
	theirs := setting(lib.field(comparison, ["baselineSettings"]), part)
	not alike(mine, theirs)
	msg := sprintf("%s compares results of different ways to measure: the %s is `%v` here and `%v` in the baseline.", [
		name_of(evaluation),
		words,
		shown(mine),
		shown(theirs),
	])
}

judged contains [deployment, evaluation, item] if {
	some [deployment, evaluation] in lib.evaluated
	some item in lib.evidence_of(deployment, evaluation)
}

name_of(evaluation) := lib.evaluation_address(evaluation)

# Durations: what is declared, and the limit that holds when nothing is.
allowed_ages(evaluation) := {age |
	some age in {
		lib.field(lib.evaluation_document(evaluation), ["spec", "maxAge"]),
		object.get(input, ["environment", "settings", "evaluations", "maxAge"], ""),
		sprintf("%vd", [limits.max_age_days]),
	}
	not age in {"", null}
}

milliseconds(duration) := sum([length |
	some part in regex.find_all_string_submatch_n(`([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)`, duration, -1)
	length := to_number(part[1]) * units[part[2]]
]) if {
	is_string(duration)
	regex.match(`^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$`, duration)
}

units := {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000, "w": 604800000}

# Ages are whole days, rounded down. The clock of the machine that measured may be a little ahead of ours: -1.
younger(age, oldest) if {
	is_number(age)
	age >= -1
	age * units.d < oldest
}

compared := {
	"tool": "harness",
	"version": "harness's major version",
	"task": "task",
	"chatTemplate": "use of the chat template",
	"fewshot": "number of examples put before a question",
}

setting(settings, part) := value if {
	part != "version"
	value := lib.field(settings, [part])
}

setting(settings, "version") := major if {
	version := lib.field(settings, ["version"])
	major := split(trim_prefix(sprintf("%v", [version]), "v"), ".")[0]
}

alike(mine, theirs) if {
	not mine in {"", null}
	mine == theirs
}

shown(value) := value if not value in {"", null}

shown(value) := "unknown" if value in {"", null}
