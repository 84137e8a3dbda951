# METADATA
# title: Weights in formats that cannot run code
# description: >-
#   Pickle and its kin run code when they are loaded. Weights come as safetensors, GGUF or ONNX; others need a clean
#   scan of exactly these bytes, besides a PolicyException.
# custom:
#   id: SC-04
#   ruleSet: supply-chain
#   severity: critical
#   controls: [OWASP LLM03:2025, OWASP LLM04:2025, NIST AI RMF MEASURE 2.7]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: Convert the weights to safetensors or GGUF, or choose a source that has them.
package trueup.rules.sc_04

import data.parameters.artifacts
import data.trueup.lib

deny contains result if {
	some result in lib.absent("SC-04", "critical", ["deployments", "resources", "derived.artifacts", "evidence"])
}

deny contains lib.result("SC-04", "critical", address, ["spec", "format"], msg) if {
	some [address, document] in weights
	format := declared_format(address, document)
	not format in accepted
	msg := sprintf("%s has the format `%s`; allowed are %s.", [address, format, concat(", ", artifacts.safe_formats)])
}

deny contains lib.result("SC-04", "critical", address, ["spec", "source"], msg) if {
	some [address, _] in weights
	object.get(input.derived.artifacts, [address, "runsCode"], true) != false
	msg := sprintf("%s names files that can run code when they are loaded, whatever its format says.", [address])
}

# What is served is what was judged: the pin has the declared format.
deny contains lib.result("SC-04", "critical", deployment.address, ["spec", "release", "model"], msg) if {
	some deployment in lib.changed
	format := lib.field(deployment, ["release", "artifact", "format"])
	not format in accepted
	msg := sprintf("The release's artifact has the format `%s`.", [format])
}

# Apart from the format, so that an exception for the one does not lift the other.
deny contains lib.result("SC-04", "critical", address, ["spec", "source", "digest"], msg) if {
	some [address, document] in weights
	unsafe(address, document)
	found := lib.newest("pickle-scan", "artifact", lib.field(document, ["spec", "source", "digest"]))
	not clean(found)
	msg := sprintf("%s can run code when it is loaded, and no scan of these bytes found nothing.", [address])
}

unsafe(address, document) if {
	format := declared_format(address, document)
	not format in accepted
}

unsafe(address, _) if object.get(input.derived.artifacts, [address, "runsCode"], true) != false

clean(found) if {
	count(found) > 0
	every item in found {
		item.passed == true
		{m.value | some m in lib.measured(item, "findings", "")} == {0}
	}
}

weights := lib.reached_of("Model") | lib.reached_of("Adapter")

declared_format(_, document) := document.spec.format

# An adapter is safetensors unless it says otherwise; a model says.
declared_format(address, document) := "safetensors" if {
	startswith(address, "Adapter/")
	object.get(document, ["spec", "format"], null) == null
}

declared_format(address, document) := "(none)" if {
	startswith(address, "Model/")
	object.get(document, ["spec", "format"], null) == null
}

accepted contains format if some format in artifacts.safe_formats

accepted contains format if some format in artifacts.remote_formats
