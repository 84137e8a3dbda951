# METADATA
# title: People know that they talk to a machine
# description: >-
#   A System that people talk to declares how they learn that it is one.
# custom:
#   id: RG-03
#   ruleSet: regulation
#   severity: high
#   controls: [EU AI Act Art. 50(1), NIST AI RMF GOVERN 5.1, ISO/IEC 42001 A.8.2]
#   jurisdictions: [EU]
#   roles: [provider, deployer]
#   effectiveFrom: "2026-08-02"
#   lastReviewed: "2026-11-21"
#   remediation: Say in `transparency.notice` of the System what people are told, and tell them.
package trueup.rules.rg_03

import data.parameters.purposes
import data.parameters.regulation
import data.trueup.law
import data.trueup.lib

deny contains result if {
	some result in lib.absent("RG-03", "high", ["deployments", "resources", "derived.purposes", "environment.tier"])
}

deny contains law.dated(result, "ai_notice") if {
	some [address, document] in law.systems
	duty := regulation.duties.ai_notice
	law.reaches(document, duty.jurisdiction)
	not is_silent(address)
	notice := lib.field(document, ["spec", "transparency", "notice"])
	not lib.said(notice)
	msg := sprintf("%s does not declare how people learn that they talk to a machine, as %s %s asks.", [
		address,
		duty.text,
		duty.article,
	])
	result := lib.result("RG-03", lib.graded("high"), address, ["spec", "transparency", "notice"], msg)
}

# Nobody talks to it: all its purposes are of that kind, and it names one at least.
is_silent(address) if {
	named := law.purposes(address)
	count(named) > 0
	every purpose in named {
		purpose in silent
	}
}

silent contains purpose if some purpose in purposes.not_interactive
