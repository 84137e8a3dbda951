"""Fakes of the ports: real behaviour in memory. Each one passes the contract suite of its port."""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from artifacts import digest_of_content
from trueup.adapters.evaluators import codes as evaluator_codes
from trueup.adapters.evaluators.declaration import read_declaration
from trueup.adapters.gateways.local import codes as gateway_codes
from trueup.adapters.gateways.local.table import wrong_split
from trueup.adapters.git import codes as git_codes
from trueup.adapters.git.ledger_reading import readable
from trueup.adapters.git.objects import blob_id
from trueup.adapters.git.paths import normal_path, problem
from trueup.adapters.locks.file_lock import Holder, LockHeldError
from trueup.adapters.networks.codes import NOT_COMPARABLE
from trueup.adapters.policy import codes as policy_codes
from trueup.adapters.signatures import codes as signature_codes
from trueup.adapters.sources import codes as source_codes
from trueup.adapters.stores import codes as store_codes
from trueup.adapters.targets.process import codes as target_codes
from trueup.builds.provenance import Artifact, Result, Run, spelled, statement
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import Digest, Revision, digest_of_bytes
from trueup.core.errors import PermanentError, TransientError
from trueup.core.ids import ResourceId
from trueup.core.json import Json, canonical
from trueup.desired.parity import RequiredParity
from trueup.desired.state import ArtifactPin, BuildPin, ServerSpec
from trueup.evidence.estimates import Estimand, measure
from trueup.evidence.evidence import Evidence, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.examples import encode as encode_examples
from trueup.evidence.gates import judge
from trueup.evidence.metrics import Shape
from trueup.evidence.parity import SequenceParity, measurements_of, thresholds_of
from trueup.ledger import chain
from trueup.ledger.codec import decode, encode
from trueup.ledger.filters import Filter, filter_records
from trueup.ledger.record import Draft, Record
from trueup.observed.state import (
    Health,
    ObservedCandidate,
    ObservedRoute,
    ObservedServer,
    ObservedSplit,
    ObservedTarget,
)
from trueup.observed.traffic import Traffic
from trueup.policy.results import Evaluation, PolicyFile, RuleResult, RuleTest
from trueup.ports import (
    Changed,
    EvaluationRequest,
    Listed,
    Measured,
    ParityRequest,
    Progress,
    Route,
    RouteTable,
    Split,
    StoreEntry,
)
from trueup.spec.resource import SourceFile


@dataclass
class FakeClock:
    """A clock that goes on only when somebody sleeps."""

    time: datetime = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeMetricSource:
    """Answers what it was told to; an error is raised, a query nobody told it of gives no number."""

    values: dict[str, float | Exception | None] = field(default_factory=dict)
    asked: list[tuple[str, datetime]] = field(default_factory=list)

    def value(self, query: str, at: datetime) -> float | None:
        self.asked.append((query, at))
        found = self.values.get(query)
        if isinstance(found, Exception):
            raise found
        return found


class FakeLedger:
    """A ledger in memory, sealed and verified by the same chain as the real one."""

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.attachments: dict[Digest, bytes] = {}

    def append(self, draft: Draft) -> Record:
        record = chain.seal(draft, next(self.records(), None))
        self.stored.append(encode(record))
        self.attachments.update(draft.attachments)
        return next(self.records())

    def records(self) -> Iterator[Record]:
        for number in range(len(self.stored), 0, -1):
            yield readable(self._entry(number))

    def matching(self, wanted: Filter, most: int = 0) -> Iterator[Record]:
        return islice(filter_records(self.records(), wanted), most or None)

    def deciding(self, time: datetime, environment: str = "") -> Iterator[Record]:
        return self.records()

    def attachment(self, digest: Digest, beside: Record | None = None) -> bytes | None:
        return self.attachments.get(digest)

    def beside(self, wanted: Iterable[tuple[Record, Digest]]) -> Iterator[tuple[Record, bytes | None]]:
        for record, digest in wanted:
            content = self.attachments.get(digest, b"changed")
            yield record, content if digest_of_bytes(content) == digest else None

    def verify(self) -> tuple[int, tuple[Diagnostic, ...]]:
        entries = [self._whole(self._entry(n)) for n in range(1, len(self.stored) + 1)]
        return len(entries), chain.verify(entries)

    def _entry(self, number: int) -> chain.Entry:
        return decode(self.stored[number - 1], Revision(f"{number:040x}"))

    def _whole(self, entry: chain.Entry) -> chain.Entry:
        if not isinstance(entry, Record):
            return entry
        whole = tuple((d, self.attachments.get(d, b"")) for d, _ in entry.draft.attachments)
        return replace(entry, draft=replace(entry.draft, attachments=whole))


class FakeLock:
    """Locks in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._holders: dict[str, Holder] = {}
        self._sharers: dict[str, list[Holder]] = {}

    @contextmanager
    def hold(self, environment: str, command: str, timeout_seconds: float) -> Iterator[None]:
        sharers = self._sharers.get(environment)
        if environment in self._holders or sharers:
            self._clock.sleep(timeout_seconds)
            raise LockHeldError(environment, sharers[-1] if sharers else self._holders[environment])
        self._holders[environment] = self._holder(command)
        try:
            yield
        finally:
            del self._holders[environment]

    @contextmanager
    def share(self, environment: str, command: str, timeout_seconds: float) -> Iterator[None]:
        if environment in self._holders:
            self._clock.sleep(timeout_seconds)
            raise LockHeldError(environment, self._holders[environment])
        holder = self._holder(command)
        self._sharers.setdefault(environment, []).append(holder)
        try:
            yield
        finally:
            self._sharers[environment].remove(holder)

    def _holder(self, command: str) -> Holder:
        return Holder(1, "localhost", "someone", command, self._clock.now())


class FakeJournal:
    """A journal in memory."""

    def __init__(self) -> None:
        self._open: dict[str, list[bytes]] = {}
        self.closed_runs: dict[str, list[list[bytes]]] = {}

    def write(self, environment: str, entry: Mapping[str, Json]) -> None:
        self._open.setdefault(environment, []).append(canonical(entry))

    def unfinished(self, environment: str) -> tuple[Mapping[str, Json], ...]:
        return tuple(json.loads(line) for line in self._open.get(environment, []))

    def runs(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self._open if name.startswith(prefix)))

    def close(self, environment: str) -> None:
        if environment in self._open:
            self.closed_runs.setdefault(environment, []).append(self._open.pop(environment))


class FakeOrders:
    """Orders in memory."""

    def __init__(self) -> None:
        self.left: dict[tuple[str, str], str] = {}

    def give(self, environment: str, deployment: str, order: str) -> None:
        self.left[environment, deployment] = order

    def take(self, environment: str, deployment: str) -> str:
        return self.left.pop((environment, deployment), "")


class FakeStore:
    """A store whose sources and builders are given as values; what they make lies in a folder of the test."""

    def __init__(
        self,
        folder: Path,
        sources: Mapping[str, bytes | Mapping[str, bytes]],
        modes: Mapping[str, Callable[[Path, Mapping[str, Json], Iterable[Path]], bytes]],
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._modes = modes
        self.fetched: list[str] = []
        self.built: list[Digest] = []
        self.simulated: set[Digest] = set()
        self.statements: dict[Digest, bytes] = {}

    def find(self, key: Digest) -> Path | None:
        path = self._folder / key.replace(":", "-")
        return path if path.exists() else None

    def present(self, keys: Iterable[Digest]) -> frozenset[Digest]:
        return frozenset(k for k in keys if self.find(k) is not None)

    def fetch(self, artifact: ArtifactPin, progress: Progress, *, allow_pickle: bool = False) -> Path:
        found = self.find(artifact.digest)
        if found is not None:
            return found
        content = self._sources.get(artifact.uri)
        if content is None:
            raise PermanentError(source_codes.MISSING, f"`{artifact.uri}` is not there.")
        got = digest_of_content(content)
        if got != artifact.digest:
            raise PermanentError(store_codes.WRONG_DIGEST, f"has {got}, declared is {artifact.digest}.")
        self.fetched.append(artifact.uri)
        progress(artifact.uri, 1, 1)
        return self._put(artifact.digest, content)

    def build(self, build: BuildPin, source: Path, progress: Progress) -> Path:
        if build.mode == "none":
            return source
        found = self.find(build.key)
        if found is not None:
            return found
        if build.mode not in self._modes:
            raise PermanentError(store_codes.NO_BUILDER, f"mode `{build.mode}`")
        inputs = [self.find(pin.digest) for pin in build.inputs]
        if None in inputs:
            raise PermanentError(store_codes.NO_INPUT, "not in the store")
        content = self._modes[build.mode](source, dict(build.parameters), [path for path in inputs if path])
        self.built.append(build.key)
        progress(str(build.id), 1, 1)
        path = self._put(build.key, content)
        made = Artifact(path.name, digest_of_bytes(content))
        times = datetime(2026, 3, 14, 12, 0, tzinfo=UTC), datetime(2026, 3, 14, 12, 1, tzinfo=UTC)
        run = Run(*times, "0", simulated=build.key in self.simulated)
        read = [Artifact("source", digest_of_bytes(source.read_bytes() if source.is_file() else b""))]
        self.statements[build.key] = spelled(statement(build, read, Result([made], made), run))
        return path

    def entry(self, key: Digest) -> StoreEntry | None:
        path = self.find(key)
        if path is None:
            return None
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        rows = tuple(
            (f.relative_to(path.parent).as_posix(), f.stat().st_size, digest_of_bytes(f.read_bytes())) for f in files
        )
        provenance = self.statements.get(key, b"")
        content = (
            path.read_bytes() if path.is_file() else {f.relative_to(path).as_posix(): f.read_bytes() for f in files}
        )
        return StoreEntry(digest_of_content(content), rows, path.is_dir(), key in self.simulated, provenance)

    def keys(self) -> Iterator[Digest]:
        yield from (Digest(p.name.replace("-", ":")) for p in sorted(self._folder.iterdir()))

    def leftovers(self) -> Iterator[Digest]:
        yield from ()

    def remove(self, key: Digest) -> int:
        path = self._folder / key.replace(":", "-")
        if not path.exists():
            return 0
        files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
        freed = sum(f.stat().st_size for f in files)
        path.unlink() if path.is_file() else shutil.rmtree(path)
        return freed

    def _put(self, key: Digest, content: bytes | Mapping[str, bytes]) -> Path:
        path = self._folder / key.replace(":", "-")
        if isinstance(content, bytes):
            path.write_bytes(content)
            return path
        for name, text in content.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(text)
        return path


class FakeScanner:
    """A scanner that knows what is in each artifact."""

    scanner = "fake 1"

    def __init__(self) -> None:
        self.findings: dict[str, tuple[str, ...]] = {}

    def scan(self, artifact: ArtifactPin, progress: Progress) -> tuple[str, ...]:
        return self.findings.get(artifact.uri, ())


class FakeVerifier:
    """A verifier that knows whose signatures hold; counts what it was asked."""

    def __init__(self) -> None:
        self.forged: set[str] = set()
        self.asked: list[str] = []

    def verify(self, artifact: Path, declared: Mapping[str, Json]) -> str:
        signer = str(declared.get("publicKey"))
        self.asked.append(signer)
        if signer in self.forged:
            raise PermanentError(signature_codes.NOT_VERIFIED, f"not by {signer}")
        return f"fake 1, signed with the key {signer}"


class FakeEvaluator:
    """An evaluator that knows what each server would score; servers it does not know do not answer.

    A score is the share of *samples* examples that pass, the first of them.
    """

    def __init__(self, scores: Mapping[Digest, Mapping[str, float]], clock: FakeClock, samples: int = 400) -> None:
        self._scores = scores
        self._clock = clock
        self._samples = samples
        self.asked: list[EvaluationRequest] = []

    def evaluate(self, environment: str, request: EvaluationRequest, progress: Progress) -> Measured:
        self.asked.append(request)
        if request.server not in self._scores:
            raise TransientError(evaluator_codes.NO_ANSWER, f"no server in {environment}")
        scores = self._scores[request.server]
        results = [
            ExampleResult(
                str(number),
                0,
                "",
                tuple((m, float(number < round(v * self._samples))) for m, v in sorted(scores.items())),
                input=f"question {number}",
                output=f"answer of {request.server[7:15]}",
            )
            for number in range(self._samples)
        ]
        found = (measure(results, Estimand(m, "ratio", Shape.PASS_FAIL)) for m in scores)
        measurements = tuple(m for m in found if m is not None)
        examples = encode_examples(results)
        progress(str(request.required.evaluation.id), 1, 1)
        evidence = Evidence(
            evaluation=str(request.required.evaluation.id),
            key=request.required.key,
            subject=request.subject,
            measurements=measurements,
            gates=judge(
                read_declaration(request.declared).thresholds, measurements, dict.fromkeys(scores, Shape.PASS_FAIL)
            ),
            tool="fake",
            started_at=self._clock.now(),
            completed_at=self._clock.now(),
            inputs=request.required.inputs,
            settings=Settings("fake", "1", "exact_match"),
            examples=digest_of_bytes(examples),
        )
        return Measured(evidence, examples)


class FakeSeal:
    """Signs with a name in place of a key; what *trusted* names sign counts."""

    def __init__(self, signs_as: str = "", trusted: Sequence[str] = ()) -> None:
        self.signs_as = signs_as
        self.trusted = trusted

    @property
    def verifies(self) -> bool:
        return bool(self.trusted)

    def seal(self, statement: bytes) -> bytes:
        return f"signed by {self.signs_as}: ".encode() + statement if self.signs_as else statement

    def opened(self, kept: bytes) -> tuple[str, bytes]:
        for name in self.trusted:
            mark = f"signed by {name}: ".encode()
            if kept.startswith(mark):
                return name, kept.removeprefix(mark)
        return "", kept


class FakeParity:
    """A meter that finds what a test says, a result that is as good as its source unless told otherwise.

    Attributes:
        kl: Divergence of each sequence that it finds; not a number for a broken result.
        context: Longest sequence that it takes.
        asked: What it was asked.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.kl = 0.001
        self.context = 512
        self.asked: list[ParityRequest] = []

    def check(self, required: RequiredParity, source: Path, text: Path | None) -> None:
        if not 2 <= required.seq_len <= self.context:
            raise PermanentError(NOT_COMPARABLE, f"`seqLen` is {required.seq_len}.")

    def measure(self, request: ParityRequest, progress: Progress) -> Evidence:
        self.check(request.required, request.source, request.text)
        self.asked.append(request)
        progress(str(request.build), 1, 1)
        one = SequenceParity(100, self.kl * 100, 99, 40.0, 40.0 + self.kl * 100)
        found = measurements_of([one] * request.required.sequences)
        return Evidence(
            evaluation=str(request.build),
            key=request.required.key,
            subject=request.subject,
            measurements=found,
            gates=judge(thresholds_of(request.required), found),
            tool="fake",
            started_at=self._clock.now(),
            completed_at=self._clock.now(),
        )


class FakeTarget:
    """A target in memory: its servers are always healthy, and load what starts like a GGUF file.

    What was answered is what `answered` says: given the environment, the route in force and since when.
    """

    answered: Callable[[str, Route, datetime], Traffic] = staticmethod(lambda environment, route, since: Traffic(since))

    def __init__(self) -> None:
        self._servers: dict[str, dict[Digest, ServerSpec]] = {}
        self._tables: dict[str, RouteTable] = {}
        self.calls: list[str] = []

    def observe(self, environment: str) -> ObservedTarget:
        table = self._tables.get(environment)
        servers = sorted(self._servers.get(environment, {}).items())
        return ObservedTarget(
            environment=environment,
            gateway=Health.HEALTHY if table else Health.STOPPED,
            address=f"http://{table.host}:{table.port or 1}" if table else "",
            servers=tuple(
                ObservedServer(key, replica, Health.HEALTHY, spec.to_json())
                for key, spec in servers
                for replica in range(spec.replicas)
            ),
            routes=tuple(
                ObservedRoute(
                    r.deployment,
                    r.release,
                    r.server,
                    r.spec.to_json(),
                    r.manifest,
                    r.revision,
                    r.applied_at,
                    split=_observed_split(r.split),
                    held=r.held,
                )
                for r in sorted(table.routes if table else (), key=lambda r: r.deployment)
            ),
        )

    def start(self, environment: str, server: ServerSpec, artifact: Path) -> None:
        self.calls.append(f"start {environment} {server.key}")
        if not artifact.is_file() or not artifact.read_bytes().startswith(b"GGUF"):
            raise PermanentError(target_codes.ARTIFACT_UNREADABLE, str(artifact))
        self._servers.setdefault(environment, {})[server.key] = server

    def route(self, environment: str, table: RouteTable) -> None:
        self.calls.append(f"route {environment}")
        names = [r.spec.model_name for r in table.routes]
        if len(names) != len(set(names)):
            raise PermanentError(gateway_codes.TABLE_REFUSED, "two routes have the same model name")
        for route in table.routes:
            if route.split and (wrong := wrong_split(route.split)):
                raise PermanentError(gateway_codes.SPLIT_REFUSED, wrong)
        if table.routes or environment in self._tables:
            self._tables[environment] = table

    def traffic(self, environment: str, deployment: ResourceId, since: datetime) -> Traffic:
        table = self._tables.get(environment)
        if table is None:
            raise TransientError(target_codes.GATEWAY_DIED, f"{environment} has no gateway")
        routes = [r for r in table.routes if r.deployment == deployment]
        return self.answered(environment, routes[0], since) if routes else Traffic(since)

    def stop(self, environment: str, servers: Sequence[Digest]) -> None:
        self.calls.append(f"stop {environment} {' '.join(servers)}")
        running = self._servers.get(environment, {})
        for key in servers:
            running.pop(key, None)
        table = self._tables.get(environment)
        if not running and table is not None and not table.routes:
            del self._tables[environment]


def _observed_split(split: Split | None) -> ObservedSplit | None:
    if split is None:
        return None
    candidates = tuple(
        ObservedCandidate(
            c.name, c.release, c.server, c.spec.to_json(), c.manifest, c.revision, c.applied_at, c.weight, c.mirror
        )
        for c in split.candidates
    )
    return ObservedSplit(candidates, split.sticky, split.progress)


class FakeTree:
    """A source tree in memory; `revision` is what the test says it is."""

    def __init__(self, contents: dict[str, bytes], revision: str = "", limit_bytes: int = 1_000_000) -> None:
        self.contents = contents
        self.revision = Revision(revision)
        self.limit_bytes = limit_bytes
        self.passed_over: tuple[str, ...] = ()
        self.before: dict[Revision, dict[str, bytes]] = {self.revision: dict(contents)}

    def files(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[SourceFile]:
        below = tuple("" if f in {"", "."} else f.rstrip("/") + "/" for f in folders)
        for path, content in sorted(self.contents.items()):
            if below and (path.startswith(below) or path in folders) and path.endswith(tuple(suffixes)):
                kept = content if len(content) <= self.limit_bytes else b""
                yield SourceFile(path, blob_id(content, 40), kept)

    def listed(self, folders: Sequence[str], suffixes: Sequence[str]) -> list[Listed]:
        return [Listed(f.path, f.blob, f.path.encode()) for f in self.files(folders, suffixes)]

    def changes_since(self, revision: Revision, folders: Sequence[str]) -> tuple[Changed, ...] | None:
        before = self.before.get(revision)
        if before is None:
            return None
        then = {f.path: f.blob for f in FakeTree(before, limit_bytes=self.limit_bytes).files(folders, [""])}
        now = {f.path: f for f in self.listed(folders, [""])}
        paths = sorted(p for p in then.keys() | now.keys() if p not in now or now[p].blob != then.get(p))
        return tuple(Changed(path, now.get(path)) for path in paths)

    def read_listed(self, listed: Sequence[Listed]) -> Iterator[SourceFile]:
        found = {f.path: f for f in self.files(["."], [""])}
        return (found[f.path] for f in listed if f.path in found)

    def read(self, path: str) -> bytes | Diagnostic:
        normal = normal_path(path)
        if isinstance(normal, Diagnostic):
            return normal
        content = self.contents.get(normal)
        if content is None:
            is_folder = normal == "." or any(p.startswith(f"{normal}/") for p in self.contents)
            return problem(git_codes.NOT_A_FILE if is_folder else git_codes.NO_SUCH_FILE, path, f"`{path}`")
        if len(content) > self.limit_bytes:
            return problem(git_codes.FILE_TOO_LARGE, path, f"`{path}`")
        return content

    def brought(self, name: str) -> str:
        return next((p for p in sorted(self.contents) if p.casefold().partition("/")[0] == name.casefold()), "")


class FakeCommitter:
    """A branch in memory: commits change the tree it was made for, newest last in `commits`."""

    def __init__(self, tree: FakeTree) -> None:
        self.tree = tree
        self.commits: list[tuple[Revision, str, bytes, str]] = []

    def commit(self, path: str, content: bytes, message: str) -> Revision:
        normal = normal_path(path)
        if isinstance(normal, Diagnostic):
            raise PermanentError(normal.code, normal.detail)
        if self.tree.contents.get(normal) != content:
            parts = [str(self.tree.revision).encode(), normal.encode(), content, message.encode()]
            self.tree.contents[normal] = content
            self.tree.revision = Revision(blob_id(b"\0".join(parts), 40))
            self.commits.append((self.tree.revision, normal, content, message))
        return self.tree.revision

    def push(self) -> str:
        return ""


class FakePolicyEngine:
    """Rego of one shape, read by patterns: sets of one constant, on a condition that is a field of the document.

    `deny contains {"id": "X", "msg": "y"} if input.field`, `violation` and `warn` alike, and
    `test_name if true` or `if false`. Everything else is a syntax error, as a real engine has for what is no Rego.
    """

    _PACKAGE = re.compile(r"package (?P<name>[a-z_.]+)$")
    _RULE = re.compile(
        r"(?P<set>(?:deny|violation|warn)(?:_\w+)?) contains (?P<value>.+?)(?: if input\.(?P<field>\w+))?$"
    )
    _TEST = re.compile(r"(?P<name>test_\w+) if (?P<holds>true|false)$")

    def __init__(self) -> None:
        self._results: list[tuple[str, RuleResult]] = []
        self._tests: list[RuleTest] = []

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        self._results, self._tests = [], []
        problems: list[Diagnostic] = []
        for file in bundle:
            package = ""
            for number, line in enumerate(file.content.decode().splitlines(), 1):
                place = Span(file.path, number, 1)
                if found := self._PACKAGE.match(line):
                    package = found["name"]
                elif found := self._RULE.match(line):
                    result = RuleResult(found["set"], package, json.loads(found["value"]), place)
                    self._results.append((found["field"] or "", result))
                elif found := self._TEST.match(line):
                    passed = found["holds"] == "true"
                    self._tests.append(RuleTest(package, found["name"], passed, 0.0, span=place))
                elif line.strip():
                    problems.append(Diagnostic(policy_codes.SYNTAX, "It is no rule the fake knows.", place))
        return tuple(problems)

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        if problems := self.check([f for f in bundle if not f.path.endswith("_test.rego")]):
            return [Evaluation((), problems, (), "fake") for _ in documents]
        return [self._evaluate(document) for document in documents]

    def _evaluate(self, document: bytes) -> Evaluation:
        rules = tuple(sorted({f"{r.package.replace('.', '/')}/{r.entry}" for _, r in self._results}))
        try:
            value = json.loads(document)
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except ValueError as error:
            return Evaluation((), (Diagnostic(policy_codes.DOCUMENT_REFUSED, str(error)),), rules, "fake")
        results = tuple(r for field_, r in self._results if not field_ or value.get(field_, False) is not False)
        return Evaluation(results, (), rules, "fake")

    def test(self, bundle: Sequence[PolicyFile]) -> tuple[RuleTest, ...] | tuple[Diagnostic, ...]:
        return self.check(bundle) or tuple(self._tests)
