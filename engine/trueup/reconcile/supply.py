"""The steps that prepare a release beside what serves: fetch, build, start, evaluate, stop. Traffic is not theirs."""

from collections.abc import Collection, Sequence
from dataclasses import field

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, DesiredState, ServerSpec
from trueup.evidence.evidence import Evidence
from trueup.evidence.parity import in_words, refusals
from trueup.evidence.proofs import declared_signature
from trueup.evidence.signatures import signature_evidence
from trueup.observed.state import ObservedRoute
from trueup.ports import (
    Clock,
    Evaluator,
    EvidenceSeal,
    Journal,
    Ledger,
    Lock,
    ParityMeter,
    Progress,
    SignatureVerifier,
    Store,
    Target,
)
from trueup.reconcile.making import Making, MakingPorts, Occasion
from trueup.reconcile.measuring import Measuring, Running
from trueup.reconcile.watch import Watch
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
    lock: Lock
    clock: Clock
    progress: Progress
    seal: EvidenceSeal
    watch: Watch = field(default_factory=Watch)


class Supplying:
    """Takes the preparing steps of one run in one environment; each is idempotent."""

    def __init__(
        self,
        desired: DesiredState,
        ports: Ports,
        *,
        actor: str,
        plan: Digest,
        excepted: Collection[str] = (),
        serving: Sequence[ObservedRoute] = (),
    ) -> None:
        """Act in the environment of *desired*.

        *excepted* are addresses of models whose pickles an exception allows; *serving* is what new releases are
        compared with.
        """
        self.started: set[Digest] = set()
        self._excepted = frozenset(excepted)
        self._verified: set[Digest] = set()
        self._environment = desired.environment.name
        self._ports = ports
        shared = MakingPorts(
            ports.store, ports.parity, ports.ledger, ports.lock, ports.clock, ports.progress, ports.seal
        )
        self._making = Making(shared, Occasion(self._environment, actor, desired.revision, plan))
        running = Running(serving, self._start, self._stop)
        self._measuring = Measuring(desired.environment, ports, self._making, running)

    def take(self, step: SupplyStep, deployment: DesiredDeployment | None) -> dict[str, Json]:
        """Do *step* and return the facts worth keeping."""
        match step:
            case FetchStep(artifact):
                allowed = deployment is not None and str(deployment.release.model.id) in self._excepted
                path = self._making.fetch(artifact, allow_pickle=allowed)
                return {"digest": artifact.digest, "name": path.name}
            case BuildStep(build, source):
                self._making.build(build, source)
                return {"key": build.key}
            case ParityStep(build, source):
                return _compared(self._making.compare(build, source, deployment.id if deployment else None))
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
                return self._measuring.measure(step.required, deployment)

    def _run(self, server: ServerSpec) -> dict[str, Json]:
        self._making.record_build(server.artifact)
        self.started.add(server.key)
        self._start(server)
        return {"server": server.key, "replicas": server.replicas}

    def _start(self, server: ServerSpec) -> None:
        self._ports.target.start(self._environment, server, self._making.artifact(server.artifact))

    def _stop(self, server: Digest) -> None:
        if server not in self.started:
            self._ports.target.stop(self._environment, (server,))

    def _verify(self, deployment: DesiredDeployment) -> dict[str, Json]:
        """Verify the declared signature of the weights, once for them, and record it; nothing unsigned starts."""
        release = deployment.release
        declared = declared_signature(deployment)
        if not declared or release.artifact.digest in self._verified:
            return {}
        began = self._ports.clock.now()
        signer = self._ports.verifier.verify(self._making.artifact(release.artifact.digest), declared)
        self._verified.add(release.artifact.digest)
        times = (began, self._ports.clock.now())
        evidence = signature_evidence(release.model.id, release.artifact.digest, declared, signer, times)
        self._making.note(evidence, (str(deployment.id), evidence.evaluation))
        return {"signature": signer}


def _compared(evidence: Evidence | None) -> dict[str, Json]:
    """Return the facts of a comparison; none for a build without a gate."""
    if evidence is None:
        return {}
    return {
        "evidence": evidence.digest,
        "passed": evidence.passed,
        "parity": in_words(evidence),
        "refused": list(refusals(evidence)),
        "measurements": [m.to_json() for m in evidence.measurements],
    }
