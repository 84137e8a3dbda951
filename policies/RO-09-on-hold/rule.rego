# METADATA
# title: A release on hold stays where it is
# description: >-
#   A release that was rolled back, or that someone put on hold, is not rolled out again before the hold is lifted.
# custom:
#   id: RO-09
#   ruleSet: rollout
#   severity: critical
#   controls: [NIST AI RMF MANAGE 2.4, EU AI Act Art. 20(1)]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Lift the hold with `trueup hold lift` when the cause is gone, or declare another release.
package trueup.rules.ro_09

import data.trueup.lib

deny contains result if some result in lib.absent("RO-09", "critical", ["deployments", "resources", "observed.holds"])

deny contains lib.result("RO-09", "critical", deployment.address, ["spec", "release"], msg) if {
	some deployment in lib.changed
	digest := lib.field(deployment, ["release", "digest"])
	not lib.text(digest)
	msg := "The release has no digest, so nobody can tell whether it is on hold."
}

deny contains lib.result("RO-09", "critical", deployment.address, ["spec", "release"], msg) if {
	some deployment in lib.changed
	some hold in lib.list(lib.field(input, ["observed", "holds"]))
	# Whatever the deployment was called when the hold was placed: it is the release that is bad.
	hold.release == deployment.release.digest
	# A hold that does not say whether it is over is in force.
	object.get(hold, "active", true) != false
	msg := sprintf("The release is on hold since %s: %s.", [
		object.get(hold, "since", "an unknown time"),
		trim_right(object.get(hold, "reason", "no reason was given"), "."),
	])
}

warn contains lib.result("RO-09", "low", deployment.address, ["spec", "release"], msg) if {
	some deployment in lib.changed
	some hold in lib.list(lib.field(input, ["observed", "holds"]))
	hold.release == deployment.release.digest
	object.get(hold, "active", true) == false
	msg := sprintf("The release was on hold until %s, and the hold ended by itself: %s.", [
		object.get(hold, "expires", "an unknown time"),
		trim_right(object.get(hold, "reason", "no reason was given"), "."),
	])
}
