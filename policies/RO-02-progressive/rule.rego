# METADATA
# title: Production changes step by step
# description: >-
#   A release that replaces another in production is a canary: a small share of the traffic first, at least one more
#   step, and an analysis that can fail on each of them.
# custom:
#   id: RO-02
#   ruleSet: rollout
#   severity: high
#   controls: [NIST AI RMF MANAGE 1.1]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare `rollout` with `strategy: canary`, steps from 10 % on, and an `analysis` whose metrics have a
#     `successCondition`.
package trueup.rules.ro_02

import data.parameters.rollout.canary as limits
import data.trueup.lib

deny contains result if {
	some result in lib.absent("RO-02", "high", ["deployments", "resources", "environment.tier"])
}

deny contains lib.result("RO-02", "high", deployment.address, ["spec", "rollout", "strategy"], msg) if {
	some deployment in replacing
	strategy := object.get(rollout(deployment), "strategy", "blueGreen")
	strategy != "canary"
	msg := sprintf("All traffic moves at once: the strategy is `%v`.", [strategy])
}

deny contains lib.result("RO-02", "high", deployment.address, ["spec", "rollout", "steps"], msg) if {
	some deployment in canaries
	first := first_share([share | some [_, share] in weighted(deployment); share > 0])
	first > limits.first_step
	msg := sprintf("The first step gets %v %% of the traffic; at most %v %% is allowed.", [first, limits.first_step])
}

deny contains lib.result("RO-02", "high", deployment.address, ["spec", "rollout", "steps"], msg) if {
	some deployment in canaries
	shares := {share | some [_, share] in weighted(deployment); share > 0}
	count(shares) < limits.least_steps
	msg := sprintf("The rollout has %d step(s); at least %v are wanted.", [count(shares), limits.least_steps])
}

deny contains lib.result("RO-02", "high", deployment.address, ["spec", "rollout", "steps", place], msg) if {
	some deployment in canaries
	some [place, share] in weighted(deployment)
	share < 100
	not analysed(deployment, place)
	msg := sprintf("The step at %v %% has no analysis that could fail.", [share])
}

# A first release takes no traffic from another.
replacing contains deployment if {
	lib.production
	some deployment in lib.released
	object.get(deployment, "fromRelease", "unknown") != ""
}

canaries contains deployment if {
	some deployment in replacing
	rollout(deployment).strategy == "canary"
}

rollout(deployment) := object.get(lib.declared(deployment), ["spec", "rollout"], {})

steps(deployment) := found if {
	found := object.get(rollout(deployment), "steps", [])
	is_array(found)
} else := []

# Steps that set a share of the traffic, as [place, percent], in order.
weighted(deployment) := [[place, share] |
	some place, step in steps(deployment)
	share := lib.field(step, ["setWeight"])
	is_number(share)
]

first_share(shares) := shares[0] if {
	count(shares) > 0
} else := 100

analysed(deployment, _) if can_fail(object.get(rollout(deployment), "analysis", null))

# The step's own analysis, or one between it and the next share of the traffic.
analysed(deployment, place) if {
	last := min({next | some [next, _] in weighted(deployment); next > place} | {count(steps(deployment))})
	some number, step in steps(deployment)
	number >= place
	number < last
	can_fail(lib.field(step, ["analysis"]))
}

can_fail(analysis) if {
	some metric in lib.list(lib.field(analysis, ["metrics"]))
	lib.text(metric.successCondition)
	object.get(metric, "failureLimit", 0) <= limits.most_failures
}
