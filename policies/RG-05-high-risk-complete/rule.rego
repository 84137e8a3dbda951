# METADATA
# title: A high-risk system is complete
# description: >-
#   A high-risk System has its risks assessed, its technical file, oversight, records and measured accuracy; and a
#   System whose purpose law calls high-risk is declared as one, or has it assessed why it is none.
# custom:
#   id: RG-05
#   ruleSet: regulation
#   severity: high
#   controls:
#     - EU AI Act Art. 6
#     - EU AI Act Art. 9
#     - EU AI Act Art. 11
#     - EU AI Act Art. 12
#     - EU AI Act Art. 13
#     - EU AI Act Art. 14
#     - EU AI Act Art. 15(1)
#     - EU AI Act Art. 26
#     - NIST AI RMF GOVERN 1.3
#     - ISO/IEC 42001 A.5.2
#     - ISO/IEC 42001 A.6.2.7
#   jurisdictions: [EU]
#   roles: [provider, deployer]
#   effectiveFrom: "2027-12-02"
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare what the message names. The days from which it denies are in `parameters/regulation/data.yaml`.
package trueup.rules.rg_05

import data.parameters.regulation
import data.trueup.law
import data.trueup.lib

deny contains result if {
	some result in lib.absent("RG-05", "high", [
		"deployments",
		"resources",
		"derived.purposes",
		"clock.today",
		"environment.tier",
	])
}

deny contains law.dated(result, duty) if {
	some [address, document] in law.systems
	some duty in misjudged(address, document)
	not assessed(document, {"AIIA"})
	named := [sprintf("`%s` (%s)", [purpose, point]) | some [_, purpose, point] in high_purposes(address, document)]
	msg := sprintf("The purpose %s is a high-risk one, and %s declares neither that nor an assessment why not.", [
		concat(", ", sort(named)),
		address,
	])
	result := lib.result("RG-05", lib.graded("high"), address, ["spec", "riskClass"], msg)
}

deny contains law.dated(result, duty) if {
	some [address, document, duty] in high_risk_systems
	not assessed(document, {"AIIA", "FRIA"})
	msg := sprintf("%s has no assessment of its risks (AIIA, FRIA) that is approved and holds today [Art. 9].", [address])
	result := lib.result("RG-05", lib.graded("high"), address, ["spec", "impactAssessments"], msg)
}

deny contains law.dated(result, duty) if {
	some [address, document, duty] in high_risk_systems
	some [path, what] in fields_of_a_system
	value := lib.field(document, path)
	not says_something(value)
	msg := sprintf("%s does not declare %s.", [address, what])
	result := lib.result("RG-05", lib.graded("high"), address, path, msg)
}

deny contains law.dated(result, duty) if {
	some [address, document, duty] in high_risk_systems
	mode := lib.field(document, ["spec", "humanOversight", "mode"])
	not mode in {"in-the-loop", "on-the-loop", "in-command"}
	msg := sprintf("%s is overseen by nobody [Art. 14].", [address])
	result := lib.result("RG-05", lib.graded("high"), address, ["spec", "humanOversight", "mode"], msg)
}

deny contains law.dated(result, duty) if {
	some [deployment, duty] in high_risk_deployments
	some part, what in {"retention": "how long records of requests are kept", "sink": "where records of requests go"}
	value := lib.field(lib.declared(deployment), ["spec", "logging", part])
	not lib.said(value)
	msg := sprintf("The deployment does not declare %s [Art. 12].", [what])
	result := lib.result("RG-05", lib.graded("high"), deployment.address, ["spec", "logging", part], msg)
}

deny contains law.dated(result, duty) if {
	some [deployment, duty] in high_risk_deployments
	model := lib.field(deployment, ["release", "model", "address"])
	card := lib.field(object.get(input.resources, model, {}), ["spec", "card"])
	not is_written(card)
	msg := sprintf("%v has no card for the technical file [Art. 11, Annex IV].", [model])
	result := lib.result("RG-05", lib.graded("high"), deployment.address, ["spec", "release", "model"], msg)
}

deny contains law.dated(result, duty) if {
	some [deployment, duty] in high_risk_deployments
	not is_measured(deployment)
	msg := "No evaluation of quality or factuality has measured this release [Art. 15(1)]."
	result := lib.result("RG-05", lib.graded("high"), deployment.address, ["spec", "release"], msg)
}

fields_of_a_system := [
	[["spec", "ethicalConsiderations"], "the risks for people and what is done about them [Art. 9]"],
	[["spec", "technicalLimitations"], "what it cannot do [Art. 13]"],
	[["spec", "transparency", "documentation"], "where its instructions are [Art. 13]"],
	[["spec", "humanOversight", "stopControl"], "how it is stopped [Art. 14]"],
	[["spec", "humanOversight", "contact"], "who oversees it [Art. 14]"],
]

high_risk_systems contains [address, document, duty] if {
	some [address, document] in law.systems
	duty := high_risk(document)
}

high_risk_deployments contains [deployment, duty] if {
	some [deployment, address, _] in law.served
	duty := duty_of_system[address]
}

duty_of_system[address] := duty if some [address, _, duty] in high_risk_systems

# The duty that a high-risk class brings, in the words of `parameters/regulation`.
high_risk(document) := duty if {
	duty := {"high-annex-iii": "high_annex_iii", "high-annex-i": "high_annex_i"}[class_of(document)]
	law.reaches(document, regulation.duties[duty].jurisdiction)
}

class_of(document) := law.spelled(class) if {
	class := lib.field(document, ["spec", "riskClass"])
	is_string(class)
} else := ""

# Duties of purposes that are high-risk ones, of a System that is declared as less.
misjudged(address, document) := {duty |
	not class_of(document) in {"high-annex-iii", "high-annex-i", "prohibited"}
	some [duty, _, _] in high_purposes(address, document)
}

high_purposes(address, document) := {[group.duty, purpose, point] |
	some group in regulation.high_risk
	law.reaches(document, group.jurisdiction)
	some purpose in law.purposes(address)
	point := group.purposes[purpose]
}

# Somebody approved an assessment of one of `types`, and it holds today.
assessed(document, types) if {
	assessments := lib.field(document, ["spec", "impactAssessments"])
	is_array(assessments)
	some assessment in assessments
	assessment.type in types
	lib.said(assessment.ref)
	lib.said(assessment.approvedBy)
	is_string(assessment.validUntil)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, assessment.validUntil)
	assessment.validUntil >= input.clock.today
}

says_something(value) if lib.said(value)

says_something(value) if {
	is_array(value)
	some words in value
	lib.said(words)
}

# Text in place, or the text of a file.
is_written(value) if lib.said(value)

is_written(value) if lib.said(lib.field(value, ["content"]))

is_measured(deployment) if {
	some evaluation in lib.list(deployment.evaluations)
	category := object.get(input.resources, [evaluation.evaluation.address, "spec", "category"], "")
	category in {"quality", "factuality"}
	will_have_run(evaluation)
}

will_have_run(evaluation) if evaluation.status == "present"

will_have_run(evaluation) if {
	evaluation.status == "planned"
	input.gate == false
}
