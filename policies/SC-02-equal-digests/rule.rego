# METADATA
# title: One digest from declaration to evidence
# description: >-
#   What is declared is what is fetched, what is built from, and what was measured.
# custom:
#   id: SC-02
#   ruleSet: supply-chain
#   severity: critical
#   controls: [SLSA v1.0 Build L1, OWASP LLM03:2025, ISO/IEC 42001 A.10.3]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Plan again from the merged commit; if it stays, the declaration and the store disagree.
package trueup.rules.sc_02

import data.trueup.lib

deny contains result if {
	some result in lib.absent("SC-02", "critical", ["deployments", "resources", "change.operations"])
}

deny contains lib.result("SC-02", "critical", deployment.address, ["spec", "release", "model"], msg) if {
	some deployment in lib.changed
	artifact := lib.field(deployment, ["release", "artifact", "digest"])
	declared := declared_digest(deployment)
	artifact != declared
	msg := sprintf("The release has the artifact `%s`, and its model declares `%s`.", [artifact, declared])
}

deny contains lib.result("SC-02", "critical", deployment.address, ["spec", "release", "build"], msg) if {
	some deployment in lib.changed
	some operation in builds[deployment.release.build.key]
	source := lib.field(operation, ["source"])
	artifact := lib.field(deployment, ["release", "artifact", "digest"])
	source != artifact
	msg := sprintf("The build would read `%s`, and the release has the artifact `%s`.", [source, artifact])
}

deny contains lib.result("SC-02", "critical", operation.address, ["spec", "source", "digest"], msg) if {
	some operation in input.change.operations
	operation.kind == "fetch"
	digest := lib.field(operation, ["digest"])
	not digest in known
	msg := sprintf("`%s` would be fetched, and nothing declares it.", [digest])
}

deny contains lib.result("SC-02", "critical", deployment.address, [], msg) if {
	some deployment in lib.changed
	some evaluation in deployment.evaluations
	evaluation.status == "present"
	lib.field(evaluation, ["evidence", "subject", "release"]) != lib.field(deployment, ["release", "digest"])
	msg := sprintf("The evidence of %s is of another release.", [evaluation.evaluation.address])
}

deny contains lib.result("SC-02", "critical", deployment.address, [], msg) if {
	some deployment in lib.changed
	some evaluation in deployment.evaluations
	evaluation.status == "present"
	some name, digest in evaluation.evidence.subject
	expected := allowed(deployment, evaluation, name)
	not digest in expected
	msg := sprintf("The evidence of %s has `%s` as its %s.", [evaluation.evaluation.address, digest, name])
}

declared_digest(deployment) := digest if {
	address := lib.field(deployment, ["release", "model", "address"])
	digest := object.get(input.resources, [address, "spec", "source", "digest"], "")
}

builds[key] contains operation if {
	some operation in input.change.operations
	operation.kind == "build"
	key := operation.key
}

# Every digest that a document declares for bytes to be fetched.
known contains digest if {
	some _, document in input.resources
	digest := document.spec.source.digest
}

# What evidence may name as its subject, by name; a name nobody knows proves nothing and harms nothing.
allowed(deployment, evaluation, name) := object.get(subjects, name, {evaluation.evidence.subject[name]}) if {
	release := deployment.release
	subjects := {
		"release": {lib.field(release, ["digest"])},
		"artifact": {lib.field(release, ["artifact", "digest"]), lib.field(release, ["build", "key"])},
		"model": {lib.field(release, ["artifact", "digest"]), lib.field(release, ["model", "digest"])},
		"prompt": {object.get(release, ["prompt", "digest"], "")},
		"dataset": {lib.field(evaluation, ["dataset", "digest"])},
	}
}
