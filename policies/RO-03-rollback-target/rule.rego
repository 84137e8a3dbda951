# METADATA
# title: A release to go back to
# description: >-
#   Before production changes, another release has been verified there and everything it needs is still in the store, a
#   rollback was carried out not long ago, and the build is one for the accelerators that are there.
# custom:
#   id: RO-03
#   ruleSet: rollout
#   severity: high
#   controls: [NIST AI RMF MANAGE 2.4, EU AI Act Art. 14(4)(e)]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Bring back the artifacts of the last verified release (`trueup status` names it), or verify the release that
#     serves now before it is replaced; practise with `trueup rollback` in the upstream environment.
package trueup.rules.ro_03

import data.parameters.rollout as limits
import data.trueup.lib

deny contains result if {
	parts := [
		"deployments",
		"resources",
		"observed.verified",
		"observed.drills",
		"derived.builds",
		"environment.tier",
		"environment.settings",
	]
	some result in lib.absent("RO-03", "high", parts)
}

deny contains lib.result("RO-03", "high", deployment.address, ["spec", "release"], msg) if {
	some deployment in replaced
	verified := verified_releases(deployment)
	count(verified) > 0
	count([v | some v in verified; v.retained == true; v.release != deployment.release.digest]) == 0
	msg := "No other release that was verified here is still in the store: nothing could be rolled back to."
}

deny contains lib.result("RO-03", "high", deployment.address, ["spec", "release"], msg) if {
	some deployment in replaced
	count(verified_releases(deployment)) > 0
	ages := drill_ages(deployment)
	count([age | some age in ages; age < limits.drill_max_age_days]) == 0
	msg := sprintf("No rollback of it, here or upstream, was carried out in the last %d days%s.", [
		limits.drill_max_age_days,
		last(ages),
	])
}

deny contains lib.result("RO-03", "high", deployment.address, ["spec", "release", "build"], msg) if {
	some deployment in replaced
	some mismatch in mismatches(object.get(input, ["derived", "builds", deployment.address], null))
	msg := sprintf("The build does not fit the hardware: %s.", [mismatch])
}

# Elsewhere than in production it is told: the way back would have to be fetched and built first.
warn contains lib.result("RO-03", "low", deployment.address, ["spec", "release"], msg) if {
	not needed
	some deployment in lib.released
	verified := [v | some v in verified_releases(deployment); v.release != deployment.release.digest]
	count(verified) > 0
	count([v | some v in verified; v.retained == true]) == 0
	msg := "The artifact of every release that could be gone back to is no longer in the store."
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
	some deployment in lib.released
}

needed if lib.production

needed if input.environment.settings.requireRollbackTarget == true

verified_releases(deployment) := {v | some v in verified_by_deployment[deployment.address]}

verified_by_deployment[address] contains verified if {
	some verified in lib.list(lib.field(input, ["observed", "verified"]))
	address := verified.deployment
}

# Ages in days of rollbacks of the deployment with this name, here or upstream. A clock may be a little ahead: -1.
drill_ages(deployment) := {drill.ageDays |
	some drill in drills_by_name[lib.field(deployment, ["name"])]
	is_number(drill.ageDays)
	drill.ageDays >= -1
}

drills_by_name[name] contains drill if {
	some drill in lib.list(lib.field(input, ["observed", "drills"]))
	drill.environment in {input.environment.name, input.environment.upstream}
	[_, drill.environment, name] = split(drill.deployment, "/")
}

last(ages) := "" if count(ages) == 0

last(ages) := sprintf("; the last one is %v days old", [min(ages)]) if count(ages) > 0

mismatches(facts) := {"nothing is known about it"} if not is_object(facts)

# Without an accelerator there is nothing to fit.
mismatches(facts) := {words |
	object.get(facts, "accelerator", "unknown") != null
	some key, words in {
		"acceleratorMatches": sprintf("the environment has no `%v`", [object.get(facts, "accelerator", "unknown")]),
		"capabilityMatches": sprintf("it is made for `%v`", [object.get(facts, "capability", "unknown")]),
	}
	not fits(facts, key)
} if {
	is_object(facts)
}

fits(facts, key) if facts[key] == true

# A build that is made for no certain capability runs on each.
fits(facts, "capabilityMatches") if facts.capability == null
