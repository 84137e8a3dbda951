# METADATA
# title: The system is declared
# description: >-
#   Law speaks of systems, not of models. Each deployment names the System it serves, with purpose, role, risk class,
#   jurisdictions and owner.
# custom:
#   id: RG-01
#   severity: critical
#   controls: [EU AI Act Art. 6, EU AI Act Art. 26, NIST AI RMF MAP 1.1, NIST AI RMF GOVERN 1.6, ISO/IEC 42001 A.9.4]
#   remediation: Declare a System with these fields and name it in `spec.system` of the deployment.
package trueup.rules.rg_01

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
	object.get(input.resources, system_address(name), null) == null
	msg := sprintf("%s is not declared.", [system_address(name)])
}

deny contains lib.result("RG-01", lib.graded("critical"), address, path, msg) if {
	some [address, document] in systems
	some path in [
		["spec", "intendedPurpose"],
		["spec", "operatorRole"],
		["spec", "riskClass"],
		["metadata", "owner"],
	]
	value := lib.field(document, path)
	not lib.text(value)
	msg := sprintf("%s does not declare `%s`.", [address, concat(".", path)])
}

deny contains lib.result("RG-01", lib.graded("critical"), address, ["spec", "jurisdictions"], msg) if {
	some [address, document] in systems
	jurisdictions := object.get(document, ["spec", "jurisdictions"], [])
	count(jurisdictions) == 0
	msg := sprintf("%s does not declare the jurisdictions it is used in.", [address])
}

system_name(deployment) := object.get(input.resources, [deployment.address, "spec", "system"], "")

system_address(name) := sprintf("System/%s", [name])

systems contains [address, document] if {
	some deployment in lib.changed
	address := system_address(system_name(deployment))
	document := input.resources[address]
}
