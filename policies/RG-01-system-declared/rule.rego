# METADATA
# title: The system is declared
# description: >-
#   Law speaks of systems, not of models. Each deployment names the System it serves, with purpose, role, risk class,
#   jurisdictions and owner, in words that law has.
# custom:
#   id: RG-01
#   ruleSet: regulation
#   severity: critical
#   controls: [EU AI Act Art. 6, EU AI Act Art. 26, NIST AI RMF MAP 1.1, NIST AI RMF GOVERN 1.6, ISO/IEC 42001 A.9.4]
#   jurisdictions: []
#   roles: [provider, deployer]
#   lastReviewed: "2026-11-21"
#   remediation: Declare a System with these fields and name it in `spec.system` of the deployment.
package trueup.rules.rg_01

import data.trueup.law
import data.trueup.lib

deny contains result if some result in lib.absent("RG-01", "critical", ["deployments", "resources", "environment.tier"])

deny contains lib.result("RG-01", lib.graded("critical"), deployment.address, ["spec", "system"], msg) if {
	some deployment in lib.changed
	name := system_name(deployment)
	not lib.text(name)
	msg := "The deployment does not say which system it serves."
}

deny contains lib.result("RG-01", lib.graded("critical"), deployment.address, ["spec", "system"], msg) if {
	some deployment in lib.changed
	name := system_name(deployment)
	lib.text(name)
	address := sprintf("System/%s", [name])
	document := object.get(input.resources, address, null)
	not is_object(document)
	msg := sprintf("%s is not declared.", [address])
}

deny contains lib.result("RG-01", lib.graded("critical"), address, path, msg) if {
	some [address, document] in law.systems
	some path in [["spec", "intendedPurpose"], ["metadata", "owner"]]
	value := lib.field(document, path)
	not lib.said(value)
	msg := sprintf("%s does not declare `%s`.", [address, concat(".", path)])
}

deny contains lib.result("RG-01", lib.graded("critical"), address, ["spec", field], msg) if {
	some [address, document] in law.systems
	some field, words in vocabulary
	value := lib.field(document, ["spec", field])
	not value in words
	msg := sprintf("%s does not declare `spec.%s` as one of: %s.", [address, field, concat(", ", words)])
}

deny contains lib.result("RG-01", lib.graded("critical"), address, ["spec", "jurisdictions"], msg) if {
	some [address, document] in law.systems
	jurisdictions := lib.field(document, ["spec", "jurisdictions"])
	not lists_something(jurisdictions)
	msg := sprintf("%s does not declare the jurisdictions it is used in.", [address])
}

deny contains lib.result("RG-01", lib.graded("critical"), address, ["spec", "jurisdictions", index], msg) if {
	some [address, document] in law.systems
	jurisdictions := lib.field(document, ["spec", "jurisdictions"])
	lists_something(jurisdictions)
	some index, place in jurisdictions
	not law.is_place(place)
	msg := sprintf("`%v` is no place that is known: `EU`, or ISO 3166 as in `DE` or `US-CA`.", [place])
}

vocabulary := {
	"operatorRole": ["provider", "deployer", "both", "importer", "distributor"],
	"riskClass": ["prohibited", "high-annex-iii", "high-annex-i", "transparency", "minimal"],
}

lists_something(value) if {
	is_array(value)
	count(value) > 0
}

system_name(deployment) := object.get(input.resources, [deployment.address, "spec", "system"], "")
