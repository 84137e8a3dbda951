"""What is known about the releases of an environment: evidence that counts, what came before it, and who signed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trueup.core.json import Json, mapping_of
from trueup.evidence.proofs import proofs_of
from trueup.ledger.history import newest_evidence

if TYPE_CHECKING:
    from trueup.core.digests import Digest
    from trueup.desired.state import DesiredState
    from trueup.evidence.evidence import Evidence
    from trueup.ledger.record import Record
    from trueup.ports import EvidenceSeal, LedgerReader


@dataclass(frozen=True, slots=True)
class Known:
    """What is known; fields as in `ObservedState`."""

    evidence: tuple[Evidence, ...]
    older: tuple[Evidence, ...]
    signed: tuple[tuple[Digest, str], ...]


def known_evidence(
    desired: DesiredState,
    ledger: LedgerReader,
    records: Sequence[Record],
    now: datetime,
    seal: EvidenceSeal | None,
) -> Known:
    """Return the newest evidence for everything that *desired* has to have measured."""
    ages = {e.key: e.max_age for d in desired.deployments for e in d.measured}
    ages |= dict.fromkeys(key for d in desired.deployments for key in proofs_of(d))
    found, _ = newest_evidence(records, ages)
    fresh = [(record, one) for record, one in found if not _is_too_old(one, ages[one.key], now)]
    have = {one.key for _, one in fresh}
    lacking = {str(e.evaluation.id) for d in desired.deployments for e in d.measured if e.key not in have}
    _, older = newest_evidence(records, (), lacking) if lacking else ((), ())
    signed = signed_of(fresh, ledger, seal)
    return Known(tuple(one for _, one in fresh), older, signed)


def wants_signed(desired: DesiredState) -> bool:
    """Tell whether the environment lets only signed evidence count."""
    settings: Json = desired.environment.settings
    return mapping_of(mapping_of(settings).get("evaluations")).get("signed") is True


def _is_too_old(evidence: Evidence, max_age: timedelta | None, now: datetime) -> bool:
    return max_age is not None and now - evidence.completed_at > max_age


def signed_of(
    found: Iterable[tuple[Record, Evidence]], ledger: LedgerReader, seal: EvidenceSeal | None
) -> tuple[tuple[Digest, str], ...]:
    """Return which of *found* a trusted key signed: the statement under the signature must say exactly this."""
    if seal is None or not seal.verifies:
        return ()
    from trueup.evidence.statement import stated_evidence
    from trueup.ledger.bodies import statement_of

    signed = []
    for record, one in found:
        statement = statement_of(record)
        kept = ledger.attachment(statement, record) if statement else None
        signer, payload = seal.opened(kept) if kept is not None else ("", b"")
        if signer and stated_evidence(payload) == one.to_json():
            signed.append((one.digest, signer))
    return tuple(sorted(signed))
