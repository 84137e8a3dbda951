# METADATA
# title: Images by digest, from registries on the list
# description: >-
#   Images of runtimes and toolchains carry a digest and come from a registry of `parameters/registries/data.yaml` and,
#   where the Environment narrows it, of its own list. What runs in an image names one.
# custom:
#   id: SC-06
#   ruleSet: supply-chain
#   severity: high
#   controls: [SLSA v1.0 Build L1, ISO/IEC 42001 A.4.5, OWASP LLM03:2025]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Write the image as `registry/name@sha256:...`, from a registry on the list, or have the registry added to it.
package trueup.rules.sc_06

import data.parameters.builds
import data.parameters.registries
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "derived.images", "environment.settings", "environment.target"]
	some result in lib.absent("SC-06", "high", parts)
}

deny contains lib.result("SC-06", "high", image.address, image.path, msg) if {
	some image in images
	not pinned(image)
	msg := sprintf("The image `%v` has no digest; a tag moves.", [object.get(image, "image", "")])
}

deny contains lib.result("SC-06", "high", image.address, image.path, msg) if {
	some image in images
	not listed(image, registries.allowed)
	msg := sprintf("The image `%v` comes from no registry on the list.", [object.get(image, "image", "")])
}

deny contains lib.result("SC-06", "high", image.address, image.path, msg) if {
	some image in images
	count(own) > 0
	not listed(image, own)
	words := [object.get(image, "image", ""), input.environment.name]
	msg := sprintf("The image `%v` comes from no registry that Environment/%s verifies.", words)
}

# A declared image that nobody took apart would pass unseen.
deny contains lib.result("SC-06", "high", address, path, msg) if {
	some [address, path] in declared
	not [address, path] in {[image.address, image.path] | some image in images}
	msg := sprintf("The policy document has no facts of the image that %s declares.", [address])
}

# On other targets than processes a runtime comes in an image.
deny contains lib.result("SC-06", "high", deployment.address, ["spec", "runtime", "image"], msg) if {
	input.environment.target != "process"
	some deployment in lib.changed
	image := lib.field(lib.declared(deployment), ["spec", "runtime", "image"])
	not lib.text(image)
	msg := "The runtime names no image, so the target would choose one."
}

deny contains lib.result("SC-06", "high", address, ["spec", "toolchain", "image"], msg) if {
	some [address, document] in lib.reached_of("Build")
	mode := lib.field(document, ["spec", "mode"])
	mode in builds.compiled_modes
	image := lib.field(document, ["spec", "toolchain", "image"])
	not lib.text(image)
	msg := sprintf("%s is compiled in an image and names none.", [address])
}

images contains image if {
	some image in input.derived.images
	image.address in lib.touched
}

declared contains [address, ["spec", "runtime", "image"]] if {
	some [address, document] in lib.reached_of("Deployment")
	document.spec.runtime.image != null
}

declared contains [address, ["spec", "toolchain", "image"]] if {
	some [address, document] in lib.reached_of("Build")
	document.spec.toolchain.image != null
}

pinned(image) if {
	lib.digest(image.digest)
	endswith(image.image, sprintf("@%s", [image.digest]))
}

listed(image, entries) if {
	some entry in entries
	within(name(image), entry)
}

# With the registry in front, which short names leave out.
name(image) := trim_prefix(full, doubled) if {
	full := sprintf("%s/%s", [image.registry, image.image])
	doubled := sprintf("%s/", [image.registry])
	startswith(image.image, doubled)
} else := sprintf("%s/%s", [image.registry, image.image])

within(name, entry) if {
	startswith(name, sprintf("%s/", [trim_right(entry, "/")]))
	not contains(name, "..")
}

own := object.get(input, ["environment", "settings", "verification", "registries"], [])
