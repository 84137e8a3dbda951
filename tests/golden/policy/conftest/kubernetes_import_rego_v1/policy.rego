package main

import rego.v1

name := input.metadata.name

deny contains msg if {
	some container in input.spec.template.spec.containers
	endswith(container.image, ":latest")
	msg := sprintf("%s in the %s %s has an image, %s, using the latest tag", [container.name, input.kind, name, container.image])
}

warn contains sprintf("Deployment %s has %d replica(s)", [name, input.spec.replicas]) if input.spec.replicas < 2
