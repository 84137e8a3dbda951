"""Project: the one file `trueup.yaml` that says where everything is."""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from trueup.spec.bundles import BundlePin
from trueup.spec.engines import EMBEDDED, EngineChoice
from trueup.spec.kinds.base import ApiVersion, Declared, Metadata
from trueup.spec.kinds.spellings import (
    Digest,
    GitRef,
    Items,
    Name,
    RepositoryPath,
    SecretReference,
    Sentence,
    refused,
)

_SERVER = re.compile(r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")


class PolicyBundle(Declared):
    """A bundle of policies [OPA], from this repository or from elsewhere, pinned so that it is one content for ever."""

    name: Name = Field(description="Name, for messages and records.")
    source: Sentence = Field(
        description="Folder or `.tar.gz` of this repository, `git+https://...`, `oci://registry/name` or `https://...`."
    )
    revision: Sentence | None = Field(default=None, description="Full commit of a git source.")
    digest: Digest | None = Field(default=None, description="Digest of an OCI manifest or of an archive.")
    folder: RepositoryPath | None = Field(default=None, description="Folder inside a git source.")

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        problem = self.pin.problem
        if problem:
            wrong = "is not pinned" if self.pin.is_encrypted else "would be fetched without encryption"
            raise refused(f"The bundle `{self.name}` {wrong}.", problem, kind="rule")
        return self

    @property
    def pin(self) -> BundlePin:
        """The bundle as a value."""
        return BundlePin(self.name, self.source, self.revision or "", self.digest or "", self.folder or "")


class PolicyEngine(Declared):
    """What evaluates the rules. A change to it counts from the merge on."""

    type: Literal["embedded", "opa", "both"] = Field(
        default="embedded", description="In the process, on an OPA server, or both, which must agree."
    )
    url: Sentence | None = Field(default=None, description="OPA server, `https://host:8181`, without a path.")
    token: SecretReference | None = Field(default=None, description="Its bearer token, `env:NAME` or `file:PATH`.")
    ca: Sentence | None = Field(default=None, description="File with the certificates that are trusted.")
    certificate: Sentence | None = Field(default=None, description="File with the certificate that the client shows.")
    key: Sentence | None = Field(default=None, description="File with its key, unless the certificate's file has it.")
    timeout_seconds: float = Field(default=10.0, gt=0, le=600, description="Longest answer to one request, in seconds.")
    retries: int = Field(
        default=2, ge=0, le=10, description="How often a request is sent again when the server is busy or away."
    )

    @model_validator(mode="after")
    def _has_a_server(self) -> Self:
        if self.type != EMBEDDED and not self.url:
            raise refused(f"The engine is `{self.type}`, and no server is named.", "declare its `url`", kind="rule")
        return self

    @property
    def choice(self) -> EngineChoice:
        """The engine as a value."""
        return EngineChoice(
            self.type,
            self.url or "",
            self.token or "",
            self.ca or "",
            self.certificate or "",
            self.key or "",
            self.timeout_seconds,
            self.retries,
        )


class PolicySources(Declared):
    """Where rules come from."""

    library: bool = Field(default=True, description="Whether the rules that ship with trueup are in force.")
    paths: Items[RepositoryPath] = Field(default=(), description="Folders with rules of your own.")
    bundles: Items[PolicyBundle] = Field(default=(), description="Bundles of rules from elsewhere [OPA].")
    engine: PolicyEngine = Field(default_factory=PolicyEngine.model_construct, description="What evaluates the rules.")


class StoreSettings(Declared):
    """Where artifacts are kept."""

    path: Sentence = Field(
        default=".trueup/store", description="Folder, from the repository root or absolute (shared by several clones)."
    )
    url: Sentence | None = Field(
        default=None,
        description="Store that other machines share, asked before sources and builders, and given what they lack: "
        "`s3://bucket/prefix`, `gs://`, `az://` or `file:///folder`.",
    )
    endpoint: Sentence | None = Field(default=None, description="Address of an S3-compatible service.")


class LedgerSettings(Declared):
    """Where records are kept."""

    ref: GitRef = Field(default="refs/trueup/ledger", description="Git ref of the chain of records.")
    remote: Sentence | None = Field(
        default=None, description="Git remote that records are pushed to and taken from; none keeps them in this clone."
    )


class TrustedKey(Declared):
    """A key whose signatures on evidence count."""

    name: Sentence = Field(description="Whose key it is; who signed is told by this name.")
    public_key: Sentence = Field(description="Ed25519 public key: base64 of its 32 bytes.")


class EvidenceSettings(Declared):
    """How evidence is signed, and whose signatures count."""

    signing_key: SecretReference | None = Field(
        default=None,
        description="Reference to the Ed25519 private key (PEM) that signs what is measured here: `env:NAME` or "
        "`file:PATH`.",
    )
    trusted: Items[TrustedKey] = Field(
        default=(), description="Keys whose signatures count; those of the branch that governs are in force."
    )


class ForgeSettings(Declared):
    """Where pull requests are made; what is not said is guessed from the address of the remote `origin`."""

    type: Literal["github", "gitlab"] | None = Field(default=None, description="Which API it speaks.")
    url: Sentence | None = Field(default=None, description="Its address for people, such as `https://git.example.com`.")
    repository: Sentence | None = Field(
        default=None, description="Repository there, `owner/name`; with all groups on GitLab."
    )
    token: SecretReference | None = Field(
        default=None,
        description="Token that opens pull requests, `env:NAME` or `file:PATH`; without one, the commands are printed.",
    )


class MetricSettings(Declared):
    """Where queries of an analysis are asked."""

    prometheus: Sentence | None = Field(
        default=None,
        description="Address of Prometheus, or of what speaks its API, such as `https://prometheus.example.com`.",
    )
    token: SecretReference | None = Field(default=None, description="Its bearer token, `env:NAME` or `file:PATH`.")
    timeout_seconds: float = Field(default=10.0, gt=0, le=600, description="Longest answer to one query, in seconds.")

    @model_validator(mode="after")
    def _is_an_address(self) -> Self:
        if self.prometheus is None and self.token:
            raise refused("There is a `token`, and no server it is for.", "declare `prometheus`", kind="rule")
        if self.prometheus is not None and not _SERVER.match(self.prometheus):
            raise refused(
                "`prometheus` is not the address of a server.",
                "write it like `https://prometheus.example.com`, without user, password, query and `/api/v1`",
                kind="rule",
            )
        return self


class EventSinkSettings(Declared):
    """Where changes are told of, after they are recorded; those of the branch that governs are in force."""

    name: Name = Field(description="Name, for messages; how far it was told is kept by name and address.")
    type: Literal["cloudevents", "openlineage"] = Field(
        description="Format: a CloudEvents 1.0 event a record, or the OpenLineage run events of it."
    )
    url: Sentence | None = Field(default=None, description="Address that events are posted to.")
    file: Sentence | None = Field(
        default=None, description="File that gets a line an event, from the repository root or absolute."
    )
    token: SecretReference | None = Field(default=None, description="Bearer token, `env:NAME` or `file:PATH`.")

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if (self.url is None) == (self.file is None):
            raise refused(f"The sink `{self.name}` needs one place.", "declare `url` or `file`", kind="rule")
        if self.url is not None and not _SERVER.match(self.url):
            fix = "write it like `https://events.example.com/in`, without user, password and query"
            raise refused(f"`url` of the sink `{self.name}` is not the address of a server.", fix, kind="rule")
        return self


class ProjectSpec(Declared):
    """What a Project declares."""

    specs: Items[RepositoryPath] = Field(
        default=("spec",), min_length=1, description="Folders with declared resources, from this file's folder."
    )
    policies: PolicySources = Field(default_factory=PolicySources.model_construct, description="Where rules come from.")
    store: StoreSettings = Field(default_factory=StoreSettings.model_construct, description="Where artifacts are kept.")
    ledger: LedgerSettings = Field(
        default_factory=LedgerSettings.model_construct, description="Where records are kept."
    )
    evidence: EvidenceSettings = Field(
        default_factory=EvidenceSettings.model_construct,
        description="How evidence is signed, and whose signatures count.",
    )
    forge: ForgeSettings = Field(
        default_factory=ForgeSettings.model_construct, description="Where pull requests are made."
    )
    metrics: MetricSettings = Field(
        default_factory=MetricSettings.model_construct, description="Where queries of an analysis are asked."
    )
    events: Items[EventSinkSettings] = Field(default=(), description="Where changes are told of.")
    default_branch: Sentence = Field(
        default="main", description="Branch that holds what is true; merged versions never change there."
    )


class Project(Declared):
    """The one file `trueup.yaml` at the root: where specs, policies, store and ledger are."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Project"] = Field(description="The kind.")
    metadata: Metadata = Field(description="Name, labels, owner.")
    spec: ProjectSpec = Field(default_factory=ProjectSpec.model_construct, description="The declaration.")
