"""What a workflow works with: the repository's root and the ports. `cli/wiring` is the one place that makes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, Revision
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass

if TYPE_CHECKING:
    from trueup.evidence.imported import ImportedRun
    from trueup.policy.document import ChangeFacts
    from trueup.policy.enforcement import Settings
    from trueup.policy.facts.approving import AllowedKey, Given, Reviews
    from trueup.ports import (
        ArtifactScanner,
        Base,
        Clock,
        Committer,
        DatasetChecker,
        Evaluator,
        EvidenceSeal,
        Forge,
        History,
        Journal,
        Ledger,
        Lock,
        MergedCommit,
        MetricSource,
        Orders,
        ParityMeter,
        ParsedFiles,
        PolicyEngine,
        PolicyFile,
        PolicyTracer,
        PolicyWorkbench,
        Progress,
        Publisher,
        RuleInfo,
        SignatureVerifier,
        SourceResolver,
        SourceTree,
        Store,
        StoreKeeper,
        Target,
    )
    from trueup.spec.bundles import BundlePin
    from trueup.spec.resource import Resource


class InvalidProjectError(PermanentError):
    """The project file of the work tree is wrong, so that store and ledger cannot be found.

    Attributes:
        diagnostics: Everything that is wrong with it.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        first = diagnostics[0]
        super().__init__(first.code, first.detail, hint=first.hint, span=first.span)
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that decide together, the digest that names them, and whose they are.

    Attributes:
        files: Policies and their data.
        digest: Their identity.
        source: `head`: those of what is judged, which is merged; `base`: those of the branch it is to be merged
            into; `unknown`: its own, because that branch is not in this clone.
        revision: The base's commit; None when they are not the base's.
        changed: Policy files in which what is judged differs from them, and the project file when it names other ones.
        settings: Settings of the environment at the base; None when they are the same there, or it is new.
    """

    files: tuple[PolicyFile, ...]
    digest: Digest
    source: str = "head"
    revision: Revision | None = None
    changed: tuple[str, ...] = ()
    settings: Settings | None = None


class Workspace(Protocol):
    """One repository on this machine. Each port is made when it is first asked for: `validate` starts no engine."""

    @property
    def root(self) -> Path:
        """The folder of the project file."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def store(self) -> Store:
        """Artifacts."""
        ...

    @property
    def resolver(self) -> SourceResolver:
        """Sources of artifacts, asked what they have."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Records."""
        ...

    @property
    def seal(self) -> EvidenceSeal:
        """Signatures on evidence."""
        ...

    @property
    def lock(self) -> Lock:
        """One apply at a time."""
        ...

    @property
    def journal(self) -> Journal:
        """Work in flight."""
        ...

    @property
    def metrics(self) -> MetricSource:
        """What others count."""
        ...

    @property
    def orders(self) -> Orders:
        """What people say to a rollout that goes on."""
        ...

    @property
    def engine(self) -> PolicyEngine:
        """Rego."""
        ...

    @property
    def parsed_files(self) -> ParsedFiles | None:
        """What earlier runs read of files, for what is only shown; None when nothing is to be remembered."""
        ...

    @property
    def cached_engine(self) -> PolicyEngine:
        """Rego that remembers what it was asked before; for what is only shown, never for what is carried out."""
        ...

    @property
    def workbench(self) -> PolicyWorkbench:
        """Rego, for authors of policies."""
        ...

    @property
    def tracer(self) -> PolicyTracer:
        """How far rules come."""
        ...

    @property
    def history(self) -> History:
        """What the default branch had before."""
        ...

    @property
    def keeper(self) -> StoreKeeper:
        """Takes artifacts out of the store."""
        ...

    @property
    def scanner(self) -> ArtifactScanner:
        """Looks into artifacts."""
        ...

    @property
    def datasets(self) -> DatasetChecker:
        """Checks datasets."""
        ...

    @property
    def committer(self) -> Committer:
        """Commits on the user's branch."""
        ...

    @property
    def publisher(self) -> Publisher:
        """Branches for pull requests."""
        ...

    @property
    def forge(self) -> Forge | None:
        """Pull requests; None when the project names no forge, or no token for it."""
        ...

    def compare_link(self, base: str, branch: str) -> str:
        """Return the page on which a person opens the pull request; empty when the forge is not known."""
        ...

    @property
    def parity(self) -> ParityMeter:
        """Holds builds against their sources."""
        ...

    @property
    def progress(self) -> Progress:
        """Told how far long work is."""
        ...

    @property
    def actor(self) -> str:
        """Who asks, as git knows them, and on which machine."""
        ...

    @property
    def tool(self) -> str:
        """Name and version of this tool, part of every plan id."""
        ...

    def tree(self, revision: str) -> SourceTree:
        """Open the files of *revision*; the empty string opens the work tree."""
        ...

    def policies(
        self, tree: SourceTree, *, library: bool, folders: Sequence[str], bundles: Sequence[BundlePin] = ()
    ) -> Policies:
        """Read the policies of *tree*: whether the library takes part, the folders of its own, and bundles."""
        ...

    def policy_folder(self, folder: str, *, library: bool) -> Policies:
        """Read the policies of a folder, wherever it lies, in place of the project's own.

        One that holds the rules of the library itself takes its place.
        """
        ...

    def policy_page(self, path: str, revision: str, *, folder: str = "") -> str:
        """Return the README beside the policy file at *path*; empty when there is none.

        *folder* is the one that `policy_folder` read it from, if it did.
        """
        ...

    def base(self, revision: Revision, branch: str) -> Base:
        """Return what governs *revision*, or the work tree when it is empty.

        *branch* is the default one, as the project file of that revision says.
        """
        ...

    def merged(self, branch: str, folders: Sequence[str], since: datetime, until: datetime) -> Iterable[MergedCommit]:
        """Return what the default branch took in from *since* up to *until* that touches *folders*, newest first."""
        ...

    def change(self, revision: Revision, base: Base, applied: Sequence[str] = ()) -> ChangeFacts:
        """Return who wrote *revision* (the work tree when empty) and what it changes.

        *base* is what governs it; *applied* are the commits from which what it replaces was applied, oldest first.
        """
        ...

    def approvals(self, keys: Sequence[AllowedKey], plan: str, revisions: Sequence[str]) -> tuple[Given, ...]:
        """Return the approvals of *plan* that are signed in git, and those of other plans about *revisions*.

        *revisions* are the commits of the change, newest first; signatures count by *keys*.
        """
        ...

    def tag_signed(self, name: str, message: str, revision: Revision) -> None:
        """Write a signed tag at *revision*, with the key that git signs with here.

        Raises:
            TrueupError: There is no key, or a tag of this name.
        """
        ...

    def untag(self, name: str) -> None:
        """Delete a tag of this clone."""
        ...

    def signing(self) -> str:
        """Return what git signs with here; empty when nothing is set up."""
        ...

    def reviews(self, revisions: Sequence[Revision]) -> Reviews:
        """Return what the forge says of reviews of the change that *revisions* are the commits of, newest first.

        Nothing where no forge may be asked: planning alone needs no network, and what is carried out asks.
        """
        ...

    def rules(self, policies: Policies, *, remembered: bool) -> tuple[RuleInfo, ...] | None:
        """Return what the rules say of themselves, perhaps *remembered*; None when they cannot be read."""
        ...

    def installed(self, target: str) -> Mapping[str, str]:
        """Return the versions of packages that the runtimes of *target* are, by name; none for another machine's."""
        ...

    def writers(self, revision: Revision, resources: Iterable[Resource]) -> Mapping[str, str]:
        """Return, by address, who last wrote the file of each resource read from *revision*.

        Empty where this clone cannot tell. *revision* is empty for a work tree; who works there wrote what it changed.
        """
        ...

    def target(self, name: str) -> Target:
        """Return the target of the name an Environment declares."""
        ...

    def verifier(self, revision: Revision) -> SignatureVerifier:
        """Return what verifies signatures, with the keys of *revision*."""
        ...

    def results(self, tool: str, path: Path, version: str) -> ImportedRun:
        """Read the results that *tool* wrote; *version* is the declared one, empty for any."""
        ...

    def evaluator(self, target: Target) -> Evaluator:
        """Return what evaluates servers of *target*."""
        ...

    def take_remote_records(self) -> str:
        """Bring in what others recorded on the ledger's remote; return why it failed, empty when it did not.

        Never called by planning, which needs no network.
        """
        ...

    def remote_problem(self) -> str:
        """Tell why the last record did not reach the ledger's remote; empty when it did or there is none."""
        ...

    def unpushed(self) -> int:
        """Count the ledger records that the remote does not have; 0 without a remote."""
        ...
