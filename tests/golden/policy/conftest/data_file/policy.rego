package main

import data.services

deny contains msg if {
	some container in input.spec.template.spec.containers
	some port in container.ports
	number := port.containerPort
	not number in services.ports
	msg := sprintf("Port %d is not allowed for %s", [port.containerPort, container.name])
}
