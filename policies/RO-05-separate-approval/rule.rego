# METADATA
# title: Others agree, and nobody changes the rules on the way
# description: >-
#   A change has the approvals that its environment and the risk class of its system ask for, none of them by its
#   authors; and a release into production changes nothing of who approves and by which rules.
# custom:
#   id: RO-05
#   ruleSet: rollout
#   severity: critical
#   controls: [NIST AI RMF GOVERN 2.1, ISO/IEC 42001 A.3.2]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Have the plan approved by others (`trueup approve`, a review on the forge, or a trailer `Approved-by: Name <mail>`
#     of its merge commit), and change owners, policies and settings in a change of its own.
package trueup.rules.ro_05

import data.parameters.approvals as parameters
import data.parameters.separation
import data.trueup.lib

deny contains result if {
	parts := {
		"approvals",
		"base.resources",
		"change.author",
		"change.base",
		"change.commits",
		"change.files",
		"change.operations",
		"deployments",
		"derived.evaluationChanges",
		"environment.settings",
		"environment.tier",
		"policies.changed",
		"resources",
	}
	some result in lib.absent("RO-05", "critical", parts)
}

# What the environment asks for, and what it asked for before the change.
deny contains lib.result("RO-05", "critical", environment, ["spec", "approvals"], msg) if {
	count(to_approve) > 0
	some wanted in asked
	some shortfall in shortfalls(wanted.required, wanted.roles, wanted.separate)
	msg := sprintf("%s for this environment.", [shortfall])
}

deny contains lib.result("RO-05", lib.graded("critical"), deployment.address, ["spec", "release"], msg) if {
	lib.strict
	some deployment in reviewed
	some class in risk_classes(deployment)
	wanted := object.get(parameters.quorum, class, parameters.unclassified)
	some shortfall in shortfalls(wanted.required, wanted.roles, true)
	msg := sprintf("%s for a system of the risk class `%v`.", [shortfall, class])
}

deny contains lib.result("RO-05", "critical", environment, ["spec", key], msg) if {
	production_now_or_before
	count(moved) > 0
	some key in changed_settings
	msg := sprintf("`%s` changes together with %s.", [key, concat(", ", sort(moved))])
}

deny contains lib.result("RO-05", "critical", "", [], msg) if {
	production_now_or_before
	count(moved) > 0
	some file in changed_rules
	msg := sprintf("%s, which says who approves or by which rules, changes together with %s.", [
		file,
		concat(", ", sort(moved)),
	])
}

# An approval that was given and does not count is told: who gave it believes that it does.
warn contains lib.result("RO-05", "low", environment, ["spec", "approvals"], msg) if {
	count(to_approve) > 0
	some refused in lib.list(lib.field(input, ["approvalsNotCounted"]))
	msg := sprintf("The approval by %v (%v %v) does not count: %v.", [
		object.get(refused, "by", "somebody"),
		object.get(refused, "source", ""),
		object.get(refused, "name", ""),
		object.get(refused, "why", "nobody knows why"),
	])
}

environment := sprintf("Environment/%s", [object.get(input, ["environment", "name"], "")])

# Deployments that somebody has to agree to: a repair was approved before, and the way back waits for nobody.
reviewed contains deployment if {
	some deployment in lib.changed
	object.get(deployment, "movement", "") != "rollback"
	object.get(deployment, "drift", false) != true
}

to_approve contains deployment.address if some deployment in reviewed

to_approve contains operation.address if {
	some operation in lib.list(lib.field(input, ["change", "operations"]))
	operation.kind == "delete"
	is_string(operation.address)
	startswith(operation.address, "Deployment/")
}

asked contains terms(object.get(input, ["environment", "settings", "approvals"], "nothing"))

asked contains terms(object.get(before, ["spec", "approvals"], {})) if is_object(before)

terms(declared) := {"required": required(declared), "roles": roles, "separate": separated(declared)} if {
	roles := {role.role: object.get(role, "count", 1) | some role in lib.list(lib.field(declared, ["roles"]))}
}

required(declared) := number if {
	is_object(declared)
	number := object.get(declared, "required", 0)
	is_number(number)
} else := parameters.unclassified.required

default separated(_) := true

separated(declared) := false if {
	declared.separateAuthor == false
	not lib.production
}

risk_classes(deployment) := found if {
	found := {class |
		some address in deployment.resources
		is_string(address)
		startswith(address, "System/")
		some documents in [input.resources, input.base.resources]
		document := object.get(documents, address, null)
		is_object(document)
		# As a text: a list would be taken for a path into the parameters.
		class := sprintf("%v", [object.get(document, ["spec", "riskClass"], "unknown")])
	}
	count(found) > 0
} else := {"unknown"}

shortfalls(required, roles, separate) := {words |
	number := count(people(separate))
	number < required
	words := sprintf("%d approval(s) by others are there and %v are wanted", [number, required])
} | {words |
	some role, wanted in roles
	number := count(people_of(role, separate))
	number < wanted
	words := sprintf("%d approval(s) of the role `%s` are there and %v are wanted", [number, role, wanted])
}

people(separate) := lib.approvers if separate

people(separate) := {lib.address_of(a) |
	some a in lib.list(lib.field(input, ["approvals"]))
	lib.acceptable_signature(a)
} if {
	not separate
}

people_of(role, separate) := lib.approvers_of(role) if separate

people_of(role, separate) := {lib.address_of(a) |
	some a in lib.list(lib.field(input, ["approvals"]))
	some given in lib.list(lib.field(a, ["roles"]))
	given == role
	lib.acceptable_signature(a)
} if {
	not separate
}

# Addresses whose traffic the plan changes, or whose standard: what documents say of themselves moves nothing.
moved contains deployment.address if some deployment in lib.released

moved contains operation.address if {
	some operation in lib.list(lib.field(input, ["change", "operations"]))
	operation.address in to_approve
	not only_words(operation)
}

moved contains lib.field(lowered, ["address"]) if {
	some lowered in lib.list(lib.field(input, ["derived", "evaluationChanges"]))
}

only_words(operation) if {
	impacts := lib.list(lib.field(operation, ["impacts"]))
	count(impacts) > 0
	every impact in impacts {
		impact == "metadata"
	}
}

before := object.get(input, ["base", "resources", environment], "unchanged")

production_now_or_before if lib.production

production_now_or_before if {
	is_object(before)
	tier := object.get(before, ["spec", "tier"], "")
	not tier in {"dev", "staging"}
}

changed_settings contains key if {
	settings_count
	is_object(before)
	some key in separation.settings
	object.get(before, ["spec", key], null) != object.get(input, ["resources", environment, "spec", key], null)
}

# Of a branch, which is one change as a whole, settings always count.
settings_count if not lib.merged

# On the default branch they count unless each commit that changes them changes nothing else that is declared.
settings_count if {
	input.change.base != ""
	not settings_apart
}

settings_apart if {
	file := lib.field(input, ["environment", "path"])
	stayed(file)
	commits := lib.commits_changing(file)
	count(commits) > 0
	count([other | some files in commits; some other in files; other != file; declares(other)]) == 0
	count([d | some d in lib.list(lib.field(input, ["deployments"])); lib.field(d, ["path"]) in {"", file}]) == 0
}

# Settings that were moved here from another file may have been changed there.
stayed(file) if {
	some changed_file in lib.list(lib.field(input, ["change", "files"]))
	lib.field(changed_file, ["path"]) == file
	changed_file.status == expected_status
}

expected_status := "added" if before == null

expected_status := "modified" if is_object(before)

# A new environment brings no settings that soften its own rules.
changed_settings contains "policy" if {
	settings_count
	before == null
	settings := object.get(input, ["resources", environment, "spec", "policy"], null)
	not settings in [null, {}]
}

changed_rules contains file if some file in lib.list(lib.field(input, ["policies", "changed"]))

# A branch is one change as a whole.
changed_rules contains path if {
	object.get(input, ["policies", "from"], "unknown") != "head"
	some file in lib.list(lib.field(input, ["change", "files"]))
	path := lib.field(file, ["path"])
	governs(path)
}

# On the default branch many changes lie between two releases; each commit is one.
changed_rules contains path if {
	object.get(input, ["policies", "from"], "unknown") == "head"
	input.change.base != ""
	some commit in lib.list(lib.field(input, ["change", "commits"]))
	files := lib.list(lib.field(commit, ["files"]))
	some path in files
	governs(path)
	some other in files
	declares(other)
}

changed_rules contains words if {
	object.get(input, ["change", "truncated"], false) != false
	words := "More commits changed than are known: a file"
}

changed_rules contains words if {
	input.change.base != ""
	some commit in lib.list(lib.field(input, ["change", "commits"]))
	files := lib.field(commit, ["files"])
	not is_array(files)
	words := sprintf("What the commit %v changes is not known: a file", [lib.field(commit, ["revision"])])
}

governs(path) if {
	is_string(path)
	some pattern in separation.files
	glob.match(pattern, ["/"], path)
}

# Whatever is released is declared in YAML.
declares(path) if {
	regex.match(`\.(yaml|yml)$`, lower(path))
	not governs(path)
}
