"""Desired state: what one environment should run, with every input pinned by digest."""

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from functools import cached_property

from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.parity import RequiredParity
from trueup.spec.resource import Resource


@dataclass(frozen=True, slots=True)
class Pin:
    """A resource and the digest its content had when it was resolved."""

    id: ResourceId
    digest: Digest

    def to_json(self) -> dict[str, Json]:
        """Return the pin as JSON."""
        return {"address": str(self.id), "digest": self.digest}


@dataclass(frozen=True, slots=True)
class Access:
    """How a source is asked for an artifact, besides its address.

    None of it enters an identity: the digest says which bytes are meant, whichever way they come.

    Attributes:
        revision: Commit, branch, tag or version at the source; empty takes what is newest there.
        files: Globs of the files that are taken; none takes all.
        endpoint: Mirror or service that is asked instead of the scheme's own.
        credentials: Reference to the secret that opens the source, `env:NAME` or `file:PATH`.
    """

    revision: str = ""
    files: tuple[str, ...] = ()
    endpoint: str = ""
    credentials: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactPin:
    """Bytes to be had from `uri`, asked for as `access` says, refused unless they have `digest`."""

    uri: str
    digest: Digest
    format: str
    access: Access = Access()

    def to_json(self) -> dict[str, Json]:
        """Return the pin as JSON."""
        return {"uri": self.uri, "digest": self.digest, "format": self.format}


@dataclass(frozen=True, slots=True)
class BuildPin:
    """How the served artifact is made from the model's.

    Attributes:
        id: The declared Build, or an id derived from the model when `implicit`.
        digest: Digest of the declared Build's content, or of the parameters when implicit.
        mode: `gguf`, `pytorch`, `engine`, ...; `none` serves the model's artifact as it is.
        parameters: The Build's settings under their own keys, without its gate.
        key: Digest of what decides the bytes (`desired.build_key`): the store's key.
        implicit: The runtime needs it, nobody declared it.
        inputs: Other artifacts that the build reads, such as a calibration dataset; their digests are in the key.
        parity: What the result must keep of the source; None when nothing is declared.
    """

    id: ResourceId
    digest: Digest
    mode: str
    parameters: tuple[tuple[str, Json], ...]
    key: Digest
    implicit: bool = False
    inputs: tuple[ArtifactPin, ...] = ()
    parity: RequiredParity | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the pin as JSON."""
        return {
            "address": str(self.id),
            "digest": self.digest,
            "mode": self.mode,
            "parameters": dict(self.parameters),
            "key": self.key,
            "implicit": self.implicit,
        }


@dataclass(frozen=True)
class Release:
    """The pinned tuple that moves through environments: model, adapters, prompt and build."""

    model: Pin
    artifact: ArtifactPin
    build: BuildPin
    prompt: Pin | None = None
    adapters: tuple[Pin, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the release as JSON, the form its digest is taken over."""
        return {
            "model": self.model.to_json(),
            "artifact": {"digest": self.artifact.digest, "format": self.artifact.format},
            "build": {
                "key": self.build.key,
                "mode": self.build.mode,
                "parameters": dict(self.build.parameters),
            },
            "prompt": self.prompt.to_json() if self.prompt else None,
            "adapters": [a.to_json() for a in self.adapters],
        }

    @cached_property
    def digest(self) -> Digest:
        """The identity of the release; environments, paths and names of builds do not enter it."""
        return digest_of(self.to_json())


@dataclass(frozen=True)
class ServerSpec:
    """One model server process: everything that, when it changes, needs a new process.

    Attributes:
        runtime: Entry-point name of the runtime, `llama.cpp` or `transformers`.
        artifact: Store key of what is loaded: a build key, or the artifact's own digest.
        arguments: The runtime's own keys and values (threads, slots, context, ...), sorted by key.
        interpreter: Python of the environment the runtime is installed in; empty means ours.
        replicas: Processes of this kind behind the gateway.
    """

    runtime: str
    artifact: Digest
    arguments: tuple[tuple[str, Json], ...] = ()
    interpreter: str = ""
    replicas: int = 1

    def to_json(self) -> dict[str, Json]:
        """Return the spec as JSON."""
        return {
            "runtime": self.runtime,
            "artifact": self.artifact,
            "arguments": dict(self.arguments),
            "interpreter": self.interpreter,
            "replicas": self.replicas,
        }

    @classmethod
    def from_json(cls, value: Json) -> "ServerSpec":
        """Read what `to_json` wrote.

        Raises:
            ValueError, TypeError: *value* has another shape.
        """
        match value:
            case {
                "runtime": str(runtime),
                "artifact": str(artifact),
                "arguments": arguments,
                "interpreter": str(interpreter),
                "replicas": int(replicas),
            }:
                return cls(runtime, Digest(artifact), _pairs(arguments), interpreter, replicas)
            case _:
                raise ValueError("not a server spec")

    @cached_property
    def key(self) -> Digest:
        """The identity of the process; the number of replicas does not enter it."""
        return digest_of({k: v for k, v in self.to_json().items() if k != "replicas"})


@dataclass(frozen=True)
class RouteSpec:
    """What the gateway does for one deployment: its public name, the prompt it puts first, its limits.

    Attributes:
        model_name: The name clients send as `model`.
        messages: Chat messages put before the client's, as declared (templates with their variables).
        template_format: `fstring`, `mustache` or `jinja2`.
        variables: JSON of the prompt's declared variables (name, required, default, schema).
        decoding: Decoding parameters filled in where the client gives none (temperature, max_tokens, ...).
        limits: maxTokens, requestsPerMinute, timeoutSeconds; absent keys mean no limit.
        keys: References to client keys, `env:NAME` or `file:PATH`; empty means no authentication.
    """

    model_name: str
    messages: tuple[tuple[str, str], ...] = ()
    template_format: str = "mustache"
    variables: tuple[Json, ...] = ()
    decoding: tuple[tuple[str, Json], ...] = ()
    limits: tuple[tuple[str, Json], ...] = ()
    keys: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the spec as JSON."""
        return {
            "modelName": self.model_name,
            "messages": [{"role": r, "content": c} for r, c in self.messages],
            "templateFormat": self.template_format,
            "variables": list(self.variables),
            "decoding": dict(self.decoding),
            "limits": dict(self.limits),
            "keys": list(self.keys),
        }

    @classmethod
    def from_json(cls, value: Json) -> "RouteSpec":
        """Read what `to_json` wrote.

        Raises:
            ValueError, TypeError: *value* has another shape.
        """
        match value:
            case {
                "modelName": str(name),
                "messages": [*messages],
                "templateFormat": str(template_format),
                "variables": [*variables],
                "decoding": decoding,
                "limits": limits,
                "keys": [*keys],
            }:
                return cls(
                    name,
                    tuple(_message(m) for m in messages),
                    template_format,
                    tuple(variables),
                    _pairs(decoding),
                    _pairs(limits),
                    tuple(str(k) for k in keys),
                )
            case _:
                raise ValueError("not a route spec")


def _pairs(value: Json) -> tuple[tuple[str, Json], ...]:
    if not isinstance(value, Mapping):
        raise TypeError("not a mapping")
    return tuple(sorted(value.items()))


def _message(value: Json) -> tuple[str, str]:
    match value:
        case {"role": str(role), "content": str(content)}:
            return role, content
        case _:
            raise ValueError("not a chat message")


@dataclass(frozen=True)
class RequiredJudge:
    """A model that scores answers, pinned like what it judges.

    Attributes:
        release: Its weights and what is built of them.
        server: The server that runs it while it judges.
        route: The prompt it judges with, and its decoding parameters.
        prompt: That prompt, pinned; None for the one that ships with trueup.
        families: What it descends from: it must not judge its own.
    """

    release: Release
    server: ServerSpec
    route: RouteSpec
    prompt: Pin | None = None
    families: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the judge as JSON, the form its digest is taken over."""
        return {
            "release": self.release.to_json(),
            "server": self.server.to_json(),
            "prompt": self.prompt.to_json() if self.prompt else None,
        }


@dataclass(frozen=True, slots=True)
class RequiredEvaluation:
    """An evaluation that a release must have passed, and the subject digest its evidence must carry.

    Attributes:
        evaluation: The declared Evaluation; the Prompt itself for the tests that it declares.
        key: Digest of everything the result depends on: evidence under another key is stale by definition.
        dataset: The data it runs on.
        max_age: Age at which evidence is stale all the same; None never. It decides what is observed, not what is
            desired, so it stays out of the JSON.
        inputs: What the key is the digest of, by name, sorted: what says why older evidence is stale.
        judge: What scores the answers, where a model does.
        decoding: Decoding parameters that the Evaluation declares in place of the prompt's, sorted.
        suite: Files of the suite that a tool of its own runs; None where there are none.
    """

    evaluation: Pin
    key: Digest
    dataset: ArtifactPin
    max_age: timedelta | None = None
    inputs: tuple[tuple[str, Digest], ...] = ()
    judge: RequiredJudge | None = None
    decoding: tuple[tuple[str, Json], ...] = ()
    suite: ArtifactPin | None = None

    @property
    def artifacts(self) -> tuple[ArtifactPin, ...]:
        """What has to be in the store to measure it, besides the release: data, a suite, the weights of a judge."""
        data = (self.dataset,) if self.dataset.digest else ()
        suite = (self.suite,) if self.suite is not None else ()
        return (*data, *suite, *((self.judge.release.artifact,) if self.judge is not None else ()))

    def to_json(self) -> dict[str, Json]:
        """Return the requirement as JSON."""
        return {"evaluation": self.evaluation.to_json(), "key": self.key, "dataset": self.dataset.to_json()}


@dataclass(frozen=True)
class DesiredDeployment:
    """One deployment of an environment: its release, server and route, and the documents they come from.

    `resources` holds the deployment itself and everything it reaches (system, model with its base models,
    prompt, build, evaluations, datasets, environment), sorted by id: what policy and the diff look at.
    """

    id: ResourceId
    release: Release
    server: ServerSpec
    route: RouteSpec
    evaluations: tuple[RequiredEvaluation, ...]
    resources: tuple[Resource, ...]
    prompt_tests: RequiredEvaluation | None = None

    @property
    def measured(self) -> tuple[RequiredEvaluation, ...]:
        """Everything that is measured of the release: the tests of its prompt first, which cost least."""
        return (*((self.prompt_tests,) if self.prompt_tests else ()), *self.evaluations)

    def to_json(self) -> dict[str, Json]:
        """Return the deployment as JSON, the form its digest is taken over."""
        return {
            "address": str(self.id),
            "release": self.release.to_json(),
            "server": self.server.to_json(),
            "route": self.route.to_json(),
            "evaluations": [e.to_json() for e in self.evaluations],
            **({"promptTests": self.prompt_tests.to_json()} if self.prompt_tests else {}),
            "resources": {str(r.id): r.digest for r in self.resources},
        }

    @cached_property
    def digest(self) -> Digest:
        """The identity of everything desired for this deployment."""
        return digest_of(self.to_json())


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """What an Environment declares, defaults filled in, as far as the engine acts on it.

    Attributes:
        name: Its name.
        tier: `dev`, `staging` or `production`.
        upstream: The environment releases come from; empty for the first.
        target: Adapter name, `process`.
        host: Address the gateway listens on; loopback unless asked.
        port: Port of the gateway; 0 takes a free one and keeps it.
        evaluate: `before` (evidence must exist when planning) or `during` (apply runs what is missing,
            before traffic moves).
        settings: The whole `spec` with defaults, for policy and views.
    """

    name: str
    tier: str
    upstream: str
    target: str
    host: str
    port: int
    evaluate: str
    settings: Json = field(default=None)


@dataclass(frozen=True)
class DesiredState:
    """What one environment should be at a revision.

    Attributes:
        environment: The environment.
        revision: The commit read; empty for a work tree with uncommitted changes, which can be planned and
            never applied.
        deployments: Sorted by id.
        exceptions: PolicyException documents of the repository, sorted by id.
    """

    environment: EnvironmentFacts
    revision: Revision
    deployments: tuple[DesiredDeployment, ...]
    exceptions: tuple[Resource, ...] = ()

    @cached_property
    def digest(self) -> Digest:
        """The identity of the desired state; the revision does not enter it, its content does."""
        return digest_of(
            {
                "environment": {"name": self.environment.name, "settings": self.environment.settings},
                "deployments": [d.digest for d in self.deployments],
                "exceptions": {str(e.id): e.digest for e in self.exceptions},
            }
        )
