"""Brings artifacts into the store, builds from them, and holds what was built against its source.

Nothing runs and no traffic moves; each step is idempotent.
"""

from contextlib import AbstractContextManager
from pathlib import Path

from trueup.builds.provenance import summary
from trueup.core.digests import Digest, Revision, digest_of_bytes, short
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, BuildPin
from trueup.evidence.evidence import Evidence
from trueup.evidence.parity import OUTPUT
from trueup.evidence.statement import statement
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome
from trueup.ports import LEDGER_LOCK, Clock, EvidenceSeal, Ledger, Lock, ParityMeter, ParityRequest, Progress, Store
from trueup.reconcile import codes
from trueup.reconcile.observe import parity_evidence

_PATIENCE_SECONDS = 60.0
"""Longer than anybody takes to write a record."""


@dataclass(frozen=True, slots=True)
class MakingPorts:
    """What is acted through."""

    store: Store
    parity: ParityMeter
    ledger: Ledger
    lock: Lock
    clock: Clock
    progress: Progress
    seal: EvidenceSeal


@dataclass(frozen=True, slots=True)
class Occasion:
    """On whose behalf something is made; records carry it.

    Attributes:
        environment: Name of the environment; empty when it is for none.
        actor: Who asks.
        revision: Commit that declares it; empty for a work tree with changes.
        plan: Id of the plan; empty without one.
    """

    environment: str
    actor: str
    revision: Revision
    plan: Digest


class Making:
    """Fetches, builds and compares on one occasion."""

    def __init__(self, ports: MakingPorts, occasion: Occasion) -> None:
        self._ports = ports
        self._occasion = occasion

    def fetch(self, artifact: ArtifactPin, *, allow_pickle: bool = False) -> Path:
        """Bring *artifact* into the store and return where it lies."""
        return self._ports.store.fetch(artifact, self._ports.progress, allow_pickle=allow_pickle)

    def build(self, build: BuildPin, source: ArtifactPin) -> Path:
        """Build from *source*, which the store has, record how, and return where the result lies."""
        place = self.artifact(source.digest)
        self._check_comparable(build, place)
        path = self._ports.store.build(build, place, self._ports.progress)
        self.record_build(build.key)
        return path

    def compare(self, build: BuildPin, source: ArtifactPin, deployment: ResourceId | None = None) -> Evidence | None:
        """Hold what was built against its source and return what came out; None for a build without a gate.

        What was measured of these very bytes before counts, held to the bounds that are declared now.
        """
        if build.parity is None:
            return None
        return self._known(build) or self._compared(build, source, deployment)

    def is_compared(self, build: BuildPin) -> bool:
        """Tell whether comparing would read neither of the two: it has no gate, or these very bytes were measured."""
        return build.parity is None or self._known(build) is not None

    def _known(self, build: BuildPin) -> Evidence | None:
        found = parity_evidence((build,), self._ports.store, self._ports.ledger.records())
        return found[0] if found else None

    def _compared(self, build: BuildPin, source: ArtifactPin, deployment: ResourceId | None) -> Evidence:
        required, entry = build.parity, self._ports.store.entry(build.key)
        if required is None or entry is None:
            raise PermanentError(codes.ARTIFACT_ABSENT, f"The store has no artifact {short(build.key)}.")
        texts = (("text", required.text.digest),) if required.text else ()
        request = ParityRequest(
            required=required,
            build=build.id,
            source=self.artifact(source.digest),
            result=self.artifact(build.key),
            text=self.artifact(required.text.digest) if required.text else None,
            subject=(("build", build.key), (OUTPUT, entry.digest), ("source", source.digest), *texts),
        )
        evidence = self._ports.parity.measure(request, self._ports.progress)
        about = (str(deployment),) if deployment is not None else ()
        with self._writing():
            known = self._known(build)
            if known is None:
                self.note(evidence, (*about, str(build.id)))
        return known or evidence

    def _check_comparable(self, build: BuildPin, source: Path) -> None:
        """Have it found before hours of building that nothing could be compared afterwards."""
        required = build.parity
        if required is None or self._ports.store.find(build.key) is not None:
            return
        text = self._ports.store.find(required.text.digest) if required.text else None
        if required.text is None or text is not None:
            self._ports.parity.check(required, source, text)

    def artifact(self, key: Digest) -> Path:
        """Return where the artifact under *key* lies.

        Raises:
            PermanentError: The store has none.
        """
        path = self._ports.store.find(key)
        if path is None:
            raise PermanentError(codes.ARTIFACT_ABSENT, f"The store has no artifact {short(key)}.")
        return path

    def record_build(self, key: Digest) -> None:
        """Have the ledger keep how the artifact under *key* was built, once.

        Also asked before a server starts: a run that was killed after a build has not recorded it.
        """
        entry = self._ports.store.entry(key)
        about = summary(entry.provenance) if entry else None
        if entry is None or about is None:
            return
        statement = digest_of_bytes(entry.provenance)
        if self._has(statement):
            return
        body: dict[str, Json] = {"build": {**about, "result": entry.digest, "provenance": statement}}
        attachments = ((statement, entry.provenance),)
        with self._writing():
            if not self._has(statement):
                self._append(RecordKind.BUILD, (str(about["address"]),), body, attachments)

    def _has(self, statement: Digest) -> bool:
        return any(_states(record, statement) for record in self._ports.ledger.records())

    def _writing(self) -> AbstractContextManager[None]:
        """Keep others on this machine from writing the same between a look into the ledger and a record."""
        return self._ports.lock.hold(LEDGER_LOCK, "record", _PATIENCE_SECONDS)

    def note(self, evidence: Evidence, about: tuple[str, ...], examples: bytes = b"") -> None:
        """Keep what was measured in the ledger, with its statement and what came of single examples."""
        body, attachments = evidence_body(evidence, self._ports.seal, examples)
        self._append(RecordKind.EVIDENCE, about, body, attachments)

    def _append(
        self,
        kind: RecordKind,
        about: tuple[str, ...],
        body: dict[str, Json],
        attachments: tuple[tuple[Digest, bytes], ...] = (),
    ) -> None:
        occasion = self._occasion
        self._ports.ledger.append(
            Draft(
                kind=kind,
                environment=occasion.environment,
                at=self._ports.clock.now(),
                actor=occasion.actor,
                revision=occasion.revision,
                plan=occasion.plan,
                outcome=RunOutcome.NOTED,
                resources=about,
                body=body,
                attachments=attachments,
            )
        )


def evidence_body(
    evidence: Evidence, seal: EvidenceSeal, examples: bytes = b""
) -> tuple[dict[str, Json], tuple[tuple[Digest, bytes], ...]]:
    """Return body and attachments of the record that keeps *evidence*: its statement, signed where a key is set."""
    kept = seal.seal(statement(evidence))
    digest = digest_of_bytes(kept)
    attachments = ((digest, kept), *(((evidence.examples, examples),) if examples else ()))
    return {"evidence": evidence.to_json(), "statement": digest}, attachments


def _states(record: Record, statement: Digest) -> bool:
    """Tell whether *record* keeps the statement with that digest."""
    return any(digest == statement for digest, _ in record.draft.attachments)
