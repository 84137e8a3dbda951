# METADATA
# title: No promotion onto drift
# description: >-
#   While the target differs from what was applied to it, no release comes to it from upstream.
# custom:
#   id: RO-08
#   ruleSet: rollout
#   severity: high
#   controls: [NIST AI RMF MANAGE 4.1]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Find out who changed the target, then apply the revision that was applied last, or declare what is meant to stay.
package trueup.rules.ro_08

import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "environment.upstream", "observed.drift"]
	some result in lib.absent("RO-08", "high", parts)
}

deny contains lib.result("RO-08", "high", deployment.address, ["spec", "release"], msg) if {
	some deployment in lib.released
	comes_from_upstream(deployment)
	some drift in lib.list(lib.field(input, ["observed", "drift"]))
	msg := sprintf("The target is not what was applied to it: %s: %s.", [said(drift, "address"), said(drift, "reason")])
}

comes_from_upstream(deployment) if deployment.movement == "promotion"

comes_from_upstream(_) if lib.text(object.get(input, ["environment", "upstream"], ""))

said(drift, name) := value if {
	value := lib.field(drift, [name])
	lib.text(value)
} else := "nobody says what"
