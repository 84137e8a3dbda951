"""What a group of tasks is given and what it gives back: the seam between the built-in evaluator and its tasks.

Tasks that can share questions are one group, so that an answer that several of them score is asked for once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import date
from pathlib import Path
from typing import Protocol

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.state import RouteSpec
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.gates import Threshold
from trueup.ports import EvaluationRequest, Progress


@dataclass(frozen=True, slots=True)
class Task:
    """One declared task.

    Attributes:
        name: Its name in the registry.
        params: Parameters under the task's own keys.
        limit: Most examples that are asked; None for all.
        epochs: How often each is asked.
        seed: Seed of sampling; None leaves it to the server.
        fewshot: Examples put before each question.
    """

    name: str
    params: Mapping[str, Json] = field(default_factory=dict)
    limit: int | None = None
    epochs: int = 1
    seed: int | None = None
    fewshot: int = 0


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is to be run and judged.

    Attributes:
        tasks: What runs.
        metrics: Unit and aggregation of each declared metric.
        thresholds: What must be reached.
        decoding: Decoding parameters in place of the release's.
        quarantine: Examples that do not count, by id, and the last day on which that holds.
        keeps_texts: Questions and answers are kept beside the evidence.
    """

    tasks: tuple[Task, ...]
    metrics: Mapping[str, tuple[str, str]]
    thresholds: tuple[Threshold, ...]
    decoding: Mapping[str, Json]
    quarantine: Mapping[str, date]
    keeps_texts: bool = True


class ResultCache(Protocol):
    """Remembers what came of single examples, by the digest of everything that decides it."""

    def find(self, key: Digest) -> Mapping[str, Json] | None:
        """Return what was kept under *key*; None without it, or when it is damaged."""
        ...

    def keep(self, key: Digest, value: Mapping[str, Json]) -> None:
        """Keep *value* under *key*, so that a run that is killed afterwards need not ask again."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What a group of tasks works on.

    Attributes:
        request: What is to be evaluated.
        declaration: The whole declaration.
        tasks: The tasks of this group.
        excluded: Ids of examples in quarantine today.
        server: Gives the base URL of the release's server, without `/v1`; asked for only when something is asked.
        judge: Gives the base URL of the judge's server.
        concurrency: Questions at a time where nothing else is declared.
        cache: What came of single examples before.
        progress: Told (name, done, total).
        folder: For files while it works; gone afterwards.
    """

    request: EvaluationRequest
    declaration: Declaration
    tasks: tuple[Task, ...]
    excluded: frozenset[str]
    server: Callable[[], str]
    judge: Callable[[], str]
    concurrency: int
    cache: ResultCache
    progress: Progress
    folder: Path

    @property
    def name(self) -> str:
        """What progress is told about."""
        return str(self.request.required.evaluation.id)

    @property
    def route(self) -> RouteSpec:
        """The release's prompt, decoding and limits."""
        return self.request.route


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a group of tasks gave.

    Attributes:
        examples: Results of single examples; measurements of their scores are made from these, over all and by slice.
        measurements: What only the run as a whole has: percentiles, rates, corpus scores.
        attacks: What was tried against the release, by the names of `parameters/redteam`.
        backends: What computed or answered.
        chat_template: Whether the chat template was applied; None where it is asked as served.
    """

    examples: tuple[ExampleResult, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    attacks: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    chat_template: bool | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks that run together.

    Attributes:
        name: For messages.
        tasks: The tasks by name, each with the parameters it knows.
        metrics: Names that the tasks give, by task; what is declared or judged must be among them.
        run: Runs them; raises PermanentError or TransientError when it could not be found out.
        cost: Groups run in this order, the cheapest first.
        problems: What is wrong with a task's parameters, in words; names are checked already.
    """

    name: str
    tasks: Mapping[str, frozenset[str]]
    metrics: Callable[[Task], Sequence[str]]
    run: Callable[[Work], Outcome]
    cost: int = 1
    problems: Callable[[Task], Sequence[str]] = lambda _task: ()
