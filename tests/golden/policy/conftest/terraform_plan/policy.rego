package terraform

blacklist := ["google_iam", "google_container"]

deny contains msg if {
	check_resources(input.resource_changes, blacklist)
	banned := concat(", ", blacklist)
	msg := sprintf("Terraform plan will change prohibited resources in the following namespaces: %v", [banned])
}

check_resources(resources, disallowed_prefixes) if {
	startswith(resources[_].type, disallowed_prefixes[_])
}

warn contains {"msg": sprintf("%s is deleted", [change.address]), "path": ["resource_changes", i], "id": "TF-2"} if {
	some i, change in input.resource_changes
	"delete" in change.change.actions
}
