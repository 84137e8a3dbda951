"""`PolicyEngine` over the worker: one process, one bundle at a time, nothing evaluated that was not checked."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from trueup.adapters.policy import codes
from trueup.adapters.policy.bundle import digest_of_files
from trueup.adapters.policy.embedded.catalogue import describe
from trueup.adapters.policy.embedded.kept_images import Images, Kept, Place
from trueup.adapters.policy.embedded.messages import evaluation, nanoseconds, read_problem, seconds_for
from trueup.adapters.policy.embedded.process import WorkerLostError, WorkerProcess
from trueup.adapters.policy.embedded.relocated import Relocated, read_moved
from trueup.adapters.policy.embedded.scan import decode_all, still_told
from trueup.adapters.policy.embedded.singly import ask_singly
from trueup.adapters.policy.embedded.traces import NOTHING_TRACED, read_list, read_reads, read_run, read_trace
from trueup.adapters.policy.embedded.version import engine_name
from trueup.core.diagnostics import Diagnostic, Span, has_errors, sort_diagnostics
from trueup.core.frozen import dataclass
from trueup.policy.results import Evaluation, PolicyFile, RuleInfo, RuleResult, RuleTest
from trueup.policy.tracing import Reads, RuleTrace, TestRun

_TEST_CLOCK = datetime(2026, 1, 1, tzinfo=UTC)
"""What `time.now_ns()` says in tests, so that a test does not depend on the day it is run."""

DEFAULT_TIMEOUT_SECONDS = 10.0
"""For one document; the library needs some milliseconds, and a loaded machine a hundred times that."""
DEFAULT_MEMORY_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class _Bundle:
    """What is known of the bundle the worker holds.

    Attributes:
        digest: Its identity, tests included when it has some.
        entries: The rules that decide, in the worker's order.
        tests: The rules that test.
        rules: What the former say of themselves.
        warnings: What was found, and keeps nobody from evaluating.
        is_whole: The worker has its syntax trees.
    """

    digest: str
    entries: list[Place]
    rules: tuple[RuleInfo, ...]
    tests: list[Place] = field(default_factory=list)
    warnings: tuple[Diagnostic, ...] = ()
    is_whole: bool = True


class EmbeddedEngine:
    """Rego in a worker process that is started with the first call and kept until `close`.

    Calls may come from any thread, one is answered at a time.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        images: Images | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            timeout_seconds: For one answer; a large document has more.
            memory_bytes: The most the worker may take.
            images: Where checked bundles are kept, so that the next worker need not check them again.
        """
        self._timeout = timeout_seconds
        self._memory = memory_bytes
        self._images = images
        self._worker: WorkerProcess | None = None
        self._held: _Bundle | None = None
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; the next call starts another."""
        with self._lock:
            self._drop_worker()

    @property
    def worker_pid(self) -> int:
        """Process id of the worker, 0 when none runs."""
        worker = self._worker
        return worker.pid if worker is not None and worker.is_alive else 0

    @property
    def name(self) -> str:
        """Name and version, as decisions record it."""
        return engine_name()

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        """Find what is wrong with the policies, tests included, without evaluating anything."""
        with self._lock:
            loaded = self._load(bundle)
        return loaded if isinstance(loaded, tuple) else loaded.warnings

    def describe(self, bundle: Sequence[PolicyFile]) -> tuple[RuleInfo, ...] | tuple[Diagnostic, ...]:
        """Return what the rules of the bundle say of themselves, sorted by id; problems instead, if any."""
        with self._lock:
            loaded = self._rules_of(bundle, whole=False)
        return loaded if isinstance(loaded, tuple) else tuple(sorted(loaded.rules, key=lambda r: (r.id, r.entry)))

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        """Evaluate every `deny`, `violation` and `warn` of the bundle on each document (JSON text).

        *now* is what `time.now_ns()` gives. Whatever goes wrong is in `errors`: nothing is raised.
        """
        files = _without_tests(bundle)
        digest = digest_of_files(files)
        with self._lock:
            return [self._read_evaluation(*answer) for answer in self._answers(files, digest, documents, now)]

    def relocate(self, bundle: Sequence[PolicyFile], prefix: str) -> Relocated | tuple[Diagnostic, ...]:
        """Return the bundle as a server is given it, below the package *prefix*; the problems instead, if any."""
        with self._lock:
            loaded = self._load(_without_tests(bundle))
            if isinstance(loaded, tuple):
                return loaded
            answer = self._ask({"do": "relocate", "bundle": loaded.digest, "prefix": prefix})
        if isinstance(answer, Diagnostic):
            return (answer,)
        return Relocated(read_moved(answer["modules"]), answer["data"], tuple(loaded.entries), loaded.rules)

    def clock_fields(self, bundle: Sequence[PolicyFile]) -> frozenset[str] | None:
        """Return the fields of `input.clock` that the policies may read; None when it may be any, or the time."""
        with self._lock:
            loaded = self._load(_without_tests(bundle))
            answer = (
                {"fields": None} if isinstance(loaded, tuple) else self._ask({"do": "clock", "bundle": loaded.digest})
            )
        fields = None if isinstance(answer, Diagnostic) else answer["fields"]
        return None if fields is None else frozenset(fields)

    def test(self, bundle: Sequence[PolicyFile]) -> tuple[RuleTest, ...] | tuple[Diagnostic, ...]:
        """Run the `test_` rules; the problems of the bundle instead, if any."""
        with self._lock:
            loaded = self._load(bundle)
            if isinstance(loaded, tuple):
                return loaded
            return tuple(self._test(bundle, index, *test) for index, test in enumerate(loaded.tests))

    def cover(
        self, bundle: Sequence[PolicyFile], wanted: str = "", *, run: bool = True
    ) -> TestRun | tuple[Diagnostic, ...]:
        """Run the `test_` rules whose package and name hold *wanted*, and tell what they reach of the policies.

        Without *run* they are only listed, and no file is told.
        """
        with self._lock:
            loaded = self._load(bundle)
            if isinstance(loaded, tuple):
                return loaded
            chosen = [(i, t) for i, t in enumerate(loaded.tests) if wanted in f"{t[0]}.{t[1]}"]
            said = self._lines(bundle, loaded.digest) if run else self._ask_all(loaded.digest, "todo")
            if isinstance(said, Diagnostic):
                return (said,)
            if not run:
                return read_list(said, [test for _, test in chosen], wanted)
            answers = [(self._cover(bundle, index), test) for index, test in chosen]
            # A test that took the worker with it took what was reached before it, too.
            reached = self._ask_all(loaded.digest, "reached") if self._holds(bundle) else {"reached": {}}
        return (reached,) if isinstance(reached, Diagnostic) else read_run({**said, **reached}, answers, wanted)

    def reads(self, bundle: Sequence[PolicyFile]) -> tuple[Reads, ...] | tuple[Diagnostic, ...]:
        """Return what each entry and its helpers read, as it is written in them."""
        with self._lock:
            loaded = self._rules_of(bundle)
            if isinstance(loaded, tuple):
                return loaded
            answer = self._ask({"do": "reads", "bundle": loaded.digest})
        return (answer,) if isinstance(answer, Diagnostic) else read_reads(answer, loaded.entries)

    def trace(
        self, bundle: Sequence[PolicyFile], document: bytes, now: datetime, rule: str
    ) -> RuleTrace | tuple[Diagnostic, ...]:
        """Ask the entries with the id *rule* about *document* and tell how far each body came."""
        files = _without_tests(bundle)
        with self._lock:
            loaded = self._load(files)
            if isinstance(loaded, tuple):
                return loaded
            asked = {(r.package, r.entry) for r in loaded.rules if r.id == rule}
            indexes = [i for i, (package, name, _) in enumerate(loaded.entries) if (package, name) in asked]
            request = {"do": "trace", "bundle": loaded.digest, "entries": indexes, "now": nanoseconds(now)}
            answer = self._ask({**request, "document": document.decode("utf-8", "replace")})
            reads = self.reads(files)
        lost = (answer,) if isinstance(answer, Diagnostic) else ()
        answer = NOTHING_TRACED if isinstance(answer, Diagnostic) else answer
        problems = (*lost, *map(read_problem, answer["problems"]))
        chosen = tuple(r for r in reads if isinstance(r, Reads) and (r.package, r.entry) in asked)
        return read_trace(answer, problems, loaded.entries, chosen)

    def _lines(self, bundle: Sequence[PolicyFile], digest: str) -> dict[str, Any] | Diagnostic:
        """Return the tests still to do and the lines to be reached: as written, where a rule never comes to an end."""
        said = self._ask_all(digest, "todo", "lines")
        if isinstance(said, Diagnostic) and not isinstance(self._load(bundle), tuple):
            return self._ask_all(digest, "todo", "lines written")
        return said

    def _ask_all(self, digest: str, *what: str) -> dict[str, Any] | Diagnostic:
        """Ask several questions about the held bundle and return the answers as one."""
        said: dict[str, Any] = {}
        for question in what:
            answer = self._ask({"do": question, "bundle": digest})
            if isinstance(answer, Diagnostic):
                return answer
            said |= answer
        return said

    def _holds(self, bundle: Sequence[PolicyFile]) -> bool:
        return self._held is not None and bool(self.worker_pid) and self._held.digest == digest_of_files(bundle)

    def _rules_of(self, bundle: Sequence[PolicyFile], *, whole: bool = True) -> _Bundle | tuple[Diagnostic, ...]:
        """Have the worker hold *bundle*; with its tests when it does already, for they are no rules."""
        return self._load(bundle if self._holds(bundle) else _without_tests(bundle), whole=whole)

    def _cover(self, bundle: Sequence[PolicyFile], index: int) -> dict[str, Any] | Diagnostic:
        loaded = self._load(bundle)  # an earlier test may have taken the worker with it
        if isinstance(loaded, tuple):
            return loaded[0]
        now = nanoseconds(_TEST_CLOCK)
        return self._ask({"do": "cover", "bundle": loaded.digest, "index": index, "now": now})

    def _answers(
        self, files: Sequence[PolicyFile], digest: str, documents: Sequence[bytes], now: datetime
    ) -> Iterator[tuple[_Bundle | tuple[Diagnostic, ...], dict[str, Any] | Diagnostic]]:
        """Yield the bundle that was asked, and its answer to each document.

        The worker is handed a document while it still has the one before, so that it never waits for us.
        """
        tickets = [0] * len(documents)
        if self._worker is not None and self._worker.is_owed:
            self._drop_worker()  # a call that was interrupted left work to it, which would take this call's time

        def answer(index: int) -> tuple[_Bundle | tuple[Diagnostic, ...], dict[str, Any] | Diagnostic]:
            loaded = self._load(files, digest=digest, whole=False)
            if isinstance(loaded, tuple):
                return loaded, loaded[0]
            for ahead in range(index, min(index + 2, len(documents))):
                if self._worker is None or not self._worker.awaits(tickets[ahead]):
                    tickets[ahead] = self._send(
                        evaluation(digest, documents[ahead], now), seconds_for(documents[ahead], self._timeout)
                    )
            return loaded, self._receive(tickets[index], seconds_for(documents[index], self._timeout))

        for index in range(len(documents)):
            loaded, found = answer(index)
            if isinstance(found, Diagnostic) and found.code is codes.WORKER_DIED:
                # It may have died between two calls, of something else; what kills it again is the policy.
                loaded, found = answer(index)
            if isinstance(found, Diagnostic) and found.code in (codes.TIMEOUT, codes.WORKER_DIED):
                loaded, found = self._singly(files, digest, documents[index], now, found)
            yield loaded, found

    def _singly(
        self, files: Sequence[PolicyFile], digest: str, document: bytes, now: datetime, why: Diagnostic
    ) -> tuple[_Bundle | tuple[Diagnostic, ...], dict[str, Any] | Diagnostic]:
        """Ask the rules one by one about a document that took the worker with it."""
        loaded = self._load(files, digest=digest, whole=False)
        if isinstance(loaded, tuple):
            return loaded, loaded[0]
        seconds = seconds_for(document, self._timeout)

        def ask(index: int, is_held: bool) -> dict[str, Any] | Diagnostic:
            again = self._load(files, digest=digest, whole=False)
            if isinstance(again, tuple):
                return again[0]
            request = {**evaluation(digest, document, now), "only": index}
            return self._receive(self._send(request | ({"document": None} if is_held else {}), seconds), seconds)

        described = {(r.package, r.entry): r.id for r in loaded.rules}
        ids = [described.get((package, name), name) for package, name, _ in loaded.entries]
        return loaded, ask_singly(loaded.entries, ids, ask, seconds, why)

    def _read_evaluation(
        self, loaded: _Bundle | tuple[Diagnostic, ...], answer: dict[str, Any] | Diagnostic
    ) -> Evaluation:
        if isinstance(loaded, tuple):
            return Evaluation((), loaded, (), self.name)
        rules = tuple(sorted({r.id for r in loaded.rules}))
        if isinstance(answer, Diagnostic):
            return Evaluation((), (answer,), rules, self.name, loaded.rules, loaded.warnings)
        results = tuple(
            RuleResult(name, package, raw, span)
            for index, values in answer["results"]
            for package, name, span in [loaded.entries[index]]
            for raw in values
        )
        problems = sort_diagnostics(read_problem(p) for p in answer["problems"])
        return Evaluation(results, problems, rules, self.name, loaded.rules, loaded.warnings)

    def _test(self, bundle: Sequence[PolicyFile], index: int, package: str, name: str, span: Span) -> RuleTest:
        loaded = self._load(bundle)  # an earlier test may have taken the worker with it
        if isinstance(loaded, tuple):
            return RuleTest(package, name, passed=False, seconds=0.0, output=loaded[0].detail, span=span)
        request = {"do": "test", "bundle": loaded.digest, "index": index, "now": nanoseconds(_TEST_CLOCK)}
        answer = self._ask(request)
        if isinstance(answer, Diagnostic):
            return RuleTest(package, name, passed=False, seconds=0.0, output=answer.detail, span=span)
        return RuleTest(package, name, answer["passed"], answer["seconds"], answer["output"], span)

    def _load(
        self, bundle: Sequence[PolicyFile], *, digest: str = "", whole: bool = True
    ) -> _Bundle | tuple[Diagnostic, ...]:
        """Have the worker hold *bundle*, checked; return the problems when it has some.

        What looks at syntax trees needs it *whole*; what only asks rules takes the image of one that was checked.
        """
        digest = digest or digest_of_files(bundle)
        held = self._held
        if held is not None and held.digest == digest and self.worker_pid and (held.is_whole or not whole):
            return held
        # Whatever the worker is given now takes the place of what it holds, also when we are interrupted.
        self._held = None
        prepared = None if whole else self._prepared(digest)
        loaded = self._checked(digest, bundle) if prepared is None else prepared
        # The worker has it in place of the one before, also when something is wrong with it.
        self._held = loaded if isinstance(loaded, _Bundle) else None
        return loaded

    def _prepared(self, digest: str) -> _Bundle | None:
        kept = self._images.get(digest) if self._images is not None else None
        if kept is None:
            return None
        answer = self._ask({"do": "prepare", "bundle": digest, "image": kept.image})
        if isinstance(answer, Diagnostic) or answer["problems"]:
            return None  # it is checked again, and what is wrong is told
        return _Bundle(digest, kept.entries, kept.rules, is_whole=False)

    def _checked(self, digest: str, bundle: Sequence[PolicyFile]) -> _Bundle | tuple[Diagnostic, ...]:
        files, problems = decode_all(bundle)
        answer = self._ask({"do": "load", "bundle": digest, "files": files})
        if isinstance(answer, Diagnostic):
            return (*problems, answer)
        texts = {path: text for path, _, text in files if path.endswith(".rego")}
        rules, complaints = describe(answer["entries"], texts)
        problems += [*still_told(map(read_problem, answer["problems"]), problems), *complaints]
        if has_errors(problems):
            return sort_diagnostics(problems)
        entries, tests = (
            [(p["package"], p["name"], Span(*p["span"])) for p in answer[k]] for k in ("entries", "tests")
        )
        if self._images is not None and not problems and not tests:
            image = self._ask({"do": "image", "bundle": digest})
            if not isinstance(image, Diagnostic):
                self._images.put(digest, Kept(image["image"], rules))
        return _Bundle(digest, entries, rules, tests, sort_diagnostics(problems))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | Diagnostic:
        return self._receive(self._send(request, self._timeout), self._timeout)

    def _send(self, request: dict[str, Any], seconds: float) -> int:
        if self._worker is None or not self._worker.is_alive:
            self._drop_worker()
            self._worker = WorkerProcess(self._memory)
        return self._worker.send(request, seconds)

    def _receive(self, ticket: int, seconds: float) -> dict[str, Any] | Diagnostic:
        if self._worker is None:
            return Diagnostic(codes.WORKER_DIED, "It was ended.")
        try:
            answer = self._worker.receive(ticket, seconds)
        except WorkerLostError as lost:
            self._drop_worker()
            return Diagnostic(codes.TIMEOUT if lost.timed_out else codes.WORKER_DIED, f"{lost.how}.")
        if "unusable" in answer:
            return Diagnostic(codes.ENGINE_UNUSABLE, f"{answer['unusable']}.")
        if "failed" in answer:
            return Diagnostic(codes.EVALUATION, f"{answer['failed']}.")
        return answer

    def _drop_worker(self) -> None:
        self._held = None
        if self._worker is not None:
            self._worker.kill()
            self._worker = None


def _without_tests(bundle: Sequence[PolicyFile]) -> list[PolicyFile]:
    return [file for file in bundle if not file.path.endswith("_test.rego")]
