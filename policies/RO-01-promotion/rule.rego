# METADATA
# title: Promotion from the declared upstream
# description: >-
#   A release that comes to an environment with an upstream was verified there, byte for byte, and has served there as
#   long as the environment's `soakTime` says.
# custom:
#   id: RO-01
#   ruleSet: rollout
#   severity: critical
#   controls: [ISO/IEC 42001 A.6.2.5]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Roll the release out upstream first, let it serve, and use `trueup promote`.
package trueup.rules.ro_01

import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "environment.upstream", "observed.upstream", "derived.soak"]
	some result in lib.absent("RO-01", "critical", parts)
}

deny contains lib.result("RO-01", "critical", deployment.address, ["spec", "release"], msg) if {
	some deployment in arriving
	not has_upstream
	msg := "The release is promoted, and its environment declares no `upstream`."
}

deny contains lib.result("RO-01", "critical", deployment.address, ["spec", "release"], msg) if {
	some deployment in arriving
	has_upstream
	not verified(deployment)
	msg := sprintf("This very release was never verified in `%s`, where releases come from.", [upstream])
}

deny contains lib.result("RO-01", "critical", deployment.address, ["spec", "release"], msg) if {
	some deployment in arriving
	verified(deployment)
	facts := soak(deployment)
	not soaked(facts)
	msg := sprintf("The release has served in `%s` for %v, and %v is wanted.", [
		upstream,
		seconds(lib.field(facts, ["servedSeconds"])),
		seconds(lib.field(facts, ["requiredSeconds"])),
	])
}

warn contains lib.result("RO-01", "low", deployment.address, ["spec", "release"], msg) if {
	some deployment in arriving
	verified(deployment)
	lib.field(soak(deployment), ["retired"]) != false
	msg := sprintf("The release does not serve in `%s` any more.", [upstream])
}

has_upstream if lib.text(upstream)

upstream := object.get(input, ["environment", "upstream"], "")

arriving contains deployment if {
	some deployment in lib.released
	comes_from_upstream(deployment)
}

comes_from_upstream(deployment) if deployment.movement == "promotion"

comes_from_upstream(_) if has_upstream

verified(deployment) if {
	digest := deployment.release.digest
	lib.digest(digest)
	digest in lib.upstream_releases(deployment)
}

soak(deployment) := object.get(input, ["derived", "soak", deployment.address], {})

soaked(facts) if {
	facts.upstream == upstream
	is_number(facts.requiredSeconds)
	is_number(facts.servedSeconds)
	facts.servedSeconds >= facts.requiredSeconds
}

seconds(value) := sprintf("%d s", [value]) if is_number(value)

seconds(value) := "an unknown time" if not is_number(value)
