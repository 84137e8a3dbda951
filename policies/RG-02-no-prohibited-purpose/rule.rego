# METADATA
# title: No prohibited purpose
# description: >-
#   What a System is for is said in words that are understood, and none of them names a practice that law prohibits
#   where the System is used.
# custom:
#   id: RG-02
#   ruleSet: regulation
#   severity: critical
#   controls: [EU AI Act Art. 5, NIST AI RMF MAP 1.1, ISO/IEC 42001 A.9.4]
#   jurisdictions: [EU]
#   roles: [provider, deployer]
#   lastReviewed: "2026-11-21"
#   waivable: false
#   remediation: >-
#     Do not build it. Where the purpose is another one, say so in `purposeCategories` of the System; your own ordinary
#     purposes are in `parameters/purposes/data.yaml`.
package trueup.rules.rg_02

import data.parameters.purposes
import data.parameters.regulation
import data.trueup.law
import data.trueup.lib

deny contains result if {
	some result in lib.absent("RG-02", "critical", ["deployments", "resources", "derived.purposes", "environment.tier"])
}

deny contains lib.result("RG-02", "critical", address, ["spec", "riskClass"], msg) if {
	some [address, document] in law.systems
	class := lib.field(document, ["spec", "riskClass"])
	is_string(class)
	law.spelled(class) == "prohibited"
	msg := sprintf("%s is declared as prohibited.", [address])
}

# The day from which it is prohibited: before it, the result only warns.
deny contains object.union(result, {"effectiveFrom": group["from"]}) if {
	some [address, document] in law.systems
	some group in regulation.prohibited
	law.reaches(document, group.jurisdiction)
	some purpose in law.purposes(address)
	article := group.purposes[purpose]
	msg := sprintf("The purpose `%s` is prohibited from %s by %s %s.", [purpose, group["from"], group.text, article])
	result := lib.result("RG-02", "critical", address, ["spec", "purposeCategories"], msg)
}

deny contains lib.result("RG-02", lib.graded("critical"), address, ["spec", "purposeCategories"], msg) if {
	some [address, document] in law.systems
	concerned(document)
	count(law.purposes(address)) == 0
	msg := sprintf("%s does not say in `purposeCategories` what it is for, and it could be prohibited.", [address])
}

deny contains lib.result("RG-02", "medium", address, ["spec", "purposeCategories"], msg) if {
	some [address, document] in law.systems
	concerned(document)
	some purpose in law.purposes(address)
	not purpose in known
	msg := sprintf("No list knows the purpose `%s`, and it could be a prohibited one.", [purpose])
}

# Whether any law on the list holds where the System is used.
concerned(document) if {
	some group in regulation.prohibited
	law.reaches(document, group.jurisdiction)
}

known contains purpose if some purpose in purposes.ordinary

known contains purpose if some purpose in purposes.not_interactive

known contains purpose if {
	some group in regulation.prohibited
	some purpose, _ in group.purposes
}

known contains purpose if {
	some group in regulation.high_risk
	some purpose, _ in group.purposes
}
