package trueup.rules.op_02_test

import data.trueup.fixtures
import data.trueup.rules.op_02

monitors := "/resources/Deployment~1prod~1support/spec/monitors"

test_a_deployment_that_is_watched_passes if count(op_02.deny) == 0 with input as fixtures.good

test_a_deployment_nobody_watches_is_denied_with_all_that_is_missing if {
	every document in [
		fixtures.without(monitors),
		fixtures.changed(monitors, []),
		fixtures.changed(monitors, null),
		fixtures.changed(monitors, "all"),
	] {
		results := op_02.deny with input as document
		{r.msg | some r in results} == {"Nothing watches its cost; errors; latency; quality or drift; safety."}
		{r.path | some r in results} == {["spec", "monitors"]}
		{r.severity | some r in results} == {"high"}
	}
}

test_each_signal_is_asked_for if {
	every index, what in ["latency", "errors", "cost", "quality or drift", "safety"] {
		results := op_02.deny with input as fixtures.without(sprintf("%s/%d", [monitors, index]))
		{r.msg | some r in results} == {sprintf("Nothing watches its %s.", [what])}
	}
}

test_quality_stands_for_drift if {
	count(op_02.deny) == 0 with input as fixtures.changed(concat("", [monitors, "/3/signal"]), "quality")
}

test_another_signal_stands_for_nothing if {
	every signal in ["feedback", "availability", "Cost", "", null] {
		count(op_02.deny) == 1 with input as fixtures.changed(concat("", [monitors, "/2/signal"]), signal)
	}
}

test_a_monitor_without_threshold_or_route_is_named_and_watches_nothing if {
	every part, values in {"threshold": [null, "2", [2]], "route": ["", "tbd", null, 5]} {
		every value in values {
			results := op_02.deny with input as fixtures.changed(sprintf("%s/0/%s", [monitors, part]), value)
			{r.path | some r in results} == {["spec", "monitors"], ["spec", "monitors", 0, part]}
		}
		count(op_02.deny) == 2 with input as fixtures.without(sprintf("%s/0/%s", [monitors, part]))
	}
}

test_a_threshold_of_nothing_is_a_threshold if {
	count(op_02.deny) == 0 with input as fixtures.changed(concat("", [monitors, "/0/threshold"]), 0)
}

test_what_is_asked_for_is_data if {
	count(op_02.deny) == 0 with input as fixtures.without(monitors) with data.parameters.monitors.required as {}
}

test_outside_production_it_is_medium if {
	{r.severity | some r in op_02.deny} == {"medium"} with input as fixtures.in_tier(fixtures.without(monitors), "dev")
	routeless := fixtures.without(concat("", [monitors, "/0/route"]))
	{r.severity | some r in op_02.deny} == {"medium"} with input as fixtures.in_tier(routeless, "dev")
}

test_what_runs_unchanged_is_not_judged_again if {
	document := json.patch(fixtures.without(concat("", [monitors, "/0/route"])), [
		{"op": "replace", "path": "/deployments/0/changed", "value": false},
	])
	count(op_02.deny) == 0 with input as document
}

test_an_empty_document_is_denied if count(op_02.deny) > 0 with input as {}
