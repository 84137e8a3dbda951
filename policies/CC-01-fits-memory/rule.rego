# METADATA
# title: It fits the accelerator
# description: >-
#   Weights, KV cache and overhead fit the memory of one accelerator at the declared context, batch and parallelism: an
#   estimate for exactly this release and these arguments says so.
# custom:
#   id: CC-01
#   ruleSet: capacity
#   severity: critical
#   controls: [ISO/IEC 42001 A.4.5, NIST AI RMF MEASURE 2.5]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare what the estimate needs: the accelerator, and the sizes of the network in the Model. When it does not fit,
#     take a smaller context, fewer slots, another quantization or parallelism, or an accelerator with more memory;
#     `trueup build REF --check --gpu all` shows which.
package trueup.rules.cc_01

import data.parameters.capacity
import data.trueup.lib

deny contains result if {
	some result in lib.absent("CC-01", "critical", ["deployments", "resources", "derived.builds", "evidence"])
}

deny contains lib.result("CC-01", "critical", deployment.address, ["spec", "resources", "count"], msg) if {
	some deployment in lib.changed
	some runtime in runtimes(deployment)
	runtime in accelerated
	declared := declared_count(deployment)
	not is_number(declared)
	msg := sprintf("%s serves from accelerators, and the deployment does not say how many a server takes.", [runtime])
}

deny contains lib.result("CC-01", "critical", deployment.address, ["spec", "resources"], msg) if {
	some deployment in lib.changed
	facts := object.get(input.derived.builds, deployment.address, null)
	not is_object(facts)
	msg := "The policy document has no facts of what the release was built for."
}

deny contains lib.result("CC-01", "critical", deployment.address, ["spec", "resources"], msg) if {
	some deployment in accelerated_deployments
	count(estimates(deployment)) == 0
	why := object.get(input.derived.builds, [deployment.address, "fitUnknown"], null)
	msg := sprintf("Nobody estimated whether this release fits the accelerator's memory with these arguments%v", [ended(why)])
}

deny contains lib.result("CC-01", "critical", deployment.address, ["spec", "resources"], msg) if {
	some deployment in accelerated_deployments
	some estimate in newest(estimates(deployment))
	not fits(estimate)
	required := shown(measured(estimate, "required"))
	available := shown(measured(estimate, "available"))
	msg := sprintf("It does not fit: an accelerator has %s MiB, and the release takes %s.", [available, required])
}

accelerated_deployments contains deployment if {
	some deployment in lib.changed
	takes_accelerator(deployment)
}

takes_accelerator(deployment) if lib.text(lib.field(lib.declared(deployment), ["spec", "resources", "accelerator"]))

takes_accelerator(deployment) if {
	declared := declared_count(deployment)
	not declared in {0, ""}
}

takes_accelerator(deployment) if object.get(input.derived.builds, [deployment.address, "accelerator"], null) != null

# "" when it is not declared.
declared_count(deployment) := lib.field(lib.declared(deployment), ["spec", "resources", "count"])

runtimes(deployment) := {lower(runtime) |
	some runtime in [
		lib.field(lib.declared(deployment), ["spec", "runtime", "engine"]),
		lib.field(deployment, ["server", "runtime"]),
	]
	is_string(runtime)
}

accelerated contains runtime if some runtime in capacity.accelerated_runtimes

# Estimates for exactly this release and server, whose digest has the context, the slots and every other argument.
estimates(deployment) := [item |
	some item in estimated[deployment.address]
	item.simulated == false
	item.subject.release == deployment.release.digest
	item.subject.server == deployment.server.key
	lib.digest(item.subject.release)
	lib.digest(item.subject.server)
]

estimated[address] contains item if {
	some item in lib.list(input.evidence)
	item.type == "fit"
	address := item.address
}

newest(items) := [item |
	some item in items
	item.completedAt == max([other.completedAt | some other in items])
]

fits(estimate) if {
	estimate.passed == true
	required := measured(estimate, "required")
	available := measured(estimate, "available")
	required > 0
	required <= available
}

# In MiB; null when it was not measured, or not once.
measured(estimate, metric) := values[0] if {
	values := values_of(estimate, metric)
	count(values) == 1
} else := null

values_of(estimate, metric) := [measurement.value |
	some measurement in lib.list(estimate.measurements)
	measurement.metric == metric
	measurement.unit == "MiB"
	is_number(measurement.value)
]

ended(why) := sprintf(": %s.", [why]) if {
	lib.text(why)
} else := "."

shown(value) := sprintf("%v", [value]) if is_number(value)

shown(value) := "an unknown number of" if not is_number(value)
