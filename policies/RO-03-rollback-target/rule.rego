# METADATA
# title: A release to go back to
# description: >-
#   Before production changes, another release has been verified there and everything it needs is still in the store.
# custom:
#   id: RO-03
#   severity: high
#   controls: [NIST AI RMF MANAGE 2.4, EU AI Act Art. 14(4)(e)]
#   remediation: >-
#     Bring back the artifacts of the last verified release (`trueup status` names it), or verify the release that
#     serves now before it is replaced.
package trueup.rules.ro_03

import data.trueup.lib

deny contains result if {
	some result in lib.absent("RO-03", "high", ["deployments", "resources", "observed.verified", "environment.tier"])
}

deny contains lib.result("RO-03", "high", deployment.address, ["spec", "release"], msg) if {
	some deployment in replaced
	verified := verified_releases(deployment)
	count(verified) > 0
	count([v | some v in verified; v.retained == true; v.release != deployment.release.digest]) == 0
	msg := "No other release that was verified here is still in the store: nothing could be rolled back to."
}

# Nothing was ever verified here: the first release, or the repair of a first one that failed.
warn contains lib.result("RO-03", "low", deployment.address, ["spec", "release"], msg) if {
	some deployment in replaced
	count(verified_releases(deployment)) == 0
	msg := "No release was verified here yet: if this one fails, there is nothing to go back to."
}

# Deployments that get another release. A rollback goes to a verified one, which is what this rule is for.
replaced contains deployment if {
	needed
	some deployment in lib.changed
	object.get(deployment, "movement", "") != "rollback"
	digest := lib.field(deployment, ["release", "digest"])
	digest != object.get(deployment, "fromRelease", "")
}

needed if lib.production

needed if input.environment.settings.requireRollbackTarget == true

verified_releases(deployment) := [v |
	some v in input.observed.verified
	v.deployment == deployment.address
]
