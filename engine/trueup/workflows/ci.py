"""One run of a pipeline: validate, measure what is stale when asked, and plan every environment that a change reaches.

One thing that fails hides nothing else: each environment ends in a value of its own, and none is lost.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.diff.behaviour.behaviour import BehaviourDiff
from trueup.ports import PolicyEngine
from trueup.rollout.events import Event
from trueup.workflows.behaviour import behaviour
from trueup.workflows.evaluate import Evaluated
from trueup.workflows.evaluate_changed import ChangedRequest, ChangedWork, changed_work, evaluate_changed
from trueup.workflows.loading import Invalid, environments
from trueup.workflows.planning import Planned, plan_loaded
from trueup.workflows.reach import Reach, reach_of
from trueup.workflows.validate import Validated, validate
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CiRequest:
    """What to look at.

    Attributes:
        revision: A commit; never the work tree, because nobody could apply a plan of it.
        environments: These and no others; those that the change reaches when empty.
        everything: Every environment, reached or not.
        examples: Most changed examples of each behaviour diff; None without one.
        lock_timeout_seconds: How long measuring waits for an apply to end.
    """

    revision: str = "HEAD"
    environments: tuple[str, ...] = ()
    everything: bool = False
    examples: int | None = None
    lock_timeout_seconds: float = 0.0


@dataclass(slots=True)
class Measuring:
    """What came of measuring; filled while events are read.

    Attributes:
        work: What the change makes to do; None when it could not be found out.
        evaluated: What was measured.
        failure: What ended it before all was done; None when nothing did.
        invalid: The declaration is wrong, so nothing could be measured.
    """

    work: ChangedWork | None = None
    evaluated: Evaluated = field(default_factory=Evaluated)
    failure: Exception | None = None
    invalid: Invalid | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentRun:
    """One environment: why it is planned and what came of it.

    Attributes:
        name: Its name.
        why: Why the change reaches it.
        outcome: The plan, what is wrong with the declaration, or what failed.
        behaviour: How planned releases behave; None when nobody asked.
    """

    name: str
    why: str
    outcome: Planned | Invalid | Exception
    behaviour: tuple[BehaviourDiff, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a run found.

    Attributes:
        validated: The declaration and everything that is wrong with it.
        reach: What the change reaches; None when the declaration is wrong or that could not be found out.
        environments: Those that were planned, by name.
        failure: Why it could not be found out what the change reaches.
    """

    validated: Validated
    reach: Reach | None = None
    environments: tuple[EnvironmentRun, ...] = ()
    failure: TrueupError | None = None

    @property
    def revision(self) -> Revision:
        """The commit that was planned."""
        return self.validated.loaded.tree.revision

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong with the declaration."""
        return self.validated.diagnostics


def measure_stale(workspace: Workspace, request: CiRequest, measuring: Measuring) -> Iterator[Event]:
    """Measure what the change makes stale; yield events and fill *measuring*, whatever happens."""
    try:
        work = changed_work(workspace, ChangedRequest(revision=request.revision))
        if isinstance(work, Invalid):
            measuring.invalid = work
            return
        measuring.work = work
        revision = work.revision or request.revision
        yield from evaluate_changed(workspace, work, revision, request.lock_timeout_seconds, measuring.evaluated)
    except Exception as error:  # noqa: BLE001 - what was not measured keeps nobody from planning
        measuring.failure = error
    measuring.invalid = measuring.invalid or measuring.evaluated.invalid


def review(workspace: Workspace, request: CiRequest, *, engine: PolicyEngine | None = None) -> Reviewed:
    """Validate, find out what the change reaches, and plan it."""
    validated = validate(workspace, request.revision)
    loaded = validated.loaded
    if not validated.is_valid or loaded.project is None:
        return Reviewed(validated)
    try:
        reach = reach_of(workspace, loaded, loaded.project)
    except TrueupError as error:
        return Reviewed(validated, failure=error)
    chosen = _chosen(request, reach, environments(loaded.resources))

    def plan(name: str) -> Planned | Invalid:
        return plan_loaded(workspace, loaded, name, engine=engine)

    runs = tuple(_run(workspace, name, why, plan, request.examples) for name, why in chosen)
    return Reviewed(validated, reach, runs)


def _chosen(request: CiRequest, reach: Reach, declared: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the environments to plan; one that is asked for and not declared is planned to say so."""
    why = dict(reach.reached)
    names = request.environments or (tuple(declared) if request.everything else tuple(why))
    return tuple((name, why.get(name, "asked for")) for name in dict.fromkeys(names))


def _run(
    workspace: Workspace, name: str, why: str, plan: Callable[[str], Planned | Invalid], examples: int | None
) -> EnvironmentRun:
    try:
        planned = plan(name)
        diffs = None
        if examples is not None and isinstance(planned, Planned):
            diffs = behaviour(planned, workspace.ledger, examples)
        return EnvironmentRun(name, why, planned, diffs)
    except Exception as error:  # noqa: BLE001 - whatever happens in one environment, the others are told
        return EnvironmentRun(name, why, error)
