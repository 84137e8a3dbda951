package main

deny contains sprintf("volume %s is a host path", [volume.name]) if {
	some volume in input.spec.template.spec.volumes
	volume.hostPath
}

deny contains sprintf("%s needs limits", [container.name]) if {
	some container in input.spec.template.spec.containers
	not container.resources.limits.memory
}
