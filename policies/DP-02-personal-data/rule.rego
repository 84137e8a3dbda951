# METADATA
# title: Personal data has a basis, a purpose and an end
# description: >-
#   Every dataset says whether there is personal data in it; where there is, it names lawful basis, purpose, retention,
#   owner and impact assessment. Nothing else in its declaration may say that there is, when it says that there is none.
# custom:
#   id: DP-02
#   ruleSet: data
#   severity: critical
#   controls: [GDPR Art. 5(1)(b), GDPR Art. 5(1)(e), GDPR Art. 6, GDPR Art. 30, GDPR Art. 35, ISO/IEC 42001 A.7.3]
#   jurisdictions: [EU]
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare `personalData: {present: false}`, or `lawfulBasis`, `purpose`, `retention` and `dpia` beside
#     `present: true`, and `metadata.owner`.
package trueup.rules.dp_02

import data.trueup.lib

deny contains result if some result in lib.absent("DP-02", "critical", ["deployments", "resources"])

deny contains lib.result("DP-02", "critical", address, ["spec", "personalData", "present"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	present := lib.field(document, ["spec", "personalData", "present"])
	not is_boolean(present)
	msg := sprintf("%s does not say whether there is personal data in it.", [address])
}

deny contains lib.result("DP-02", "critical", address, path, msg) if {
	some [address, document] in lib.reached_of("Dataset")
	lib.field(document, ["spec", "personalData", "present"]) != true
	some path in signs(document)
	msg := sprintf("%s says no to personal data, and `%s` says yes.", [address, concat(".", path)])
}

deny contains lib.result("DP-02", "critical", address, path, msg) if {
	some [address, document] in lib.reached_of("Dataset")
	holds(document)
	some path in [
		["spec", "personalData", "lawfulBasis"],
		["spec", "personalData", "purpose"],
		["spec", "personalData", "retention"],
		["spec", "personalData", "dpia"],
		["metadata", "owner"],
	]
	value := lib.field(document, path)
	not lib.said(value)
	msg := sprintf("%s holds personal data and does not say its `%s`.", [address, concat(".", path)])
}

deny contains lib.result("DP-02", "critical", address, ["spec", "personalData", "lawfulBasis"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	holds(document)
	basis := lib.field(document, ["spec", "personalData", "lawfulBasis"])
	lib.said(basis)
	not basis in bases
	msg := sprintf("%s names `%s`, which is no lawful basis of Art. 6 GDPR.", [address, basis])
}

deny contains lib.result("DP-02", "critical", address, ["spec", "personalData", "retention"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	holds(document)
	retention := lib.field(document, ["spec", "personalData", "retention"])
	lib.said(retention)
	not duration(retention)
	msg := sprintf("%s keeps personal data for `%s`, which is no time that ends.", [address, retention])
}

holds(document) if document.spec.personalData.present == true

holds(document) if count(signs(document)) > 0

# Fields that say that there is personal data.
signs(document) := {["spec", "hasSensitivePersonalInformation"] |
	lib.field(document, ["spec", "hasSensitivePersonalInformation"]) in {"yes", true}
} | {["spec", "personalData", "categories"] |
	count(object.get(document, ["spec", "personalData", "categories"], [])) > 0
} | {["spec", "recordSet"] |
	some records in object.get(document, ["spec", "recordSet"], [])
	some column in object.get(records, "field", [])
	object.get(column, "sensitive", false) != false
}

bases := {"consent", "contract", "legal-obligation", "vital-interests", "public-task", "legitimate-interests"}

# As specs spell it; a time of nothing ends before it starts, and one of a thousand years does not end.
duration(text) if {
	regex.match(`^([0-9]+([.][0-9]+)?(ms|s|m|h|d|w))+$`, text)
	regex.match(`[1-9]`, text)
	not regex.match(`[0-9]{6}`, text)
}
