# METADATA
# title: Somebody is told when it goes wrong
# description: >-
#   A deployment is watched for latency, errors, cost, quality or drift, and safety, each with a threshold and with
#   somebody who is told.
# custom:
#   id: OP-02
#   ruleSet: operations
#   severity: high
#   controls:
#     - NIST AI RMF MEASURE 2.4
#     - NIST AI RMF MANAGE 4.1
#     - EU AI Act Art. 72
#     - ISO/IEC 42001 A.6.2.6
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Declare `monitors` of the deployment, each with `threshold` and `route`.
package trueup.rules.op_02

import data.parameters.monitors
import data.trueup.lib

deny contains result if some result in lib.absent("OP-02", "high", ["deployments", "resources", "environment.tier"])

deny contains lib.result("OP-02", lib.graded("high"), deployment.address, ["spec", "monitors"], msg) if {
	some deployment in lib.changed
	watched := watched_signals(deployment)
	unwatched := {what |
		some what, signals in monitors.required
		count({signal | some signal in signals; signal in watched}) == 0
	}
	count(unwatched) > 0
	msg := sprintf("Nothing watches its %s.", [concat("; ", sort(unwatched))])
}

deny contains lib.result("OP-02", lib.graded("high"), deployment.address, ["spec", "monitors", index, part], msg) if {
	some deployment in lib.changed
	some index, monitor in monitors_of(deployment)
	some part in ["threshold", "route"]
	not has_part(monitor, part)
	msg := sprintf("The monitor `%v` has no `%s`, so nobody hears of it.", [lib.field(monitor, ["name"]), part])
}

# A monitor without a threshold or a route watches nothing.
watched_signals(deployment) := {signal |
	some monitor in monitors_of(deployment)
	has_part(monitor, "threshold")
	has_part(monitor, "route")
	signal := lib.field(monitor, ["signal"])
}

has_part(monitor, "threshold") if is_number(lib.field(monitor, ["threshold"]))

has_part(monitor, "route") if lib.said(lib.field(monitor, ["route"]))

monitors_of(deployment) := declared if {
	declared := lib.field(lib.declared(deployment), ["spec", "monitors"])
	is_array(declared)
} else := []
