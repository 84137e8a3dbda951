# METADATA
# title: No component that is known to be bad
# description: >-
#   Runtimes and tools are not on the list of `parameters/components/data.yaml`; of a component on that list, the
#   version is known.
# custom:
#   id: SC-11
#   ruleSet: supply-chain
#   severity: critical
#   controls: [OWASP LLM03:2025, NIST AI RMF MANAGE 3.1]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Use another version. If a bad one ran, treat every secret it could read as stolen.
package trueup.rules.sc_11

import data.parameters.components as list
import data.trueup.lib

deny contains result if {
	some result in lib.absent("SC-11", "critical", ["deployments", "resources", "derived.components"])
}

deny contains lib.result("SC-11", "critical", component.address, component.path, msg) if {
	some component in touched
	some entry in list.denied
	spelled(component.name) == spelled(entry.name)
	version := object.get(component, "version", "")
	not harmless(version, entry)
	msg := sprintf("%s %v is on the list of bad components: %s", [component.name, shown(version), entry.reason])
}

# What serves is a component; where it is not listed, the list is not whole.
deny contains lib.result("SC-11", "critical", address, ["spec", "runtime"], msg) if {
	some deployment in lib.changed
	address := deployment.address
	not address in named
	msg := "The policy document does not say which components serve it."
}

deny contains lib.result("SC-11", "critical", "", [], msg) if {
	some component in input.derived.components
	name := lib.field(component, ["name"])
	not lib.text(name)
	msg := "A component of the policy document has no name."
}

touched contains component if {
	some component in input.derived.components
	component.address in lib.touched
}

named contains component.address if {
	some component in touched
	lib.text(component.name)
}

harmless(version, entry) if {
	lib.text(version)
	bad := {plain(v) | some v in entry.versions}
	not "*" in bad
	own := plain(version)
	not own in bad
}

# As PyPI compares names (PEP 503).
spelled(name) := regex.replace(lower(trim_space(name)), `[-_.]+`, "-")

# Equal for versions that install the same release (PEP 440): `v1.82.7`, `1.82.7+cu12`, `1.82.7.0`.
plain(version) := regex.replace(numbers, `(\.0)+$`, "") if {
	public := split(trim_left(lower(trim_space(version)), "v="), "+")[0]
	numbers := regex.replace(public, `(^|\.)0+([0-9])`, "${1}${2}")
}

shown(version) := version if {
	lib.text(version)
} else := "(version not said)"
