package kubernetes.limits

violation contains {"msg": msg, "details": {"container": container.name, "missing": missing}} if {
	some container in input.spec.template.spec.containers
	provided := {limit | container.resources.limits[limit]}
	missing := {"cpu", "memory"} - provided
	count(missing) > 0
	msg := sprintf("container <%v> has no limit for %v", [container.name, missing])
}
