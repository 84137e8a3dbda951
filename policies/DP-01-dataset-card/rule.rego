# METADATA
# title: A dataset tells where it comes from
# description: >-
#   Source, collection, licence, intended use and known bias of every dataset that is used are written down.
# custom:
#   id: DP-01
#   ruleSet: data
#   severity: high
#   controls: [EU AI Act Art. 10(2), ISO/IEC 42001 A.7.3, ISO/IEC 42001 A.7.5, NIST AI RMF MAP 2.3]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare `source.uri`, `dataCollectionProcess`, `license`, `intendedUse` and `knownBias` in words that say
#     something; where no bias is known, say what was looked at.
package trueup.rules.dp_01

import data.trueup.lib

deny contains result if some result in lib.absent("DP-01", "high", ["deployments", "resources"])

deny contains lib.result("DP-01", "high", address, path, msg) if {
	some [address, document] in lib.reached_of("Dataset")
	some path in [
		["spec", "source", "uri"],
		["spec", "dataCollectionProcess"],
		["spec", "license"],
		["spec", "intendedUse"],
	]
	value := lib.field(document, path)
	not lib.said(value)
	msg := sprintf("%s does not say its `%s`.", [address, concat(".", path)])
}

deny contains lib.result("DP-01", "high", address, ["spec", "knownBias"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	bias := lib.field(document, ["spec", "knownBias"])
	not listed(bias)
	msg := sprintf("%s does not say its `spec.knownBias`, or what was looked at.", [address])
}

listed(values) if {
	is_array(values)
	count(values) > 0
	every value in values {
		lib.said(value)
	}
}
