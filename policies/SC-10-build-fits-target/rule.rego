# METADATA
# title: A build that its runtime and accelerator can load
# description: >-
#   The runtime loads what the build makes, the toolchain has the mode, an engine was compiled for the environment's
#   accelerator by the version that serves it, real tools made it, and no check before a build found an error.
# custom:
#   id: SC-10
#   ruleSet: supply-chain
#   severity: critical
#   controls: [NIST AI RMF MEASURE 2.5, ISO/IEC 42001 A.6.2.4]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Do what the message says where it has a code of a check. Build for the product and with the version that serve, or
#     choose a mode that the runtime loads: newer TensorRT-LLM has no engines, use `pytorch` there.
package trueup.rules.sc_10

import data.parameters.builds
import data.trueup.lib

deny contains result if {
	some result in lib.absent("SC-10", "critical", ["deployments", "resources", "derived.builds"])
}

deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some deployment in lib.changed
	facts := facts_of(deployment)
	not about(facts, deployment)
	msg := "The policy document has no facts of the build that is released."
}

deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some [deployment, facts] in judged
	mode := facts.mode
	loads := object.get(facts, "runtimeLoads", null)
	not loadable(mode, loads)
	msg := sprintf("Nothing says that the runtime `%v` %vloads what the mode `%s` makes.", [
		object.get(facts, "runtime", ""),
		versioned(object.get(facts, "runtimeVersion", null)),
		mode,
	])
}

deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some [deployment, facts] in judged
	facts.mode in compiled
	in_window := object.get(facts, "inWindow", null)
	in_window != true
	object.get(facts, "window", null) != null
	window := facts.window
	words := [facts.mode, object.get(window, "from", "?"), until(window), shown(object.get(facts, "toolVersion", null))]
	msg := sprintf("The mode `%s` exists from version %v%v, and the toolchain's is %v (BLD101).", words)
}

# A checkpoint needs no version of a toolchain; one that is said has to have the mode.
deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some [deployment, facts] in judged
	mode := facts.mode
	not mode in compiled
	object.get(facts, "inWindow", null) == false
	msg := sprintf("The mode `%s` does not exist in version %v of its toolchain (BLD101).", [mode, facts.toolVersion])
}

deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some [deployment, facts] in judged
	facts.mode in compiled
	tool := object.get(facts, "toolVersion", null)
	running := object.get(facts, "runtimeVersion", null)
	not same(tool, running)
	msg := sprintf("The engine is of version %v, and the runtime's is %v.", [shown(tool), shown(running)])
}

deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some [deployment, facts] in judged
	facts.mode in compiled
	tuning(deployment) != "capability"
	object.get(facts, "acceleratorMatches", null) != true
	product := shown(object.get(facts, "accelerator", null))
	msg := sprintf("The engine is for the accelerator %v, and nothing says that the environment has it.", [product])
}

# One that is tuned to a product says its capability for completeness; it may not be another one.
deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some [deployment, facts] in judged
	facts.mode in compiled
	matches := object.get(facts, "capabilityMatches", null)
	not capable(tuning(deployment), matches)
	words := [shown(object.get(facts, "capability", null))]
	msg := sprintf("The engine is for the compute capability %v, and nothing says that the environment has it.", words)
}

# What checks before a build found. Its window is told above, from the same facts.
deny contains lib.result("SC-10", "critical", address, path, msg) if {
	some [deployment, facts] in judged
	some error in lib.list(object.get(facts, "errors", []))
	code := object.get(error, "code", "?")
	code != "BLD101"
	[address, path] := place(error, deployment)
	msg := sprintf("%v: %v To do: %v", [code, object.get(error, "message", "?"), object.get(error, "hint", "?")])
}

# Of what is compiled, these checks have to have been made.
deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some [deployment, facts] in judged
	facts.mode in compiled
	not is_array(object.get(facts, "errors", null))
	msg := "The policy document does not say what checks before the build found."
}

deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	some [deployment, facts] in judged
	object.get(facts, "simulated", null) == true
	msg := "A double of a toolchain made the artifact: it is for tests and holds no model."
}

# While a plan is made, what is to be built is not there yet; before traffic moves, it is.
deny contains lib.result("SC-10", "critical", deployment.address, at, msg) if {
	input.gate == true
	some [deployment, facts] in judged
	not known(object.get(facts, "simulated", null))
	msg := "Nothing says whether the artifact was built by real tools."
}

at := ["spec", "release", "build"]

# The field it is about, in a document that is shown; else the deployment.
place(error, deployment) := [error.address, error.path] if {
	is_object(input.resources[error.address])
	is_array(error.path)
	lib.text(deployment.address)
} else := [deployment.address, at]

judged contains [deployment, facts] if {
	some deployment in lib.changed
	facts := facts_of(deployment)
	about(facts, deployment)
}

facts_of(deployment) := object.get(input.derived.builds, deployment.address, {})

about(facts, deployment) if {
	lib.text(facts.mode)
	facts.mode == lib.field(deployment, ["release", "build", "mode"])
}

compiled contains mode if some mode in builds.compiled_modes

# Of a runtime that nobody knows, nobody can say what it loads; what is compiled for one has to be known.
loadable(_, loads) if loads == true

loadable(mode, loads) if {
	loads == null
	not mode in compiled
}

known(simulated) if simulated == true

known(simulated) if simulated == false

tuning(deployment) := object.get(
	input,
	["resources", lib.field(deployment, ["release", "build", "address"]), "spec", "accelerator", "tuning"],
	"product",
)

capable(_, matches) if matches == true

capable(tuned_to, matches) if {
	matches == null
	tuned_to != "capability"
}

same(one, other) if {
	lib.text(one)
	lib.text(other)
	one == other
}

until(window) := sprintf(" to %v", [last]) if {
	last := object.get(window, "until", "")
	lib.text(last)
} else := ""

versioned(version) := sprintf("%s ", [version]) if {
	lib.text(version)
} else := ""

shown(value) := sprintf("`%s`", [value]) if {
	lib.text(value)
} else := "(not said)"
