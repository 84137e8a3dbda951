# METADATA
# title: A shadow only listens
# description: >-
#   A release that gets copies of requests changes nothing outside, and what it answers is kept no longer than the limit.
# custom:
#   id: RO-04
#   ruleSet: rollout
#   severity: high
#   controls: [GDPR Art. 5(1)(c), GDPR Art. 5(1)(e)]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-29"
#   remediation: >-
#     Declare `sideEffects: disabled` under `rollout.mirror`, and a `retention` within the limit or none.
package trueup.rules.ro_04

import data.parameters.rollout.shadow as limits
import data.trueup.lib

deny contains result if some result in lib.absent("RO-04", "high", ["deployments", "resources"])

deny contains lib.result("RO-04", "high", deployment.address, ["spec", "rollout", "mirror"], msg) if {
	some [deployment, mirror] in mirrored
	not is_object(mirror)
	msg := sprintf("Nobody can tell how requests are copied: `mirror` is `%v`.", [mirror])
}

deny contains lib.result("RO-04", "high", deployment.address, ["spec", "rollout", "mirror", "sideEffects"], msg) if {
	some [deployment, mirror] in mirrored
	is_object(mirror)
	effects := object.get(mirror, "sideEffects", "disabled")
	effects != "disabled"
	msg := sprintf("A copy of a request may act a second time: side effects are `%v`.", [effects])
}

deny contains lib.result("RO-04", "high", deployment.address, ["spec", "rollout", "mirror", "retention"], msg) if {
	some [deployment, mirror] in mirrored
	is_object(mirror)
	retention := object.get(mirror, "retention", "0s")
	not short(retention)
	msg := sprintf("Answers to copies are kept for `%v`; at most %v days are allowed.", [retention, limits.retention_days])
}

# Each changed deployment that declares copies, with how.
mirrored contains [deployment, mirror] if {
	some deployment in lib.changed
	mirror := lib.declared(deployment).spec.rollout.mirror
	mirror != null
}

# What is no duration is not short.
short(retention) if seconds(retention) <= limits.retention_days * 86400

seconds(duration) := sum([length |
	some part in regex.find_all_string_submatch_n(`([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)`, duration, -1)
	length := to_number(part[1]) * units[part[2]]
]) if {
	is_string(duration)
	regex.match(`^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$`, duration)
}

units := {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
