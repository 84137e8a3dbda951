# METADATA
# title: A licence of its own is on record
# description: >-
#   A licence that SPDX does not list has a name and a link, and `parameters/licenses/data.yaml` says who approved it,
#   when, and which limits of use it has.
# custom:
#   id: LI-03
#   ruleSet: licence
#   severity: medium
#   controls: [NIST AI RMF GOVERN 6.1, NIST AI RMF MAP 4.1]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare the licence as `LicenseRef-...`, with `licenseName` and `licenseLink`, and have it recorded under that id
#     in `parameters/licenses/data.yaml`.
package trueup.rules.li_03

import data.parameters.licenses
import data.trueup.lib

deny contains result if {
	some result in lib.absent("LI-03", "medium", ["deployments", "resources", "derived.licenses", "clock.today"])
}

deny contains lib.result("LI-03", "medium", address, ["spec", facts.field], msg) if {
	some [address, _, facts] in licensed
	some expression in facts.expressions
	alternatives := lib.field(expression, ["alternatives"])
	not is_array(alternatives)
	words := [address, expression.expression]
	msg := sprintf("%s has the licence `%v`, under which nothing can be recorded; write `LicenseRef-...`.", words)
}

deny contains lib.result("LI-03", "medium", address, ["spec", facts.field], msg) if {
	some [address, _, facts] in licensed
	some license in own(facts)
	some part in ["name", "link", "approvedBy", "approvedOn"]
	value := lib.field(record(license), [part])
	not lib.said(value)
	msg := sprintf("The record of `%s`, the licence of %s, has no `%s`.", [license, address, part])
}

deny contains lib.result("LI-03", "medium", address, ["spec", facts.field], msg) if {
	some [address, _, facts] in licensed
	some license in own(facts)
	limits := lib.field(record(license), ["limits"])
	not listed(limits)
	msg := sprintf("The record of `%s`, the licence of %s, has no limits of use.", [license, address])
}

deny contains lib.result("LI-03", "medium", address, ["spec", facts.field], msg) if {
	some [address, _, facts] in licensed
	some license in own(facts)
	day := lib.field(record(license), ["approvedOn"])
	lib.said(day)
	not past(day)
	msg := sprintf("`%s`, the licence of %s, was approved on `%s`, which is no day until today.", [license, address, day])
}

# An Adapter has no fields for them; its licence is told by the record.
deny contains lib.result("LI-03", "medium", address, ["spec", field], msg) if {
	some [address, document, facts] in licensed
	count(own(facts)) > 0
	some field in declares[document.kind]
	value := lib.field(document, ["spec", field])
	not lib.said(value)
	msg := sprintf("%s has a licence that SPDX does not list, and no `%s`.", [address, field])
}

# Another text under the same id was not approved.
deny contains lib.result("LI-03", "medium", address, ["spec", "licenseLink"], msg) if {
	some [address, document, facts] in licensed
	link := lib.field(document, ["spec", "licenseLink"])
	lib.said(link)
	count(own(facts)) > 0
	links := {l | some license in own(facts); l := lib.field(record(license), ["link"]); lib.said(l)}
	count(links) > 0
	not link in links
	msg := sprintf("%s links the licence `%s`, and approved is %s.", [address, link, concat(", ", sort(links))])
}

declares := {"Model": ["licenseName", "licenseLink"], "Dataset": ["licenseLink"], "Adapter": []}

licensed contains [address, document, facts] if {
	some [address, document] in (lib.reached_of("Model") | lib.reached_of("Adapter")) | lib.reached_of("Dataset")
	facts := object.get(input.derived.licenses, address, {"field": "licenses", "expressions": []})
}

# Licences that SPDX does not list, of expressions that no alternative spares.
own(facts) := {license |
	some expression in facts.expressions
	is_array(expression.alternatives)
	not spared(expression)
	some alternative in expression.alternatives
	some license in alternative
	unlisted(license)
}

spared(expression) if {
	some alternative in expression.alternatives
	count({license | some license in alternative; unlisted(license)}) == 0
}

unlisted(license) if regex.match(`^(licenseref-|documentref-|other$)`, lower(license))

record(license) := object.get(object.get(licenses, "recorded", {}), license, {})

listed(limits) if {
	is_array(limits)
	count(limits) > 0
	every limit in limits {
		lib.said(limit)
	}
}

past(day) if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, day)
	day <= input.clock.today
}
