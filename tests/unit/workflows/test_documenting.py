"""Drafted documents of a workspace: what they are about, and what of the ledger is theirs."""

from dataclasses import replace

import pytest

from trueup.core.errors import PermanentError
from trueup.ledger.codec import encode
from trueup.ledger.documents.drafts import Dossier, Item
from trueup.ledger.documents.findings import UNVERIFIED
from trueup.workflows.documents import document
from trueup.workflows.ledger_place import LedgerPlace
from trueup.workflows.loading import Invalid
from workspaces import Declared, FakeWorkspace, Stage

MEASURED = Stage(evaluations=("facts@1",))
OTHER = Declared(name="chat", model="tiny@2")


def drafted(workspace: FakeWorkspace, kind: str, reference: str, revision: str = "") -> Dossier:
    found = document(workspace, LedgerPlace(), kind, reference, revision)
    assert isinstance(found, Dossier)
    return found


def item(dossier: Dossier, number: str) -> Item:
    return next(i for i in dossier.items if number in {i.number, i.title})


def test_documentation_of_a_system_is_about_its_deployments_and_what_they_reach(make) -> None:
    dossier = drafted(make(Declared(), OTHER, dev=MEASURED), "annex-iv", "System/assistant")
    assert {d.address for d in dossier.facts.declared} >= {
        "System/assistant",
        "Deployment/dev/support",
        "Deployment/dev/chat",
        "Model/tiny@1",
        "Model/tiny@2",
        "Evaluation/facts@1",
        "Environment/dev",
    }
    assert dossier.facts.subject == "System/assistant"


def test_documentation_of_a_deployment_is_about_it_alone(make) -> None:
    facts = drafted(make(Declared(), OTHER), "annex-iv", "Deployment/dev/chat").facts
    addresses = {d.address for d in facts.declared}
    assert {"Model/tiny@2", "System/assistant"} <= addresses
    assert not {"Deployment/dev/support", "Model/tiny@1"} & addresses


def test_a_card_is_about_a_model_and_the_deployments_that_serve_it(make) -> None:
    facts = drafted(make(Declared(), OTHER, dev=MEASURED), "model-card", "tiny@2").facts
    addresses = {d.address for d in facts.declared}
    assert {"Model/tiny@2", "Deployment/dev/chat"} <= addresses
    assert not {"Deployment/dev/support", "Model/tiny@1"} & addresses
    assert facts.required == (("Deployment/dev/chat", "Evaluation/facts@1"),)


def test_what_was_applied_is_told_with_its_evidence_and_its_record(make) -> None:
    workspace = make(Declared(), OTHER, dev=MEASURED)
    before = drafted(workspace, "annex-iv", "Deployment/dev/support").facts
    assert (before.measured, before.serving, before.changes) == ((), (), ())
    workspace.apply()
    facts = drafted(workspace, "annex-iv", "Deployment/dev/support").facts
    assert [m.evidence.evaluation for m in facts.measured] == ["Evaluation/facts@1"]
    assert [str(s.deployment) for s in facts.serving] == ["Deployment/dev/support"]
    assert [c.kind for c in facts.changes] == ["apply"]
    records = {r.sequence: r.digest for r in workspace.ledger.records()}
    assert records[facts.measured[0].sequence] == facts.measured[0].record


def test_nothing_is_taken_from_a_ledger_that_does_not_verify(make) -> None:
    workspace = make(Declared(), dev=MEASURED)
    workspace.apply()
    last = next(workspace.ledger.records())
    workspace.ledger.stored[-1] = encode(replace(last, draft=replace(last.draft, actor="Mallory")))
    dossier = drafted(workspace, "annex-iv", "Deployment/dev/support")
    assert (dossier.facts.measured, dossier.facts.serving) == ((), ())
    assert UNVERIFIED in {g.advice for g in item(dossier, "6").gaps}


def test_equal_content_gives_an_equal_draft(make) -> None:
    workspace = make(Declared(), dev=MEASURED)
    workspace.apply()
    one, two = (drafted(workspace, "model-card", "Model/tiny@1") for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("kind", "reference"), [("model-card", "Deployment/dev/support"), ("annex-iv", "Model/tiny@1")]
)
def test_a_document_of_something_else_is_refused(make, kind: str, reference: str) -> None:
    with pytest.raises(PermanentError, match="DOC001"):
        document(make(Declared()), LedgerPlace(), kind, reference)


def test_a_declaration_that_is_wrong_gives_its_problems_and_no_draft(make) -> None:
    found = document(make(Declared(model="gone@1")), LedgerPlace(), "annex-iv", "System/assistant")
    assert isinstance(found, Invalid)
    assert found.diagnostics
