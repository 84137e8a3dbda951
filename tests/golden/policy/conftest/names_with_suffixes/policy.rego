package main

deny_latest_tag contains "no latest tag" if {
	some container in input.spec.template.spec.containers
	endswith(container.image, ":latest")
}

deny_privileged contains "no privileged containers" if input.spec.template.spec.containers[_].securityContext.privileged

warn_no_probe contains msg if {
	some container in input.spec.template.spec.containers
	not container.livenessProbe
	msg := sprintf("%s has no liveness probe", [container.name])
}

violation_digest contains {"msg": "pin images", "image": container.image} if {
	some container in input.spec.template.spec.containers
	image := container.image
	not contains(image, "@sha256:")
}
