# METADATA
# title: Weights in formats that cannot run code
# description: >-
#   Pickle and its kin run code when they are loaded. Weights come as safetensors, GGUF or ONNX.
# custom:
#   id: SC-04
#   severity: critical
#   controls: [OWASP LLM03:2025, OWASP LLM04:2025, NIST AI RMF MEASURE 2.7]
#   remediation: Convert the weights to safetensors or GGUF, or choose a source that has them.
package trueup.rules.sc_04

import data.parameters.artifacts
import data.trueup.lib

deny contains result if some result in lib.absent("SC-04", "critical", ["deployments", "resources", "derived.artifacts"])

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
