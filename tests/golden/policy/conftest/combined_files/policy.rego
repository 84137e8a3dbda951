package main

deny contains msg if {
	some service in input
	service.contents.kind == "Service"
	app := service.contents.spec.selector.app
	not has_deployment(app)
	msg := sprintf("%s: no deployment for %s", [service.path, app])
}

has_deployment(app) if {
	some file in input
	file.contents.kind == "Deployment"
	file.contents.metadata.labels.app == app
}
