"""Declared signatures: verified before a server starts, recorded for the bytes, refused when forged."""

import json
from collections.abc import Mapping

import pytest

from trueup.adapters.signatures import codes
from trueup.core.json import Json
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace

KEY = {"method": "key", "publicKey": "docs/model.pem"}


def signed(make: object, declared: Mapping[str, Json] = KEY) -> FakeWorkspace:
    """Return a workspace whose model declares who signed it."""
    workspace: FakeWorkspace = make(Declared())  # type: ignore[operator]  # a fixture
    model = json.loads(workspace.files["spec/models/tiny-1.yaml"])
    model["spec"]["signature"] = declared
    workspace.files["spec/models/tiny-1.yaml"] = json.dumps(model).encode()
    workspace.commit()
    return workspace


def evidence(workspace: FakeWorkspace) -> list[Mapping[str, Json]]:
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    document = planned.judged.document
    return [e for e in json.loads(document)["evidence"] if e["type"] == "signature"]


def test_a_signature_is_verified_once_and_recorded_for_the_bytes(make) -> None:
    workspace = signed(make)
    applied = workspace.apply()
    assert applied.result is not None
    assert applied.result.failed == {}
    assert workspace.signatures.asked == ["docs/model.pem"]
    workspace.files["spec/deployments/dev/support.yaml"] = Declared(threads=2).text()
    workspace.commit()
    (seen,) = evidence(workspace)
    assert (seen["passed"], seen["signed"]) == (True, True)
    assert str(seen["tool"]).endswith("signed with the key docs/model.pem")


def test_a_forged_signature_starts_nothing(make) -> None:
    workspace = signed(make)
    workspace.signatures.forged.add("docs/model.pem")
    applied = workspace.apply()
    assert applied.result is not None
    (error,) = applied.result.failed.values()
    assert error.code is codes.NOT_VERIFIED
    assert workspace.work.observe("dev").servers == ()
    assert evidence(workspace) == []


def test_what_declares_no_signature_is_not_asked_for_one(make) -> None:
    workspace: FakeWorkspace = make(Declared())
    workspace.apply()
    assert workspace.signatures.asked == []


@pytest.mark.parametrize("other", [{"method": "key", "publicKey": "docs/other.pem"}])
def test_evidence_is_for_the_declared_signer_alone(make, other: Mapping[str, Json]) -> None:
    workspace = signed(make)
    workspace.apply()
    model = json.loads(workspace.files["spec/models/tiny-1.yaml"])
    model["spec"]["signature"] = other
    workspace.files["spec/models/tiny-1.yaml"] = json.dumps(model).encode()
    workspace.files["spec/deployments/dev/support.yaml"] = Declared(threads=2).text()
    workspace.commit()
    assert evidence(workspace) == []
