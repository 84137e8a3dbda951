package main

deny := {sprintf("%s is not pinned", [container.image]) |
	some container in input.spec.template.spec.containers
	image := container.image
	not contains(image, "@sha256:")
}
