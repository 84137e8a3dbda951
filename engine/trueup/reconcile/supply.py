"""The steps that prepare a release beside what serves: fetch, build, start, evaluate, stop. Traffic is not theirs."""

from dataclasses import dataclass
from pathlib import Path

from trueup.builds.provenance import summary
from trueup.core.digests import Digest, Revision, digest_of_bytes, short
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, ServerSpec
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome
from trueup.ports import Clock, EvaluationRequest, Evaluator, Journal, Ledger, Progress, Store, Target
from trueup.reconcile import codes
from trueup.rollout.steps import BuildStep, EvaluateStep, FetchStep, ScaleStep, StartStep, StopStep

SupplyStep = FetchStep | BuildStep | StartStep | EvaluateStep | ScaleStep | StopStep


@dataclass(frozen=True, slots=True)
class Ports:
    """What a run acts through."""

    store: Store
    target: Target
    evaluator: Evaluator
    journal: Journal
    ledger: Ledger
    clock: Clock
    progress: Progress


class Supplying:
    """Takes the preparing steps of one run in one environment; each is idempotent."""

    def __init__(self, environment: str, ports: Ports, *, actor: str, revision: Revision, plan: Digest) -> None:
        self.started: set[Digest] = set()
        self._environment = environment
        self._ports = ports
        self._actor = actor
        self._revision = revision
        self._plan = plan

    def take(self, step: SupplyStep, deployment: DesiredDeployment | None) -> dict[str, Json]:
        """Do *step* and return the facts worth keeping."""
        match step:
            case FetchStep(artifact):
                path = self._ports.store.fetch(artifact, self._ports.progress)
                return {"digest": artifact.digest, "name": path.name}
            case BuildStep(build, source):
                self._ports.store.build(build, self._artifact(source.digest), self._ports.progress)
                self._record_build(build.key)
                return {"key": build.key}
            case StartStep(server) | ScaleStep(server):
                return self._run(server)
            case StopStep(servers):
                self._ports.target.stop(self._environment, servers)
                return {"servers": list(servers)}
            case EvaluateStep():
                if deployment is None:
                    raise TypeError("evaluations are run for a deployment")
                return self._evaluate(step, deployment)

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
        self._ports.ledger.append(
            Draft(
                kind=RecordKind.EVIDENCE,
                environment=self._environment,
                at=self._ports.clock.now(),
                actor=self._actor,
                revision=self._revision,
                plan=self._plan,
                outcome=RunOutcome.NOTED,
                resources=(str(deployment.id), str(required.evaluation.id)),
                body={"evidence": evidence.to_json()},
            )
        )
        return {
            "evidence": evidence.digest,
            "passed": evidence.passed,
            "measurements": [m.to_json() for m in evidence.measurements],
        }


def _states(record: Record, statement: Digest) -> bool:
    """Tell whether *record* keeps the statement with that digest."""
    return any(digest == statement for digest, _ in record.draft.attachments)
