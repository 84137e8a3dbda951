# METADATA
# title: More cost is approved
# description: >-
#   What a month costs stays within the budget, and an increase above the limit in `parameters/cost/data.yaml`, or one
#   that nobody can tell, is approved by somebody who answers for cost.
# custom:
#   id: CC-03
#   ruleSet: capacity
#   severity: high
#   controls: [NIST AI RMF MANAGE 2.1, OWASP LLM10:2025]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Have the change approved by the role that answers for cost, declare what is missing (`pricePerHour` of the
#     accelerators, `prices` of the environment, `workload` of what a provider serves), or take less.
package trueup.rules.cc_03

import data.parameters.cost
import data.trueup.lib

deny contains result if {
	some result in lib.absent("CC-03", "high", [
		"deployments",
		"resources",
		"approvals",
	"change.author",
	"change.commits",
		"derived.cost",
		"environment.name",
		"environment.tier",
	])
}

deny contains lib.result("CC-03", "high", environment, ["spec", "budget"], msg) if {
	count(lib.changed) > 0
	is_number(delta)
	delta > limit
	not approved
	msg := sprintf("A month costs %s more, and above %s somebody of the role `%s` has to approve.", [
		money(delta),
		money(limit),
		cost.approver_role,
	])
}

deny contains lib.result("CC-03", lib.graded("high"), environment, ["spec", "accelerators"], msg) if {
	count(lib.changed) > 0
	increase := delta
	not is_number(increase)
	not approved
	msg := sprintf("Nobody can tell what this costs%s, so somebody of the role `%s` has to approve.", [
		unpriced,
		cost.approver_role,
	])
}

# An approval does not lift a budget: it is raised in the environment, where that is reviewed.
deny contains lib.result("CC-03", "high", environment, ["spec", "budget", "maxBudget"], msg) if {
	count(lib.changed) > 0
	budget := object.get(input.derived.cost, "monthlyBudget", null)
	budget != null
	not kept(budget)
	msg := sprintf("A month would cost %s, and the budget is %s.", [
		money(object.get(input.derived.cost, "monthlyAfter", null)),
		money(budget),
	])
}

# null when nobody can tell.
delta := object.get(input.derived.cost, "monthlyDelta", null)

default limit := 0

limit := cost.approval_above[input.derived.cost.currency]

approved if count(lib.approvers_of(cost.approver_role)) > 0

kept(budget) if {
	is_number(budget)
	is_number(input.derived.cost.monthlyAfter)
	input.derived.cost.monthlyAfter <= budget
}

# Somebody who takes less is not held up, even above the budget.
kept(budget) if {
	is_number(budget)
	is_number(delta)
	delta <= 0
}

unpriced := sprintf(": %s without a price", [concat(", ", sort(names))]) if {
	names := {sprintf("%v", [name]) | some name in lib.list(object.get(input.derived.cost, "unpriced", []))}
	count(names) > 0
} else := ""

money(hundredths) := sprintf("%d.%02d %v", [(whole - (whole % 100)) / 100, whole % 100, currency]) if {
	is_number(hundredths)
	whole := floor(hundredths)
}

money(hundredths) := "an unknown amount" if not is_number(hundredths)

currency := object.get(input.derived.cost, "currency", "of an unknown currency")

environment := sprintf("Environment/%s", [input.environment.name])
