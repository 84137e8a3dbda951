# METADATA
# title: No secrets in the repository
# description: >-
#   Specs and prompts hold references to secrets (`env:NAME`, `file:PATH`), never their values. Values are masked
#   before a rule sees them; where they are is a derived fact.
# custom:
#   id: OP-08
#   ruleSet: operations
#   severity: critical
#   controls: [ISO/IEC 27001:2022 A.5.17, OWASP LLM02:2025, OWASP LLM07:2025]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Revoke the secret, because history keeps it, and write a reference: `env:NAME` or `file:PATH`.
package trueup.rules.op_08

import data.trueup.lib

deny contains result if some result in lib.absent("OP-08", "critical", ["deployments", "resources", "derived.secrets"])

# Wherever it stands: a secret in a document that did not change is as public.
deny contains lib.result("OP-08", "critical", secret.address, secret.path, msg) if {
	some secret in input.derived.secrets
	msg := sprintf("%s has a value that looks like a secret.", [secret.address])
}
