package trueup.rules.ro_05_test

import data.trueup.fixtures
import data.trueup.rules.ro_05

environment := "/resources/Environment~1prod"

approvals := "/environment/settings/approvals"

risk := "/resources/System~1support-assistant/spec/riskClass"

grace := fixtures.good.approvals[0]

linus := object.union(grace, {"by": "Linus <linus@example.com>", "email": "linus@example.com", "roles": []})

owners := {"path": ".github/CODEOWNERS", "status": "modified"}

test_a_minimal_risk_needs_nobody_else if {
	count(ro_05.deny) == 0 with input as fixtures.good
	count(ro_05.deny) == 0 with input as fixtures.changed("/approvals", [])
}

test_a_high_risk_needs_two_and_a_risk_owner if {
	high := fixtures.changed(risk, "high-annex-iii")
	results := ro_05.deny with input as high
	{r.msg | some r in results} == {concat(" ", [
		"1 approval(s) by others are there and 2 are wanted",
		"for a system of the risk class `high-annex-iii`.",
	])}
	{[r.address, r.severity] | some r in results} == {[fixtures.deployment, "critical"]}
	count(ro_05.deny) == 0 with input as approved(high, [grace, linus])
	other := object.union(grace, {"email": "barbara@example.com", "roles": []})
	without := ro_05.deny with input as approved(high, [linus, other])
	{r.msg | some r in without} == {concat(" ", [
		"0 approval(s) of the role `risk-owner` are there and 1 are wanted",
		"for a system of the risk class `high-annex-iii`.",
	])}
}

test_one_person_counts_once if {
	high := fixtures.changed(risk, "high-annex-i")
	twice := approved(high, [grace, object.union(grace, {"email": " Grace@Example.com ", "by": "G <grace@example.com>"})])
	count(ro_05.deny) == 1 with input as twice
}

test_an_author_never_counts if {
	high := fixtures.changed(risk, "high-annex-iii")
	count(ro_05.deny) == 1 with input as approved(high, [grace, object.union(linus, {"isAuthor": true})])
	count(ro_05.deny) == 1 with input as approved(high, [grace, object.remove(linus, ["isAuthor"])])
	count(ro_05.deny) == 1 with input as approved(high, [grace, object.union(linus, {"email": "Ada@example.com"})])
	pair := {"revision": fixtures.parent, "author": "Linus <Linus@Example.com>", "signature": "none", "files": []}
	document := json.patch(approved(high, [grace, linus]), [{"op": "add", "path": "/change/commits/-", "value": pair}])
	count(ro_05.deny) == 1 with input as document
}

test_an_approval_of_the_plan_by_a_signed_tag_counts_as_one_by_a_trailer_does if {
	high := fixtures.changed(risk, "high-annex-iii")
	tag := object.union(linus, {"source": "tag", "signed": true, "plan": high.plan.id, "key": "SHA256:k"})
	count(ro_05.deny) == 0 with input as approved(high, [grace, tag])
	count(ro_05.deny) == 1 with input as approved(high, [grace, object.union(tag, {"isAuthor": true})])
}

test_an_approval_that_does_not_count_is_told_with_the_reason if {
	refused := {"by": "Linus", "source": "tag", "name": "trueup/approve/a/linus", "why": "its signature is bad"}
	document := fixtures.added("/approvalsNotCounted", [refused, {}])
	results := ro_05.warn with input as document
	{r.msg | some r in results} == {
		"The approval by Linus (tag trueup/approve/a/linus) does not count: its signature is bad.",
		"The approval by somebody ( ) does not count: nobody knows why.",
	}
	{[r.address, r.severity] | some r in results} == {["Environment/prod", "low"]}
	count(ro_05.deny) == 0 with input as document
	back := json.patch(document, [{"op": "replace", "path": "/deployments/0/movement", "value": "rollback"}])
	count(ro_05.warn) == 0 with input as back
}

test_an_approval_by_nobody_does_not_count if {
	high := fixtures.changed(risk, "high-annex-iii")
	count(ro_05.deny) == 1 with input as approved(high, [grace, object.union(linus, {"email": ""})])
	count(ro_05.deny) == 1 with input as approved(high, [grace, object.union(linus, {"email": null})])
}

test_signatures_are_asked_for_where_the_parameter_says_so if {
	high := approved(fixtures.changed(risk, "high-annex-iii"), [grace, linus])
	count(ro_05.deny) == 2 with input as high with data.parameters.approvals.require_signed as true
	signed := approved(high, [object.union(grace, {"signed": true}), object.union(linus, {"signed": true})])
	count(ro_05.deny) == 0 with input as signed with data.parameters.approvals.require_signed as true
	claimed := approved(high, [object.union(grace, {"signed": "true"}), object.union(linus, {"signed": true})])
	count(ro_05.deny) > 0 with input as claimed with data.parameters.approvals.require_signed as true
}

test_a_class_nobody_knows_needs_what_the_highest_needs if {
	every class in ["Minimal", "", "none", null, ["minimal"]] {
		count(ro_05.deny) == 1 with input as fixtures.changed(risk, class)
	}
	count(ro_05.deny) == 1 with input as fixtures.without(risk)
	unassigned := array.slice(fixtures.rollout.resources, 0, 6)
	count(ro_05.deny) == 1 with input as fixtures.changed("/deployments/0/resources", unassigned)
}

test_a_class_that_the_change_lowers_counts_as_it_was if {
	high := json.patch(fixtures.system, [{"op": "replace", "path": "/spec/riskClass", "value": "high-annex-iii"}])
	document := fixtures.changed("/base/resources", {"System/support-assistant": high})
	count(ro_05.deny) == 1 with input as document
}

test_outside_production_the_risk_is_medium_and_in_dev_silent if {
	high := fixtures.changed(risk, "high-annex-iii")
	severities := {r.severity | some r in ro_05.deny} with input as fixtures.in_tier(high, "staging")
	severities == {"medium"}
	count(ro_05.deny) == 0 with input as fixtures.in_tier(high, "dev")
}

test_the_environments_own_number_is_kept_in_every_tier if {
	two := fixtures.changed(concat("/", [approvals, "required"]), 2)
	results := ro_05.deny with input as fixtures.in_tier(two, "dev")
	{[r.address, r.path, r.severity] | some r in results} == {["Environment/prod", ["spec", "approvals"], "critical"]}
	count(ro_05.deny) == 0 with input as approved(two, [grace, linus])
}

test_the_environments_own_roles_are_kept if {
	asked := fixtures.changed(concat("/", [approvals, "roles"]), [{"role": "security", "count": 1}, {"role": "risk-owner"}])
	results := ro_05.deny with input as asked
	{r.msg | some r in results} == {"0 approval(s) of the role `security` are there and 1 are wanted for this environment."}
}

test_a_number_the_change_lowers_counts_as_it_was if {
	document := json.patch(fixtures.good, [
		{"op": "add", "path": "/base/resources/Environment~1prod", "value": before({"approvals": {"required": 3}})},
		{"op": "replace", "path": "/environment/tier", "value": "staging"},
		{"op": "replace", "path": "/deployments/0/fromRelease", "value": fixtures.d("1")},
	])
	results := ro_05.deny with input as document
	some result in results
	result.path == ["spec", "approvals"]
	contains(result.msg, "3 are wanted for this environment")
}

test_an_author_may_count_outside_production_where_that_is_declared if {
	own := approved(fixtures.changed(approvals, {"required": 1, "roles": [{"role": "risk-owner"}], "separateAuthor": false}), [object.union(
		grace,
		{"isAuthor": true},
	)])
	count(ro_05.deny) == 0 with input as fixtures.in_tier(own, "dev")
	count(ro_05.deny) == 2 with input as own
}

test_settings_that_cannot_be_read_ask_for_the_most if {
	count(ro_05.deny) == 1 with input as fixtures.without(approvals)
	count(ro_05.deny) == 1 with input as fixtures.changed(concat("/", [approvals, "required"]), "0")
	count(ro_05.deny) == 0 with input as fixtures.without(concat("/", [approvals, "required"]))
}

test_a_deletion_needs_the_environments_approvals if {
	document := json.patch(fixtures.changed(concat("/", [approvals, "required"]), 2), [
		{"op": "replace", "path": "/deployments", "value": []},
		{"op": "replace", "path": "/change/operations", "value": [{"kind": "delete", "address": "Deployment/prod/old"}]},
	])
	count(ro_05.deny) == 1 with input as document
	stray := json.patch(document, [{"op": "replace", "path": "/change/operations/0/address", "value": "Server/prod/1"}])
	count(ro_05.deny) == 0 with input as stray
}

test_the_way_back_and_a_repair_wait_for_nobody if {
	asked := json.patch(fixtures.changed(concat("/", [approvals, "required"]), 2), [{
		"op": "replace",
		"path": risk,
		"value": "high-annex-iii",
	}])
	back := json.patch(asked, [{"op": "replace", "path": "/deployments/0/movement", "value": "rollback"}])
	count(ro_05.deny) == 0 with input as back
	repair := json.patch(asked, [{"op": "replace", "path": "/deployments/0/drift", "value": true}])
	count(ro_05.deny) == 0 with input as repair
}

test_settings_do_not_change_together_with_a_release if {
	soft := fixtures.added("/base/resources/Environment~1prod", before({"policy": {"enforcement": "warn"}}))
	results := ro_05.deny with input as soft
	{[r.address, r.path] | some r in results} == {["Environment/prod", ["spec", "policy"]]}
	some result in results
	contains(result.msg, "changes together with Deployment/prod/support")
	budget := fixtures.added("/base/resources/Environment~1prod", before({"budget": {"maxBudget": 3}}))
	count(ro_05.deny) == 0 with input as budget
}

test_production_that_is_renamed_to_dev_is_still_production if {
	document := json.patch(fixtures.in_tier(fixtures.good, "dev"), [
		{"op": "add", "path": concat("/", [environment, "spec", "tier"]), "value": "dev"},
		{"op": "add", "path": "/base/resources/Environment~1prod", "value": before({"tier": "production"})},
	])
	paths := {r.path | some r in ro_05.deny} with input as document
	paths == {["spec", "tier"]}
}

test_settings_alone_may_change if {
	document := json.patch(fixtures.added("/base/resources/Environment~1prod", before({"soakTime": "1h"})), [
		{"op": "replace", "path": "/deployments/0/fromRelease", "value": fixtures.d("1")},
		{"op": "add", "path": "/change/operations/-", "value": update(["metadata"])},
	])
	count(ro_05.deny) == 0 with input as document
	scaled := json.patch(document, [{"op": "add", "path": "/change/operations/-", "value": update(["metadata", "scale"])}])
	count(ro_05.deny) == 1 with input as scaled
	unsaid := json.patch(document, [{"op": "add", "path": "/change/operations/-", "value": update([])}])
	count(ro_05.deny) == 1 with input as unsaid
}

test_settings_merged_before_a_release_do_not_count_with_it if {
	apart := [commit([environment_file]), commit([release_file])]
	count(ro_05.deny) == 0 with input as merged(apart, "modified")
	count(ro_05.deny) == 1 with input as merged([commit([environment_file, release_file])], "modified")
	count(ro_05.deny) == 1 with input as merged([commit([environment_file, "spec/b.yml"]), commit([release_file])], "modified")
	count(ro_05.deny) == 0 with input as merged([commit([environment_file, "docs/a.md"]), commit([release_file])], "modified")
}

test_settings_of_a_branch_count_in_whatever_commits_they_come if {
	every judge in ["base", "unknown"] {
		document := json.patch(
			merged([commit([environment_file]), commit([release_file])], "modified"),
			[{"op": "replace", "path": "/policies/from", "value": judge}],
		)
		count(ro_05.deny) == 1 with input as document
	}
}

test_settings_whose_commit_is_not_known_count if {
	apart := [commit([environment_file]), commit([release_file])]
	count(ro_05.deny) == 1 with input as merged([commit([release_file])], "modified")
	count(ro_05.deny) == 1 with input as merged(apart, "added")
	every place in ["/environment/path", "/deployments/0/path"] {
		document := json.patch(merged(apart, "modified"), [{"op": "remove", "path": place}])
		count(ro_05.deny) == 1 with input as document
	}
	shared := json.patch(merged([commit([environment_file])], "modified"), [{
		"op": "replace",
		"path": "/deployments/0/path",
		"value": environment_file,
	}])
	count(ro_05.deny) == 1 with input as shared
}

test_what_a_repository_starts_with_counts_with_nothing if {
	started := json.patch(merged([commit([environment_file, release_file])], "added"), [
		{"op": "replace", "path": "/change/base", "value": ""},
		{"op": "replace", "path": "/base/resources/Environment~1prod", "value": null},
		{"op": "add", "path": concat("/", [environment, "spec", "policy"]), "value": {"rules": {"SC-01": "warn"}}},
	])
	count(ro_05.deny) == 0 with input as started
	branch_of_its_own := json.patch(started, [{"op": "replace", "path": "/policies/from", "value": "base"}])
	count(ro_05.deny) == 1 with input as branch_of_its_own
}

test_an_environment_added_before_a_release_may_have_settings if {
	added := json.patch(merged([commit([environment_file]), commit([release_file])], "added"), [
		{"op": "replace", "path": "/base/resources/Environment~1prod", "value": null},
		{"op": "add", "path": concat("/", [environment, "spec", "policy"]), "value": {"rules": {"SC-01": "warn"}}},
	])
	count(ro_05.deny) == 0 with input as added
}

test_who_approves_does_not_change_together_with_the_standard if {
	document := json.patch(fixtures.added("/base/resources/Environment~1prod", before({"approvals": {"required": 0}})), [
		{"op": "replace", "path": "/deployments/0/fromRelease", "value": fixtures.d("1")},
		{"op": "add", "path": "/derived/evaluationChanges/-", "value": {"address": "Evaluation/facts@1"}},
	])
	count(ro_05.deny) == 1 with input as document
}

test_a_new_environment_brings_no_settings_that_soften_it if {
	new := fixtures.added("/base/resources/Environment~1prod", null)
	count(ro_05.deny) == 0 with input as new
	soft := json.patch(new, [{
		"op": "add",
		"path": concat("/", [environment, "spec", "policy"]),
		"value": {"rules": {"RO-05": "warn"}},
	}])
	count(ro_05.deny) == 1 with input as soft
}

test_owners_and_policies_do_not_change_together_with_a_release if {
	every path in [
		"CODEOWNERS",
		"docs/CODEOWNERS",
		".github/workflows/deploy.yml",
		"policies/RO-05/rule.rego",
		"trueup.yaml",
		"shop/trueup.yaml",
	] {
		touches(path)
	}
}

test_a_renamed_file_is_known_by_its_old_name if {
	renamed := [{"path": "CODEOWNERS", "status": "deleted"}, {"path": "docs/notes.md", "status": "added"}]
	count(ro_05.deny) == 1 with input as branch(renamed)
}

test_policies_wherever_they_lie_do_not_change_together_with_a_release if {
	results := ro_05.deny with input as fixtures.changed("/policies/changed", ["rules/acme.rego"])
	some result in results
	contains(result.msg, "rules/acme.rego, which says who approves or by which rules")
}

test_owners_that_change_alone_pass if {
	document := json.patch(branch([owners]), [{"op": "replace", "path": "/deployments/0/changed", "value": false}])
	count(ro_05.deny) == 0 with input as document
}

test_on_the_default_branch_each_commit_is_a_change if {
	release := "spec/deployments/support-prod.yaml"
	apart := fixtures.changed("/change/commits", [commit(["CODEOWNERS", "docs/a.md"]), commit([release])])
	count(ro_05.deny) == 0 with input as apart
	together := fixtures.changed("/change/commits", [commit(["CODEOWNERS", release])])
	count(ro_05.deny) == 1 with input as together
	first := json.patch(together, [{"op": "replace", "path": "/change/base", "value": ""}])
	count(ro_05.deny) == 0 with input as first
}

test_a_commit_that_does_not_say_its_files_may_have_changed_any if {
	count(ro_05.deny) == 1 with input as fixtures.without("/change/commits/0/files")
}

test_commits_that_are_not_listed_may_have_changed_any_file if {
	count(ro_05.deny) == 1 with input as fixtures.added("/change/truncated", true)
	count(ro_05.deny) == 0 with input as fixtures.added("/change/truncated", false)
}

test_outside_production_both_may_change_together if {
	count(ro_05.deny) == 0 with input as fixtures.in_tier(branch([owners]), "staging")
}

test_absent_facts_are_denied if {
	every path in ["/approvals", "/base/resources", "/change/author", "/change/base", "/change/commits", "/change/files"] {
		needs(path)
	}
	every path in ["/change/operations", "/derived/evaluationChanges", "/environment/settings", "/policies/changed"] {
		needs(path)
	}
}

test_an_empty_document_is_denied if count(ro_05.deny) > 0 with input as {}

approved(document, list) := json.patch(document, [{"op": "replace", "path": "/approvals", "value": list}])

environment_file := fixtures.good.environment.path

release_file := fixtures.rollout.path

# Merged commits of which some changed the settings of production.
merged(commits, status) := json.patch(fixtures.good, [
	{"op": "add", "path": "/base/resources/Environment~1prod", "value": before({"soakTime": "1h"})},
	{"op": "replace", "path": "/change/commits", "value": commits},
	{"op": "add", "path": "/change/files/-", "value": {"path": environment_file, "status": status}},
])

before(spec) := {"kind": "Environment", "metadata": {"name": "prod"}, "spec": spec}

update(impacts) := {"kind": "update", "address": fixtures.deployment, "movement": "change", "impacts": impacts}

branch(files) := json.patch(fixtures.changed("/policies/from", "base"), [{
	"op": "replace",
	"path": "/change/files",
	"value": files,
}])

commit(files) := {"revision": fixtures.commit, "author": fixtures.ada, "signature": "none", "files": files}

touches(path) if count(ro_05.deny) == 1 with input as branch([{"path": path, "status": "added"}])

needs(path) if count(ro_05.deny) > 0 with input as fixtures.without(path)
