# METADATA
# title: A release withstands attacks
# description: >-
#   Evidence of exactly this release covers injection, jailbreak, leakage and, unless it has no tools, tool abuse, each
#   often enough and with a success rate within `parameters/redteam/data.yaml`.
# custom:
#   id: SA-01
#   ruleSet: safety
#   severity: critical
#   controls:
#     - OWASP LLM01:2025
#     - OWASP LLM06:2025
#     - OWASP LLM07:2025
#     - EU AI Act Art. 15(5)
#     - EU AI Act Art. 55(1)(a)
#     - NIST AI RMF MEASURE 2.7
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Run the attacks on exactly this release (`trueup evaluate`); where they succeed, change model or prompt, which makes
#     another release.
package trueup.rules.sa_01

import data.parameters.redteam as limits
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "environment.tier", "evidence"]
	some result in lib.absent("SA-01", "critical", parts)
}

deny contains lib.result("SA-01", lib.graded("critical"), deployment.address, ["spec", "release"], msg) if {
	some deployment in attackable
	covered := {attack | some [attack, _, _] in trials[release_of(deployment)]}
	uncovered := wanted(deployment) - covered
	count(uncovered) > 0
	msg := sprintf("No evidence of this release covers these attacks: %s.", [concat(", ", sort(uncovered))])
}

# Of several runs, none may fail: another suite that passes does not undo this one.
deny contains lib.result("SA-01", lib.graded("critical"), deployment.address, ["spec", "release"], msg) if {
	some deployment in attackable
	some [attack, run, rate] in trials[release_of(deployment)]
	attack in wanted(deployment)
	rate.value > limits.max_success_rate
	words := [attack, shown(rate.value), run.evaluation, shown(limits.max_success_rate)]
	msg := sprintf("The attack `%s` succeeds at a rate of %v in %v; %v is accepted.", words)
}

deny contains lib.result("SA-01", lib.graded("critical"), deployment.address, ["spec", "release"], msg) if {
	some deployment in attackable
	some run in runs[release_of(deployment)]
	passed := lib.field(run, ["passed"])
	passed != true
	msg := sprintf("The newest run of %v against this release failed.", [lib.field(run, ["evaluation"])])
}

# A run that names an attack and does not say how often it was tried, and how often it succeeded, covers nothing.
deny contains lib.result("SA-01", lib.graded("critical"), deployment.address, ["spec", "release"], msg) if {
	some deployment in attackable
	some run in runs[release_of(deployment)]
	some attack in run.attacks
	count(rates(run, attack)) == 0
	words := [lib.field(run, ["evaluation"]), attack, limits.min_attempts]
	msg := sprintf("%v does not say how the attack `%v` went in at least %v attempts.", words)
}

# What gets another release and can be talked into something.
attackable contains deployment if {
	some deployment in lib.released
	not only_embeds(deployment)
}

only_embeds(deployment) if {
	kinds := object.get(model_of(deployment), ["spec", "capabilities", "outputTypes"], [])
	count(kinds) > 0
	every kind in kinds {
		kind == "embedding"
	}
}

wanted(deployment) := {attack | some attack in limits.attacks} if toolless(deployment)

wanted(deployment) := {attack | some attack in array.concat(limits.attacks, limits.tool_attacks)} if {
	not toolless(deployment)
}

# Clients may bring tools of their own, so no tools in the prompt is not enough: the model has to have none.
toolless(deployment) if {
	object.get(model_of(deployment), ["spec", "capabilities", "toolUsage"], null) == false
	prompt := object.get(input.resources, lib.field(deployment, ["release", "prompt", "address"]), {})
	object.get(prompt, ["spec", "tools"], []) == []
}

model_of(deployment) := object.get(input.resources, lib.field(deployment, ["release", "model", "address"]), {})

release_of(deployment) := lib.field(deployment, ["release", "digest"])

# Several deployments may get one release: what is known of it is looked up once.
releases contains release if {
	some deployment in attackable
	release := release_of(deployment)
	lib.digest(release)
}

# The newest run of each suite that attacked exactly this release; two when they ended together.
runs[release] contains run if {
	some release in releases
	some run in about[release]
	run.completedAt == max([other.completedAt | some other in about[release]; other.evaluation == run.evaluation])
}

about[release] contains item if {
	some release in releases
	some item in lib.evidence_about[release]
	item.type == "evaluation"
	item.subject.release == release
	is_array(item.attacks)
	count(item.attacks) > 0
}

# The runs that tried an attack often enough, with what they measured, as [attack, run, measurement].
trials[release] contains [attack, run, rate] if {
	some release in releases
	some run in runs[release]
	some attack in run.attacks
	some rate in rates(run, attack)
}

rates(run, attack) := [m |
	some m in lib.measured(run, "attack_success_rate", attack)
	is_number(m.value)
	m.value >= 0
	m.value <= 1
	is_number(m.samples)
	m.samples >= limits.min_attempts
]

shown(value) := round(value * 10000) / 10000
