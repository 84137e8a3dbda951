"""Project: the one file `trueup.yaml` that says where everything is."""

from typing import Literal

from pydantic import Field

from trueup.spec.kinds.base import ApiVersion, Declared, Metadata
from trueup.spec.kinds.spellings import GitRef, Items, RepositoryPath, Sentence


class PolicySources(Declared):
    """Where rules come from."""

    library: bool = Field(default=True, description="Whether the rules that ship with trueup are in force.")
    paths: Items[RepositoryPath] = Field(default=(), description="Folders with rules of your own.")


class StoreSettings(Declared):
    """Where artifacts are kept."""

    path: Sentence = Field(
        default=".trueup/store", description="Folder, from the repository root or absolute (shared by several clones)."
    )


class LedgerSettings(Declared):
    """Where records are kept."""

    ref: GitRef = Field(default="refs/trueup/ledger", description="Git ref of the chain of records.")
    remote: Sentence | None = Field(
        default=None, description="Git remote that records are pushed to and taken from; none keeps them in this clone."
    )


class ProjectSpec(Declared):
    """What a Project declares."""

    specs: Items[RepositoryPath] = Field(
        default=("spec",), min_length=1, description="Folders with declared resources, from this file's folder."
    )
    policies: PolicySources = Field(default_factory=PolicySources, description="Where rules come from.")
    store: StoreSettings = Field(default_factory=StoreSettings, description="Where artifacts are kept.")
    ledger: LedgerSettings = Field(default_factory=LedgerSettings, description="Where records are kept.")
    default_branch: Sentence = Field(
        default="main", description="Branch that holds what is true; merged versions never change there."
    )


class Project(Declared):
    """The one file `trueup.yaml` at the root: where specs, policies, store and ledger are."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Project"] = Field(description="The kind.")
    metadata: Metadata = Field(description="Name, labels, owner.")
    spec: ProjectSpec = Field(default_factory=ProjectSpec, description="The declaration.")
