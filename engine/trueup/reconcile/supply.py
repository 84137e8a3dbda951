"""The steps that prepare a release beside what serves: fetch, build, start, evaluate, stop. Traffic is not theirs."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from trueup.builds.provenance import summary
from trueup.core.digests import Digest, Revision, digest_of_bytes, short
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, BuildPin, DesiredDeployment, ServerSpec
from trueup.evidence.evidence import Evidence
from trueup.evidence.parity import OUTPUT, in_words, refusals
from trueup.evidence.proofs import declared_signature
from trueup.evidence.signatures import signature_evidence
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome
from trueup.ports import (
    Clock,
    EvaluationRequest,
    Evaluator,
    Journal,
    Ledger,
    ParityMeter,
    ParityRequest,
    Progress,
    SignatureVerifier,
    Store,
    Target,
)
from trueup.reconcile import codes
from trueup.reconcile.observe import parity_evidence
from trueup.rollout.steps import BuildStep, EvaluateStep, FetchStep, ParityStep, ScaleStep, StartStep, StopStep

SupplyStep = FetchStep | BuildStep | ParityStep | StartStep | EvaluateStep | ScaleStep | StopStep


@dataclass(frozen=True, slots=True)
class Ports:
    """What a run acts through."""

    store: Store
    target: Target
    evaluator: Evaluator
    parity: ParityMeter
    verifier: SignatureVerifier
    journal: Journal
    ledger: Ledger
    clock: Clock
    progress: Progress


class Supplying:
    """Takes the preparing steps of one run in one environment; each is idempotent."""

    def __init__(
        self,
        environment: str,
        ports: Ports,
        *,
        actor: str,
        revision: Revision,
        plan: Digest,
        excepted: Collection[str] = (),
    ) -> None:
        """Act in *environment*; *excepted* are addresses of models whose pickles an exception allows."""
        self.started: set[Digest] = set()
        self._excepted = frozenset(excepted)
        self._verified: set[Digest] = set()
        self._environment = environment
        self._ports = ports
        self._actor = actor
        self._revision = revision
        self._plan = plan

    def take(self, step: SupplyStep, deployment: DesiredDeployment | None) -> dict[str, Json]:
        """Do *step* and return the facts worth keeping."""
        match step:
            case FetchStep(artifact):
                allowed = deployment is not None and str(deployment.release.model.id) in self._excepted
                path = self._ports.store.fetch(artifact, self._ports.progress, allow_pickle=allowed)
                return {"digest": artifact.digest, "name": path.name}
            case BuildStep(build, source):
                self._ports.store.build(build, self._artifact(source.digest), self._ports.progress)
                self._record_build(build.key)
                return {"key": build.key}
            case ParityStep(build, source):
                return self.compare(build, source, deployment)
            case StartStep(server):
                signed = self._verify(deployment) if deployment is not None else {}
                return {**self._run(server), **signed}
            case ScaleStep(server):
                return self._run(server)
            case StopStep(servers):
                self._ports.target.stop(self._environment, servers)
                return {"servers": list(servers)}
            case EvaluateStep():
                if deployment is None:
                    raise TypeError("evaluations are run for a deployment")
                return self._evaluate(step, deployment)

    def compare(
        self, build: BuildPin, source: ArtifactPin, deployment: DesiredDeployment | None = None
    ) -> dict[str, Json]:
        """Hold what was built against its source and return what came out; nothing for a build without a gate.

        What was measured of these very bytes before counts, held to the bounds that are declared now.
        """
        if build.parity is None:
            return {}
        known = parity_evidence((build,), self._ports.store, self._ports.ledger.records())
        evidence = known[0] if known else self._compared(build, source, deployment)
        return {
            "evidence": evidence.digest,
            "passed": evidence.passed,
            "parity": in_words(evidence),
            "refused": list(refusals(evidence)),
        }

    def _compared(self, build: BuildPin, source: ArtifactPin, deployment: DesiredDeployment | None) -> Evidence:
        required, entry = build.parity, self._ports.store.entry(build.key)
        if required is None or entry is None:
            raise PermanentError(codes.ARTIFACT_ABSENT, f"The store has no artifact {short(build.key)}.")
        texts = (("text", required.text.digest),) if required.text else ()
        request = ParityRequest(
            required=required,
            build=build.id,
            source=self._artifact(source.digest),
            result=self._artifact(build.key),
            text=self._artifact(required.text.digest) if required.text else None,
            subject=(("build", build.key), (OUTPUT, entry.digest), ("source", source.digest), *texts),
        )
        evidence = self._ports.parity.measure(request, self._ports.progress)
        about = (str(deployment.id),) if deployment is not None else ()
        self._note(evidence, (*about, str(build.id)))
        return evidence

    def _record_build(self, key: Digest) -> None:
        """Have the ledger keep how the artifact under *key* was built, once.

        Also asked before a server starts: a run that was killed after a build, and one that built without an apply,
        have not recorded it.
        """
        entry = self._ports.store.entry(key)
        about = summary(entry.provenance) if entry else None
        if entry is None or about is None:
            return
        statement = digest_of_bytes(entry.provenance)
        if any(_states(record, statement) for record in self._ports.ledger.records()):
            return
        self._ports.ledger.append(
            Draft(
                kind=RecordKind.BUILD,
                environment=self._environment,
                at=self._ports.clock.now(),
                actor=self._actor,
                revision=self._revision,
                plan=self._plan,
                outcome=RunOutcome.NOTED,
                resources=(str(about["address"]),),
                body={"build": {**about, "result": entry.digest, "provenance": statement}},
                attachments=((statement, entry.provenance),),
            )
        )

    def _run(self, server: ServerSpec) -> dict[str, Json]:
        self._record_build(server.artifact)
        self.started.add(server.key)
        self._ports.target.start(self._environment, server, self._artifact(server.artifact))
        return {"server": server.key, "replicas": server.replicas}

    def _verify(self, deployment: DesiredDeployment) -> dict[str, Json]:
        """Verify the declared signature of the weights, once for them, and record it; nothing unsigned starts."""
        release = deployment.release
        declared = declared_signature(deployment)
        if not declared or release.artifact.digest in self._verified:
            return {}
        began = self._ports.clock.now()
        signer = self._ports.verifier.verify(self._artifact(release.artifact.digest), declared)
        self._verified.add(release.artifact.digest)
        times = (began, self._ports.clock.now())
        evidence = signature_evidence(release.model.id, release.artifact.digest, declared, signer, times)
        self._note(evidence, (str(deployment.id), evidence.evaluation))
        return {"signature": signer}

    def _artifact(self, key: Digest) -> Path:
        path = self._ports.store.find(key)
        if path is None:
            raise PermanentError(codes.ARTIFACT_ABSENT, f"The store has no artifact {short(key)}.")
        return path

    def _evaluate(self, step: EvaluateStep, deployment: DesiredDeployment) -> dict[str, Json]:
        required = step.required
        declared = next(r.canonical for r in deployment.resources if r.id == required.evaluation.id)
        release = deployment.release
        request = EvaluationRequest(
            required=required,
            declared=declared,
            dataset=self._artifact(required.dataset.digest),
            server=deployment.server.key,
            route=deployment.route,
            subject=(
                ("artifact", deployment.server.artifact),
                ("dataset", required.dataset.digest),
                *([("prompt", release.prompt.digest)] if release.prompt else []),
                ("release", release.digest),
            ),
        )
        evidence = self._ports.evaluator.evaluate(self._environment, request, self._ports.progress)
        self._note(evidence, (str(deployment.id), str(required.evaluation.id)))
        return {
            "evidence": evidence.digest,
            "passed": evidence.passed,
            "measurements": [m.to_json() for m in evidence.measurements],
        }

    def _note(self, evidence: Evidence, about: tuple[str, ...]) -> None:
        """Keep what was measured in the ledger."""
        self._ports.ledger.append(
            Draft(
                kind=RecordKind.EVIDENCE,
                environment=self._environment,
                at=self._ports.clock.now(),
                actor=self._actor,
                revision=self._revision,
                plan=self._plan,
                outcome=RunOutcome.NOTED,
                resources=about,
                body={"evidence": evidence.to_json()},
            )
        )


def _states(record: Record, statement: Digest) -> bool:
    """Tell whether *record* keeps the statement with that digest."""
    return any(digest == statement for digest, _ in record.draft.attachments)
