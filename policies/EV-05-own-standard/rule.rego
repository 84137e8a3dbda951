# METADATA
# title: No release lowers its own standard
# description: >-
#   A change that makes evaluations easier to pass releases nothing into production, and somebody who answers for the
#   risk, and is not an author of the change, has approved it.
# custom:
#   id: EV-05
#   ruleSet: evaluation
#   severity: critical
#   controls: [ISO/IEC 42001 A.3.2, NIST AI RMF GOVERN 1.3]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Change the standard in a pull request of its own, have a risk owner approve it, merge it, and release afterwards.
package trueup.rules.ev_05

import data.parameters.approvals
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "approvals", "derived.evaluationChanges", "change.author", "change.commits"]
	some result in lib.absent("EV-05", "critical", parts)
}

deny contains lib.result("EV-05", lib.graded("critical"), address_of(lowered), path(lowered), msg) if {
	some lowered in lib.list(lib.field(input, ["derived", "evaluationChanges"]))
	some deployment in lib.released
	not apart(deployment)
	msg := sprintf("%s, and the same change releases %s.", [described(lowered), deployment.address])
}

# On the default branch: each commit that changes the environment's standard leaves the deployment alone. Evaluations
# and datasets never change within a version, so there is no way to another standard but the environment's file.
apart(deployment) if {
	lib.merged
	standard := lib.field(input, ["environment", "path"])
	own := lib.field(deployment, ["path"])
	lib.text(own)
	standard != own
	all_commits_known
	commits := lib.commits_changing(standard)
	count(commits) > 0
	every files in commits {
		not own in files
	}
}

all_commits_known if {
	object.get(input, ["change", "truncated"], true) == false
	every commit in input.change.commits {
		is_array(commit.files)
	}
}

deny contains lib.result("EV-05", lib.graded("critical"), address_of(lowered), path(lowered), msg) if {
	some lowered in lib.list(lib.field(input, ["derived", "evaluationChanges"]))
	not only_rollbacks
	count(lib.approvers_of(approvals.risk_owner)) == 0
	msg := sprintf("%s, and nobody of the role `%s` besides its authors approved that.", [
		described(lowered),
		approvals.risk_owner,
	])
}

# The way back to a verified release waits for nobody.
only_rollbacks if {
	count(lib.changed) > 0
	every deployment in lib.changed {
		deployment.movement == "rollback"
	}
}

# What is not named is said of the environment: nothing is lowered unseen.
address_of(lowered) := address if {
	address := lib.field(lowered, ["address"])
	lib.text(address)
} else := sprintf("Environment/%v", [object.get(input, ["environment", "name"], "")])

described(lowered) := sprintf("%s: %s (%v to %v)", [address_of(lowered), words, before, after]) if {
	words := object.get(words_by_kind, lib.field(lowered, ["kind"]), "less is asked of releases")
	before := shown(lib.field(lowered, ["before"]))
	after := shown(lib.field(lowered, ["after"]))
}

shown(value) := "nothing" if value in {"", null}

shown(value) := value if not value in {"", null}

words_by_kind := {
	"requirement-removed": "an evaluation is not required any more",
	"threshold-loosened": "a threshold is easier to reach",
	"threshold-removed": "a threshold is gone",
	"metric-dropped": "a metric is not measured any more",
	"regression-loosened": "a comparison forgives more",
	"suite-shrunk": "fewer examples are asked",
	"measured-otherwise": "it is measured in another way",
	"age-loosened": "older evidence counts",
	"judge-changed": "another judge scores the answers",
	"signature-dropped": "evidence counts without a signature",
	"prompt-test-dropped": "a test of the prompt asks less",
}

path(lowered) := object.get(paths, [kind_of(address_of(lowered)), lib.field(lowered, ["kind"])], [])

kind_of(address) := split(address, "/")[0]

paths := {
	"Environment": {
		"requirement-removed": ["spec", "evaluations", "required"],
		"age-loosened": ["spec", "evaluations", "maxAge"],
		"signature-dropped": ["spec", "evaluations", "signed"],
	},
	"Evaluation": {
		"threshold-loosened": ["spec", "metricDecisionThreshold"],
		"threshold-removed": ["spec", "metricDecisionThreshold"],
		"metric-dropped": ["spec", "metrics"],
		"regression-loosened": ["spec", "regression"],
		"suite-shrunk": ["spec", "tasks"],
		"measured-otherwise": ["spec"],
		"age-loosened": ["spec", "maxAge"],
		"judge-changed": ["spec", "judge"],
	},
	"Dataset": {"suite-shrunk": ["spec", "source"]},
	"Prompt": {"prompt-test-dropped": ["spec", "tests"]},
}
