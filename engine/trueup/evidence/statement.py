"""Evidence as an in-toto statement, and the envelope it is signed in.

Sources: github.com/in-toto/attestation, spec/v1 and spec/predicates/test-result.md (version 0.1);
github.com/secure-systems-lab/dsse, protocol.md (version 1).
"""

import base64
import json
from collections.abc import Mapping

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical, mapping_of
from trueup.evidence.evidence import Evidence

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


def statement(evidence: Evidence) -> bytes:
    """Return the statement that says what *evidence* does: the one spelling that is kept and signed.

    The predicate has the fields of a test result (result, configuration, passedTests, failedTests), and besides our
    `measurements` and the whole `evidence`, from which its digest can be computed again.
    """
    gates = [(_name(g.metric, g.slice, g.operator, g.threshold), g.passed) for g in evidence.gates]
    predicate: dict[str, Json] = {
        "result": "PASSED" if evidence.passed else "FAILED",
        "configuration": [{"name": name, "digest": _digest(digest)} for name, digest in evidence.inputs if digest],
        "passedTests": [name for name, passed in gates if passed],
        "failedTests": [name for name, passed in gates if not passed],
        "measurements": [m.to_json() for m in evidence.measurements],
        "evidence": evidence.to_json(),
    }
    subject: list[Json] = [{"name": name, "digest": _digest(digest)} for name, digest in evidence.subject if digest]
    return canonical(
        {"_type": STATEMENT_TYPE, "subject": subject, "predicateType": PREDICATE_TYPE, "predicate": predicate}
    )


def stated_evidence(payload: bytes) -> Json:
    """Return the evidence that a statement has, as JSON; None when it is no statement of ours."""
    try:
        document = mapping_of(json.loads(payload))
    except (ValueError, RecursionError):
        return None
    if document.get("_type") != STATEMENT_TYPE or document.get("predicateType") != PREDICATE_TYPE:
        return None
    return mapping_of(document.get("predicate")).get("evidence")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of an envelope: the name of its key, and its bytes."""

    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with signatures over it."""

    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What is signed: type and payload, each with its length, so that neither can be taken for the other."""
        kind = PAYLOAD_TYPE.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def to_bytes(self) -> bytes:
        """Return the envelope as JSON."""
        return canonical(
            {
                "payloadType": PAYLOAD_TYPE,
                "payload": base64.b64encode(self.payload).decode(),
                "signatures": [
                    {"keyid": s.key_id, "sig": base64.b64encode(s.signature).decode()} for s in self.signatures
                ],
            }
        )


def read_envelope(content: bytes) -> Envelope | None:
    """Read what `Envelope.to_bytes` wrote; None when it is something else, such as a statement without a signature."""
    try:
        document = json.loads(content)
        if not isinstance(document, Mapping) or document.get("payloadType") != PAYLOAD_TYPE:
            return None
        signatures = tuple(_signature(s) for s in document["signatures"])
        return Envelope(base64.b64decode(document["payload"], validate=True), signatures)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _signature(value: Mapping[str, str]) -> Signature:
    key_id = value.get("keyid", "")
    if not isinstance(key_id, str):
        raise TypeError("a key id is a text")
    return Signature(key_id, base64.b64decode(value["sig"], validate=True))


def _name(metric: str, slice_name: str, operator: str, threshold: float) -> str:
    part = f"[{slice_name}]" if slice_name else ""
    return f"{metric}{part} {operator} {threshold:g}"


def _digest(digest: Digest) -> Mapping[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}
