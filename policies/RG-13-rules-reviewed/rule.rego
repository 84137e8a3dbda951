# METADATA
# title: The rules themselves are reviewed
# description: >-
#   Law moves. Rules that nobody has held against it for half a year, or that cite a text which is repealed, are named.
# custom:
#   id: RG-13
#   ruleSet: regulation
#   severity: medium
#   controls: [NIST AI RMF GOVERN 1.1, NIST AI RMF GOVERN 1.5, ISO/IEC 42001 A.2.4]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   waivable: false
#   remediation: >-
#     Take a newer trueup, or hold your own rules against their sources and set `lastReviewed`.
package trueup.rules.rg_13

import data.parameters.days
import data.parameters.regulation
import data.trueup.lib

deny contains result if {
	some result in lib.absent("RG-13", "medium", ["deployments", "resources", "policies.rules", "clock.today"])
}

deny contains lib.result("RG-13", "medium", "", [], msg) if {
	count(input.policies.rules) == 0
	msg := "The policy document does not say which rules judge."
}

warn contains lib.result("RG-13", "medium", "", [], msg) if {
	old := {rule.id | some rule in lib.list(input.policies.rules); has_age(rule); rule.reviewAgeDays > days.review}
	count(old) > 0
	msg := sprintf("Reviewed more than %d days ago: %s.", [days.review, concat(", ", sort(old))])
}

warn contains lib.result("RG-13", "low", "", [], msg) if {
	unknown := {rule.id | some rule in lib.list(input.policies.rules); not has_age(rule)}
	count(unknown) > 0
	msg := sprintf("Nobody says when these were reviewed: %s.", [concat(", ", sort(unknown))])
}

warn contains lib.result("RG-13", "medium", "", [], msg) if {
	some rule in lib.list(input.policies.rules)
	some control in lib.list(rule.controls)
	some text in regulation.repealed
	contains(letters(control), letters(text.cited))
	msg := sprintf("%s cites `%s`: %s is repealed; see %s.", [rule.id, control, text.text, text.replaced_by])
}

warn contains lib.result("RG-13", "medium", "", [], msg) if {
	input.clock.today >= regulation.review_by
	msg := sprintf("The dates of law in `parameters/regulation` were reviewed on %s, and again due by %s.", [
		regulation.reviewed,
		regulation.review_by,
	])
}

# A day in the future is none: nobody has reviewed it yet.
has_age(rule) if {
	is_number(rule.reviewAgeDays)
	rule.reviewAgeDays >= 0
}

# Without signs and spaces: `SR11-7` cites SR 11-7.
letters(text) := regex.replace(lower(text), `[^a-z0-9]`, "")
