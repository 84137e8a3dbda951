"""Scans of data: what is looked at, what it is compared with, and what is due again."""

import json

import pytest

from artifacts import digest_of_content
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.evidence.data import ScannedData
from trueup.workflows.loading import Invalid
from trueup.workflows.planning import Planned, make_plan
from trueup.workflows.scan_data import DataRequest, scan_data
from workspaces import Declared, FakeWorkspace, Stage, document

LONG = "the quick brown fox jumps over the lazy dog and runs far away into the dark wood"


def declare(workspace: FakeWorkspace, name: str, rows: list[Json], purpose: str = "eval", **spec: Json) -> None:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    uri = f"file:data/{name}.jsonl"
    workspace.store.sources[uri] = content
    source = {"uri": uri, "digest": digest_of_content(content)}
    declared = {"source": source, "purpose": purpose, "format": "jsonl", **spec}
    workspace.files[f"spec/datasets/{name}.yaml"] = document("Dataset", name, declared, version="1")
    workspace.commit()


@pytest.fixture
def workspace(make) -> FakeWorkspace:
    made: FakeWorkspace = make(Declared())
    declare(made, "asked", [{"q": LONG, "n": n} for n in range(3)])
    return made


def scanned(workspace: FakeWorkspace, reference: str = "Dataset/asked@1", **more) -> ScannedData:
    (found,) = scan_data(workspace, DataRequest(reference, **more))  # type: ignore[misc]
    return found


def test_what_was_found_is_recorded_about_the_bytes(workspace: FakeWorkspace) -> None:
    found = scanned(workspace)
    assert [(e.type, e.passed) for e in found.evidence] == [("data-scan", True)]
    (record,) = [r.draft for r in workspace.ledger.records()]
    assert record.resources == ("Dataset/asked@1",)
    assert dict(found.evidence[0].subject) == {"dataset": found.digest}


def test_data_that_is_measured_on_is_compared_with_each_content_that_changes_weights(workspace: FakeWorkspace) -> None:
    declare(workspace, "lessons", [{"t": f"so {LONG} and more"}], "train")
    declare(workspace, "same-lessons", [{"t": f"so {LONG} and more"}], "finetune")
    declare(workspace, "other", [{"t": "quite another text"}], "preference")
    declare(workspace, "watched", [{"t": LONG}], "drift-baseline")
    found = scanned(workspace)
    assert [e.type for e in found.evidence] == ["data-scan", "data-overlap", "data-overlap"]
    assert [r.check.others for r in found.run.results[2:]] == [("lessons@1",), ("other@1",)]
    assert [e.passed for e in found.evidence] == [True, False, True]
    assert [e.type for e in scanned(workspace, "Dataset/lessons@1").evidence] == ["data-scan"]


def test_named_data_is_compared_in_place_of_all(workspace: FakeWorkspace) -> None:
    declare(workspace, "lessons", [{"t": LONG}], "train")
    declare(workspace, "watched", [{"t": "quite another text"}], "drift-baseline")
    found = scanned(workspace, against=("Dataset/watched@1",))
    assert [r.check.others for r in found.run.results[2:]] == [("watched@1",)]
    assert found.passed


def test_declared_parameters_of_the_comparison_hold_for_every_one(workspace: FakeWorkspace) -> None:
    declare(workspace, "lessons", [{"t": LONG}], "train")
    checks: Json = [{"type": "overlap", "params": {"max": 1.0, "against": "lessons@1"}}]
    declare(workspace, "asked", [{"q": LONG}], checks=checks)
    found = scanned(workspace)
    assert [e.type for e in found.evidence] == ["data-scan", "data-checks", "data-overlap"]
    assert found.passed


def test_an_environment_is_scanned_for_what_lacks_passing_evidence_and_rules_see_it(make) -> None:
    workspace: FakeWorkspace = make(Declared(), dev=Stage(evaluations=("facts@1",)))
    (path,) = (p for p in workspace.files if "datasets/facts" in p)
    workspace.files[path] = workspace.files[path].replace(b'"spec": {', b'"spec": {"format": "jsonl",')
    workspace.commit()
    assert seen_by_rules(workspace) == []
    (first,) = scan_data(workspace, DataRequest(environment="dev"))  # type: ignore[misc]
    assert str(first.id) == "Dataset/facts@1"
    assert seen_by_rules(workspace) == [("Dataset/facts@1", True)]
    assert scan_data(workspace, DataRequest(environment="dev")) == ()
    assert len(scan_data(workspace, DataRequest(environment="dev", again=True))) == 1  # type: ignore[arg-type]


def seen_by_rules(workspace: FakeWorkspace) -> list[tuple[str, bool]]:
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    evidence = json.loads(planned.judged.document)["evidence"]
    return [(e["address"], e["passed"]) for e in evidence if e["type"] == "data-scan"]


@pytest.mark.parametrize("reference", ["Dataset/askd@1", "Model/tiny@1", "asked@1"])
def test_what_is_no_dataset_is_refused(workspace: FakeWorkspace, reference: str) -> None:
    with pytest.raises(PermanentError) as raised:
        scanned(workspace, reference)
    assert raised.value.code.id == "WRK020"


def test_data_without_a_digest_cannot_have_evidence(workspace: FakeWorkspace) -> None:
    spec: Json = {"source": {"uri": "file:data/asked.jsonl"}, "purpose": "eval"}
    workspace.files["spec/datasets/later.yaml"] = document("Dataset", "later", spec, version="1")  # type: ignore[arg-type]
    workspace.commit()
    with pytest.raises(PermanentError) as raised:
        scanned(workspace, "Dataset/later@1")
    assert raised.value.code.id == "WRK021"


def test_an_invalid_declaration_is_reported(workspace: FakeWorkspace) -> None:
    workspace.files["spec/datasets/bad.yaml"] = b"kind: Dataset\n"
    workspace.commit()
    assert isinstance(scan_data(workspace, DataRequest("Dataset/asked@1")), Invalid)
    assert isinstance(scan_data(workspace, DataRequest(environment="dev")), Invalid)


def test_an_environment_that_is_not_declared_is_reported(workspace: FakeWorkspace) -> None:
    assert isinstance(scan_data(workspace, DataRequest(environment="nowhere")), Invalid)
