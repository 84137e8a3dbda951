# METADATA
# title: No code that comes with weights
# description: >-
#   `trustRemoteCode` lets a model's repository run code in the server. Never in production; elsewhere only a pinned
#   commit of it.
# custom:
#   id: SC-05
#   ruleSet: supply-chain
#   severity: critical
#   controls: [OWASP LLM03:2025, NIST AI RMF MEASURE 2.7, EU AI Act Art. 15(5)]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare `trustRemoteCode: false`, and choose an architecture that the runtime knows; outside production, pin
#     `codeRevision` to a full commit.
package trueup.rules.sc_05

import data.trueup.lib

deny contains result if some result in lib.absent("SC-05", "critical", ["deployments", "resources", "environment.tier"])

deny contains lib.result("SC-05", "critical", address, ["spec", "trustRemoteCode"], msg) if {
	some [address, document] in lib.reached_of("Model")
	said := trusted(document)
	not is_boolean(said)
	msg := sprintf("%s does not say whether code that comes with it may run.", [address])
}

deny contains lib.result("SC-05", "critical", address, ["spec", "trustRemoteCode"], msg) if {
	some [address, document] in lib.reached_of("Model")
	trusted(document) == true
	lib.production
	msg := sprintf("%s runs code that comes with the weights, in production.", [address])
}

deny contains lib.result("SC-05", "critical", address, ["spec", "codeRevision"], msg) if {
	some [address, document] in lib.reached_of("Model")
	trusted(document) == true
	not lib.production
	revision := lib.field(document, ["spec", "codeRevision"])
	not regex.match(`^[0-9a-f]{40}$`, revision)
	msg := sprintf("%s runs code that comes with the weights, and `codeRevision` is no full commit.", [address])
}

trusted(document) := object.get(document, ["spec", "trustRemoteCode"], null)
