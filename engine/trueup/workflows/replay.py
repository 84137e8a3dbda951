"""Replay: what other policies would have decided in the past, from this clone alone.

Two things are asked again: every recorded decision, on the very document it was made on; and the plan of every commit
of the default branch that nothing was recorded for. That plan is made from what the commit and its first parent
declare, as if the parent had been applied; what was measured then is unknown to both sides.

What was evaluated before is not evaluated again, so a replay that was interrupted goes on where it was.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime

from trueup.core.diagnostics import Diagnostic, has_errors
from trueup.core.digests import Revision, digest_of
from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.desired.resolve import resolve
from trueup.diff.compare import diff
from trueup.ledger.record import Record
from trueup.observed.declared import as_declared
from trueup.plan.build import build_plan
from trueup.plan.shapes import ShapeError
from trueup.policy.document import FORMAT_VERSION
from trueup.policy.enforcement import Enforcing
from trueup.policy.judge import judge
from trueup.policy.recorded import RecordedDecision, read_decision
from trueup.policy.replayed import ALLOWED, Place, Replay, Source, Verdict, recorded_verdict, verdict_of
from trueup.ports import MergedCommit
from trueup.workflows.judging import judge_plan
from trueup.workflows.loading import (
    PROJECT_FILE,
    Invalid,
    Loaded,
    ProjectSettings,
    environments,
    load_tree,
    require_environment,
)
from trueup.workflows.policy import PolicySource, policies_of
from trueup.workflows.redecide import Archive, MissingError, time_of
from trueup.workflows.workspace import Policies, Workspace

_PROGRESS = "Replaying decisions and commits"


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What to replay.

    Attributes:
        candidate: The policies that are asked.
        since: Not older than this.
        until: Older than this.
        environment: Only there; empty for everywhere.
    """

    candidate: PolicySource
    since: datetime
    until: datetime
    environment: str = ""


@dataclass(slots=True)
class Replaying:
    """How far a replay is; filled while it goes on, so that whoever interrupts it can be told.

    Attributes:
        replay: What was found so far.
        done: Decisions and commits that were looked at.
        total: How many there are.
        warnings: What is wrong with the candidate and keeps nobody from asking it.
    """

    replay: Replay = field(default_factory=Replay)
    done: int = 0
    total: int = 0
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Past:
    """What the ledger has: how many decisions in the time asked for, and of which commits, anywhere in it."""

    decisions: int
    covered: frozenset[tuple[str, str]]


def replay(workspace: Workspace, request: ReplayRequest, replaying: Replaying) -> Invalid | None:
    """Ask the candidate about the past and fill *replaying*; return what is wrong with it when it cannot be asked.

    Raises:
        TrueupError: The ledger cannot be read, or the environment is neither declared nor in it.
    """
    candidate = policies_of(workspace, request.candidate)
    if isinstance(candidate, Invalid):
        return candidate
    problems = workspace.engine.check(candidate.files)
    if has_errors(problems):
        return Invalid(problems)
    replaying.warnings = problems
    loaded = load_tree(workspace.tree(""))
    if loaded.project is None:
        return Invalid(loaded.diagnostics)
    past = _look_through(workspace, request)
    if request.environment and not past.decisions:
        require_environment(workspace, request.environment)
    commits = list(_commits(workspace, request, loaded.project))
    replaying.total = past.decisions + len(commits)
    asking = _Asking(workspace, candidate, replaying.replay)
    steps = (_recorded(asking, request), _reconstructed(asking, request, commits, past))
    for step in steps:
        for _ in step:
            replaying.done += 1
            workspace.progress(_PROGRESS, replaying.done, replaying.total)
    return None


def _look_through(workspace: Workspace, request: ReplayRequest) -> _Past:
    decisions, covered = 0, set()
    for record in workspace.ledger.records():
        if record.draft.decisions:
            covered.add((record.draft.revision, record.draft.environment))
            decisions += len(record.draft.decisions) if _is_asked(record, request) else 0
    return _Past(decisions, frozenset(covered))


def _is_asked(record: Record, request: ReplayRequest) -> bool:
    draft = record.draft
    return request.since <= draft.at < request.until and request.environment in ("", draft.environment)


def _commits(workspace: Workspace, request: ReplayRequest, project: ProjectSettings) -> Iterator[MergedCommit]:
    """Yield the commits of the time asked for that touch what is declared; the first one of all has no plan."""
    folders = [*project.specs, PROJECT_FILE]
    for commit in workspace.merged(project.default_branch, folders, request.since, request.until):
        if commit.parent:
            yield commit


@dataclass(slots=True)
class _Asking:
    """The candidate, and what is needed to ask it."""

    workspace: Workspace
    candidate: Policies
    replay: Replay


def _recorded(asking: _Asking, request: ReplayRequest) -> Iterator[None]:
    """Ask about every decision of the ledger, newest first."""
    archive = Archive(asking.workspace)
    for record in asking.workspace.ledger.records():
        if not _is_asked(record, request):
            continue
        draft = record.draft
        place = Place(Source.RECORD, str(record.sequence), draft.at, draft.environment, draft.revision)
        for kept in draft.decisions:
            try:
                recorded = read_decision(kept)
                _ask(asking, place, recorded, archive.document(record, recorded))
            except (ShapeError, MissingError) as error:
                asking.replay.pass_over(place, str(error))
            yield


def _ask(asking: _Asking, place: Place, recorded: RecordedDecision, document: bytes) -> None:
    facts = json.loads(document)
    version = facts.get("formatVersion") if isinstance(facts, Mapping) else None
    if version is None:
        asking.replay.unasked += 1
    elif version != FORMAT_VERSION:
        asking.replay.older[version if isinstance(version, int) else 0] += 1
    else:
        after = _verdict(asking, document, recorded.at or time_of(facts), recorded.enforcing)
        asking.replay.add(place, recorded_verdict(recorded), after)


def _reconstructed(asking: _Asking, request: ReplayRequest, commits: list[MergedCommit], past: _Past) -> Iterator[None]:
    """Ask about the plan of every commit that nothing was recorded for, newest first."""
    trees = _Trees(asking.workspace)
    for commit in commits:
        trees.forget_all_but(commit.revision)
        place = Place(Source.COMMIT, commit.revision, commit.at, request.environment, commit.revision)
        try:
            _plan_and_ask(asking, request, commit, past, trees)
        except TrueupError as error:
            asking.replay.pass_over(place, f"{error.code.id} {error.detail}")
        yield


@dataclass(slots=True)
class _Trees:
    """Commits that were read: the parent of one is mostly the next one."""

    workspace: Workspace
    _loaded: dict[Revision, Loaded] = field(default_factory=dict)

    def read(self, revision: Revision) -> Loaded:
        """Return what *revision* declares."""
        if revision not in self._loaded:
            self._loaded[revision] = load_tree(self.workspace.tree(revision))
        return self._loaded[revision]

    def forget_all_but(self, revision: Revision) -> None:
        """Let go of what is not needed any more."""
        self._loaded = {k: v for k, v in self._loaded.items() if k == revision}


def _plan_and_ask(asking: _Asking, request: ReplayRequest, commit: MergedCommit, past: _Past, trees: _Trees) -> None:
    head, base = trees.read(commit.revision), trees.read(commit.parent)
    is_adopted = isinstance(base.tree.read(PROJECT_FILE), bytes)
    wrong = next((t for t in (head, base) if not t.is_valid and (t is head or is_adopted)), None)
    if wrong is not None:
        place = Place(Source.COMMIT, commit.revision, commit.at, request.environment, commit.revision)
        whose = "it" if wrong is head else "its parent"
        asking.replay.pass_over(place, f"{whose} is not valid: {wrong.diagnostics[0].detail}")
        return
    for name in environments(head.resources):
        if request.environment in ("", name) and (commit.revision, name) not in past.covered:
            _plan_environment(asking, commit, head, base if is_adopted else None, name)


def _plan_environment(asking: _Asking, commit: MergedCommit, head: Loaded, base: Loaded | None, name: str) -> None:
    place = Place(Source.COMMIT, commit.revision, commit.at, name, commit.revision)
    desired, problems = resolve(head.resources, name, commit.revision)
    if desired is None:
        asking.replay.pass_over(place, problems[0].detail)
        return
    before = resolve(base.resources, name, commit.parent)[0] if base else None
    observed = as_declared(before, name, commit.at)
    changes = diff(desired, observed)
    if not changes:
        return
    workspace = asking.workspace
    baseline = _in_force(workspace, base or head)
    judging = baseline if baseline.files else asking.candidate
    plan = build_plan(desired, observed, changes, judging.digest, workspace.tool, commit.at, ())
    judged = judge_plan(
        workspace, judging, head, plan, desired, observed, engine=workspace.cached_engine, now=commit.at
    )
    then = verdict_of(judged.decision) if baseline.files else ALLOWED
    asking.replay.add(place, then, _verdict(asking, judged.document, commit.at, judged.enforcing))


def _in_force(workspace: Workspace, loaded: Loaded) -> Policies:
    """Return the policies that judged a change of what was *loaded*; the library is the one that is installed."""
    if loaded.project is None:  # pragma: no cover - only what is valid comes here
        return Policies((), digest_of([]))
    project = loaded.project
    return workspace.policies(loaded.tree, library=project.library, folders=project.policies, bundles=project.bundles)


def _verdict(asking: _Asking, document: bytes, at: datetime, enforcing: Enforcing | None) -> Verdict:
    """Return what the candidate says of *document*, under the settings that counted."""
    if not asking.candidate.files:
        return ALLOWED
    facts = json.loads(document)
    evaluation = asking.workspace.cached_engine.evaluate(asking.candidate.files, [document], at)[0]
    return verdict_of(judge(evaluation, facts, asking.candidate.digest, lambda *_: None, enforcing))
