# METADATA
# title: Generated content is marked
# description: >-
#   What a System generates is marked so that machines can tell, when the System is offered by us where law asks for it.
#   Systems that were on the market before that law have a later day.
# custom:
#   id: RG-04
#   ruleSet: regulation
#   severity: high
#   controls: [EU AI Act Art. 50(2), EU AI Act Art. 111(4), NIST AI RMF MEASURE 2.8]
#   jurisdictions: [EU]
#   roles: [provider]
#   effectiveFrom: "2026-08-02"
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Mark what is generated (`metadata`, `watermark` or `c2pa`) and declare it in `transparency.contentMarking` of the
#     System.
package trueup.rules.rg_04

import data.parameters.regulation
import data.trueup.law
import data.trueup.lib

deny contains result if {
	some result in lib.absent("RG-04", "high", ["deployments", "resources", "observed.verified", "environment.tier"])
}

deny contains law.dated(result, duty) if {
	some [deployment, address, _] in law.served
	address in unmarked
	generates(deployment)
	duty := duty_of(deployment)
	msg := sprintf("What %s generates is not marked for machines, as %s %s asks from %s.", [
		address,
		regulation.duties[duty].text,
		regulation.duties[duty].article,
		regulation.duties[duty]["from"],
	])
	result := lib.result("RG-04", lib.graded("high"), address, ["spec", "transparency", "contentMarking"], msg)
}

# Systems that we offer where law asks for it, and that say nothing of a mark.
unmarked contains address if {
	some [address, document] in law.systems
	marking := lib.field(document, ["spec", "transparency", "contentMarking"])
	not marking in {"metadata", "watermark", "c2pa"}
	law.provides(document)
	law.reaches(document, regulation.duties.content_marking.jurisdiction)
}

# What was verified here before the day was on the market before it: the ledger says so, not the declaration.
duty_of(deployment) := "content_marking_legacy" if {
	deployment.address in legacy
} else := "content_marking"

legacy contains address if {
	some verified in lib.list(input.observed.verified)
	address := verified.deployment
	is_string(verified.verifiedAt)
	startswith(verified.verifiedAt, "20")
	substring(verified.verifiedAt, 10, 1) == "T"
	verified.verifiedAt < regulation.duties.content_marking_legacy.placed_before
}

# Models that declare nothing but embeddings or labels generate no content.
generates(deployment) if {
	model := object.get(input.resources, [deployment.release.model.address], {})
	outputs := lib.field(model, ["spec", "capabilities", "outputTypes"])
	not makes_no_content(outputs)
}

generates(deployment) if {
	model := lib.field(deployment, ["release", "model", "address"])
	not lib.text(model)
}

makes_no_content(outputs) if {
	is_array(outputs)
	count(outputs) > 0
	every output in outputs {
		output in {"embedding", "other"}
	}
}
