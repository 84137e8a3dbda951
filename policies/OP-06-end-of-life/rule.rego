# METADATA
# title: Nothing begins at its end
# description: >-
#   A model or adapter whose day has come does not serve, one that is deprecated is not newly used, and an end that
#   comes near is said.
# custom:
#   id: OP-06
#   ruleSet: operations
#   severity: high
#   controls: [NIST AI RMF GOVERN 1.7, NIST AI RMF MANAGE 3.2]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Move to the `replacement` that `lifecycle` or `providerLifecycle` of the model names.
package trueup.rules.op_06

import data.parameters.days
import data.trueup.lib

deny contains result if some result in lib.absent("OP-06", "high", ["deployments", "resources", "derived.lifecycle"])

deny contains lib.result("OP-06", "high", deployment.address, ["spec", "release", part], msg) if {
	some [deployment, part, address] in used
	life := object.get(input.derived.lifecycle, address, null)
	not is_known(life)
	msg := sprintf("The policy document does not say where %v is in its life.", [address])
}

deny contains lib.result("OP-06", "high", deployment.address, ["spec", "release", part], msg) if {
	some [deployment, part, address] in used
	has_ended(lifecycle(address))
	msg := sprintf("%s has come to its end and may not serve%s.", [address, instead(lifecycle(address))])
}

deny contains lib.result("OP-06", "high", deployment.address, ["spec", "release", part], msg) if {
	some [deployment, part, address] in used
	is_deprecated(lifecycle(address))
	not address in running(deployment)
	# What is gone back to was used here before.
	object.get(deployment, "movement", "") != "rollback"
	msg := sprintf("%s is deprecated and may not be newly used%s.", [address, instead(lifecycle(address))])
}

warn contains lib.result("OP-06", "low", deployment.address, ["spec", "release", part], msg) if {
	some [deployment, part, address] in used
	is_deprecated(lifecycle(address))
	is_used(deployment, address)
	msg := sprintf("%s is deprecated%s%s.", [address, until(lifecycle(address)), instead(lifecycle(address))])
}

warn contains lib.result("OP-06", "medium", deployment.address, ["spec", "release", part], msg) if {
	some [deployment, part, address] in used
	left := lifecycle(address).retiresInDays
	is_number(left)
	left > 0
	left <= days.retirement_notice
	msg := sprintf("%s is switched off in %d days.", [address, left])
}

# What the releases of changed deployments are made of, as [deployment, part of the release, address].
used contains [deployment, "model", address] if {
	some deployment in lib.changed
	address := lib.field(deployment, ["release", "model", "address"])
}

used contains [deployment, "adapters", address] if {
	some deployment in lib.changed
	some adapter in adapters_of(lib.field(deployment, ["release"]))
	address := lib.field(adapter, ["address"])
}

# Addresses that serve now; none when nothing does.
running(deployment) := {address |
	release := lib.field(deployment, ["running", "release"])
	some part in array.concat([lib.field(release, ["model"])], adapters_of(release))
	address := lib.field(part, ["address"])
	lib.text(address)
}

is_used(deployment, address) if address in running(deployment)

is_used(deployment, _) if deployment.movement == "rollback"

default until(_) := ""

until(life) := sprintf(" and may serve until %s", [life.retiresAt]) if lib.text(life.retiresAt)

default instead(_) := ""

instead(life) := sprintf("; use %s", [life.replacement]) if lib.text(life.replacement)

adapters_of(release) := adapters if {
	adapters := lib.field(release, ["adapters"])
	is_array(adapters)
} else := []

lifecycle(address) := life if {
	life := input.derived.lifecycle[address]
	is_object(life)
}

phases := {null, "candidate", "active", "deprecated", "drained", "archived", "deleted", "retired"}

is_known(life) if {
	is_object(life)
	object.get(life, "phase", "") in phases
	is_days(object.get(life, "deprecatedForDays", ""))
	is_days(object.get(life, "retiresInDays", ""))
}

is_days(value) if value == null

is_days(value) if is_number(value)

# Steps after `deprecated` are judged by trueup itself (TU-06); documents of before say `retired`.
has_ended(life) if life.phase == "retired"

# The day itself is the first on which it may not serve.
has_ended(life) if {
	is_number(life.retiresInDays)
	life.retiresInDays <= 0
}

is_deprecated(life) if life.phase == "deprecated"

is_deprecated(life) if {
	is_number(life.deprecatedForDays)
	life.deprecatedForDays >= 0
}
