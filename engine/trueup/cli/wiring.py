"""Joins adapters and workflows: the one place that knows which adapter stands behind which port."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trueup import __version__
from trueup.adapters.clock import SystemClock
from trueup.cli.console import Console
from trueup.cli.history_wiring import HistoryPorts
from trueup.cli.project import find_project
from trueup.core.digests import Revision
from trueup.workflows.state_folder import STATE_FOLDER

if TYPE_CHECKING:
    from trueup.adapters.policy.bundles.fetched import FetchedBundles
    from trueup.adapters.policy.cache import CachedEngine
    from trueup.adapters.policy.embedded.engine import EmbeddedEngine
    from trueup.adapters.policy.embedded.pool import EnginePool
    from trueup.adapters.stores.directory import DirectoryStore
    from trueup.adapters.stores.mirrored import MirroredStore
    from trueup.adapters.targets.process.target import ProcessTarget
    from trueup.evidence.imported import ImportedRun
    from trueup.ports import (
        ArtifactScanner,
        Clock,
        DatasetChecker,
        Evaluator,
        EvidenceSeal,
        Journal,
        Lock,
        MetricSource,
        Orders,
        ParityMeter,
        PolicyEngine,
        Progress,
        RuleInfo,
        SignatureVerifier,
        SourceResolver,
        SourceTree,
        Target,
    )
    from trueup.spec.bundles import BundlePin
    from trueup.spec.engines import EngineChoice
    from trueup.workflows.workspace import Policies, Workspace


CACHE_VARIABLE = "TRUEUP_CACHE"
"""Of the flag `--cache`; commands without it follow it as well."""


class LocalWorkspace(HistoryPorts):
    """`Workspace` of the repository around *start*. Each port is made when it is first asked for."""

    def __init__(self, start: Path, progress: "Progress") -> None:
        super().__init__(start)
        self.progress = progress
        self.tool = f"trueup {__version__}"
        self.clock: Clock = SystemClock()
        self.remembers_results = True
        """Whether what came of single examples before counts; else every example is asked again."""
        self.asked_engine = ""
        """The engine that the user names: `embedded`, `opa` or `both`."""

    @cached_property
    def state(self) -> Path:
        """The state folder, made so that git never shows it."""
        folder = self.root / STATE_FOLDER
        if folder.is_symlink():
            self._refuse_brought_link()
        ignore = folder / ".gitignore"
        if not ignore.exists():
            folder.mkdir(exist_ok=True)
            ignore.write_text("*\n")
        return folder

    def _refuse_brought_link(self) -> None:
        """Raise when a commit brings the state folder as a link: what is written into it would lie elsewhere.

        Raises:
            PermanentError: It does. A link that somebody made on this machine is theirs.
        """
        from trueup.core.errors import PermanentError
        from trueup.workflows.codes import TRACKED_STATE

        if self.repository.ask("ls-files", "--", STATE_FOLDER):
            raise PermanentError(TRACKED_STATE, f"`{STATE_FOLDER}` is a symbolic link that git tracks.")

    @cached_property
    def store(self) -> "DirectoryStore | MirroredStore":
        """Artifacts, here and where others share them: a change under review must not choose the folder."""
        from trueup.cli.store_wiring import open_store

        if self.governing.store_path.startswith(STATE_FOLDER):
            _ = self.state
        return open_store(self.root, self.governing, self.clock)

    @property
    def resolver(self) -> "SourceResolver":
        """Sources of artifacts, asked what they have."""
        from trueup.cli.store_wiring import open_resolver

        return open_resolver(self.root)

    @cached_property
    def seal(self) -> "EvidenceSeal":
        """Signatures on evidence: our own key, and the keys that the branch that governs trusts."""
        from trueup.adapters.signatures.ed25519 import Ed25519Seal
        from trueup.adapters.sources.secrets import read_secret

        reference = self.settings.signing_key
        return Ed25519Seal(lambda: read_secret(reference, self.root).encode(), dict(self.ledger_place.trusted))

    @cached_property
    def lock(self) -> "Lock":
        """One apply at a time."""
        from trueup.adapters.locks.file_lock import FileLock

        return FileLock(self.state / "locks", self.clock)

    @cached_property
    def metrics(self) -> "MetricSource":
        """What others count."""
        from trueup.adapters.metrics.prometheus import Prometheus

        settings = self.settings
        return Prometheus(settings.prometheus, settings.prometheus_token, self.root, settings.prometheus_seconds)

    @cached_property
    def orders(self) -> "Orders":
        """What people say to a rollout that goes on."""
        from trueup.adapters.orders.file_orders import FileOrders

        return FileOrders(self.state / "orders")

    @cached_property
    def journal(self) -> "Journal":
        """Work in flight."""
        from trueup.adapters.journals.file_journal import FileJournal

        return FileJournal(self.state / "journal")

    @cached_property
    def embedded(self) -> "EmbeddedEngine":
        """Rego, embedded."""
        from trueup.adapters.policy.embedded.engine import EmbeddedEngine

        return EmbeddedEngine()

    @cached_property
    def engine_choice(self) -> "EngineChoice":
        """The engine that was asked for, or the one in force.

        Raises:
            InvalidProjectError: The project that says so is wrong.
        """
        from trueup.spec.engines import EMBEDDED, EngineChoice
        from trueup.workflows.engine_choice import engine_in_force
        from trueup.workflows.loading import PROJECT_FILE, Invalid
        from trueup.workflows.workspace import InvalidProjectError

        if not (self.root / PROJECT_FILE).exists():
            return EngineChoice(self.asked_engine or EMBEDDED)
        choice = engine_in_force(self, self.asked_engine)
        if isinstance(choice, Invalid):
            raise InvalidProjectError(choice.diagnostics)
        return choice

    @cached_property
    def engine(self) -> "PolicyEngine":
        """Rego, where the project says.

        Raises:
            TrueupError: An engine on a server is asked for, and how to reach it is not known.
        """
        from trueup.spec.engines import BOTH, EMBEDDED

        choice = self.engine_choice
        if choice.kind == EMBEDDED:
            return self.embedded
        from trueup.adapters.policy.both import BothEngines
        from trueup.adapters.policy.opa.engine import OpaEngine
        from trueup.adapters.policy.opa.settings import settings_of

        opa = OpaEngine(settings_of(choice), self.embedded, self.root)
        return BothEngines(self.embedded, opa) if choice.kind == BOTH else opa

    @cached_property
    def quick_engine(self) -> "EnginePool":
        """Rego whose workers take what was checked before, from git's own folder; nothing is carried out by it."""
        import os

        from trueup.adapters.policy.embedded.kept_images import ImageFolder
        from trueup.adapters.policy.embedded.pool import EnginePool
        from trueup.adapters.policy.embedded.version import engine_version

        return EnginePool(os.cpu_count() or 1, ImageFolder(self._remembered, f"{self.tool}, {engine_version()}"))

    @property
    def cached_engine(self) -> "PolicyEngine":
        """Rego that remembers; nothing is remembered of what a server said."""
        from trueup.adapters.policy.later import LaterEngine
        from trueup.spec.engines import EMBEDDED

        return LaterEngine(lambda: self._remembering) if self.engine_choice.kind == EMBEDDED else self.engine

    @cached_property
    def _remembering(self) -> "CachedEngine":
        from trueup.adapters.policy.cache import CachedEngine
        from trueup.adapters.policy.embedded.version import engine_version

        engine = self.quick_engine
        return CachedEngine(engine, self._remembered, f"{self.tool}, {engine_version()}", engine.clock_fields)

    def clock_read(self, policies: "Policies") -> frozenset[str] | None:
        """Return what *policies* read of the clock; None for all of it, and where nobody can tell."""
        from trueup.spec.engines import EMBEDDED

        if not policies.files:
            return frozenset()
        return self._remembering.clock_read(policies.files) if self.engine_choice.kind == EMBEDDED else None

    @property
    def _remembered(self) -> Path:
        """A folder of git's own: nothing that a pull request brings can lie there."""
        return self.repository.common_dir / "trueup" / "policy-cache"

    @property
    def workbench(self) -> "EmbeddedEngine":
        """Rego, for authors of policies."""
        return self.embedded

    @property
    def tracer(self) -> "EmbeddedEngine":
        """Rego, and how far its rules come."""
        return self.embedded

    @property
    def keeper(self) -> "DirectoryStore | MirroredStore":
        """Takes artifacts out of the store."""
        return self.store

    @property
    def scanner(self) -> "ArtifactScanner":
        """Looks into artifacts."""
        from trueup.adapters.scanners.pickles import PickleScanner

        return PickleScanner(self.store)

    @property
    def datasets(self) -> "DatasetChecker":
        """Checks datasets."""
        from trueup.adapters.datasets.checker import StreamingChecker

        return StreamingChecker()

    @property
    def parity(self) -> "ParityMeter":
        """Builds against their sources."""
        from trueup.adapters.parity.meter import NumpyParity

        return NumpyParity(self.clock)

    @cached_property
    def process_target(self) -> "ProcessTarget":
        """Servers on this machine."""
        from trueup.adapters.targets.process.target import ProcessTarget

        return ProcessTarget(self._targets, self.clock)

    @property
    def _targets(self) -> Path:
        return self.root / STATE_FOLDER / "targets"

    @property
    def fetched_bundles(self) -> "FetchedBundles":
        """Bundles of policies from elsewhere."""
        from trueup.adapters.policy.bundles.fetched import FetchedBundles

        # In git's own folder, for the same reason as what is remembered.
        return FetchedBundles(self.repository.common_dir / "trueup" / "policies")

    def policies(
        self, tree: "SourceTree", *, library: bool, folders: Sequence[str], bundles: "Sequence[BundlePin]" = ()
    ) -> "Policies":
        """Read the policies of *tree*."""
        from trueup.adapters.policy.bundle import bundle_digest, load_bundle
        from trueup.workflows.workspace import Policies

        files = load_bundle(
            tree, library=library, paths=folders, bundles=bundles, fetched=self.fetched_bundles if bundles else None
        )
        return Policies(files, bundle_digest(files))

    def policy_folder(self, folder: str, *, library: bool) -> "Policies":
        """Read the policies of a folder."""
        from trueup.adapters.policy.bundle import bundle_digest
        from trueup.adapters.policy.folders import load_folder
        from trueup.workflows.workspace import Policies

        files = load_folder(folder, library=library)
        return Policies(files, bundle_digest(files))

    def policy_page(self, path: str, revision: str, *, folder: str = "") -> str:
        """Return the README beside a policy file."""
        from trueup.adapters.policy.folders import page_beside

        return page_beside(path, lambda: self.tree(revision), folder=folder)

    def rules(self, policies: "Policies", *, remembered: bool) -> "tuple[RuleInfo, ...] | None":
        """Return what the rules say of themselves."""
        from trueup.core.diagnostics import Diagnostic

        known = self._remembering.remembered_rules(policies.files) if remembered else None
        engine = self.quick_engine if remembered else self.embedded
        described = engine.describe(policies.files) if known is None else known
        rules = tuple(rule for rule in described if not isinstance(rule, Diagnostic))
        return rules if len(rules) == len(described) else None

    def installed(self, target: str) -> dict[str, str]:
        """Return the versions of the runtimes of *target*."""
        from trueup.adapters.targets.installed import installed_versions

        return installed_versions() if target == "process" else {}

    def target(self, name: str) -> "Target":
        """Return the target of that name; resolving has refused all that are not built in."""
        if name != "process":
            raise ValueError(f"no target {name!r}")
        from trueup.adapters.targets.process.at_rest import RestingTarget

        return RestingTarget(self._targets, lambda: self.process_target)

    def verifier(self, revision: Revision) -> "SignatureVerifier":
        """Return what verifies signatures, with the keys of *revision*."""
        from trueup.adapters.signatures.oms import ModelSigning
        from trueup.adapters.sources.builtin import builtin_sources

        return ModelSigning(lambda path: self.tree(revision).read(path), builtin_sources(self.root))

    def results(self, tool: str, path: Path, version: str) -> "ImportedRun":
        """Read the results that another tool wrote."""
        from trueup.adapters.evaluators.imports.registry import read_results

        return read_results(tool, path, version=version)

    def evaluator(self, target: "Target") -> "Evaluator":
        """Return what evaluates servers of *target*."""
        from trueup.adapters.evaluators.builtin import BuiltinEvaluator, Options
        from trueup.adapters.evaluators.cache import NO_CACHE, FolderCache
        from trueup.adapters.evaluators.endpoints import Endpoints
        from trueup.adapters.evaluators.routed import RoutedEvaluator

        endpoint, cache = Endpoints(target), FolderCache(self.state / "cache" / "evaluations")
        cache.tidy()
        options = Options(cache=cache if self.remembers_results else NO_CACHE)
        builtin = BuiltinEvaluator(endpoint, self.clock, options)
        return RoutedEvaluator(builtin, endpoint, self.clock, self.root)

    def take_remote_records(self) -> str:
        """Bring in what others recorded."""
        if self.ledger_place.remote:
            self.ledger.refresh()
        return self.remote_problem()

    def remote_problem(self) -> str:
        """Tell why the remote was not reached."""
        problem = self.ledger.remote_problem
        return str(problem) if problem else ""

    def unpushed(self) -> int:
        """Count the ledger records that the remote does not have."""
        return self.ledger.unpushed()


def open_workspace(console: Console, base: str = "", cache: str = "", *, ask_others: bool = False) -> "LocalWorkspace":
    """Return the workspace of the project around the current folder.

    Args:
        console: Where progress is shown.
        base: The base, as the user or the CI job names it.
        cache: Where caches are to lie; empty for where the variable says.
        ask_others: Whether approvals are looked for on remote and forge: a plan that is only shown needs no network.
    """
    workspace = LocalWorkspace(find_project(), console.progress)
    workspace.asked_base = base
    workspace.asked_cache = cache or console.environment.get(CACHE_VARIABLE, "")
    workspace.asks_others = ask_others
    return workspace


def _holds_the_port(workspace: LocalWorkspace) -> "Workspace":
    """Let the type checker hold `LocalWorkspace` to the protocol."""
    return workspace
