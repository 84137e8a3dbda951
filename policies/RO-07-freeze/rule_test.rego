package trueup.rules.ro_07_test

import data.trueup.fixtures
import data.trueup.rules.ro_07

window := {"name": "year end", "until": "2027-01-02T00:00:00Z", "allowRollback": true, "reason": "annual accounts"}

update := {"kind": "update", "address": fixtures.deployment, "movement": "change", "drift": false}

test_outside_of_windows_everything_passes if {
	document := json.patch(frozen(update), [{"op": "replace", "path": "/derived/freeze/active", "value": []}])
	count(ro_07.deny) == 0 with input as document
}

test_a_change_in_a_window_is_denied if {
	results := ro_07.deny with input as frozen(update)
	some result in results
	result.address == fixtures.deployment
	result.severity == "medium"
	result.msg == "It is frozen (year end until 2027-01-02T00:00:00Z: annual accounts)."
}

test_creating_and_deleting_are_changes if {
	count(ro_07.deny) == 1 with input as frozen({"kind": "create", "address": "Deployment/prod/new", "movement": "change"})
	count(ro_07.deny) == 1 with input as frozen({"kind": "delete", "address": "Deployment/prod/old"})
}

test_building_and_evaluating_move_nothing if count(ro_07.deny) == 0 with input as frozen({"kind": "build", "address": "B"})

test_a_rollback_passes_where_the_window_allows_it if {
	rollback := object.union(update, {"movement": "rollback"})
	count(ro_07.deny) == 0 with input as frozen(rollback)
	strict := json.patch(frozen(rollback), [{"op": "replace", "path": "/derived/freeze/active/0/allowRollback", "value": false}])
	count(ro_07.deny) == 1 with input as strict
	silent := json.patch(frozen(rollback), [{"op": "remove", "path": "/derived/freeze/active/0/allowRollback"}])
	count(ro_07.deny) == 1 with input as silent
}

test_a_stricter_window_beside_it_still_stops_a_rollback if {
	strict := object.union(window, {"name": "audit", "allowRollback": false})
	document := json.patch(frozen(object.union(update, {"movement": "rollback"})), [{
		"op": "add",
		"path": "/derived/freeze/active/-",
		"value": strict,
	}])
	count(ro_07.deny) == 1 with input as document
}

test_a_repair_restores_what_was_applied if {
	count(ro_07.deny) == 0 with input as frozen(object.union(update, {"drift": true}))
	count(ro_07.deny) == 1 with input as frozen(object.union(update, {"drift": "true"}))
}

test_a_change_that_names_its_incident_is_shown_and_passes if {
	document := named({"Incident": ["INC-1234"]})
	count(ro_07.deny) == 0 with input as document
	results := ro_07.warn with input as document
	{r.msg | some r in results} == {concat(" ", [
		"It is frozen (year end until 2027-01-02T00:00:00Z: annual accounts),",
		"and this goes out for INC-1234.",
	])}
	count(ro_07.deny) == 0 with input as named({"incident": [" ops/77 "]})
}

test_words_are_no_incident if {
	every value in ["", "yes", "none", "n/a", "urgent fix", "INC-", "INC-0", "INC-000", "1234"] {
		refused(value)
	}
	count(ro_07.deny) == 1 with input as named({"Incident": []})
	count(ro_07.deny) == 1 with input as named({"Reviewed-by": ["INC-1234"]})
}

test_a_window_that_says_nothing_of_itself_still_freezes if {
	document := json.patch(frozen(update), [{"op": "replace", "path": "/derived/freeze/active", "value": [{}]}])
	results := ro_07.deny with input as document
	some result in results
	contains(result.msg, "a window without a name until an unknown time")
}

test_a_window_that_cannot_be_read_is_denied_where_it_is_declared if {
	results := ro_07.deny with input as unreadable(update)
	some result in results
	result.address == "Environment/prod"
	result.path == ["spec", "freezeWindows", 1]
	contains(result.msg, "no such time zone")
	count(ro_07.deny) == 0 with input as unreadable({"kind": "build", "address": "B"})
}

test_an_incident_does_not_make_a_window_readable if {
	document := json.patch(unreadable(update), [{"op": "replace", "path": "/change/trailers", "value": {"Incident": ["INC-1"]}}])
	count(ro_07.deny) == 1 with input as document
}

test_absent_facts_are_denied if {
	count(ro_07.deny) > 0 with input as fixtures.without("/derived/freeze")
	count(ro_07.deny) > 0 with input as fixtures.without("/derived/freeze/unreadable")
	count(ro_07.deny) > 0 with input as fixtures.without("/change/trailers")
	count(ro_07.deny) > 0 with input as fixtures.without("/change/operations")
}

test_an_empty_document_is_denied if count(ro_07.deny) > 0 with input as {}

frozen(operation) := json.patch(fixtures.good, [
	{"op": "add", "path": "/change/operations/-", "value": operation},
	{"op": "replace", "path": "/derived/freeze/active", "value": [window]},
])

named(trailers) := json.patch(frozen(update), [{"op": "replace", "path": "/change/trailers", "value": trailers}])

refused(value) if count(ro_07.deny) == 1 with input as named({"Incident": [value]})

unreadable(operation) := json.patch(fixtures.good, [
	{"op": "add", "path": "/change/operations/-", "value": operation},
	{"op": "replace", "path": "/derived/freeze/unreadable", "value": [{"index": 1, "problem": "no such time zone"}]},
])
