# METADATA
# title: A licence that the sources allow
# description: >-
#   What was made from other models or data (fine-tuned, adapted, distilled, generated) has a licence that theirs allow,
#   by `parameters/derivation/data.yaml`; a source that nobody declares, or whose licence is not listed, allows nothing.
# custom:
#   id: LI-02
#   ruleSet: licence
#   severity: high
#   controls: [NIST AI RMF GOVERN 6.1, NIST AI RMF MAP 4.1]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Declare every source, and give what was made from it a licence that theirs allow; or make it from other sources.
package trueup.rules.li_02

import data.parameters.derivation
import data.trueup.lib

deny contains result if {
	parts := ["deployments", "resources", "derived.licenses", "derived.lineage"]
	some result in lib.absent("LI-02", "high", parts)
}

deny contains lib.result("LI-02", "high", address, ["spec"], msg) if {
	some [address, _] in works
	lineage := object.get(input.derived.lineage, address, {})
	some part in ["parents", "unknown"]
	sources := object.get(lineage, part, null)
	not is_array(sources)
	msg := sprintf("The policy document does not say what %s was made from.", [address])
}

deny contains lib.result("LI-02", "high", address, path, msg) if {
	some [address, document] in works
	some name in input.derived.lineage[address].unknown
	not is_program(name)
	path := path_of(document)
	msg := sprintf("%s was made with `%v`, which nobody declares, so its licence is not known.", [address, name])
}

deny contains lib.result("LI-02", "high", address, path, msg) if {
	some [address, document] in works
	some parent in input.derived.lineage[address].parents
	relation := lib.field(parent, ["relation"])
	not kind_of(relation)
	path := path_of(document)
	words := [address, lib.field(parent, ["address"]), relation]
	msg := sprintf("%s was made from %v in a way nobody knows: `%v`.", words)
}

deny contains lib.result("LI-02", "high", address, ["spec", facts.field], msg) if {
	some [address, _] in works
	facts := facts_of(address)
	some parent in input.derived.lineage[address].parents
	kind := kind_of(parent.relation)
	source := facts_of(parent.address)
	not compatible(source, kind, facts)
	msg := sprintf("%s (%s) was made from the %s of %s (%s), whose licence does not allow that.", [
		address,
		shown(facts),
		kind,
		parent.address,
		shown(source),
	])
}

works := (lib.reached_of("Model") | lib.reached_of("Adapter")) | lib.reached_of("Dataset")

facts_of(address) := object.get(input.derived.licenses, address, {"field": "licenses", "expressions": []})

is_program(name) if name in {program | some program in derivation.programs}

kind_of(relation) := kind if {
	some kind, words in derivation.relations
	relation in words
}

# All expressions of the source apply together, and of each any one alternative may be chosen.
compatible(source, kind, facts) if {
	count(source.expressions) > 0
	every expression in source.expressions {
		allows(expression, kind, facts)
	}
}

allows(expression, kind, facts) if {
	is_array(expression.alternatives)
	some alternative in expression.alternatives
	count(alternative) > 0
	every license in alternative {
		permits(license, kind, facts)
	}
}

permits(license, _, _) if license in {l | some l in derivation.permissive}

permits(license, kind, _) if {
	conditions := derivation.conditions[license]
	object.get(conditions, kind, null) == null
}

# Whichever alternative of what was made somebody chooses, a licence that the source asks for is in it.
permits(license, kind, facts) if {
	wanted := {l | some l in derivation.conditions[license][kind]}
	some expression in facts.expressions
	is_array(expression.alternatives)
	count(expression.alternatives) > 0
	every alternative in expression.alternatives {
		count({l | some l in alternative} & wanted) > 0
	}
}

shown(facts) := concat(", ", [expression.expression | some expression in facts.expressions]) if {
	count(facts.expressions) > 0
} else := "no licence"

path_of(document) := ["spec", "generatedBy"] if {
	object.get(document, ["spec", "generatedBy"], null) != null
} else := ["spec", "baseModel"]
