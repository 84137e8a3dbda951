# METADATA
# title: Data is scanned for secrets and personal data
# description: >-
#   For the bytes of every dataset there is a scan that looked at all records, found no secret, and no more personal
#   data than declared.
# custom:
#   id: DP-04
#   ruleSet: data
#   severity: critical
#   controls:
#     - GDPR Art. 5(1)(c)
#     - GDPR Art. 25
#     - GDPR Art. 32
#     - Cal. Civ. Code §1798.100(c)
#     - OWASP LLM02:2025
#   jurisdictions: [EU, US-CA]
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Scan exactly these bytes; take out what was found, which makes a new version of the dataset, and revoke secrets.
package trueup.rules.dp_04

import data.parameters.datasets as limits
import data.trueup.lib

deny contains result if some result in lib.absent("DP-04", "critical", ["deployments", "resources", "evidence"])

deny contains lib.result("DP-04", "critical", address, ["spec", "source", "digest"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	count(scans(document)) == 0
	msg := sprintf("There is no scan of the bytes of %s for secrets and personal data.", [address])
}

deny contains lib.result("DP-04", "critical", address, ["spec", "source", "digest"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	some scan in scans(document)
	passed := lib.field(scan, ["passed"])
	passed != true
	msg := sprintf("The newest scan of %s failed.", [address])
}

deny contains lib.result("DP-04", "critical", address, ["spec", "source", "digest"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	some scan in scans(document)
	some metric in ["secrets", "personal_data"]
	not whole(scan, metric, document)
	msg := sprintf("The newest scan of %s does not say of all records how many `%s` it found.", [address, metric])
}

deny contains lib.result("DP-04", "critical", address, ["spec", "source", "digest"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	some scan in scans(document)
	some found in counted(scan, "secrets")
	found.value != 0
	msg := sprintf("The newest scan of %s found %v secret(s).", [address, found.value])
}

deny contains lib.result("DP-04", "critical", address, ["spec", "personalData"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	some scan in scans(document)
	some found in counted(scan, "personal_data")
	limit := limits.personal_data_findings[declared(document)]
	limit != null
	found.value > limit
	words := [address, found.value, limit, declared(document)]
	msg := sprintf("The newest scan of %s found %v pieces of personal data; %v are accepted where it is %s.", words)
}

scans(document) := lib.newest("data-scan", "dataset", lib.field(document, ["spec", "source", "digest"]))

# Of any slice: a finding in one is a finding.
counted(scan, metric) := [m | some m in object.get(scan, "measurements", []); m.metric == metric]

whole(scan, metric, document) if {
	some m in lib.measured(scan, metric, "")
	is_number(m.value)
	m.value >= 0
	is_number(m.samples)
	m.samples >= max({1, records(document)})
}

# How many records there are at least; nobody has to say.
records(document) := size if {
	size := lib.field(document, ["spec", "datasetSize"])
	is_number(size)
} else := 1

declared(document) := "declared" if {
	document.spec.personalData.present == true
} else := "undeclared"
