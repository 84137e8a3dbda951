# METADATA
# title: A licence that is allowed
# description: >-
#   Models, adapters and data declare SPDX licences, and for each there is an alternative whose licences are all on the
#   list in `parameters/licenses/data.yaml`.
# custom:
#   id: LI-01
#   severity: high
#   controls: [NIST AI RMF GOVERN 6.1, NIST AI RMF MAP 4.1]
#   remediation: >-
#     Declare the licence as SPDX spells it. If it is another one, have it approved and add it to the list of your
#     repository, or choose another source.
package trueup.rules.li_01

import data.parameters.licenses
import data.trueup.lib

deny contains result if some result in lib.absent("LI-01", "high", ["deployments", "resources", "derived.licenses"])

deny contains lib.result("LI-01", "high", address, ["spec", facts.field], msg) if {
	some [address, facts] in licensed
	count(facts.expressions) == 0
	msg := sprintf("%s declares no licence.", [address])
}

deny contains lib.result("LI-01", "high", address, ["spec", facts.field], msg) if {
	some [address, facts] in licensed
	some expression in facts.expressions
	not acceptable(expression)
	msg := sprintf("%s has the licence `%s`, which is not on the list of allowed ones.", [address, expression.expression])
}

# What carries a licence and was reached; one without facts counts as declaring none.
licensed contains [address, facts] if {
	some [address, _] in (lib.reached_of("Model") | lib.reached_of("Adapter")) | lib.reached_of("Dataset")
	facts := object.get(input.derived.licenses, address, {"field": "licenses", "expressions": []})
}

acceptable(expression) if {
	is_array(expression.alternatives)
	some alternative in expression.alternatives
	count(alternative) > 0
	every license in alternative {
		license in allowed
	}
}

allowed contains license if some license in licenses.allowed
