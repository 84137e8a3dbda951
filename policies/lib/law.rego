# METADATA
# title: Whom a law concerns
# description: >-
#   Places a System is used in, its purposes and its makers, for rules that carry out law. What a System does not say
#   in words that are understood counts as the stricter of both.
package trueup.law

# Full references and no imports: an engine loses the imports of a package whose functions another package calls.

# Whether the law of `place`, a country or a union, holds for a System.
reaches(document, place) if {
	some code in places(document)
	holds_in(place, code)
}

reaches(document, _) if not understood(document)

understood(document) if {
	declared := object.get(document, ["spec", "jurisdictions"], [])
	is_array(declared)
	count(declared) > 0
	every code in declared {
		is_place(code)
	}
}

# `EU`, `DE` or `US-CA`, in upper or lower case.
is_place(code) if {
	is_string(code)
	regex.match(`^[A-Z]{2}(-[A-Z0-9]{1,3})?$`, upper(code))
	country(code) in known_places
}

places(document) := {upper(code) |
	declared := object.get(document, ["spec", "jurisdictions"], [])
	is_array(declared)
	some code in declared
	is_string(code)
}

holds_in(place, code) if country(code) == place

holds_in(place, code) if {
	some member in data.parameters.jurisdictions.unions[place]
	country(code) == member
}

country(code) := split(upper(code), "-")[0]

known_places contains code if some code in data.parameters.jurisdictions.countries

known_places contains code if some code, _ in data.parameters.jurisdictions.unions

# A System's purposes, spelled as the lists of purposes are; none when the policy document has no facts of it.
purposes(address) := {purpose | some purpose in purposes_by_system[address]}

purposes_by_system[address] contains purpose if {
	some fact in data.trueup.lib.list(input.derived.purposes)
	address := fact.address
	some category in data.trueup.lib.list(fact.categories)
	data.trueup.lib.said(category)
	purpose := spelled(category)
}

spelled(word) := regex.replace(lower(trim_space(word)), `[ _/-]+`, "-")

# Whether the duties of providers [EU AI Act Art. 3(3)] are ours; an unknown role is taken for it.
provides(document) if {
	role := data.trueup.lib.field(document, ["spec", "operatorRole"])
	not role in {"deployer", "importer", "distributor"}
}

# A result that only warns until the day from which the duty holds.
dated(result, duty) := object.union(result, {"effectiveFrom": data.parameters.regulation.duties[duty].from})

# Changed deployments with the System they serve, as [deployment, address, document].
served contains [deployment, address, document] if {
	some deployment in data.trueup.lib.changed
	name := object.get(input.resources, [deployment.address, "spec", "system"], "")
	is_string(name)
	address := sprintf("System/%s", [name])
	document := object.get(input.resources, address, null)
	is_object(document)
}

systems contains [address, document] if some [_, address, document] in served
