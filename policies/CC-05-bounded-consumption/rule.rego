# METADATA
# title: Consumption has bounds
# description: >-
#   Every route grants a client so many tokens an answer, so many requests a minute and so much time, and its
#   environment has a budget.
# custom:
#   id: CC-05
#   ruleSet: capacity
#   severity: high
#   controls: [OWASP LLM10:2025]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Set `maxTokens`, `requestsPerMinute` and `timeoutSeconds` under `gateway.limits` of the deployment, and the
#     `budget` of the environment.
package trueup.rules.cc_05

import data.parameters.limits
import data.trueup.lib

deny contains result if {
	some result in lib.absent("CC-05", "high", [
		"deployments",
		"resources",
		"environment.name",
		"environment.settings",
		"environment.tier",
	])
}

deny contains lib.result("CC-05", lib.graded("high"), deployment.address, path, msg) if {
	some deployment in lib.changed
	some limit, most in limits.most
	value := object.get(deployment, ["route", "limits", limit], null)
	not is_bounded(value, most)
	path := ["spec", "gateway", "limits", limit]
	msg := sprintf("Clients are granted %s of `%s`; at most %v is wanted.", [shown(value), limit, most])
}

deny contains lib.result("CC-05", lib.graded("high"), environment, ["spec", "budget"], msg) if {
	count(lib.changed) > 0
	not has_budget
	msg := "The environment has no budget."
}

is_bounded(value, most) if {
	is_number(value)
	value > 0
	value <= most
}

has_budget if {
	budget := object.get(input.environment.settings, "budget", null)
	is_number(budget.maxBudget)
	budget.maxBudget >= 0
	lib.text(budget.budgetDuration)
}

shown(value) := sprintf("%v", [value]) if value != null

shown(value) := "any number" if value == null

environment := sprintf("Environment/%s", [input.environment.name])
