"""Entries of an audit report: what records and the documents beside them say, and nothing besides."""

import json
from dataclasses import replace

import pytest

from exported import EXCEPTION, POLICIES, decided, decision, drafts, entries, header, judged, records
from records import NOON, after, applied, measured
from trueup.core.digests import digest_of
from trueup.ledger.export.entry import Approval, Excuse, Policies
from trueup.ledger.export.reading import entry_of, judged_document
from trueup.ledger.filters import Filter
from trueup.ledger.record import Draft, RecordKind

ADA = "Ada <ada@example.com>"


def only(draft: Draft, document: bytes | None = None):
    (record,) = records([draft])
    return entry_of(record, document)


def test_an_entry_says_who_ran_wrote_and_approved() -> None:
    entry = only(decided(applied("a"), judged()), judged())
    assert entry.actor == "Ada Lovelace <ada@example.com>"
    assert entry.authors == (ADA, "Dot <dot@example.com>", "Cid <cid@example.com>")
    assert entry.approvals == (
        Approval("Bob <bob@example.com>", "trailer", "c" * 40, ("risk",), "", signed=True, is_author=False),
        Approval(ADA, "tag", "t", (), "SHA256:k", signed=True, is_author=True),
        Approval("Eve <eve@example.com>", "tag", "t2", why="it is not signed"),
    )
    assert entry.is_documented


def test_approvals_that_the_record_itself_has_go_before_those_of_the_document() -> None:
    draft = decided(replace(applied("a"), body={"approvals": [{"by": "Eve", "source": "review"}]}), judged())
    entry = only(draft, judged())
    assert [a.by for a in entry.approvals if not a.why] == ["Eve"]
    assert only(draft).is_documented


@pytest.mark.parametrize("document", [None, b"", b"{", b"[]", b'{"change": []}'])
def test_where_nobody_says_who_approved_it_is_not_said_that_nobody_did(document: bytes | None) -> None:
    entry = only(applied("a"), document)
    assert (entry.authors, entry.approvals, entry.is_documented) == ((), (), False)


def test_decisions_are_told_with_policies_findings_and_the_exceptions_that_were_used() -> None:
    document = judged()
    entry = only(decided(applied("a"), document, decision(document), decision(document, "deny", gate=True)), document)
    assert entry.decisions == ("plan allow", "gate deny")
    assert entry.policies == (Policies("library", "trueup 0.1.0", POLICIES),)
    assert [(f.rule, f.excepted_by) for f in entry.findings] == [("OP-02", EXCEPTION), ("EV-01", "")]
    assert entry.excuses == (
        Excuse(
            EXCEPTION,
            "OP-02",
            "Deployment/dev/support",
            "No rota yet",
            "Office hours",
            "Bob <bob@example.com>",
            "2026-06-01",
        ),
    )
    assert only(decided(applied("a"), document)).excuses == (Excuse(EXCEPTION),)


def test_a_decision_of_the_first_format_is_told_as_far_as_it_goes() -> None:
    entry = only(applied("a"))
    assert entry.decisions == ("plan allow",)
    assert entry.policies == (Policies("policies", "", digest_of("policies")),)


def test_the_document_of_the_last_decision_is_the_one_that_is_read() -> None:
    first, last = judged(), judged("Zoe")
    (record,) = records([replace(decided(applied("a"), first, decision(first)), decisions=(decision(first),))])
    assert judged_document(record) == decision(first)["input_digest"]
    later = replace(record, draft=replace(record.draft, decisions=(decision(first), decision(last))))
    assert judged_document(later) == decision(last)["input_digest"]
    for decisions in ((), ({"input": "x"},)):
        assert judged_document(replace(record, draft=replace(record.draft, decisions=decisions))) == ""


def test_evidence_is_told_where_it_was_measured_and_where_a_decision_rests_on_it() -> None:
    (proof,) = only(measured("k", 0.25)).proofs
    assert (proof.subject, proof.key, proof.passed) == ("Evaluation/facts@1", digest_of("k"), False)
    assert proof.digest
    assert proof.measured == ("accuracy 0.25 ratio over 12",)
    used, scan = only(decided(applied("a"), judged()), judged()).proofs
    assert (used.key, used.digest, used.passed) == (digest_of("k"), "", True)
    assert used.measured == ("exact in new 0.75 ratio over 12", "odd")
    assert (scan.subject, scan.passed, scan.measured) == ("Dataset/facts@1", False, ())


def test_evidence_that_cannot_be_read_is_left_out() -> None:
    assert only(replace(measured("k"), body={"evidence": {"evaluation": 1}})).proofs == ()


def test_what_serves_what_is_gone_and_what_failed_is_told_by_deployment() -> None:
    served = only(applied("a")).served[0]
    assert (served.deployment, served.model, served.prompt) == (
        "Deployment/dev/support",
        "Model/a@1",
        "Prompt/support@1",
    )
    assert served.verified
    assert only(applied("", removed=("Deployment/dev/old",))).removed == ("Deployment/dev/old",)
    failed = replace(applied("a"), body={"failed": {"b": "2", "a": "1"}})
    assert only(failed).failed == (("a", "1"), ("b", "2"))


def test_a_note_is_the_reason_the_cause_or_what_was_built() -> None:
    notes = {e.kind: e.note for e in entries(drafts())}
    assert notes["hold"] == notes["lift"] == "it answers in riddles"
    assert [e.note for e in entries(drafts()) if e.outcome == "denied"] == ["asked by hand"]
    build = {"mode": "gguf", "result": "sha256:1", "simulated": True}
    made = replace(applied("a"), kind=RecordKind.BUILD, decisions=(), body={"build": build})
    assert only(made).note == "gguf sha256:1 (simulated)"
    assert only(replace(made, body={"build": {**build, "simulated": False}})).note == "gguf sha256:1"


def test_a_record_of_another_shape_still_makes_an_entry() -> None:
    odd = {"serving": [1], "removed": "x", "approvals": [1, "x"]}
    (record,) = records([applied("a")])
    entry = entry_of(replace(record, draft=replace(record.draft, body=odd, decisions=("x",))))
    assert (entry.served, entry.removed, entry.approvals, entry.decisions) == ((), (), (), ("plan",))


def test_an_entry_is_json_with_every_field() -> None:
    for entry in entries(drafts()):
        value = json.loads(json.dumps(entry.to_json()))
        assert value["at"] == entry.at.isoformat()
        assert isinstance(value["failed"], dict)
        assert {"sequence", "approvals", "excuses", "is_documented"} <= value.keys()
    assert entries(drafts())[-1].to_json()["approvals"][0]["signed"] is True  # type: ignore[index, call-overload]


def test_a_header_says_what_was_asked_for() -> None:
    assert header().scope == ()
    wanted = Filter("Deployment/dev/x", "dev", NOON, after(5), (RecordKind.APPLY, RecordKind.HOLD))
    scope = dict(replace(header(wanted=wanted), deployment="Deployment/dev/x").scope)
    assert scope == {
        "environment": "dev",
        "deployment": "Deployment/dev/x",
        "since": "2026-03-14T12:00:00+00:00",
        "until": "2026-03-14T12:05:00+00:00",
        "kinds": "apply, hold",
    }


def test_a_header_is_json_with_or_without_a_newest_record() -> None:
    full, empty = header().to_json()["ledger"], header(count=0).to_json()["ledger"]
    assert (full["sound"], full["sequence"]) == (True, 8)  # type: ignore[index, call-overload]
    assert (empty["head"], empty["sequence"], empty["commit"]) == ("", 0, "")  # type: ignore[index, call-overload]
