"""What things were made from."""

from typing import Any

from trueup.core.json import Json
from trueup.policy.facts.lineage import generators, lineage


def of(documents: dict[str, Any]) -> Any:
    return lineage({address: {"spec": spec} for address, spec in documents.items()})


def test_parents_are_named_with_how_it_was_made_from_them() -> None:
    found = of(
        {
            "Model/base@1": {},
            "Model/tuned@1": {"baseModel": ["base@1"], "relation": "finetune", "datasets": ["facts@1"]},
            "Model/odd@1": {"baseModel": ["base@1"]},
            "Adapter/lora@1": {"baseModel": "tuned@1", "datasets": ["facts@1"]},
            "Dataset/facts@1": {"generatedBy": "base@1"},
            "Prompt/x@1": {"baseModel": ["base@1"]},
        }
    )
    assert found["Model/tuned@1"]["parents"] == [
        {"address": "Model/base@1", "relation": "finetune"},
        {"address": "Dataset/facts@1", "relation": "data"},
    ]
    assert found["Model/odd@1"]["parents"] == [{"address": "Model/base@1", "relation": "base"}]
    assert found["Adapter/lora@1"]["parents"][0] == {"address": "Model/tuned@1", "relation": "adapter"}
    assert found["Dataset/facts@1"]["parents"] == [{"address": "Model/base@1", "relation": "generated-by"}]
    assert "Prompt/x@1" not in found


def test_ancestors_go_all_the_way_up_each_once() -> None:
    found = of(
        {
            "Model/a@1": {},
            "Model/b@1": {"baseModel": ["a@1"]},
            "Model/c@1": {"baseModel": ["a@1"]},
            "Model/d@1": {"baseModel": ["b@1", "c@1"], "relation": "merge"},
            "Adapter/e@1": {"baseModel": "d@1"},
        }
    )
    assert found["Adapter/e@1"]["ancestors"] == ["Model/a@1", "Model/b@1", "Model/c@1", "Model/d@1"]
    assert found["Model/a@1"]["ancestors"] == []


def test_a_circle_ends() -> None:
    found = of({"Model/a@1": {"datasets": ["d@1"]}, "Dataset/d@1": {"generatedBy": "a@1"}})
    assert found["Model/a@1"]["ancestors"] == ["Dataset/d@1"]


def test_names_that_nobody_declares_are_unknown_and_masked() -> None:
    found = of({"Dataset/d@1": {"generatedBy": "gpt-6 at https://me:secret@api.example.com"}})["Dataset/d@1"]
    assert found == {"parents": [], "ancestors": [], "unknown": ["gpt-6 at https://(masked)@api.example.com"]}


def test_a_document_without_spec_has_no_parents() -> None:
    documents: dict[str, Json] = {"Model/a@1": {}, "Model/b@1": None, "Dataset/c@1": {"spec": []}}
    assert all(f == {"parents": [], "ancestors": [], "unknown": []} for f in lineage(documents).values())


def test_generators_are_the_models_that_datasets_name() -> None:
    documents: list[Json] = [{"spec": {"generatedBy": "a@1"}}, {"spec": {}}]
    assert generators(documents) == ["Model/a@1"]
