"""Records: what the ledger keeps. Each names the digest of the one before it."""

from datetime import datetime
from enum import StrEnum

from trueup.core.digests import Digest, Revision
from trueup.core.frozen import dataclass
from trueup.core.json import Json


class RecordKind(StrEnum):
    """What a record is about."""

    APPLY = "apply"
    ROLLBACK = "rollback"
    BUILD = "build"
    EVIDENCE = "evidence"
    HOLD = "hold"
    LIFT = "lift"


class RunOutcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    DENIED = "denied"
    PARTIAL = "partial"
    FAILED = "failed"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before the ledger gives it its place.

    Attributes:
        kind: What it is about.
        environment: Where it happened.
        at: When, UTC.
        actor: Who asked for it: name and e-mail as git has them, and the host.
        revision: The commit of the desired state.
        plan: Plan id; empty when there was none.
        outcome: How it ended.
        resources: Addresses it touched, for filters.
        decisions: Decisions as JSON, each with its input's digest.
        events: Events as JSON, in order.
        body: What the kind needs besides: for APPLY the manifests now serving (by deployment address) and
            those removed, policy bundle digest, plan inputs; for BUILD its key, result and the digest of its
            provenance; for EVIDENCE the evidence; for HOLD the hold.
        attachments: Larger documents kept beside the record by digest: policy documents, provenance. Reading the
            ledger names them and leaves their bytes empty; `LedgerReader.attachment` returns them.
    """

    kind: RecordKind
    environment: str
    at: datetime
    actor: str
    revision: Revision
    plan: Digest
    outcome: RunOutcome
    resources: tuple[str, ...]
    decisions: tuple[Json, ...] = ()
    events: tuple[Json, ...] = ()
    body: Json = None
    attachments: tuple[tuple[Digest, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the chain: the number from 1, and the digest of the record before it (empty for the first)."""

    sequence: int
    previous: Digest


@dataclass(frozen=True, slots=True)
class Record:
    """A draft with its place: number from 1, the previous record's digest, its own digest, its commit.

    Attributes:
        formerly: Places it had before another machine's records went first, oldest first. The digests it had
            there can be computed from it, so that a commit that names one of them still finds it.
        format_version: Version of the codec its digest is taken with.
    """

    sequence: int
    previous: Digest
    digest: Digest
    commit: Revision
    draft: Draft
    formerly: tuple[Place, ...] = ()
    format_version: int = 1
