# METADATA
# title: Every input is pinned
# description: >-
#   Models, adapters, data and tokenizers are named by a content digest or a full commit, never by a name that moves.
# custom:
#   id: SC-01
#   ruleSet: supply-chain
#   severity: critical
#   controls: [OWASP LLM03:2025, NIST AI RMF MAP 4.2, NIST AI RMF MANAGE 3.2, ISO/IEC 42001 A.10.3]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Set `source.digest` to the sha256 of the bytes; trueup prints it when it fetches them.
package trueup.rules.sc_01

import data.parameters.sources
import data.trueup.lib

deny contains result if some result in lib.absent("SC-01", "critical", ["deployments", "resources", "environment.tier"])

deny contains lib.result("SC-01", "critical", address, ["spec", "source", "digest"], msg) if {
	some [address, source] in fetched
	not pinned(source)
	msg := sprintf("%s is not pinned: `source.digest` has to be a sha256 digest, or `revision` a full commit.", [address])
}

deny contains lib.result("SC-01", severity, address, ["spec", "source", "revision"], msg) if {
	some [address, source] in array.concat(fetched, remote)
	moving(lib.field(source, ["revision"]))
	severity := moving_severity
	msg := sprintf("%s names the revision `%s`, which moves.", [address, lib.field(source, ["revision"])])
}

deny contains lib.result("SC-01", "critical", address, ["spec", "source", "revision"], msg) if {
	some [address, source] in remote
	not regex.match(`[0-9]`, lib_revision(source))
	msg := sprintf("%s is a provider's model without a dated revision.", [address])
}

deny contains lib.result("SC-01", "critical", address, ["spec", "tokenizer"], msg) if {
	some [address, document] in lib.reached_of("Model")
	tokenizer := document.spec.tokenizer
	not pinned(tokenizer)
	msg := sprintf("The tokenizer of %s is not pinned by a digest or a full commit.", [address])
}

deny contains lib.result("SC-01", "critical", deployment.address, ["spec", "release"], msg) if {
	some deployment in lib.changed
	some part in ["model", "artifact"]
	value := lib.field(deployment, ["release", part, "digest"])
	not lib.digest(value)
	msg := sprintf("The release's %s has no digest.", [part])
}

# Documents whose bytes are fetched, and those that a provider serves, as [address, source].
fetched := [[address, source] |
	some [address, document] in sourced
	source := lib.field(document, ["spec", "source"])
	not from_provider(source)
]

remote := [[address, source] |
	some [address, document] in sourced
	source := lib.field(document, ["spec", "source"])
	from_provider(source)
]

sourced := (lib.reached_of("Model") | lib.reached_of("Adapter")) | lib.reached_of("Dataset")

from_provider(source) if startswith(source.uri, "api://")

pinned(source) if lib.digest(source.digest)

# A commit pins what comes from a repository; a file on this machine has none.
pinned(source) if {
	regex.match(`^([0-9a-f]{40}|[0-9a-f]{64})$`, source.revision)
	regex.match(`^(hf|git|git\+https|https|oci)://`, source.uri)
}

moving(revision) if lower(revision) in {name | some name in sources.moving_revisions}

lib_revision(source) := object.get(source, "revision", "")

default moving_severity := "critical"

moving_severity := "medium" if not lib.strict
