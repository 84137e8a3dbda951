# METADATA
# title: Nothing changes in a freeze
# description: >-
#   While a freeze window of the environment is active, nothing is rolled out or deleted, but for repairs, the rollbacks
#   that the window allows, and changes that name their incident.
# custom:
#   id: RO-07
#   ruleSet: rollout
#   severity: medium
#   controls: [ISO/IEC 42001 A.6.2.5]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Wait until the window ends. What cannot wait has a trailer in its commit, `Incident: INC-1234`.
package trueup.rules.ro_07

import data.parameters.rollout.incident
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "change.operations", "change.trailers", "derived.freeze.active"]
	some result in lib.absent("RO-07", "medium", array.concat(parts, ["derived.freeze.unreadable"]))
}

deny contains lib.result("RO-07", "medium", operation.address, [], msg) if {
	some [operation, window] in frozen
	count(incidents) == 0
	msg := sprintf("It is frozen (%s).", [described(window)])
}

deny contains lib.result("RO-07", "medium", environment, ["spec", "freezeWindows", place], msg) if {
	count(moving) > 0
	some window in lib.list(lib.field(input, ["derived", "freeze", "unreadable"]))
	place := object.get(window, "index", 0)
	msg := sprintf("Nobody can tell when this window is: %v.", [object.get(window, "problem", "it cannot be read")])
}

warn contains lib.result("RO-07", "low", operation.address, [], msg) if {
	some [operation, window] in frozen
	some incident_id in incidents
	msg := sprintf("It is frozen (%s), and this goes out for %s.", [described(window), incident_id])
}

# What a window stops, as [operation, window].
frozen contains [operation, window] if {
	some operation in moving
	some window in lib.list(lib.field(input, ["derived", "freeze", "active"]))
	not allowed(operation, window)
}

# Repairs restore what was applied before the freeze; builds and evaluations move nothing.
moving contains operation if {
	some operation in lib.list(lib.field(input, ["change", "operations"]))
	operation.kind in {"create", "update", "delete"}
	object.get(operation, "drift", false) != true
}

allowed(operation, window) if {
	operation.movement == "rollback"
	window.allowRollback == true
}

incidents contains trim_space(value) if {
	some key, values in input.change.trailers
	lower(key) == lower(incident.trailer)
	some value in lib.list(values)
	regex.match(incident.pattern, trim_space(value))
}

described(window) := sprintf("%v until %v: %v", [
	said(window, "name", "a window without a name"),
	said(window, "until", "an unknown time"),
	said(window, "reason", "no reason was given"),
])

said(window, name, otherwise) := value if {
	value := lib.field(window, [name])
	lib.text(value)
} else := otherwise

environment := sprintf("Environment/%v", [object.get(input, ["environment", "name"], "")])
