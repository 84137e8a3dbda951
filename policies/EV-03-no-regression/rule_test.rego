package trueup.rules.ev_03_test

import data.trueup.fixtures
import data.trueup.rules.ev_03

comparison := "/evidence/0/comparison"

regression := "/resources/Evaluation~1facts@1/spec/regression"

compares(part, value) := fixtures.changed(concat("/", [comparison, part]), value)

declares(part, value) := fixtures.added(concat("/", [regression, part]), value)

test_a_release_that_is_no_worse_passes if count(ev_03.deny) == 0 with input as fixtures.good

test_a_worse_release_is_denied if {
	results := ev_03.deny with input as compares("regressed", true)
	some result in results
	result.address == fixtures.deployment
	result.severity == "high"
	result.msg == "Evaluation/facts@1: regressed of its comparison is `true`, and false is wanted."
}

test_a_comparison_that_does_not_say_how_it_ended_is_denied if {
	count(ev_03.deny) == 1 with input as fixtures.without(concat("/", [comparison, "regressed"]))
	count(ev_03.deny) == 1 with input as compares("regressed", null)
	count(ev_03.deny) == 1 with input as compares("regressed", "no")
}

test_evidence_without_a_comparison_is_denied if {
	results := ev_03.deny with input as fixtures.changed(comparison, null)
	some result in results
	contains(result.msg, "was not compared")
	count(ev_03.deny) == 1 with input as fixtures.without(comparison)
}

test_terms_other_than_declared_are_denied if {
	count(ev_03.deny) == 1 with input as compares("test", "eyeballing")
	count(ev_03.deny) == 1 with input as compares("alpha", 0.2)
	count(ev_03.deny) == 1 with input as compares("margin", 0.5)
	count(ev_03.deny) == 1 with input as compares("correction", "none")
	count(ev_03.deny) == 1 with input as fixtures.without(concat("/", [comparison, "alpha"]))
}

test_too_few_examples_are_denied if {
	count(ev_03.deny) == 1 with input as compares("samples", 29)
	count(ev_03.deny) == 1 with input as compares("samples", "59")
	count(ev_03.deny) == 0 with input as compares("samples", 30)
}

test_an_evaluation_may_ask_for_more_examples_and_not_for_fewer if {
	count(ev_03.deny) == 1 with input as declares("minSamples", 60)
	count(ev_03.deny) == 1 with input as few(2)
}

test_terms_that_are_no_numbers_ask_for_the_limits if {
	count(ev_03.deny) == 1 with input as few("2")
	words := both("alpha", "any")
	count(ev_03.deny) == 1 with input as words
}

test_another_baseline_than_what_serves_is_denied if {
	count(ev_03.deny) == 1 with input as compares("baseline", fixtures.d("9"))
	count(ev_03.deny) == 1 with input as compares("baseline", "")
}

test_a_release_compared_with_itself_proves_nothing if {
	count(ev_03.deny) == 1 with input as compares("baseline", fixtures.d("1"))
	upstream := json.patch(compares("baseline", fixtures.d("1")), [{
		"op": "add",
		"path": concat("/", [regression, "baseline"]),
		"value": "upstream",
	}])
	count(ev_03.deny) == 1 with input as upstream
}

test_a_declared_baseline_upstream_is_one_that_was_verified_there if {
	upstream := declares("baseline", "upstream")
	count(ev_03.deny) == 1 with input as upstream
	verified := json.patch(upstream, [{"op": "replace", "path": "/observed/upstream/0/release", "value": fixtures.d("0")}])
	count(ev_03.deny) == 0 with input as verified
	elsewhere := json.patch(verified, [{
		"op": "replace",
		"path": "/observed/upstream/0/deployment",
		"value": "Deployment/staging/other",
	}])
	count(ev_03.deny) == 1 with input as elsewhere
}

test_terms_that_hide_a_loss_are_denied_where_they_are_declared if {
	blind := both("alpha", 0.000001)
	results := ev_03.deny with input as blind
	{[r.address, r.path] | some r in results} == {["Evaluation/facts@1", ["spec", "regression", "alpha"]]}
	generous := both("margin", 0.9)
	paths := {r.path | some r in ev_03.deny} with input as generous
	paths == {["spec", "regression", "margin"]}
	guessed := both("test", "unpaired-t")
	tests := {r.path | some r in ev_03.deny} with input as guessed
	tests == {["spec", "regression", "test"]}
}

test_a_comparison_must_be_able_to_see_a_loss if {
	blind := declares("smallestEffect", 1)
	results := ev_03.deny with input as blind
	{r.path | some r in results} == {["spec", "regression", "smallestEffect"]}
	some result in results
	contains(result.msg, "has to see no loss of exact_match below 1; at most 0.1 is allowed")
	count(ev_03.deny) == 0 with input as declares("smallestEffect", 0.05)
}

test_several_metrics_need_a_correction if {
	alone := both("correction", "none")
	count(ev_03.deny) == 0 with input as alone
	second := {"metric": "f1", "value": 0.9, "unit": "ratio", "samples": 59, "slice": ""}
	together := json.patch(alone, [{"op": "add", "path": "/evidence/0/measurements/-", "value": second}])
	count(ev_03.deny) == 1 with input as together
	chosen := json.patch(together, [{"op": "add", "path": concat("/", [regression, "metrics"]), "value": ["f1"]}])
	count(ev_03.deny) == 0 with input as chosen
}

test_a_metric_that_was_not_measured_is_not_compared if {
	count(ev_03.deny) == 1 with input as declares("metrics", ["exact_match", "toxicity"])
	count(ev_03.deny) == 1 with input as fixtures.changed("/evidence/0/measurements", [])
}

test_production_must_compare_something if {
	undeclared := fixtures.without(regression)
	results := ev_03.deny with input as undeclared
	{r.severity | some r in results} == {"high"}
	staging := {r.severity | some r in ev_03.deny} with input as fixtures.in_tier(undeclared, "staging")
	staging == {"medium"}
	count(ev_03.deny) == 0 with input as fixtures.in_tier(undeclared, "dev")
}

test_the_first_release_replaces_nothing if {
	document := json.patch(fixtures.without(regression), [{"op": "replace", "path": "/deployments/0/fromRelease", "value": ""}])
	count(ev_03.deny) == 0 with input as document
}

test_a_release_that_does_not_say_what_it_replaces_is_compared if {
	count(ev_03.deny) > 0 with input as json.patch(fixtures.without(regression), [{
		"op": "remove",
		"path": "/deployments/0/fromRelease",
	}])
}

test_a_rollback_is_not_compared if {
	document := json.patch(compares("regressed", true), [{
		"op": "replace",
		"path": "/deployments/0/movement",
		"value": "rollback",
	}])
	count(ev_03.deny) == 0 with input as document
}

test_absent_evidence_is_denied if count(ev_03.deny) == 1 with input as fixtures.changed("/evidence", [])

test_an_empty_document_is_denied if count(ev_03.deny) > 0 with input as {}

# Declared and done alike.
both(part, value) := json.patch(declares(part, value), [{
	"op": "replace",
	"path": concat("/", [comparison, part]),
	"value": value,
}])

few(declared) := json.patch(declares("minSamples", declared), [{
	"op": "replace",
	"path": concat("/", [comparison, "samples"]),
	"value": 2,
}])

test_a_comparison_of_too_little_is_denied_with_how_much_more_is_needed if {
	document := json.patch(fixtures.good, [
		{"op": "replace", "path": "/evidence/0/comparison/outcome", "value": "not-enough"},
		{"op": "replace", "path": "/evidence/0/comparison/moreSamples", "value": 212},
	])
	results := ev_03.deny with input as document
	count(results) == 1
	some result in results
	contains(result.msg, "not enough evidence to compare: 212 more samples")
}

test_a_comparison_without_an_outcome_is_denied if {
	count(ev_03.deny) == 1 with input as fixtures.without("/evidence/0/comparison/outcome")
}
