"""Ports of targets: what runs there, what it serves, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trueup.core.digests import Digest, Revision
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json

if TYPE_CHECKING:
    from trueup.desired.state import RequiredEvaluation, RouteSpec, ServerSpec
    from trueup.evidence.evidence import Evidence
    from trueup.observed.state import ObservedTarget
    from trueup.observed.traffic import Traffic
    from trueup.ports.runs import Progress


class TargetObserver(Protocol):
    """Looks at a target."""

    def observe(self, environment: str) -> ObservedTarget:
        """Report what runs for *environment*; an empty target when nothing ever ran."""
        ...


class TrafficObserver(Protocol):
    """Tells what was answered."""

    def traffic(self, environment: str, deployment: ResourceId, since: datetime) -> Traffic:
        """Return what the releases of *deployment* answered since then.

        Raises:
            TransientError: Nobody can say: the gateway does not answer.
        """
        ...


class Target(TargetObserver, TrafficObserver, Protocol):
    """Where things run. Each call is idempotent: doing it again after a kill changes nothing."""

    def start(self, environment: str, server: ServerSpec, artifact: Path) -> None:
        """Have `server.replicas` processes of *server* running and ready; raise when one does not get there."""
        ...

    def route(self, environment: str, table: RouteTable) -> None:
        """Make *table* the whole truth of the gateway, atomically; the gateway is started when needed."""
        ...

    def stop(self, environment: str, servers: Sequence[Digest]) -> None:
        """Drain and end the servers; all of them and the gateway when the table is empty."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release beside the one that serves a deployment: it gets a share of the requests, or copies of them.

    Attributes:
        name: `new` for the release that is rolled out, else the deployment whose release it is.
        release, server, spec, manifest, revision, applied_at: As in `Route`.
        weight: Share of the requests that it answers, 0 to 100.
        mirror: Share of the requests it gets copies of, 0 to 100. What it answers is counted and thrown away.
    """

    name: str
    release: Digest
    server: Digest
    spec: RouteSpec
    manifest: Json
    revision: Revision
    applied_at: datetime
    weight: float = 0.0
    mirror: float = 0.0


@dataclass(frozen=True, slots=True)
class Split:
    """How the requests of one deployment are shared while a release is rolled out; the rest is the stable one's.

    Attributes:
        candidates: Releases beside the stable one; their weights together are at most 100.
        sticky: `request`: each by itself; `user`: all of one user (`user` in the body, or the header `x-trueup-key`) go
            to one release for as long as the weights allow, those without a name by themselves.
        progress: Where the rollout is, for whoever takes it up after a kill; the target keeps it and reads nothing.
    """

    candidates: tuple[Candidate, ...]
    sticky: str = "request"
    progress: Json = None


@dataclass(frozen=True, slots=True)
class Route:
    """One deployment's entry in the gateway; fields as in `ObservedRoute`.

    `held`: requests wait until a later table lets them go on or their time is over: a release is swapped in place.
    """

    deployment: ResourceId
    release: Digest
    server: Digest
    spec: RouteSpec
    manifest: Json
    revision: Revision
    applied_at: datetime
    split: Split | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes of one environment and where the gateway listens (port 0: a free one, kept)."""

    host: str
    port: int
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """One evaluation to run against one server.

    Attributes:
        required: The evaluation and its key.
        declared: Canonical JSON of the Evaluation document.
        dataset: Folder or file with the data; None where the evaluation reads none.
        server: Digest of the server that answers.
        route: The release's prompt and decoding, applied as the gateway would.
        subject: Digests the evidence is bound to.
        artifact: What the server loads, for what is computed from the weights; None where nothing is.
        source: What the artifact was built from, for what compares the two; None where they are the same.
        runtime: What serves: `llama.cpp`, `transformers`.
        suite: Files of the suite that a tool of its own runs; None where there are none.
    """

    required: RequiredEvaluation
    declared: bytes
    dataset: Path | None
    server: Digest
    route: RouteSpec
    subject: tuple[tuple[str, Digest], ...]
    artifact: Path | None = None
    source: Path | None = None
    runtime: str = ""
    suite: Path | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What an evaluation gave.

    Attributes:
        evidence: The result.
        examples: Results of single examples (`evidence.examples.encode`), whose digest the evidence has; empty
            without any.
    """

    evidence: Evidence
    examples: bytes = b""


class Evaluator(Protocol):
    """Runs evaluations against servers of a target."""

    def evaluate(self, environment: str, request: EvaluationRequest, progress: Progress) -> Measured:
        """Run it and return what was measured; raise when it could not be found out.

        A judge that `request.required` names has to run already, as a server of the same environment.
        """
        ...
