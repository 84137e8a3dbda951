# METADATA
# title: A licence that allows the use
# description: >-
#   Models, adapters and data declare SPDX licences, and for each there is an alternative whose licences are all allowed
#   by `parameters/licenses/data.yaml`: for every use, or for that of the System (commercial, handed on, region).
# custom:
#   id: LI-01
#   ruleSet: licence
#   severity: high
#   controls: [NIST AI RMF GOVERN 6.1, NIST AI RMF MAP 4.1]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare the licence as SPDX spells it. If it is another one, have it approved and add it to the list of your
#     repository, or choose another source.
package trueup.rules.li_01

import data.parameters.licenses
import data.trueup.law
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "derived.licenses", "derived.purposes"]
	some result in lib.absent("LI-01", "high", parts)
}

deny contains lib.result("LI-01", "high", address, ["spec", facts.field], msg) if {
	some [address, facts] in licensed
	count(facts.expressions) == 0
	msg := sprintf("%s declares no licence.", [address])
}

deny contains lib.result("LI-01", "high", address, ["spec", facts.field], msg) if {
	some [address, facts] in licensed
	some expression in facts.expressions
	not acceptable(expression, allowed | limited)
	msg := sprintf("%s has the licence `%s`, which is not on the list of allowed ones.", [address, expression.expression])
}

deny contains lib.result("LI-01", "high", address, ["spec", facts.field], msg) if {
	some [address, facts] in licensed
	some expression in facts.expressions
	acceptable(expression, allowed | limited)
	not acceptable(expression, allowed)
	some deployment in lib.changed
	address in deployment.resources
	system := system_of(deployment)
	not acceptable(expression, allowed | fitting(system))
	found := refusals(expression, system)
	words := [address, expression.expression, concat(", ", sort(found)), deployment.address]
	msg := sprintf("%s has the licence `%s`, which does not allow %s, and %s is that.", words)
}

# What carries a licence and was reached; one without facts counts as declaring none.
licensed contains [address, facts] if {
	some [address, _] in (lib.reached_of("Model") | lib.reached_of("Adapter")) | lib.reached_of("Dataset")
	facts := object.get(input.derived.licenses, address, {"field": "licenses", "expressions": []})
}

acceptable(expression, accepted) if {
	is_array(expression.alternatives)
	some alternative in expression.alternatives
	count(alternative) > 0
	every license in alternative {
		license in accepted
	}
}

allowed contains license if some license in licenses.allowed

limited contains license if some license, _ in object.get(licenses, "limited", {})

# Limited licences that allow what the System is declared for.
fitting(system) := {license |
	some license, limits in object.get(licenses, "limited", {})
	count(refused(limits, system)) == 0
}

refusals(expression, system) := {word |
	some alternative in expression.alternatives
	some license in alternative
	some word in refused(object.get(object.get(licenses, "limited", {}), license, {}), system)
}

# Uses of the System that the limits of a licence do not allow; what it does not say counts as such a use.
refused(limits, system) := {word |
	object.get(limits, "commercial", true) != true
	not noncommercial(system)
	word := "commercial use"
} | {word |
	object.get(limits, "redistribution", true) != true
	lib.field(system.document, ["spec", "operatorRole"]) != "deployer"
	word := "handing it on"
} | {word |
	some region in object.get(limits, "except_regions", [])
	used_in(system.document, region)
	word := sprintf("use in %s", [region])
}

noncommercial(system) if {
	purposes := [law.spelled(category) |
		some fact in input.derived.purposes
		fact.address == system.address
		some category in fact.categories
	]
	count(purposes) > 0
	every purpose in purposes {
		purpose in {p | some p in object.get(licenses, "noncommercial_purposes", [])}
	}
}

used_in(document, _) if not law.understood(document)

used_in(document, region) if {
	some place in law.places(document)
	overlap(place, region)
}

# The one place is the other or holds it.
overlap(one, other) if one == other

overlap(one, other) if law.holds_in(one, other)

overlap(one, other) if law.holds_in(other, one)

system_of(deployment) := {"address": address, "document": document} if {
	name := lib.field(lib.declared(deployment), ["spec", "system"])
	address := sprintf("System/%v", [name])
	document := object.get(input.resources, address, {})
}
