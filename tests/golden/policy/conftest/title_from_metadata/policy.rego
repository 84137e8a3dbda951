package main

# METADATA
# title: No latest tag
# custom:
#   id: IMG-1
#   severity: high
deny contains {"msg": msg, "id": annotation.custom.id, "severity": annotation.custom.severity} if {
	some container in input.spec.template.spec.containers
	endswith(container.image, ":latest")
	annotation := rego.metadata.rule()
	msg := sprintf("%s: %s", [annotation.title, container.image])
}
