"""Keeps evidence that was measured outside of a rollout: a scan, a check of data, results of another tool."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trueup.core.digests import Digest, Revision
from trueup.core.json import Json
from trueup.evidence.evidence import Evidence
from trueup.ledger.record import Draft, RecordKind, RunOutcome
from trueup.reconcile.making import evidence_body

if TYPE_CHECKING:
    from trueup.workflows.workspace import Workspace


def note_evidence(  # noqa: PLR0913 - a record is exactly these
    workspace: "Workspace",
    evidence: Evidence,
    revision: Revision,
    *,
    about: tuple[str, ...] = (),
    environment: str = "",
    examples: bytes = b"",
    besides: Mapping[str, Json] | None = None,
    attachments: tuple[tuple[Digest, bytes], ...] = (),
) -> None:
    """Record *evidence* with its statement, signed where a key is set.

    Args:
        workspace: Whose ledger.
        evidence: What was measured.
        revision: What declares it.
        about: Addresses besides the evaluation's that a filter should find it by.
        environment: Where it was measured for; empty for any.
        examples: Results of single examples.
        besides: More of the record's body.
        attachments: More that is kept beside it.
    """
    body, kept = evidence_body(evidence, workspace.seal, examples)
    workspace.ledger.append(
        Draft(
            kind=RecordKind.EVIDENCE,
            environment=environment,
            at=workspace.clock.now(),
            actor=workspace.actor,
            revision=revision,
            plan=Digest(""),
            outcome=RunOutcome.NOTED,
            resources=(*about, evidence.evaluation),
            body={**body, **(besides or {})},
            attachments=(*kept, *attachments),
        )
    )
