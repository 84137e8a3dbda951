package main

deny[msg] if {
	input.kind == "Deployment"
	msg := "no"
}
