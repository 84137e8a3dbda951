"""What all kinds share: the frozen model, the envelope, sources of bytes and included text."""

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from trueup.core.json import Json
from trueup.spec.kinds.spellings import (
    Digest,
    Items,
    Name,
    RepositoryPath,
    SecretReference,
    Sentence,
    Uri,
    Version,
)

API_VERSION = "trueup/v1alpha1"
ApiVersion = Literal["trueup/v1alpha1"]

TAG = "\0"
"""Starts the tag of a union's case, so that it can be told from a key in the place of an error."""


class Declared(BaseModel):
    """A part of a document: strict, closed and frozen; camelCase in YAML, snake_case here."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        allow_inf_nan=False,
        defer_build=True,
        extra="forbid",
        frozen=True,
        strict=True,
    )

    def to_json(self, *, defaults: bool = False) -> dict[str, Json]:
        """Return the part as JSON under its YAML keys: as declared, or with every default filled in."""
        dumped = self.model_dump(mode="json", by_alias=True, exclude_unset=not defaults)
        return cast("dict[str, Json]", dumped)


class Metadata(Declared):
    """Who the resource is and whose."""

    name: Name = Field(description="Name, unique for its kind (a Deployment: for its kind and environment).")
    labels: dict[str, str] = Field(default_factory=dict, description="Keys and values to select by [Kubernetes].")
    annotations: dict[str, str] = Field(default_factory=dict, description="Notes that nothing selects by [Kubernetes].")
    owner: Sentence | None = Field(
        default=None, description="Team or person who answers for it; a name in your directory, never empty."
    )


class VersionedMetadata(Metadata):
    """Metadata of a versioned kind."""

    version: Version = Field(
        description='Version, as text (`"1"`, `"2026-11"`). Once merged, the content of a version never changes.'
    )


class TextFile(Declared):
    """Text kept in a file of this repository."""

    file: RepositoryPath = Field(
        description="Path from the root of the repository; UTF-8, at most 256 KB, links that leave it are refused."
    )
    content: SkipJsonSchema[str | None] = Field(default=None, description="Text of the file; filled in when read.")


def _text_case(value: Any) -> str:
    return f"{TAG}file" if isinstance(value, dict | TextFile) else f"{TAG}text"


Text = Annotated[
    Annotated[str, Tag(f"{TAG}text")] | Annotated[TextFile, Tag(f"{TAG}file")],
    Discriminator(_text_case),
]
"""Text written in place, or `{file: path}`."""


def text_of(text: str | TextFile) -> str:
    """Return the text itself, wherever it is kept; empty when a file was not read yet."""
    return text if isinstance(text, str) else text.content or ""


class Source(Declared):
    """Where bytes come from, and what they must be."""

    uri: Uri = Field(
        description="Address [KServe `uri`]: `file:` (path from the repository root), `package://name/path` (data of "
        "an installed Python package), `hf://owner/name`, `s3://`, `gs://`, `az://`, `oci://`, `https://`, or `api://` "
        "for a provider's model."
    )
    revision: Sentence | None = Field(
        default=None, description="Commit, tag or version at the source [Hugging Face `revision`]; a commit is a pin."
    )
    digest: Digest | None = Field(
        default=None, description="Digest of the bytes [OCI]; what is fetched is refused unless it has it."
    )
    files: Items[Sentence] = Field(
        default=(), description="Globs: only these files of the source are taken; empty takes all."
    )
    endpoint: Sentence | None = Field(
        default=None, description="Address of a mirror or S3-compatible service; the scheme's own when absent."
    )
    credentials: SecretReference | None = Field(
        default=None, description="Reference to the secret that opens the source: `env:NAME` or `file:PATH`."
    )


class Signature(Declared):
    """Who signed the bytes [OpenSSF Model Signing]."""

    method: Literal["sigstore", "key", "certificate"] = Field(description="How it was signed.")
    identity: Sentence | None = Field(default=None, description="Signer's identity, an address or workflow [OMS].")
    issuer: Sentence | None = Field(default=None, description="Who vouches for the identity (OIDC issuer) [OMS].")
    bundle: Uri | None = Field(default=None, description="Address of the signature bundle.")
    public_key: RepositoryPath | None = Field(default=None, description="File with the public key or certificate.")


class Attachment(Declared):
    """A document about the resource, kept elsewhere and pinned."""

    uri: Uri = Field(description="Address of the document.")
    digest: Digest | None = Field(default=None, description="Digest of the document.")
    format: Sentence | None = Field(
        default=None, description="Its format: `cyclonedx`, `spdx`, `slsa`, `in-toto`, `croissant`, ..."
    )
