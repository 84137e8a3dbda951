# METADATA
# title: Declared checks of data ran and passed
# description: >-
#   Each check that a dataset declares has run on exactly its bytes; those of severity `error` have passed.
# custom:
#   id: DP-05
#   ruleSet: data
#   severity: high
#   controls: [EU AI Act Art. 10(2), EU AI Act Art. 10(3), ISO/IEC 42001 A.7.4, NIST AI RMF MEASURE 2.1]
#   jurisdictions: []
#   roles: []
#   lastReviewed: "2026-11-21"
#   remediation: >-
#     Run the checks on exactly these bytes, and repair the data that fails, which makes a new version of the dataset.
package trueup.rules.dp_05

import data.trueup.lib

deny contains result if some result in lib.absent("DP-05", "high", ["deployments", "resources", "evidence"])

deny contains lib.result("DP-05", "high", address, ["spec", "checks"], msg) if {
	some [address, document] in lib.reached_of("Dataset")
	checks := declared(document)
	not is_array(checks)
	msg := sprintf("The checks of %s are no list.", [address])
}

deny contains lib.result("DP-05", "high", address, ["spec", "checks"], msg) if {
	some [address, document] in checked
	count(runs(document)) == 0
	msg := sprintf("The checks of %s have not run on its bytes.", [address])
}

deny contains lib.result("DP-05", "high", address, ["spec", "checks", index], msg) if {
	some [address, document] in checked
	some run in runs(document)
	some index, check in declared(document)
	count(gates_of(run, check)) < count(alike(document, check))
	msg := sprintf("The check `%s` of %s has not run on its bytes.", [shown(check), address])
}

deny contains lib.result("DP-05", "high", address, ["spec", "checks", index], msg) if {
	some [address, document] in checked
	some run in runs(document)
	some index, check in declared(document)
	not tolerated(check)
	some gate in gates_of(run, check)
	passed := lib.field(gate, ["passed"])
	passed != true
	msg := sprintf("The check `%s` of %s failed.", [shown(check), address])
}

deny contains lib.result("DP-05", "high", address, ["spec", "checks"], msg) if {
	some [address, document] in checked
	some run in runs(document)
	passed := lib.field(run, ["passed"])
	passed != true
	msg := sprintf("The newest run of the checks of %s failed.", [address])
}

warn contains lib.result("DP-05", "low", address, ["spec", "checks", index], msg) if {
	some [address, document] in checked
	some run in runs(document)
	some index, check in declared(document)
	tolerated(check)
	some gate in gates_of(run, check)
	passed := lib.field(gate, ["passed"])
	passed != true
	msg := sprintf("The check `%s` of %s failed.", [shown(check), address])
}

declared(document) := object.get(document, ["spec", "checks"], [])

# Datasets with checks.
checked contains [address, document] if {
	some [address, document] in lib.reached_of("Dataset")
	is_array(declared(document))
	count(declared(document)) > 0
}

runs(document) := lib.newest("data-checks", "dataset", lib.field(document, ["spec", "source", "digest"]))

# Two checks of one type on one column differ in their parameters; there is a gate for each.
alike(document, check) := [other | some other in declared(document); key(other) == key(check)]

gates_of(run, check) := [gate |
	some gate in object.get(run, "gates", [])
	[lib.field(gate, ["metric"]), lib.field(gate, ["slice"])] == key(check)
]

key(check) := [lib.field(check, ["type"]), lib.field(check, ["column"])]

tolerated(check) if check.severity == "warning"

shown(check) := concat(" ", [sprintf("%v", [part]) | some part in key(check); part != ""])
