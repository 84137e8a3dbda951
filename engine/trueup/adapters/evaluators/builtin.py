"""`Evaluator` for `suite.tool: builtin`: runs the declared tasks, group by group, and judges what they gave.

A release is asked as it is served: its prompt first, its decoding parameters, its limits. What cannot be found out
is an error; it never becomes a number.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import trueup
from trueup.adapters.evaluators.cache import NO_CACHE
from trueup.adapters.evaluators.declaration import read_declaration
from trueup.adapters.evaluators.groups import grouped
from trueup.adapters.evaluators.measuring import measured
from trueup.adapters.evaluators.work import Declaration, Outcome, ResultCache, Work
from trueup.core.digests import Digest, digest_of_bytes
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.evidence.catalogue import shapes_of
from trueup.evidence.evidence import EVALUATION, PROMPT_TESTS, Evidence, Settings
from trueup.evidence.examples import encode, without_texts
from trueup.evidence.gates import judge
from trueup.ports import Clock, EvaluationRequest, Measured, Progress

Endpoint = Callable[[str, Digest], str]
"""Gives the base URL of a server from environment and server digest, without `/v1`."""


@dataclass(frozen=True, slots=True)
class Options:
    """How it runs.

    Attributes:
        concurrency: Questions at a time; no more than the server has slots.
        cache: What came of single examples before.
    """

    concurrency: int = 1
    cache: ResultCache = NO_CACHE


class BuiltinEvaluator:
    """Runs the tasks that `groups` knows.

    Args:
        endpoint: Where the server to ask is.
        clock: The time.
        options: How it runs.
    """

    def __init__(self, endpoint: Endpoint, clock: Clock, options: Options | None = None) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._options = options or Options()

    def evaluate(self, environment: str, request: EvaluationRequest, progress: Progress) -> Measured:
        """Run every task and return what was measured, bound to the request's key and subject.

        Raises:
            PermanentError: The data, the declaration or the server's answers do not allow a measurement.
            TransientError: The server does not answer now.
        """
        started_at = self._clock.now()
        declaration = read_declaration(request.declared)
        outcomes = tuple(self._run(environment, request, declaration, progress))
        results = tuple(r if declaration.keeps_texts else without_texts(r) for o in outcomes for r in o.examples)
        measurements = measured(declaration, outcomes)
        examples = encode(results) if results else b""
        evidence = Evidence(
            evaluation=str(request.required.evaluation.id),
            key=request.required.key,
            subject=request.subject,
            type=PROMPT_TESTS if request.required.evaluation.id.kind == "Prompt" else EVALUATION,
            measurements=measurements,
            gates=judge(declaration.thresholds, measurements, shapes_of(t.metric for t in declaration.thresholds)),
            tool=f"builtin {trueup.__version__}",
            started_at=started_at,
            completed_at=self._clock.now(),
            inputs=request.required.inputs,
            settings=_settings(request, declaration, outcomes),
            attacks=tuple(dict.fromkeys(a for o in outcomes for a in o.attacks)),
            examples=digest_of_bytes(examples) if examples else Digest(""),
        )
        return Measured(evidence, examples)

    def _run(
        self, environment: str, request: EvaluationRequest, declaration: Declaration, progress: Progress
    ) -> Iterator[Outcome]:
        today = self._clock.now().date()
        excluded = frozenset(case for case, expires in declaration.quarantine.items() if today <= expires)
        judge_of = request.required.judge
        with tempfile.TemporaryDirectory(prefix="trueup-evaluate-") as folder:
            for group, tasks in grouped(declaration.tasks):
                yield group.run(
                    Work(
                        request=request,
                        declaration=declaration,
                        tasks=tasks,
                        excluded=excluded,
                        server=lambda: self._endpoint(environment, request.server),
                        judge=lambda: self._endpoint(environment, judge_of.server.key) if judge_of else "",
                        concurrency=self._options.concurrency,
                        # What is not to be kept is not kept here either.
                        cache=self._options.cache if declaration.keeps_texts else NO_CACHE,
                        progress=progress,
                        folder=Path(folder),
                    )
                )


def _settings(request: EvaluationRequest, declaration: Declaration, outcomes: Sequence[Outcome]) -> Settings:
    decoding: dict[str, Json] = {**dict(request.route.decoding), **declaration.decoding}
    return Settings(
        tool="builtin",
        version=trueup.__version__,
        task=", ".join(t.name for t in declaration.tasks),
        fewshot=max((t.fewshot for t in declaration.tasks), default=0),
        chat_template=all(o.chat_template is not False for o in outcomes),
        seed=next((t.seed for t in declaration.tasks if t.seed is not None), None),
        backend=", ".join(dict.fromkeys(b for o in outcomes for b in o.backends)),
        decoding=tuple(sorted(decoding.items())),
    )
