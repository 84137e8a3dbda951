"""A workspace in memory: a small declared repository, and every port a fake. Workflows run in it as they are."""

import errno
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from artifacts import digest_of_content
from fakes import (
    FakeClock,
    FakeEvaluator,
    FakeJournal,
    FakeLedger,
    FakeLock,
    FakeMetricSource,
    FakeOrders,
    FakeParity,
    FakeScanner,
    FakeSeal,
    FakeStore,
    FakeTarget,
    FakeTree,
    FakeVerifier,
)
from forges import FakeForge, FakePublisher
from trueup.adapters.datasets.checker import StreamingChecker
from trueup.adapters.git import codes as git_codes
from trueup.adapters.policy import codes as policy_codes
from trueup.adapters.stores import codes as store_codes
from trueup.adapters.targets.process import codes as target_codes
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.errors import PermanentError, TransientError
from trueup.core.json import Json
from trueup.desired.state import Access, ArtifactPin, BuildPin, ServerSpec
from trueup.ledger.record import Draft, Record
from trueup.observed.state import Health, ObservedTarget
from trueup.policy.bundle_files import bundle_digest
from trueup.policy.deletion_budget import MARK
from trueup.policy.document import ChangeFacts
from trueup.policy.facts.approving import AllowedKey, Given, Reviews
from trueup.policy.facts.change import ChangedFile, Commit
from trueup.policy.results import Evaluation, PolicyFile, RuleInfo, RuleResult, RuleTest
from trueup.policy.tracing import FileCoverage, Read, Reads, RuleTrace, TestCase, TestRun
from trueup.ports import (
    Base,
    Compared,
    EvaluationRequest,
    Measured,
    Merged,
    MergedCommit,
    News,
    ParseFiles,
    Progress,
    Resolved,
    RouteTable,
    SourceTree,
)
from trueup.rollout.events import Event
from trueup.spec.bundles import BundlePin
from trueup.spec.resource import Resource, Resources
from trueup.workflows.apply import Applied, ApplyRequest, apply
from trueup.workflows.workspace import Policies

T = TypeVar("T")

FACTS = b'{"prompt": "a", "expected": "b"}\n'
TONE = b'{"prompt": "c", "expected": "d"}\n'
WEIGHTS: Mapping[str, bytes] = {
    "tiny@1": b"safetensors tiny 1",
    "tiny@2": b"safetensors tiny 2",
    "smol@1": b"GGUF smol 1",
    "smol@2": b"GGUF smol 2",
}
"""Models of the repository; those that are no GGUF file have to be built before llama.cpp serves them."""
SOURCES = {f"file:models/{name}": content for name, content in WEIGHTS.items()} | {
    "file:models/facts@1": FACTS,
    "file:models/tone@1": TONE,
}


@dataclass(frozen=True)
class Declared:
    """What one deployment declares."""

    name: str = "support"
    environment: str = "dev"
    model: str = "tiny@1"
    prompt: str = "support@1"
    build: str = ""
    engine: str = "llama.cpp"
    threads: int = 1
    replicas: int = 1
    model_name: str = ""
    rollout: str = ""
    monitors: str = ""
    memory: str = ""

    @property
    def path(self) -> str:
        return f"spec/deployments/{self.environment}/{self.name}.yaml"

    def text(self) -> bytes:
        lines = [
            "# Who answers.",
            "apiVersion: trueup/v1alpha1",
            "kind: Deployment",
            f"metadata: {{name: {self.name}, owner: support-team}}",
            "spec:",
            "  system: assistant",
            f"  environment: {self.environment}",
            "  release:",
            f"    model: {self.model}   # the weights",
            *([f"    prompt: {self.prompt}"] if self.prompt else []),
            *([f"    build: {self.build}"] if self.build else []),
            f"  runtime: {{engine: {self.engine}, threads: {self.threads}}}",
            f"  replicas: {self.replicas}",
            *([f"  gateway: {{modelName: {self.model_name}}}"] if self.model_name else []),
            *([f"  rollout: {self.rollout}"] if self.rollout else []),
            *([f"  monitors: {self.monitors}"] if self.monitors else []),
            *([f"  resources: {{memory: {self.memory}}}"] if self.memory else []),
        ]
        return ("\n".join(lines) + "\n").encode()


@dataclass(frozen=True)
class Stage:
    """What one environment declares."""

    tier: str = "dev"
    upstream: str = ""
    evaluations: tuple[str, ...] = ()
    run: str = "during"
    port: int = 8180
    rollback: Mapping[str, Json] = field(default_factory=dict)
    confirm_delete: str = ""
    deletion_budget: Mapping[str, Json] = field(default_factory=dict)
    approvals: Mapping[str, Json] = field(default_factory=dict)


def document(kind: str, name: str, spec: Mapping[str, Json], **metadata: Json) -> bytes:
    """Return one declared document; JSON is YAML."""
    about: dict[str, Json] = {"name": name, "owner": "ml-platform", **metadata}
    return json.dumps(
        {"apiVersion": "trueup/v1alpha1", "kind": kind, "metadata": about, "spec": dict(spec)}, indent=1
    ).encode()


def _source(uri: str) -> Json:
    return {"uri": uri, "digest": digest_of_content(SOURCES[uri])}


def _evaluation(name: str) -> bytes:
    return document(
        "Evaluation",
        name,
        {
            "suite": {"tool": "builtin"},
            "category": "quality",
            "dataset": f"{name}@1",
            "tasks": [{"task": "exact_match"}],
            "metrics": [{"name": "exact_match", "unit": "ratio", "higherIsBetter": True}],
            "metricDecisionThreshold": [{"metric": "exact_match", "op": ">=", "value": 0.6}],
        },
        version="1",
    )


def repository_files(
    declared: Iterable[Declared], stages: Mapping[str, Stage] | None = None, *, library: bool = True
) -> dict[str, bytes]:
    """Return a whole repository that declares *declared* in *stages* (by default one environment `dev`)."""
    system: dict[str, Json] = {
        "intendedPurpose": "Answers questions.",
        "operatorRole": "deployer",
        "riskClass": "minimal",
        "jurisdictions": ["EU"],
    }
    files = {
        "trueup.yaml": document("Project", "shop", {"specs": ["spec"], "policies": {"library": library}}),
        "spec/system.yaml": document("System", "assistant", system),
        "spec/builds/q8.yaml": document("Build", "q8", {"mode": "gguf", "quantization": "Q8_0"}, version="1"),
    }
    for number in ("1", "2"):
        prompt: dict[str, Json] = {
            "type": "text",
            "template": f"Be kind, version {number}.",
            "modelConfig": {"temperature": 0, "max_tokens": 16},
        }
        files[f"spec/prompts/support-{number}.yaml"] = document("Prompt", "support", prompt, version=number)
    for address in WEIGHTS:
        name, _, version = address.partition("@")
        model: dict[str, Json] = {
            "source": _source(f"file:models/{address}"),
            "format": "gguf" if WEIGHTS[address].startswith(b"GGUF") else "safetensors",
            "licenses": ["Apache-2.0"],
            "contextLength": 512,
        }
        files[f"spec/models/{name}-{version}.yaml"] = document("Model", name, model, version=version)
    for name in ("facts", "tone"):
        dataset: dict[str, Json] = {"source": _source(f"file:models/{name}@1"), "purpose": "eval", "license": "MIT"}
        files[f"spec/datasets/{name}.yaml"] = document("Dataset", name, dataset, version="1")
        files[f"spec/evaluations/{name}.yaml"] = _evaluation(name)
    for name, stage in (stages or {"dev": Stage()}).items():
        settings: dict[str, Json] = {
            "tier": stage.tier,
            **({"upstream": stage.upstream} if stage.upstream else {}),
            "target": {"type": "process", "port": stage.port},
            "evaluations": {"required": list(stage.evaluations), "run": stage.run},
            **({"rollback": dict(stage.rollback)} if stage.rollback else {}),
            **({"deletionBudget": dict(stage.deletion_budget)} if stage.deletion_budget else {}),
            **({"approvals": dict(stage.approvals)} if stage.approvals else {}),
        }
        marks: dict[str, Json] = {"annotations": {MARK: stage.confirm_delete}} if stage.confirm_delete else {}
        files[f"spec/environments/{name}.yaml"] = document("Environment", name, settings, **marks)
    return files | {d.path: d.text() for d in declared}


class KilledError(BaseException):
    """The process is gone: nothing catches it, as nothing catches a kill."""


@dataclass
class Fuse:
    """Burns at every effect, before it and after it; the process is killed when it has burnt down.

    `watch` is called each time, so that a test can look at what the world sees between any two effects.
    """

    left: int | None = None
    burnt: int = 0
    watch: Callable[[], None] = lambda: None

    def burn(self) -> None:
        self.burnt += 1
        self.watch()
        if self.left is not None and self.burnt > self.left:
            raise KilledError

    def around(self, effect: Callable[[], T]) -> T:
        self.burn()
        result = effect()
        self.burn()
        return result


class WorkedTarget(FakeTarget):
    """A target whose calls fail and whose servers fall ill when a test says so.

    Attributes:
        sick: Servers that answer no health check, or the artifact they load.
        sick_when_routed: Servers fall ill when they get traffic that others had.
        on_call: Called when a call begins.
    """

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse
        self.sick: set[Digest] = set()
        self.sick_when_routed = False
        self.gateway: Health | None = None
        self.on_call: Callable[[], None] = lambda: None
        self._failing: set[str] = set()
        self._failing_after: set[str] = set()
        self._replicas: dict[str, int] = {}

    def fail(self, call: str) -> None:
        """Let every `start`, `route`, `stop` or `observe` fail from now on."""
        self._failing.add(call)

    def fail_after(self, call: str) -> None:
        """Let the next such call do its work and then fail, as one does whose answer is lost."""
        self._failing_after.add(call)

    def heal(self) -> None:
        """Let everything work again."""
        self.sick, self.sick_when_routed, self.gateway = set(), False, None
        self._failing, self._failing_after = set(), set()

    def scale(self, environment: str, replicas: int) -> None:
        """Leave every server so many replicas, as if the others had crashed; its spec stays what was asked for."""
        self._replicas[environment] = replicas

    def specs(self, environment: str) -> Iterable[ServerSpec]:
        """Return what was asked to run."""
        return tuple(self._servers[environment].values())

    def crash(self, environment: str, server: Digest) -> None:
        """Take a server away behind everybody's back."""
        del self._servers[environment][server]

    def observe(self, environment: str) -> ObservedTarget:
        self._refuse("observe")
        found = super().observe(environment)
        servers = tuple(
            replace(s, health=Health.UNHEALTHY, detail="it only says `the`") if self._is_sick(s.spec, s.key) else s
            for s in found.servers
            if s.replica < self._replicas.get(environment, s.replica + 1)
        )
        return replace(found, servers=servers, gateway=self.gateway or found.gateway)

    def start(self, environment: str, server: ServerSpec, artifact: Path) -> None:
        self._call("start", lambda: super(WorkedTarget, self).start(environment, server, artifact))

    def route(self, environment: str, table: RouteTable) -> None:
        before = {r.server for r in super().observe(environment).routes}
        self._call("route", lambda: super(WorkedTarget, self).route(environment, table))
        if self.sick_when_routed:
            self.sick |= {r.server for r in table.routes} - before

    def stop(self, environment: str, servers: Sequence[Digest]) -> None:
        self._call("stop", lambda: super(WorkedTarget, self).stop(environment, servers))

    def _call(self, name: str, effect: Callable[[], None]) -> None:
        self.on_call()
        self._refuse(name)
        self.fuse.around(effect)
        if name in self._failing_after:
            self._failing_after.discard(name)
            raise self._error(name)

    def _refuse(self, call: str) -> None:
        if call in self._failing:
            raise self._error(call)

    def _error(self, call: str) -> TransientError:
        return TransientError(target_codes.STATE_UNWRITABLE, f"{call} does not work today")

    def _is_sick(self, spec: Json, key: Digest) -> bool:
        return key in self.sick or (isinstance(spec, dict) and spec.get("artifact") in self.sick)


class WorkedStore(FakeStore):
    """A store whose work can be killed, and fails when a test says so.

    Attributes:
        broken_builds: No build succeeds.
        full: The disk is full.
    """

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        self.sources = dict(SOURCES)
        super().__init__(folder, self.sources, {"gguf": self._convert, "pytorch": self._convert})
        self.fuse = fuse
        self.broken_builds = self.full = False
        self._refused: list[str] = []
        self.excepted: list[str] = []

    def refuse_once(self, uri: str) -> None:
        """Let the next fetch of *uri* fail, and those after it work."""
        self._refused.append(uri)

    def heal(self) -> None:
        """Let everything work again."""
        self.sources.update(SOURCES)
        self.broken_builds = self.full = False

    def fetch(self, artifact: ArtifactPin, progress: Progress, *, allow_pickle: bool = False) -> Path:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        if artifact.uri in self._refused:
            self._refused.remove(artifact.uri)
            raise TransientError(store_codes.NO_SPACE, f"`{artifact.uri}` does not come today")
        if allow_pickle:
            self.excepted.append(artifact.uri)
        return self.fuse.around(lambda: super(WorkedStore, self).fetch(artifact, progress))

    def build(self, build: BuildPin, source: Path, progress: Progress) -> Path:
        return self.fuse.around(lambda: super(WorkedStore, self).build(build, source, progress))

    def _convert(self, source: Path, parameters: Mapping[str, Json], inputs: Iterable[Path]) -> bytes:
        if self.broken_builds:
            raise PermanentError(store_codes.NO_RESULT, "the converter gave nothing")
        return b"GGUF " + source.read_bytes() + str(sorted(parameters.items())).encode()


class WorkedLedger(FakeLedger):
    """A ledger whose writing can be killed."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse

    def append(self, draft: Draft) -> Record:
        return self.fuse.around(lambda: super(WorkedLedger, self).append(draft))


class WorkedJournal(FakeJournal):
    """A journal whose writing can be killed; with `keep_open` the process dies before it closes it."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse
        self.keep_open = False

    def write(self, environment: str, entry: Mapping[str, Json]) -> None:
        self.fuse.around(lambda: super(WorkedJournal, self).write(environment, entry))

    def close(self, environment: str) -> None:
        if self.keep_open:
            raise KilledError
        self.fuse.around(lambda: super(WorkedJournal, self).close(environment))


@dataclass
class TargetEvaluator:
    """Measures `exact_match` on healthy servers of a target; `scores` by the name of the evaluation."""

    target: FakeTarget
    clock: FakeClock
    fuse: Fuse
    scores: dict[str, float] = field(default_factory=dict)
    asked: list[EvaluationRequest] = field(default_factory=list)
    fails: bool = False

    def evaluate(self, environment: str, request: EvaluationRequest, progress: Progress) -> Measured:
        self.asked.append(request)
        servers = self.target.observe(environment).servers
        score = {"exact_match": self.scores.get(request.required.evaluation.id.name, 0.9)}
        known = {s.key: score for s in servers if s.health is Health.HEALTHY}
        fake = FakeEvaluator({} if self.fails else known, self.clock)
        return self.fuse.around(lambda: fake.evaluate(environment, request, progress))


Rule = Callable[[Mapping[str, Json]], Iterable[Mapping[str, Json]]]
"""A rule in Python: the policy document to results, objects as a Rego `deny` gives them."""


def evidence_passes(facts: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """Deny a deployment one of whose evaluations has neither passed nor is planned."""
    for item in _items(facts["deployments"]):
        for evaluation in _items(item["evaluations"]):
            if evaluation["status"] not in ("present", "planned"):
                message = f"{evaluation['evaluation']['address']} is {evaluation['status']}"
                yield {"id": "EV", "severity": "critical", "address": item["address"], "msg": message}


def nothing_on_hold(facts: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """Deny a deployment whose release is on hold."""
    observed = facts["observed"]
    assert isinstance(observed, Mapping)
    held = {h["release"] for h in _items(observed["holds"]) if h["active"]}
    for item in _items(facts["deployments"]):
        if item["release"]["digest"] in held:
            yield {"id": "HOLD", "severity": "critical", "address": item["address"], "msg": "it is on hold"}


def _items(value: Json) -> Iterable[Mapping[str, Any]]:
    assert isinstance(value, list | tuple)
    return [v for v in value if isinstance(v, dict)]


@dataclass
class PythonPolicies:
    """A policy engine whose rules are Python functions.

    Attributes:
        rules: What is asked.
        broken: What it cannot evaluate.
        unanswered: What keeps single rules from answering.
        breaks_at_the_gate: It cannot evaluate a gate's documents.
        denied_at_the_gate: Name of a deployment that no gate lets through.
        documents: What it was asked about.
    """

    rules: list[Rule] = field(default_factory=lambda: [evidence_passes, nothing_on_hold])
    broken: tuple[Diagnostic, ...] = ()
    unanswered: tuple[Diagnostic, ...] = ()
    breaks_at_the_gate: bool = False
    denied_at_the_gate: str = ""
    documents: list[Mapping[str, Json]] = field(default_factory=list)

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        return self.broken

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        names = tuple(r.__name__ for r in self.rules)
        found = []
        for text in documents:
            facts = json.loads(text)
            self.documents.append(facts)
            results = tuple(RuleResult("deny", r.__name__, raw) for r in self.rules for raw in r(facts))
            if facts["gate"] and self.denied_at_the_gate in [d["name"] for d in facts["deployments"]]:
                results += (RuleResult("deny", "gate", {"id": "GATE", "msg": "not this one"}),)
            errors = (*self.broken, *self.unanswered)
            if facts["gate"] and self.breaks_at_the_gate:
                errors = (Diagnostic(policy_codes.SYNTAX, "the engine is gone"),)
            described = tuple(RuleInfo(name, name, "deny") for name in names)
            found.append(Evaluation(results, errors, names, "python", described))
        return found

    def describe(self, bundle: Sequence[PolicyFile]) -> tuple[RuleInfo, ...] | tuple[Diagnostic, ...]:
        return self.broken or tuple(RuleInfo(r.__name__, r.__name__, "deny", r.__doc__ or "") for r in self.rules)

    def test(self, bundle: Sequence[PolicyFile]) -> tuple[RuleTest, ...] | tuple[Diagnostic, ...]:
        return self.broken or tuple(RuleTest(r.__name__, f"test_{r.__name__}", True, 0.0) for r in self.rules)

    def cover(
        self, bundle: Sequence[PolicyFile], wanted: str = "", *, run: bool = True
    ) -> TestRun | tuple[Diagnostic, ...]:
        tests = self.test(bundle)
        cases = tuple(TestCase(t) for t in tests if isinstance(t, RuleTest) and wanted in f"{t.package}.{t.name}")
        files = (FileCoverage("policies/x.rego", (1,), ()),) if run else ()
        return self.broken or TestRun(cases, files)

    def reads(self, bundle: Sequence[PolicyFile]) -> tuple[Reads, ...] | tuple[Diagnostic, ...]:
        read = Read(("environment", "tier"), Span("policies/x.rego", 1, 1))
        return self.broken or tuple(
            Reads(r.__name__, "deny", (read,), (), (("parameters.limit", 3),)) for r in self.rules
        )

    def trace(
        self, bundle: Sequence[PolicyFile], document: bytes, now: datetime, rule: str
    ) -> RuleTrace | tuple[Diagnostic, ...]:
        reads = tuple(r for r in self.reads(bundle) if isinstance(r, Reads) and r.package == rule)
        return self.broken or RuleTrace((), self.unanswered, (), (), reads)


@dataclass
class FakeHistory:
    """A default branch on which nothing was ever changed, or what a test says was."""

    problems: tuple[Diagnostic, ...] = ()

    def compared(self, merged: Merged, resources: Resources, parse: ParseFiles) -> Compared:
        return Compared(self.problems)

    def merged_since(self, merged: Merged, earlier: Compared, parse: ParseFiles) -> News | None:
        return None if earlier.tip is None else News(earlier.tip)


@dataclass
class FakeResolver:
    """Sources that have what a test says, by address and revision asked for; else what the repository declares."""

    found: dict[tuple[str, str], Resolved] = field(default_factory=dict)
    asked: list[tuple[str, Access]] = field(default_factory=list)

    def resolve(self, uri: str, access: Access, progress: Progress) -> Resolved:
        self.asked.append((uri, access))
        if (uri, access.revision) in self.found:
            return self.found[uri, access.revision]
        return Resolved("", digest_of_content(SOURCES[uri]), 1, len(SOURCES[uri]))


def changed_files(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[ChangedFile, ...]:
    """Return how two sets of files differ, in path order."""
    status = {
        p: "modified" if p in before and p in after else "added" if p in after else "deleted" for p in (*before, *after)
    }
    return tuple(ChangedFile(p, status[p]) for p in sorted(status) if before.get(p) != after.get(p))


class FakeWorkspace:
    """`Workspace` of a repository in memory, below *folder* for the bytes of artifacts.

    `files` is the work tree; `commit()` makes it a commit. `fuse` burns at every effect; after a kill, a new
    process finds what is in the fakes, and `heal()` lets it live.
    """

    def __init__(
        self, folder: Path, declared: Iterable[Declared] = (), stages: Mapping[str, Stage] | None = None
    ) -> None:
        self.root = folder
        self.fuse = Fuse()
        self.clock = FakeClock()
        self.store = self.keeper = WorkedStore(folder, self.fuse)
        self.ledger = WorkedLedger(self.fuse)
        self.seal = FakeSeal()
        self.lock = FakeLock(self.clock)
        self.journal = WorkedJournal(self.fuse)
        self.orders = FakeOrders()
        self.metrics = FakeMetricSource()
        self.engine = self.workbench = self.tracer = self.cached_engine = PythonPolicies()
        self.parsed_files = None
        self.remembered = None
        self.scanner = FakeScanner()
        self.datasets = StreamingChecker()
        self.signatures = FakeVerifier()
        self.history = FakeHistory()
        self.resolver = FakeResolver()
        self.work = WorkedTarget(self.fuse)
        self.measuring = TargetEvaluator(self.work, self.clock, self.fuse)
        self.parity = FakeParity(self.clock)
        self.actor = "Ada <ada@example.com>"
        self.written_by = self.actor
        self.tool = "trueup 0"
        self.told: list[str] = []
        self.not_pushed = 0
        self.remote = ""
        self.commits_fail = False
        self.push_refused = ""
        self.governed_by = Base()
        self.author = ""
        self.given: tuple[Given, ...] = ()
        self.reviewed = Reviews()
        self.signs_as: AllowedKey | None = None
        self.approvals_asked: list[tuple[tuple[AllowedKey, ...], str, tuple[str, ...]]] = []
        self.tagged: list[tuple[str, str, str]] = []
        self.forge: FakeForge | None = FakeForge()
        self.published = FakePublisher({})
        self.messages: list[str] = []
        self._stages = stages
        self._commits: dict[str, FakeTree] = {}
        self.history_of_main: list[MergedCommit] = []
        self._head = FakeTree({}, "")
        self.files: dict[str, bytes] = {}
        self.declare(*declared)

    def progress(self, what: str, done: int, total: int) -> None:
        self.told.append(what)

    def declare(self, *declared: Declared, **stages: Stage) -> Revision:
        """Let the repository declare exactly *declared*, and commit that."""
        self._stages = {**(self._stages or {}), **stages} or None
        self.files = repository_files(declared, self._stages)
        return self.commit()

    def commit(self) -> Revision:
        """Make the work tree a commit and the head."""
        content = {path: text.decode() for path, text in self.files.items()}
        revision = digest_of({"parent": self._head.revision, "files": content}).removeprefix("sha256:")[:40]
        self._head = FakeTree(dict(self.files), revision)
        self._commits[revision] = self._head
        parent = self.history_of_main[-1].revision if self.history_of_main else Revision("")
        self.history_of_main.append(MergedCommit(self._head.revision, parent, self.clock.now()))
        return self._head.revision

    @property
    def head(self) -> Revision:
        return self._head.revision

    @property
    def publisher(self) -> FakePublisher:
        self.published.base, self.published.head = self._head.contents, self.head
        return self.published

    def compare_link(self, base: str, branch: str) -> str:
        return f"https://forge.test/shop/llm/compare/{base}...{branch}"

    @property
    def committer(self) -> "BranchOf":
        return BranchOf(self)

    def tree(self, revision: str) -> SourceTree:
        if not revision:
            return FakeTree(dict(self.files), self.head if self.files == self._head.contents else "")
        if revision.endswith("^"):
            parents = {c.revision: c.parent for c in self.history_of_main}
            if not (revision := parents.get(Revision(revision[:-1]), Revision(""))):
                raise PermanentError(git_codes.UNKNOWN_REVISION, "It has no parent.")
        return self._head if revision == "HEAD" else self._commits[revision]

    def policies(
        self, tree: SourceTree, *, library: bool, folders: Sequence[str], bundles: Sequence[BundlePin] = ()
    ) -> Policies:
        names = sorted(r.__name__ for r in self.engine.rules) if library else []
        files = tuple(PolicyFile(f"policies/{n}.rego", n.encode(), "policies") for n in names)
        return Policies(files, bundle_digest(files))

    def policy_folder(self, folder: str, *, library: bool) -> Policies:
        files = (PolicyFile(f"{folder}/own.rego", b"own", folder),)
        return Policies(files, bundle_digest(files))

    def policy_page(self, path: str, revision: str, *, folder: str = "") -> str:
        return f"# Page of {path}\n"

    def base(self, revision: Revision, branch: str) -> Base:
        return self.governed_by

    def merged(self, branch: str, folders: Sequence[str], since: datetime, until: datetime) -> Iterable[MergedCommit]:
        return [c for c in self.history_of_main[::-1] if since <= c.at < until]

    def change(self, revision: Revision, base: Base, applied: Sequence[str] = ()) -> ChangeFacts:
        if not revision:
            files = changed_files(self._head.contents, self.files)
            return ChangeFacts(base=self.head, actor=self.actor, commits=(), files=files)
        before = {c.revision: c.parent for c in self.history_of_main}
        since = base.revision or next((r for r in applied if r in before), before[revision])
        contents = self._commits[since].contents if since else {}
        return ChangeFacts(
            revision=revision,
            base=since,
            author=self.author or self.actor,
            actor=self.actor,
            commits=(Commit(revision, self.author or self.actor),),
            files=changed_files(contents, self._commits[revision].contents),
        )

    def approvals(self, keys: Sequence[AllowedKey], plan: str, revisions: Sequence[str]) -> tuple[Given, ...]:
        self.approvals_asked.append((tuple(keys), plan, tuple(revisions)))
        return self.given

    def tag_signed(self, name: str, message: str, revision: Revision) -> None:
        """Sign as `signs_as`, whose key is allowed or not; without one, as git does that has none."""
        if self.signs_as is None:
            raise PermanentError(git_codes.GIT_FAILED, "`git tag` says: error: gpg failed to sign the data")
        self.tagged.append((name, message, revision))
        plan = message.partition("Trueup-Approve: ")[2].split()[0]
        key = f"SHA256:{self.signs_as.ssh[-4:]}"
        given = Given("tag", name, "Grace", plan, revision, "unknown", key)
        if self.signs_as in self.approvals_asked[-1][0]:
            given = replace(given, by=self.signs_as.member, status="good")
        self.given = (*self.given, given)

    def untag(self, name: str) -> None:
        self.tagged = [t for t in self.tagged if t[0] != name]
        self.given = tuple(g for g in self.given if g.name != name)

    def signing(self) -> str:
        return "a key" if self.signs_as else ""

    def reviews(self, revisions: Sequence[Revision]) -> Reviews:
        return self.reviewed

    def rules(self, policies: Policies, *, remembered: bool) -> tuple[RuleInfo, ...] | None:
        described = self.workbench.describe(policies.files)
        rules = tuple(rule for rule in described if isinstance(rule, RuleInfo))
        return rules if len(rules) == len(described) else None

    def installed(self, target: str) -> dict[str, str]:
        return {}

    def writers(self, revision: Revision, resources: Iterable[Resource]) -> dict[str, str]:
        return {str(r.id): self.written_by for r in resources}

    def target(self, name: str) -> WorkedTarget:
        assert name == "process"
        return self.work

    def verifier(self, revision: Revision) -> FakeVerifier:
        return self.signatures

    def evaluator(self, target: object) -> TargetEvaluator:
        return self.measuring

    def take_remote_records(self) -> str:
        return self.remote

    def remote_problem(self) -> str:
        return self.remote

    def unpushed(self) -> int:
        return self.not_pushed

    def heal(self) -> None:
        """Let everything work again that a test broke or killed."""
        self.fuse.left = None
        self.work.heal()
        self.store.heal()
        self.measuring.fails, self.measuring.scores = False, {}
        self.engine.breaks_at_the_gate, self.engine.denied_at_the_gate = False, ""
        self.commits_fail, self.push_refused = False, ""

    def apply(self, environment: str = "dev", **request: Any) -> Applied:
        """Apply and return how it ended; no two runs begin at the same time, killed ones neither."""
        applied = Applied()
        try:
            list(apply(self, ApplyRequest(environment, **request), applied))
        finally:
            self.clock.sleep(1)
        return applied

    def served(self, environment: str = "dev") -> dict[str, Digest]:
        """Return the release that each deployment serves, by its name."""
        return {r.deployment.name: r.release for r in self.work.observe(environment).routes}

    def running(self, environment: str = "dev") -> set[Digest]:
        """Return the servers that run."""
        return {s.key for s in self.work.observe(environment).servers}


@dataclass
class BranchOf:
    """`Committer` on the branch of a workspace; the work tree follows."""

    workspace: FakeWorkspace

    def commit(self, path: str, content: bytes, message: str) -> Revision:
        workspace = self.workspace
        if workspace.commits_fail:
            raise PermanentError(git_codes.NOT_A_FILE, "git does not take it today")
        head = workspace.tree("HEAD")
        assert isinstance(head, FakeTree)
        if head.contents.get(path) == content:
            return head.revision
        return workspace.fuse.around(lambda: self._commit({**head.contents, path: content}, message))

    def _commit(self, files: dict[str, bytes], message: str) -> Revision:
        self.workspace.files = files
        self.workspace.messages.append(message)
        return self.workspace.commit()

    def push(self) -> str:
        return self.workspace.fuse.around(lambda: self.workspace.push_refused)


def steps(events: Iterable[Event]) -> list[str]:
    """Write events for comparing: `route support done`."""
    return [f"{e.step} {e.address.rsplit('/', 1)[-1]} {e.status.value}" for e in events]
