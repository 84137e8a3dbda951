# METADATA
# title: Nothing in prompts that must not get out
# description: >-
#   Prompts hold no secrets, personal data or names of internal machines: what is in a prompt can be asked for. Where
#   such a thing is, and of what kind, is a derived fact; the value is not in the policy document.
# custom:
#   id: SA-03
#   ruleSet: safety
#   severity: critical
#   controls: [OWASP LLM02:2025, OWASP LLM07:2025, GDPR Art. 5(1)(c), NIST AI RMF MEASURE 2.10]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Take it out, which makes a new version of the prompt; let a tool or a variable bring what the answer needs. A
#     secret was published with the commit: revoke it.
package trueup.rules.sa_03

import data.trueup.lib

deny contains result if some result in lib.absent("SA-03", "critical", ["deployments", "resources", "derived.prompts"])

deny contains lib.result("SA-03", "critical", address, path, msg) if {
	some finding in input.derived.prompts
	address := lib.field(finding, ["address"])
	concerns(address)
	path := object.get(finding, "path", [])
	kind := lib.field(finding, ["kind"])
	what := object.get(words, kind, sprintf("something that must not get out (`%v`)", [kind]))
	msg := sprintf("%v holds %s.", [address, what])
}

concerns(address) if address in lib.touched

# A finding that does not say where it is may be anywhere.
concerns(address) if not lib.text(address)

words := {
	"secret": "what looks like a secret",
	"email": "an e-mail address",
	"phone": "a phone number",
	"card": "the number of a payment card",
	"iban": "the number of a bank account",
	"hostname": "the name of an internal machine",
	"address": "the network address of an internal machine",
}
