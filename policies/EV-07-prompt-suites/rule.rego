# METADATA
# title: A changed prompt is evaluated again
# description: >-
#   Evidence was measured with the prompt, and so with the tools, that will be served; and in production a prompt does
#   not change without an evaluation.
# custom:
#   id: EV-07
#   ruleSet: evaluation
#   severity: high
#   controls: [ISO/IEC 42001 A.6.2.4]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Require an Evaluation in the environment, and run `trueup evaluate` with the new prompt.
package trueup.rules.ev_07

import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "evidence", "derived.releaseChanges"]
	some result in lib.absent("EV-07", "high", parts) | lib.evidence_gaps("EV-07", "high")
}

deny contains lib.result("EV-07", "high", deployment.address, ["spec", "release", "prompt"], msg) if {
	some [deployment, evaluation] in lib.evaluated
	some item in lib.evidence_of(deployment, evaluation)
	served := prompt_of(object.get(deployment, ["release", "prompt"], "absent"))
	measured := object.get(item, ["subject", "prompt"], null)
	not same(measured, served)
	msg := sprintf("The evidence of %s was measured with another prompt than will be served.", [
		lib.evaluation_address(evaluation),
	])
}

deny contains lib.result("EV-07", lib.graded("high"), deployment.address, ["spec", "release", "prompt"], msg) if {
	lib.strict
	some deployment in lib.released
	prompt_changes(deployment)
	count(deployment.evaluations) == 0
	msg := "The prompt changes, and no evaluation shows what that does."
}

# "" stands for a release without a prompt; a prompt that does not say its digest is like no other.
prompt_of(prompt) := "" if prompt == null

prompt_of(prompt) := lib.field(prompt, ["digest"]) if is_object(prompt)

prompt_of(prompt) := "absent" if {
	prompt != null
	not is_object(prompt)
}

same(measured, served) if {
	lib.digest(served)
	measured == served
}

same(measured, served) if {
	served == ""
	measured in {"", null}
}

# A first release changes nothing; one that does not say what it changes may change the prompt.
prompt_changes(deployment) if {
	object.get(deployment, "fromRelease", "unknown") != ""
	parts := object.get(input, ["derived", "releaseChanges", deployment.address], ["prompt"])
	"prompt" in parts
}
