# METADATA
# title: A judge that is pinned and not related
# description: >-
#   A model that scores answers is pinned by digest, and is of another family than the model it judges: models prefer
#   what sounds like themselves.
# custom:
#   id: EV-09
#   ruleSet: evaluation
#   severity: medium
#   controls: [NIST AI RMF MEASURE 2.13]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-29"
#   remediation: >-
#     Declare a judge of another family, and the `family` of both models; give the judge's source a digest.
package trueup.rules.ev_09

import data.trueup.lib

deny contains result if some result in lib.absent("EV-09", "medium", ["deployments", "resources"])

deny contains lib.result("EV-09", "medium", address, ["spec", "judge", "model"], msg) if {
	some [_, evaluation] in judged
	address := lib.evaluation_address(evaluation)
	not lib.digest(lib.field(evaluation, ["judge", "digest"]))
	msg := sprintf("The judge of %s is not pinned by a digest.", [address])
}

deny contains lib.result("EV-09", "medium", address, ["spec", "judge", "model"], msg) if {
	some [deployment, evaluation] in judged
	address := lib.evaluation_address(evaluation)
	some family in families(evaluation, "families")
	family in families(evaluation, "judgedFamilies")
	msg := sprintf("The judge of %s is of the family `%v`, like the model of %s.", [address, family, deployment.address])
}

deny contains lib.result("EV-09", "medium", address, ["spec", "judge", "model"], msg) if {
	some [_, evaluation] in judged
	address := lib.evaluation_address(evaluation)
	some part, words in {"families": "the judge", "judgedFamilies": "the model it judges"}
	count(families(evaluation, part)) == 0
	msg := sprintf("Nobody says of which family %s of %s is.", [words, address])
}

# Evaluations of changed deployments that a model takes part in, whether they have run or not.
judged contains [deployment, evaluation] if {
	some deployment in lib.changed
	some evaluation in lib.list(lib.field(deployment, ["evaluations"]))
	is_object(lib.field(lib.evaluation_document(evaluation), ["spec", "judge"]))
}

families(evaluation, part) := {family | some family in lib.list(lib.field(evaluation, ["judge", part])); lib.text(family)}
