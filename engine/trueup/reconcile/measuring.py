"""Measures a release on its servers, and the release that serves where the two are compared and nobody has yet.

A judge runs for as long as it judges. What the serving release cannot be measured by is told and denies nothing here:
the comparison is missing then, and policy says what that means.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from trueup.core.digests import Digest
from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.desired.evaluations import key_of, measured_subject, named_digests
from trueup.desired.state import (
    DesiredDeployment,
    EnvironmentFacts,
    RequiredEvaluation,
    RequiredJudge,
    RouteSpec,
    ServerSpec,
)
from trueup.evidence.costs import run_cost
from trueup.evidence.evidence import Evidence
from trueup.evidence.examples import decode
from trueup.evidence.prices import prices_of
from trueup.ledger.history import newest_evidence
from trueup.observed.baselines import baseline_inputs
from trueup.observed.state import ObservedRoute
from trueup.ports import EvaluationRequest
from trueup.reconcile.making import Making
from trueup.spec.resource import document_of

if TYPE_CHECKING:
    from trueup.reconcile.supply import Ports

DEPLOYED = "deployed"
"""`regression.baseline` of an Evaluation that compares with what the environment itself serves."""


@dataclass(frozen=True, slots=True)
class Running:
    """What runs while something is measured.

    Attributes:
        serving: What the gateway did when the plan was made.
        start: Has a server running and ready.
        stop: Ends one that nothing serves from.
    """

    serving: Sequence[ObservedRoute]
    start: Callable[[ServerSpec], None]
    stop: Callable[[Digest], None]


class Measuring:
    """Runs evaluations in one environment and records what they gave."""

    def __init__(self, environment: EnvironmentFacts, ports: "Ports", making: Making, running: Running) -> None:
        self._environment = environment.name
        self._prices = prices_of(environment.settings)
        self._ports = ports
        self._making = making
        self._running = running

    def measure(self, required: RequiredEvaluation, deployment: DesiredDeployment) -> dict[str, Json]:
        """Run one evaluation of the release of *deployment*, record it and return the facts worth keeping."""
        with self._judging(required.judge):
            evidence = self._run(self._request(required, deployment), deployment)
            compared = self._baseline(required, deployment)
        return {
            "evidence": evidence.digest,
            "passed": evidence.passed,
            "undecided": evidence.is_undecided,
            "measurements": [m.to_json() for m in evidence.measurements],
            "gates": [g.to_json() for g in evidence.gates],
            **compared,
        }

    def _run(self, request: EvaluationRequest, deployment: DesiredDeployment) -> Evidence:
        began = self._ports.clock.now()
        measured = self._ports.evaluator.evaluate(self._environment, request, self._ports.progress)
        seconds = (self._ports.clock.now() - began).total_seconds()
        evidence = measured.evidence
        if measured.examples:
            sku, count = _accelerators(deployment)
            took = run_cost(decode(measured.examples), count, self._prices.rates(sku=sku), seconds)
            evidence = replace(evidence, measurements=(*evidence.measurements, *took))
        self._making.note(evidence, (str(deployment.id), evidence.evaluation), measured.examples)
        return evidence

    def _request(self, required: RequiredEvaluation, deployment: DesiredDeployment) -> EvaluationRequest:
        release = deployment.release
        source = self._ports.store.find(release.artifact.digest)
        return EvaluationRequest(
            required=required,
            declared=_declared(required, deployment),
            dataset=self._making.artifact(required.dataset.digest) if required.dataset.digest else None,
            suite=self._making.artifact(required.suite.digest) if required.suite else None,
            server=deployment.server.key,
            route=deployment.route,
            artifact=self._making.artifact(deployment.server.artifact),
            source=source if release.artifact.digest != deployment.server.artifact else None,
            runtime=deployment.server.runtime,
            subject=measured_subject(required, deployment),
        )

    @contextmanager
    def _judging(self, judge: RequiredJudge | None) -> Iterator[None]:
        """Have *judge* running; one that serves as well keeps running afterwards."""
        if judge is None:
            yield
            return
        release = judge.release
        self._making.fetch(release.artifact)
        if release.build.mode != "none":
            self._making.build(release.build, release.artifact)
        self._running.start(judge.server)
        try:
            yield
        finally:
            if judge.server.key not in {r.server for r in self._running.serving}:
                self._running.stop(judge.server.key)

    def _baseline(self, required: RequiredEvaluation, deployment: DesiredDeployment) -> dict[str, Json]:
        """Measure what serves in the same way, unless it was; return what went wrong, in words."""
        route = next((r for r in self._running.serving if r.deployment == deployment.id), None)
        declared = _declared(required, deployment)
        if route is None or route.release == deployment.release.digest or not _compares_with_deployed(declared):
            return {}
        inputs = baseline_inputs(route.manifest, route.route, required)
        if inputs is None:
            return {"baseline": "what serves cannot be told from what apply left of it"}
        theirs = replace(required, key=key_of(inputs), inputs=inputs)
        if self._is_known(theirs):
            return {}
        try:
            evidence = self._run(self._baseline_request(theirs, route, declared), deployment)
        except TrueupError as error:
            return {"baseline": f"the release that serves could not be measured: {error}"}
        return {"baseline": evidence.digest}

    def _baseline_request(
        self, required: RequiredEvaluation, route: ObservedRoute, declared: bytes
    ) -> EvaluationRequest:
        served = mapping_of(mapping_of(route.manifest).get("deployment"))
        server, release = mapping_of(served.get("server")), mapping_of(served.get("release"))
        artifact = Digest(str(server.get("artifact")))
        return EvaluationRequest(
            required=required,
            declared=declared,
            dataset=self._making.artifact(required.dataset.digest) if required.dataset.digest else None,
            suite=self._making.artifact(required.suite.digest) if required.suite else None,
            server=route.server,
            route=RouteSpec.from_json(route.route),
            artifact=self._ports.store.find(artifact),
            runtime=str(server.get("runtime") or ""),
            subject=named_digests(
                {
                    "artifact": artifact,
                    "dataset": required.dataset.digest,
                    "prompt": str(mapping_of(release.get("prompt")).get("digest") or ""),
                    "release": route.release,
                }
            ),
        )

    def _is_known(self, required: RequiredEvaluation) -> bool:
        """Tell whether there is evidence under the key that is not too old, whatever came out."""
        found, _ = newest_evidence(self._ports.ledger.records(), {required.key})
        age = required.max_age or timedelta.max
        return any(self._ports.clock.now() - e.completed_at <= age for _, e in found)


def _accelerators(deployment: DesiredDeployment) -> tuple[str, int]:
    """Return the product and the number of accelerators that one server of *deployment* has."""
    own = next((r for r in deployment.resources if r.id == deployment.id), None)
    spec = mapping_of(mapping_of(document_of(own)).get("spec")) if own is not None else {}
    resources = mapping_of(spec.get("resources"))
    count = resources.get("count")
    return str(resources.get("accelerator") or ""), count if isinstance(count, int) else 0


def _declared(required: RequiredEvaluation, deployment: DesiredDeployment) -> bytes:
    return next(r.canonical for r in deployment.resources if r.id == required.evaluation.id)


def _compares_with_deployed(declared: bytes) -> bool:
    regression = mapping_of(mapping_of(json.loads(declared)).get("spec")).get("regression")
    return isinstance(regression, Mapping) and regression.get("baseline", DEPLOYED) == DEPLOYED
