"""Evidence as an in-toto statement, and the envelope around it; held to what the in-toto library reads."""

import json
from dataclasses import replace

import pytest
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

from measured_values import FULL, HELD, MISSED, evidence
from trueup.evidence.statement import (
    PREDICATE_TYPE,
    Envelope,
    Signature,
    read_envelope,
    stated_evidence,
    statement,
)


def test_a_statement_says_what_was_tested_and_how_it_ended() -> None:
    document = json.loads(statement(evidence(HELD, MISSED)))
    predicate = document["predicate"]
    assert predicate["result"] == "FAILED"
    assert predicate["passedTests"] == ["accuracy >= 0.5"]
    assert predicate["failedTests"] == ["accuracy >= 0.95"]
    assert json.loads(statement(evidence(HELD)))["predicate"]["result"] == "PASSED"
    assert json.loads(statement(FULL))["predicate"]["failedTests"] == ["accuracy[en] >= 0.85"]


def test_a_statement_is_one_that_the_in_toto_library_takes() -> None:
    document = json.loads(statement(FULL))
    assert document["predicateType"] == PREDICATE_TYPE
    Statement.copy_from_pb(json_format.ParseDict(document, statement_pb2.Statement())).validate()


def test_the_evidence_comes_back_from_its_statement() -> None:
    assert stated_evidence(statement(FULL)) == json.loads(json.dumps(FULL.to_json()))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"nonsense", b"{" * 100_000, b'{"_type": "x"}', statement(FULL).replace(b"test-result", b"vuln")],
)
def test_anything_else_states_no_evidence(content: bytes) -> None:
    assert stated_evidence(content) is None


def test_an_envelope_comes_back_whole() -> None:
    envelope = Envelope(b"payload", (Signature("ada", b"\x00\xff"), Signature("", b"s")))
    assert read_envelope(envelope.to_bytes()) == envelope


def test_what_is_signed_names_the_type_and_both_lengths() -> None:
    # The example of the protocol has the same shape: DSSEv1 SP LEN SP type SP LEN SP body.
    assert Envelope(b"hello", ()).signed_bytes == b"DSSEv1 28 application/vnd.in-toto+json 5 hello"


@pytest.mark.parametrize(
    "content",
    [
        statement(FULL),
        b"[]",
        b"{" * 100_000,
        b'{"payloadType": "application/vnd.in-toto+json"}',
        b'{"payloadType": "application/vnd.in-toto+json", "payload": "%", "signatures": []}',
        b'{"payloadType": "application/vnd.in-toto+json", "payload": "", "signatures": [{"keyid": 1, "sig": ""}]}',
        b'{"payloadType": "application/vnd.in-toto+json", "payload": "", "signatures": [{"keyid": ""}]}',
    ],
)
def test_anything_else_is_no_envelope(content: bytes) -> None:
    assert read_envelope(content) is None


def test_a_subject_without_a_digest_is_left_out() -> None:
    bare = replace(FULL, subject=(("dataset", type(FULL.key)("")), *FULL.subject))
    assert [s["name"] for s in json.loads(statement(bare))["subject"]] == ["release"]
