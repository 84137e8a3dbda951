package main

deny contains msg if {
	some container in input.spec.template.spec.containers
	not startswith(container.image, "registry.example.com/")
	msg := sprintf("%s comes from elsewhere", [container.image])
}
