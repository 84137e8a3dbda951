"""Every port on one page. Code that only looks takes the read half, so that planning cannot change anything.

Types of other packages stand in annotations alone: a command that only reads files must not import the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, Revision
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.spec.resource import Parsed, Resources, SourceFile

if TYPE_CHECKING:
    from trueup.desired.parity import RequiredParity
    from trueup.desired.state import Access, ArtifactPin, BuildPin, RequiredEvaluation, RouteSpec, ServerSpec
    from trueup.evidence.evidence import Evidence
    from trueup.ledger.record import Draft, Record
    from trueup.observed.state import ObservedTarget

    # Exported: engines and their callers speak of them.
    from trueup.policy.results import Evaluation as Evaluation  # noqa: PLC0414
    from trueup.policy.results import PolicyFile as PolicyFile  # noqa: PLC0414
    from trueup.policy.results import RuleInfo as RuleInfo  # noqa: PLC0414
    from trueup.policy.results import RuleResult as RuleResult  # noqa: PLC0414
    from trueup.policy.results import RuleTest as RuleTest  # noqa: PLC0414
    from trueup.policy.tracing import Reads, RuleTrace, TestRun

_OF_POLICY = ("Evaluation", "PolicyFile", "RuleInfo", "RuleResult", "RuleTest")


def __getattr__(name: str) -> Any:
    """Import what is exported of `policy` when it is asked for (PEP 562)."""
    if name not in _OF_POLICY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from trueup.policy import results

    return getattr(results, name)


Progress = Callable[[str, int, int], None]
"""Told (what, done, total) in bytes or examples while work goes on; total 0 when unknown."""


class Clock(Protocol):
    """The only way to the time."""

    def now(self) -> datetime:
        """Return the time, UTC and aware."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SourceTree(Protocol):
    """Files of one revision, or of the work tree."""

    @property
    def revision(self) -> Revision:
        """The commit; empty when the work tree has uncommitted changes below the paths read."""
        ...

    def files(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[SourceFile]:
        """Yield the files below *folders* (from the repository root), in path order.

        Symbolic links are not followed. Larger files than the limit come with empty content and a blob id.
        """
        ...

    def read(self, path: str) -> bytes | Diagnostic:
        """Return one file's bytes, or why it cannot be had (absent, leaves the repository, too large)."""
        ...


@dataclass(frozen=True, slots=True)
class Merged:
    """Where merged versions are to be looked for.

    Attributes:
        branch: Name of the default branch, as the project file under review has it; believed last.
        folders: Folders with declared resources.
        suffixes: Endings of declared files.
        revision: The commit under review; empty for a work tree with changes.
        project: The file that says where the folders are, and may have said something else before.
    """

    branch: str
    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    revision: Revision
    project: str = ""


@dataclass(frozen=True, slots=True)
class Base:
    """What governs a change.

    Attributes:
        revision: Tip of the branch it is to be merged into; None when it is merged, or nothing is committed yet.
        is_known: False when that branch is not in this clone, so that nobody can say whether it is merged.
    """

    revision: Revision | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class MergedCommit:
    """A commit that the default branch took in, and when; its first parent is empty for the first one of all."""

    revision: Revision
    parent: Revision
    at: datetime


class History(Protocol):
    """What the default branch had before."""

    def changed_versions(self, merged: Merged, resources: Resources, parse: ParseFiles) -> tuple[Diagnostic, ...]:
        """Return a problem for each version in *resources* whose content differs from when it was merged."""
        ...


ParseFiles = Callable[[Iterable[SourceFile], Callable[[str], bytes | Diagnostic]], Parsed]
"""Reads the files of one commit; the second argument gives the text that they include."""


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """What a store noted of an artifact when it admitted it.

    Attributes:
        digest: Digest of its content; for a build it differs from the key.
        files: Path, size in bytes and digest of each file.
        is_folder: It is a folder, even if of one file.
        simulated: A double of a toolchain built it.
        provenance: The in-toto statement of how it was built; empty for what was fetched.
    """

    digest: Digest
    files: tuple[tuple[str, int, Digest], ...]
    is_folder: bool = False
    simulated: bool = False
    provenance: bytes = b""


class StoreReader(Protocol):
    """What the artifact store has."""

    def find(self, key: Digest) -> Path | None:
        """Return where the artifact under *key* lies (a file or a folder), None unless present and whole."""
        ...

    def present(self, keys: Iterable[Digest]) -> frozenset[Digest]:
        """Return those of *keys* that are present and whole."""
        ...

    def entry(self, key: Digest) -> StoreEntry | None:
        """Return what was noted of *key*, None for what was never admitted; whether it is whole is not looked at."""
        ...


class Store(StoreReader, Protocol):
    """Artifacts by digest or build key; what is half done is never seen under its key."""

    def fetch(self, artifact: ArtifactPin, progress: Progress, *, allow_pickle: bool = False) -> Path:
        """Bring *artifact* in, verify its digest, and return where it lies; resume what was interrupted.

        Pickles are refused, unless an exception allows them (*allow_pickle*) and a scan finds nothing.
        """
        ...

    def build(self, build: BuildPin, source: Path, progress: Progress) -> Path:
        """Build once under the build's key and return where the result lies."""
        ...


class StoreKeeper(Protocol):
    """Takes artifacts out of the store."""

    def keys(self) -> Iterator[Digest]:
        """Yield the keys of everything in the store."""
        ...

    def remove(self, key: Digest) -> int:
        """Remove what lies under *key* and return the bytes freed."""
        ...


class ArtifactScanner(Protocol):
    """Looks into artifacts before anything loads them."""

    @property
    def scanner(self) -> str:
        """Name and version of what scans."""
        ...

    def scan(self, artifact: ArtifactPin, progress: Progress) -> Sequence[str]:
        """Bring the bytes of *artifact* here without admitting them, and return what is dangerous in them."""
        ...


class SignatureVerifier(Protocol):
    """Verifies who signed an artifact."""

    def verify(self, artifact: Path, declared: Mapping[str, Json]) -> str:
        """Check that the declared signer signed exactly these files; return who, and what verified it; raise if not."""
        ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a source has now.

    Attributes:
        revision: What the source itself calls exactly this content, empty when it has no name for it.
        digest: Digest of the content.
        files: How many files it has.
        size_bytes: All of them together.
    """

    revision: str
    digest: Digest
    files: int
    size_bytes: int


class SourceResolver(Protocol):
    """Finds out what a source has, without keeping it."""

    def resolve(self, uri: str, access: Access, progress: Progress) -> Resolved:
        """Return what *uri* stands for now; files whose digest the source tells are not read."""
        ...


class TargetObserver(Protocol):
    """Looks at a target."""

    def observe(self, environment: str) -> ObservedTarget:
        """Report what runs for *environment*; an empty target when nothing ever ran."""
        ...


class Target(TargetObserver, Protocol):
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
class Route:
    """One deployment's entry in the gateway; fields as in `ObservedRoute`."""

    deployment: ResourceId
    release: Digest
    server: Digest
    spec: RouteSpec
    manifest: Json
    revision: Revision
    applied_at: datetime


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
        dataset: Folder or file with the data.
        server: Digest of the server that answers.
        route: The release's prompt and decoding, applied as the gateway would.
        subject: Digests the evidence is bound to.
    """

    required: RequiredEvaluation
    declared: bytes
    dataset: Path
    server: Digest
    route: RouteSpec
    subject: tuple[tuple[str, Digest], ...]


class Evaluator(Protocol):
    """Runs evaluations against servers of a target."""

    def evaluate(self, environment: str, request: EvaluationRequest, progress: Progress) -> Evidence:
        """Run it and return what was measured; raise when it could not be found out."""
        ...


@dataclass(frozen=True, slots=True)
class ParityRequest:
    """A build to hold against its source.

    Attributes:
        required: Tokens and bounds.
        build: The Build.
        source: Where the source lies.
        result: Where what was built lies.
        text: Where the declared text lies; None for the one that ships with trueup.
        subject: Digests the evidence is bound to.
    """

    required: RequiredParity
    build: ResourceId
    source: Path
    result: Path
    text: Path | None
    subject: tuple[tuple[str, Digest], ...]


class ParityMeter(Protocol):
    """Holds builds against their sources."""

    def measure(self, request: ParityRequest, progress: Progress) -> Evidence:
        """Compute both on the same tokens and return what was measured; raise when it could not be found out."""
        ...


class PolicyEngine(Protocol):
    """Rego, wherever it runs."""

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        """Find what is wrong with the policies without evaluating anything."""
        ...

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        """Evaluate every `deny`, `violation` and `warn` of the bundle on each document (JSON text)."""
        ...


class PolicyWorkbench(Protocol):
    """What authors of policies use besides."""

    def describe(self, bundle: Sequence[PolicyFile]) -> tuple[RuleInfo, ...] | tuple[Diagnostic, ...]:
        """Return what each rule says of itself, or what is wrong with the policies."""
        ...

    def test(self, bundle: Sequence[PolicyFile]) -> tuple[RuleTest, ...] | tuple[Diagnostic, ...]:
        """Run the `test_` rules, or return what is wrong with the policies."""
        ...


class PolicyTracer(Protocol):
    """How far rules come: for their authors, never for a decision."""

    def cover(
        self, bundle: Sequence[PolicyFile], wanted: str = "", *, run: bool = True
    ) -> TestRun | tuple[Diagnostic, ...]:
        """Run the `test_` rules whose package and name hold *wanted*; tell which lines of the policies they reach.

        Without *run* they are only listed, and no file is told.
        """
        ...

    def reads(self, bundle: Sequence[PolicyFile]) -> tuple[Reads, ...] | tuple[Diagnostic, ...]:
        """Return what each entry and its helpers read, as it is written in them."""
        ...

    def trace(
        self, bundle: Sequence[PolicyFile], document: bytes, now: datetime, rule: str
    ) -> RuleTrace | tuple[Diagnostic, ...]:
        """Ask the entries with the id *rule* about *document* and tell how far each of their bodies came."""
        ...


class LedgerReader(Protocol):
    """The records."""

    def records(self) -> Iterator[Record]:
        """Yield all records, newest first; raise at one that was changed or does not stand where it was written."""
        ...

    def attachment(self, digest: Digest, beside: Record | None = None) -> bytes | None:
        """Return a document kept beside a record; it is found at once when that record is known."""
        ...

    def verify(self) -> tuple[int, tuple[Diagnostic, ...]]:
        """Return how many records there are and every break of the chain, offline."""
        ...


class Ledger(LedgerReader, Protocol):
    """The records, with the right to add one."""

    def append(self, draft: Draft) -> Record:
        """Add a record at the end; when another run got there first, take the next place."""
        ...


class Lock(Protocol):
    """One apply at a time in an environment."""

    def hold(self, environment: str, command: str, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold the lock while the context lasts; raise `LockHeldError` that names the holder."""
        ...


class Journal(Protocol):
    """What an apply is about to do, written and synced before it does it."""

    def write(self, environment: str, entry: Mapping[str, Json]) -> None:
        """Append *entry* durably."""
        ...

    def unfinished(self, environment: str) -> tuple[Mapping[str, Json], ...]:
        """Return the entries of a run that did not end; a torn last line is left out."""
        ...

    def close(self, environment: str) -> None:
        """Mark the run as ended."""
        ...


class Committer(Protocol):
    """Writes commits to the user's branch."""

    def commit(self, path: str, content: bytes, message: str) -> Revision:
        """Commit *content* as *path* on the current branch, and nothing else; the work tree follows if clean."""
        ...
