"""Drafted documents: every statement has a source, what nothing says is a gap, and nothing is invented."""

from dataclasses import replace

import pytest

from documented import DEPLOYMENT, MODEL, SYSTEM, broken_ledger, declared, facts, measured, serving
from exported import decided, entries, judged
from records import applied
from trueup.core.json import Json
from trueup.ledger.documents.annex_iv import annex_iv
from trueup.ledger.documents.annex_iv_items import SECTIONS
from trueup.ledger.documents.asking import Ask, Template, answered
from trueup.ledger.documents.drafts import Dossier, Facts, Gap, Item, Statement, spelled, split, value_at
from trueup.ledger.documents.findings import UNVERIFIED
from trueup.ledger.documents.model_card import SECTIONS as CARD_SECTIONS
from trueup.ledger.documents.model_card import model_card
from trueup.spec.kinds import KINDS, model_class

ANNEX = [*(f"1{letter}" for letter in "abcdefgh"), *(f"2{letter}" for letter in "abcdefgh"), *"3456789"]
"""Source: Annex IV of Regulation (EU) 2024/1689, points 1 to 9 and their letters."""


def item(dossier: Dossier, number: str) -> Item:
    return next(i for i in dossier.items if number in {i.number, i.title})


def texts(item_: Item) -> dict[str, str]:
    return {s.label: s.text for s in item_.statements}


def labels(item_: Item) -> set[str]:
    return {g.label for g in item_.gaps}


def test_the_draft_has_every_item_of_the_annex_in_its_order() -> None:
    numbers = [i.number.replace("(", "").replace(")", "") for i in annex_iv(facts()).items]
    assert numbers == ANNEX


@pytest.mark.parametrize("draft", [annex_iv, model_card])
def test_every_statement_names_its_source_and_every_gap_what_to_do(draft) -> None:
    for subject in (facts(), facts(bare=True)):
        dossier = draft(subject if draft is annex_iv else replace(subject, subject=MODEL))
        assert all(s.label and s.text and s.source for i in dossier.items for s in i.statements)
        assert all(g.label and g.advice.endswith(".") for g in dossier.gaps)


def test_what_is_declared_is_said_and_no_gap() -> None:
    purpose = item(annex_iv(facts()), "1(a)")
    assert texts(purpose)["intended purpose"] == "Answers questions."
    assert next(s.source for s in purpose.statements) == f"{SYSTEM} spec.intendedPurpose"
    assert "intended purpose" not in labels(purpose)


def test_what_is_not_declared_is_a_gap_that_says_where_to_declare_it() -> None:
    found = item(annex_iv(facts()), "7")
    assert found.statements == ()
    assert found.gaps == (Gap("standards", f"Declare `spec.standards` of `{SYSTEM}`."),)


def test_an_annotation_says_what_no_field_does() -> None:
    found = item(annex_iv(facts()), "8")
    assert texts(found) == {"address of the declaration of conformity": "https://acme.example/conformity.pdf"}
    assert found.statements[0].source == f"{SYSTEM} metadata.annotations.annex-iv.8"
    assert labels(item(annex_iv(facts(bare=True)), "8")) == {"address of the declaration of conformity"}
    assert "annotation `annex-iv.1g`" in item(annex_iv(facts()), "1(g)").gaps[0].advice


def test_what_is_asked_of_a_kind_that_is_not_there_is_a_gap_once() -> None:
    found = item(annex_iv(facts(bare=True)), "2(d)")
    assert {g.label for g in found.gaps} >= {"known bias", "labelling"}
    assert all("No Dataset says it" in g.advice for g in found.gaps if g.label == "known bias")


def test_resources_that_say_the_same_are_told_together_and_the_silent_ones_too() -> None:
    both = replace(facts(), declared=(*facts().declared, declared("Deployment", "Deployment/prod/chat", {"slo": {}})))
    template = Template("", "x", "y", (Ask("runtime", "Deployment", "spec.runtime.engine"),))
    twice = replace(both, declared=(*both.declared, declared("Deployment", "Deployment/prod/b", RUNTIME)))
    found = answered(template, twice, "System")
    assert [s.source for s in found.statements] == [f"{DEPLOYMENT}, Deployment/prod/b spec.runtime.engine"]
    assert [g.advice for g in found.gaps] == ["Declare `spec.runtime.engine` of `Deployment/prod/chat`."]


RUNTIME: dict[str, Json] = {"runtime": {"engine": "llama.cpp"}}


def test_evidence_is_told_with_its_digest_and_its_record_and_what_is_missing_is_a_gap() -> None:
    found = item(annex_iv(facts()), "2(g)")
    label = f"Evaluation/facts@1 for {DEPLOYMENT}"
    assert texts(found)[label].startswith("passed: accuracy 0.9 ratio over 12 (asked: accuracy >= 0.5)")
    (source,) = [s.source for s in found.statements if s.label == label]
    assert source.startswith("record 7 (")
    assert f"evidence {measured().evidence.digest}" in source
    advice = {g.label: g.advice for g in found.gaps}
    assert advice.keys() == {f"evidence of Evaluation/attacks@1 for {DEPLOYMENT}", "values that must be reached"}
    assert "trueup evaluate -e prod" in advice[f"evidence of Evaluation/attacks@1 for {DEPLOYMENT}"]


def test_evidence_that_failed_or_was_simulated_does_not_read_as_a_pass() -> None:
    failed = replace(measured(0.1), deployment=DEPLOYMENT)
    assert "did not pass" in texts(item(annex_iv(facts(measured=(failed,))), "2(g)"))[failed_label()]
    double = measured(simulated=True)
    found = item(annex_iv(facts(measured=(double,))), "2(g)")
    assert texts(found)[failed_label()].startswith("simulated:")
    assert any("proves nothing" in g.advice for g in found.gaps)


def failed_label() -> str:
    return f"Evaluation/facts@1 for {DEPLOYMENT}"


def test_evidence_without_a_threshold_is_told_without_one() -> None:
    bare = replace(measured(), evidence=replace(measured().evidence, gates=()))
    said = texts(item(annex_iv(facts(measured=(bare,))), "2(g)"))[failed_label()]
    assert "asked" not in said
    assert said.startswith("did not pass")


def test_a_system_that_nothing_is_required_of_has_that_as_a_gap() -> None:
    found = annex_iv(facts(bare=True))
    assert "evidence" in labels(item(found, "2(g)"))
    assert "resistance to attacks" in labels(item(found, "2(h)"))
    assert "accuracy for groups of people" in labels(item(found, "3"))
    assert "resistance to attacks" not in labels(item(annex_iv(facts()), "2(h)"))


def test_what_serves_and_what_changed_is_told_from_the_ledger() -> None:
    document = judged()
    denied = decided(applied("a"), document)
    changed = entries([denied, applied("", removed=(DEPLOYMENT,))])
    told = annex_iv(facts(serving=serving(), changes=tuple(changed), more_changes=True))
    (served,) = [s for s in item(told, "1(a)").statements if s.label.startswith("what")]
    assert "model Model/a@1, prompt Prompt/support@1" in served.text
    assert "verified" in served.text
    changes = item(told, "6").statements
    assert f"removed {DEPLOYMENT}" in changes[0].text
    assert "run by Ada Lovelace" in changes[0].text
    assert "changed by Ada <ada@example.com>" in changes[1].text
    assert "approved by Bob <bob@example.com>" in changes[1].text
    assert "under PolicyException/no-rota" in changes[1].text
    assert changes[2].label == "older changes"
    rules = [s.text for s in item(told, "5").statements if s.label.startswith("rules")]
    assert rules == [f"policies , {changed[0].policies[0].digest}"]
    unverified = annex_iv(facts(serving=tuple(replace(s, verified=False) for s in serving())))
    assert "not verified" in texts(item(unverified, "1(a)"))[f"what {DEPLOYMENT} serves"]


def test_a_denied_change_names_the_rules_that_denied_it() -> None:
    (entry,) = entries([decided(applied("a"), judged())])
    denying = replace(entry, findings=tuple(replace(f, enforcement="deny", excepted_by="") for f in entry.findings))
    told = item(annex_iv(facts(changes=(denying,))), "6")
    assert "denied by OP-02, EV-01" in told.statements[0].text


def test_nothing_is_taken_from_a_ledger_that_does_not_verify() -> None:
    told = annex_iv(replace(facts(measured=()), ledger=broken_ledger()))
    for number in ("1(a)", "2(g)", "6"):
        assert UNVERIFIED in {g.advice for g in item(told, number).gaps}
    sound = annex_iv(facts(measured=()))
    assert UNVERIFIED not in {g.advice for g in sound.gaps}


def test_exceptions_are_told_with_what_stands_in_their_place() -> None:
    said = texts(item(annex_iv(facts()), "5"))["exception"]
    assert said == "OP-02 is lifted until 2026-06-01: No rota; in its place: Office hours"


def test_a_card_has_the_metadata_that_its_hub_reads() -> None:
    front = dict(model_card(facts(subject=MODEL)).front)
    assert front["license"] == "apache-2.0"
    assert front["language"] == ["en"]
    assert front["pipeline_tag"] == "text-generation"
    assert front["base_model"] == ["Acme/Base"]
    assert front["datasets"] == ["acme/facts"]
    (index,) = front["model-index"]  # type: ignore[misc]
    (result,) = index["results"]  # type: ignore[index, call-overload, misc]
    assert result["metrics"] == [  # type: ignore[index, call-overload]
        {"type": "accuracy", "name": "accuracy (ratio)", "value": 0.9, "verified": False}
    ]
    assert str(measured().evidence.digest) in result["source"]["name"]  # type: ignore[index, call-overload, operator]


def test_a_card_says_of_other_models_no_more_than_their_names() -> None:
    details = item(model_card(facts(subject=MODEL)), "Description")
    assert texts(details)["made from"] == "base@1"
    assert not [s for s in details.statements if "Model/base@1" in s.source]
    assert not [g for g in details.gaps if "Model/base@1" in g.advice]


def test_metadata_that_nothing_says_is_a_gap_and_not_a_guess() -> None:
    card = model_card(facts(bare=True, subject=MODEL))
    assert card.front == ()
    assert {g.label for g in card.missing} == {
        "metadata `language`",
        "metadata `license`",
        "metadata `pipeline_tag`",
        "metadata `datasets`",
        "metadata `model-index`",
    }


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"licenses": ["MIT", "Apache-2.0"]}, {"license": ["mit", "apache-2.0"]}),
        ({"licenses": ["LicenseRef-x"]}, {"license": "other", "license_name": "LicenseRef-x"}),
        (
            {"licenseName": "Acme", "licenseLink": "https://a.example"},
            {"license": "other", "license_name": "Acme", "license_link": "https://a.example"},
        ),
    ],
)
def test_licences_are_named_as_the_hub_names_them(spec: dict[str, Json], expected: dict[str, Json]) -> None:
    card = model_card(with_model(spec))
    assert {k: v for k, v in card.front if k.startswith("license")} == expected


def test_what_comes_from_elsewhere_has_no_name_on_the_hub() -> None:
    spec: dict[str, Json] = {"datasets": ["local@1", "gone@1"], "baseModel": ["local@1", "gone@1"]}
    local = (
        declared("Dataset", "Dataset/local@1", {"source": {"uri": "file:x"}}),
        declared("Model", "Model/local@1", {"source": {"uri": "file:y"}}),
    )
    found = with_model(spec)
    card = model_card(replace(found, declared=(*found.declared, *local)))
    assert "datasets" not in dict(card.front)
    advice = {g.label: g.advice for g in card.missing}
    assert "nowhere on the hub" in advice["metadata `datasets`"]
    assert "nowhere on the hub" in advice["metadata `base_model`"]


def with_model(spec: dict[str, Json]) -> Facts:
    bare = facts(bare=True, subject=MODEL)
    others = (d for d in bare.declared if d.kind != "Model")
    return replace(bare, declared=(*others, declared("Model", MODEL, spec)))


def test_simulated_evidence_and_evidence_without_numbers_stay_out_of_the_results_that_machines_read() -> None:
    double = measured(simulated=True)
    empty = replace(measured(), evidence=replace(measured().evidence, measurements=()))
    unknown = replace(measured(), evidence=replace(measured().evidence, evaluation="Evaluation/other@1"))
    card = model_card(facts(subject=MODEL, measured=(double, empty)))
    assert "model-index" not in dict(card.front)
    (index,) = dict(model_card(facts(subject=MODEL, measured=(unknown,))).front)["model-index"]  # type: ignore[misc]
    assert index["results"][0]["dataset"]["name"] == "Evaluation/other@1"  # type: ignore[index, call-overload]


def test_a_model_that_is_served_nowhere_has_that_as_a_gap() -> None:
    assert "results" in labels(item(model_card(facts(bare=True, subject=MODEL)), "Data, metrics and results"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        ("  a\n b ", "a b"),
        (1234567, "1,234,567"),
        (0.25, "0.25"),
        ([], ""),
        ({}, ""),
        (["a", "", "b"], "a, b"),
        ({"a": 1, "b": None, "c": {"d": "e"}}, "a: 1; c: (d: e)"),
        ([{"a": 1}, {"a": 2}, {}], "(a: 1), (a: 2)"),
        ({"file": "x.txt", "content": "hello\n"}, "hello"),
        ("hf_abcdefghijklmnopqrstuvwx", "(masked)"),
    ],
)
def test_values_are_spelled_for_people(value: Json, said: str) -> None:
    assert spelled(value) == said


def test_a_value_is_found_by_its_path_or_its_annotation() -> None:
    document: Json = {"metadata": {"annotations": {"a.b": "x"}}, "spec": {"c": {"d": 1}}}
    assert value_at(document, "annotation:a.b") == "x"
    assert value_at(document, "spec.c.d") == 1
    assert value_at(document, "spec.x.d") is None
    assert value_at(1, "annotation:a") is None


def test_statements_and_gaps_are_told_apart_in_order() -> None:
    one, two, gap = Statement("a", "b", "c"), Statement("d", "e", "f"), Gap("g", "h.")
    assert split([one, gap, two]) == ([one, two], [gap])


def test_every_field_that_is_asked_for_is_one_that_its_kind_has() -> None:
    templates = [t for _, group in SECTIONS for t in group] + [t for _, t in CARD_SECTIONS]
    schemas = {kind: model_class(kind).model_json_schema(by_alias=True) for kind in KINDS}
    for ask in (a for t in templates for a in t.asks):
        if ask.path.startswith("annotation:"):
            continue
        schema = schemas[ask.kind]
        assert _has_path(schema, schema, ask.path.split(".")), f"{ask.kind} has no {ask.path}"


def _has_path(schema: dict, whole: dict, path: list[str]) -> bool:
    if not path:
        return True
    if "$ref" in schema:
        return _has_path(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, path)
    if path[0] in schema.get("properties", {}):
        return _has_path(schema["properties"][path[0]], whole, path[1:])
    return any(_has_path(s, whole, path) for key in ("anyOf", "oneOf", "allOf") for s in schema.get(key, ()))
