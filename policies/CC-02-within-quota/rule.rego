# METADATA
# title: Within the quota at most servers
# description: >-
#   All deployments of the environment together, each at its most servers, stay within its quota and its accelerators,
#   and every number of servers has an upper end.
# custom:
#   id: CC-02
#   ruleSet: capacity
#   severity: high
#   controls: [OWASP LLM10:2025, ISO/IEC 42001 A.4.5]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Lower `replicas` or `scaling.maxReplicas`, or have the environment's `quota` raised.
package trueup.rules.cc_02

import data.trueup.lib

deny contains result if {
	some result in lib.absent("CC-02", "high", [
		"deployments",
		"resources",
		"derived.capacity.demand",
		"derived.capacity.quota",
		"derived.capacity.unbounded",
		"derived.capacity.bySku",
		"environment.name",
		"environment.tier",
	])
}

deny contains lib.result("CC-02", "high", environment, ["spec", "quota", resource.field], msg) if {
	count(lib.changed) > 0
	some key, resource in resources
	quota := object.get(input.derived.capacity.quota, key, null)
	quota != null
	demand := object.get(input.derived.capacity.demand, key, null)
	not within(demand, quota)
	msg := sprintf("At their most servers all deployments take %s %s, and the quota is %v.", [
		shown(demand),
		resource.unit,
		quota,
	])
}

deny contains lib.result("CC-02", lib.graded("high"), environment, ["spec", "quota", "accelerators"], msg) if {
	count(lib.changed) > 0
	demand := object.get(input.derived.capacity.demand, "accelerators", null)
	demand != 0
	object.get(input.derived.capacity.quota, "accelerators", null) == null
	msg := sprintf("All deployments take %s accelerators, and the environment has no quota of them.", [shown(demand)])
}

deny contains lib.result("CC-02", "high", environment, ["spec", "accelerators"], msg) if {
	count(lib.changed) > 0
	is_object(input.derived.capacity.bySku)
	some sku, facts in input.derived.capacity.bySku
	demand := lib.field(facts, ["demand"])
	available := lib.field(facts, ["available"])
	not within(demand, available)
	msg := sprintf("All deployments take %s accelerators `%s`, and the environment has %s.", [
		shown(demand),
		sku,
		shown(available),
	])
}

deny contains lib.result("CC-02", "high", deployment.address, ["spec", "scaling", "maxReplicas"], msg) if {
	some deployment in lib.changed
	deployment.address in unbounded
	msg := "The number of its servers has no upper end."
}

unbounded contains address if some address in lib.list(input.derived.capacity.unbounded)

# What may have a quota: its field below `spec.quota`, and how it is counted.
resources := {
	"accelerators": {"field": "accelerators", "unit": "accelerators"},
	"replicas": {"field": "replicas", "unit": "servers"},
	"cpuMillis": {"field": "cpu", "unit": "thousandths of a core"},
	"memoryMiB": {"field": "memory", "unit": "MiB of memory"},
	"storageMiB": {"field": "storage", "unit": "MiB of disk"},
}

within(demand, most) if {
	is_number(demand)
	is_number(most)
	demand <= most
}

shown(value) := sprintf("%v", [value]) if is_number(value)

shown(value) := "an unknown number of" if not is_number(value)

environment := sprintf("Environment/%s", [input.environment.name])
