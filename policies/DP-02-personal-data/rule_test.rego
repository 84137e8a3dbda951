package trueup.rules.dp_02_test

import data.trueup.fixtures
import data.trueup.rules.dp_02

test_data_without_personal_data_passes if count(dp_02.deny) == 0 with input as fixtures.good

test_personal_data_with_all_that_law_asks_passes if count(dp_02.deny) == 0 with input as holding({})

test_personal_data_without_a_part_is_denied_at_its_place if {
	every part in ["lawfulBasis", "purpose", "retention", "dpia"] {
		every words in ["", "tbd", null, ["consent"]] {
			results := dp_02.deny with input as holding({part: words})
			{[r.address, r.path, r.severity] | some r in results} == {[
				"Dataset/facts@1",
				["spec", "personalData", part],
				"critical",
			]}
		}
	}
}

test_personal_data_without_an_owner_is_denied if {
	document := json.patch(holding({}), [{"op": "remove", "path": "/resources/Dataset~1facts@1/metadata/owner"}])
	results := dp_02.deny with input as document
	{r.path | some r in results} == {["metadata", "owner"]}
}

test_a_basis_that_is_none_is_denied if {
	every basis in ["because we can", "Consent", "legitimate interests"] {
		results := dp_02.deny with input as holding({"lawfulBasis": basis})
		{r.path | some r in results} == {["spec", "personalData", "lawfulBasis"]}
	}
}

test_a_retention_without_an_end_is_denied if {
	every time in ["forever", "0d", "0d0h", "999999d", "as long as needed", "180"] {
		results := dp_02.deny with input as holding({"retention": time})
		{r.path | some r in results} == {["spec", "personalData", "retention"]}
	}
	count(dp_02.deny) == 0 with input as holding({"retention": "26w3d"})
}

test_data_that_does_not_say_is_denied if {
	results := dp_02.deny with input as fixtures.without("/resources/Dataset~1facts@1/spec/personalData")
	{r.path | some r in results} == {["spec", "personalData", "present"]}
}

test_a_word_in_place_of_yes_or_no_is_denied if {
	every word in ["false", "no", null, 0] {
		count(dp_02.deny) > 0 with input as personal({"present": word})
	}
}

test_data_that_says_no_and_yes_is_denied if {
	count(dp_02.deny) == 5 with input as personal({"present": false, "categories": ["health"]})
	every key, yes in contradictions {
		results := dp_02.deny with input as fixtures.added(sprintf("/resources/Dataset~1facts@1/spec/%s", [key]), yes)
		{r.msg | some r in results; contains(r.msg, "says no to personal data")} == {sprintf(
			"Dataset/facts@1 says no to personal data, and `spec.%s` says yes.",
			[key],
		)}
	}
}

test_no_assertion_is_no_contradiction if {
	path := "/resources/Dataset~1facts@1/spec/hasSensitivePersonalInformation"
	count(dp_02.deny) == 0 with input as fixtures.added(path, "noAssertion")
	count(dp_02.deny) == 0 with input as fixtures.added(path, "no")
}

test_a_dataset_of_what_does_not_change_is_not_judged if {
	document := json.patch(holding({"dpia": ""}), [{"op": "replace", "path": "/deployments/0/changed", "value": false}])
	count(dp_02.deny) == 0 with input as document
}

test_a_dataset_that_is_not_in_the_document_is_denied if {
	count(dp_02.deny) > 0 with input as fixtures.without("/resources/Dataset~1facts@1")
}

test_an_empty_document_is_denied if count(dp_02.deny) > 0 with input as {}

contradictions := {
	"hasSensitivePersonalInformation": "yes",
	"recordSet": [{"name": "people", "field": [{"name": "id"}, {"name": "email", "sensitive": true}]}],
}

personal(declared) := fixtures.changed("/resources/Dataset~1facts@1/spec/personalData", declared)

holding(differences) := personal(object.union(
	{
		"present": true,
		"categories": ["contact data"],
		"lawfulBasis": "consent",
		"purpose": "Answers questions of customers.",
		"retention": "180d",
		"dpia": "DPIA-2026-07",
	},
	differences,
))
