package main

deny_run_as_root contains "no root" if input.kind == "Deployment"

exception contains rules if {
	input.metadata.name == "web"
	rules := ["run_as_root"]
}
