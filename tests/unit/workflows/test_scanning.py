"""Scans: recorded for the bytes, seen by policy, and the store opened only for what an exception lifts."""

import json
from collections.abc import Iterator, Mapping

import pytest

from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.evidence.scans import pickle_scan_key
from trueup.policy.decision import Decision, Enforcement, Outcome, Violation
from trueup.workflows import codes
from trueup.workflows.loading import Invalid
from trueup.workflows.planning import Planned, make_plan
from trueup.workflows.scan import Scanned, scan
from workspaces import Declared, FakeWorkspace, document

LEGACY = document(
    "Model",
    "legacy",
    {"source": {"uri": "file:models/tiny@1", "digest": "DIGEST"}, "format": "pytorch", "licenses": ["Apache-2.0"]},
    version="1",
)


def legacy(make: object) -> FakeWorkspace:
    """Return a workspace whose deployment serves weights in a format that can run code."""
    workspace: FakeWorkspace = make(Declared(model="legacy@1", engine="transformers"))  # type: ignore[operator]  # a fixture
    declared = workspace.files["spec/models/tiny-1.yaml"].decode()
    digest = declared.split('"digest": "')[1].split('"')[0]
    workspace.files["spec/models/legacy.yaml"] = LEGACY.replace(b"DIGEST", digest.encode())
    workspace.commit()
    return workspace


def scanned(workspace: FakeWorkspace, reference: str = "Model/legacy@1") -> Scanned:
    found = scan(workspace, reference)
    assert isinstance(found, Scanned)
    return found


def evidence(workspace: FakeWorkspace) -> list[Mapping[str, Json]]:
    """Return the scans that rules see."""
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    return [e for e in json.loads(planned.judged.document)["evidence"] if e["type"] == "pickle-scan"]


def test_rules_see_what_a_scan_found_of_exactly_these_bytes(make) -> None:
    workspace = legacy(make)
    assert evidence(workspace) == []
    found = scanned(workspace)
    assert found.evidence.key == pickle_scan_key(found.artifact.digest)
    (seen,) = evidence(workspace)
    assert (seen["passed"], seen["subject"]) == (True, {"artifact": found.artifact.digest})
    assert [(m["metric"], m["value"]) for m in seen["measurements"]] == [("findings", 0.0)]


def test_the_newest_scan_counts(make) -> None:
    workspace = legacy(make)
    scanned(workspace)
    workspace.scanner.findings["file:models/tiny@1"] = ("`os.system` (dangerous)",)
    assert scanned(workspace).findings
    (seen,) = evidence(workspace)
    assert seen["passed"] is False


def test_what_is_no_model_is_told_with_the_nearest_name(make) -> None:
    with pytest.raises(PermanentError) as caught:
        scan(legacy(make), "Model/legcy@1")
    assert caught.value.code is codes.NO_WEIGHTS
    assert "Model/legacy@1" in caught.value.hint


def test_nothing_is_scanned_while_the_declaration_is_wrong(make) -> None:
    workspace = legacy(make)
    workspace.files["spec/z.yaml"] = b"{"
    workspace.commit()
    assert isinstance(scan(workspace, "Model/legacy@1"), Invalid)


def test_an_adapter_is_scanned_too(make) -> None:
    workspace = legacy(make)
    source = {"uri": "file:models/tiny@2", "digest": "sha256:" + "1" * 64}
    adapter = {"baseModel": "tiny@1", "source": source, "method": "lora", "format": "pickle"}
    workspace.files["spec/adapter.yaml"] = document("Adapter", "style", adapter, version="1")
    workspace.commit()
    assert str(scanned(workspace, "Adapter/style@1").address) == "Adapter/style@1"


def unsafe(facts: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    yield {"id": "SC-04", "severity": "low", "address": "Model/legacy@1", "msg": "it can run code"}


@pytest.mark.parametrize("excepted", [True, False])
def test_pickles_come_in_only_where_an_exception_lifts_the_rule(make, excepted: bool) -> None:
    workspace = legacy(make)
    workspace.engine.rules.append(unsafe)
    if excepted:
        workspace.files["spec/exception.yaml"] = document(
            "PolicyException",
            "legacy",
            {
                "rule": "SC-04",
                "resource": "Model/legacy@1",
                "reason": "no other format",
                "compensatingControl": "two scanners",
                "approvedBy": "Grace Hopper <grace@example.org>",
                "expires": str((workspace.clock.now()).date()),
            },
        )
        workspace.commit()
    workspace.apply()
    assert workspace.store.excepted == (["file:models/tiny@1"] if excepted else [])


def test_only_what_is_lifted_counts_as_lifted() -> None:
    def violation(rule: str, address: str, by: str) -> Violation:
        return Violation(rule, "", "high", Enforcement.DENY, address, (), "", excepted_by=by)

    found = (violation("SC-04", "Model/a@1", "PolicyException/x"), violation("SC-04", "Model/b@1", ""))
    decision = Decision(Outcome.DENY, (*found, violation("X", "Model/c@1", "PolicyException/x")), (), "", "", "")  # type: ignore[arg-type]  # digests
    assert decision.lifted("SC-04") == {"Model/a@1"}
