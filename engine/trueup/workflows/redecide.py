"""Makes recorded decisions again, from what the ledger keeps: the document, the policies and the time of then."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from trueup.core.diagnostics import Code, Diagnostic
from trueup.core.digests import Digest, digest_of_bytes, short
from trueup.core.errors import TrueupError
from trueup.core.json import Json, mapping_of
from trueup.ledger.audit import DecisionAudit
from trueup.ledger.codec import place_of
from trueup.ledger.codes import DECISION_DIFFERS, DECISION_UNREADABLE, POLICIES_NOT_KEPT
from trueup.ledger.record import Record
from trueup.plan.shapes import ShapeError
from trueup.policy.bundle_files import bundle_digest, bundle_from_bytes
from trueup.policy.decision import Decision
from trueup.policy.judge import JUDGE_VERSION, judge
from trueup.policy.recorded import RecordedDecision, RecordedResult, read_decision, read_results
from trueup.policy.redecided import differences, result_differences, violation_differences
from trueup.policy.results import Evaluation, PolicyFile
from trueup.policy.without_rules import judge_without_rules
from trueup.ports import PolicyEngine
from trueup.workflows.judging import NO_POLICIES
from trueup.workflows.loading import read_project
from trueup.workflows.workspace import Workspace

_BUNDLES = 4
"""Bundles that stay in memory: neighbouring records mostly have the same."""


class MissingError(Exception):
    """What a decision stands on is not there, or is not what it names.

    Attributes:
        detail: Which, and why.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(slots=True)
class Archive:
    """What the ledger keeps beside its decisions."""

    workspace: Workspace
    _bundles: dict[Digest, tuple[PolicyFile, ...]] = field(default_factory=dict)

    def document(self, record: Record, decision: RecordedDecision) -> bytes:
        """Return the document that was judged.

        Raises:
            MissingError: It is not there, or is another.
        """
        return self._attachment(record, decision.input, "document")

    def results(self, record: Record, decision: RecordedDecision) -> tuple[RecordedResult, ...]:
        """Return what the rules gave.

        Raises:
            MissingError: It is not there, or is another.
        """
        content = self._attachment(record, decision.kept_evaluation, "list of results")
        try:
            return read_results(content)
        except ShapeError as error:
            raise MissingError(f"its results cannot be read: {error}") from error

    def bundle(self, record: Record, decision: RecordedDecision) -> tuple[PolicyFile, ...] | None:
        """Return the policies that decided; None when the record is older than keeping them, and they are gone.

        Raises:
            MissingError: They were kept and are not there, or are others.
        """
        found = self._bundles.get(decision.bundle)
        if found is None:
            found = self._kept(record, decision) if decision.kept_bundle else self._of_then(record, decision.bundle)
            if found is not None:
                if len(self._bundles) >= _BUNDLES:
                    del self._bundles[next(iter(self._bundles))]
                self._bundles[decision.bundle] = found
        return found

    def _kept(self, record: Record, decision: RecordedDecision) -> tuple[PolicyFile, ...]:
        content = self._attachment(record, decision.kept_bundle, "bundle of policies")
        try:
            files = bundle_from_bytes(content)
        except ShapeError as error:
            raise MissingError(f"its policies cannot be read: {error}") from error
        if bundle_digest(files) != decision.bundle:
            raise MissingError(f"its policies are {short(bundle_digest(files))}, not {short(decision.bundle)}")
        return files

    def _of_then(self, record: Record, wanted: Digest) -> tuple[PolicyFile, ...] | None:
        """Return the policies of the record's commit and the library that is installed, if those are they."""
        try:
            tree = self.workspace.tree(record.draft.revision)
            project, _ = read_project(tree)
            if project is None:
                return None
            policies = self.workspace.policies(
                tree, library=project.library, folders=project.policies, bundles=project.bundles
            )
        except (TrueupError, KeyError):
            return None
        return policies.files if policies.digest == wanted else None

    def _attachment(self, record: Record, digest: Digest, what: str) -> bytes:
        try:
            content = self.workspace.ledger.attachment(digest, record)
        except TrueupError as error:
            raise MissingError(f"its {what} {short(digest)} cannot be read: {error.detail}") from error
        if content is None or digest_of_bytes(content) != digest:
            raise MissingError(f"its {what} {short(digest)} is not kept beside the record")
        return content


@dataclass(frozen=True, slots=True)
class Again:
    """A decision made again: what the rules gave, and the judge's word on it."""

    evaluation: Evaluation
    decision: Decision


def decide_again(
    engine: PolicyEngine, files: tuple[PolicyFile, ...], document: bytes, recorded: RecordedDecision
) -> Again:
    """Evaluate *document* with *files* at the time of *recorded*, and judge by the settings that counted then."""
    facts: Json = json.loads(document)
    content = facts if isinstance(facts, Mapping) else {}
    evaluation = engine.evaluate(files, [document], recorded.at or time_of(content))[0]
    decision = judge(evaluation, content, recorded.bundle, lambda *_: None, recorded.enforcing)
    return Again(evaluation, decision)


def time_of(document: Mapping[str, Json]) -> datetime:
    """Return the time of a policy document; the epoch when it has none."""
    match document.get("clock"):
        case {"now": str(now)}:
            try:
                return datetime.fromisoformat(now)
            except ValueError:
                pass
        case _:
            pass
    return datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class _Tally:
    """What has been found so far."""

    equal: int = 0
    not_kept: int = 0
    by_results: Counter[int] = field(default_factory=Counter)
    engines: Counter[str] = field(default_factory=Counter)
    engine: str = ""


def audit_decisions(workspace: Workspace, since: datetime | None, total: int) -> DecisionAudit:
    """Make every decision recorded *since* again (None: all) and compare; *total* records are there, for progress."""
    archive, tally = Archive(workspace), _Tally()
    problems: list[Diagnostic] = []
    count = 0
    for done, record in enumerate(_readable(workspace.ledger.records()), 1):
        workspace.progress("Making decisions again, records", done, max(done, total))
        if since is not None and record.draft.at < since:
            continue
        for number, kept in enumerate(record.draft.decisions, 1):
            count += 1
            problem = _check(workspace, archive, tally, record, kept)
            if problem is not None:
                code, detail = problem
                name = f"Record {record.sequence} (commit {short(record.commit)}), decision {number}"
                problems.append(Diagnostic(code, f"{name}: {detail}.", place_of(record.commit), code.remedy))
    if total:
        workspace.progress("Making decisions again, records", total, total)
    return DecisionAudit(
        count=count,
        equal=tally.equal,
        by_results=tuple(sorted(tally.by_results.items())),
        not_kept=tally.not_kept,
        engines=tuple(sorted(tally.engines.items())),
        engine=tally.engine,
        problems=tuple(problems),
    )


def _readable(records: Iterable[Record]) -> Iterator[Record]:
    """Yield records up to one that cannot be believed, which verification has named already."""
    try:
        yield from records
    except TrueupError:
        return


def _check(
    workspace: Workspace, archive: Archive, tally: _Tally, record: Record, kept: Json
) -> tuple[Code, str] | None:
    """Return what is wrong with one decision."""
    try:
        recorded = read_decision(kept)
        document, files = archive.document(record, recorded), archive.bundle(record, recorded)
        tally.engines[recorded.engine] += 1
        if recorded.engine == NO_POLICIES:
            found = _unasked(recorded, files, document)
        elif files is None:
            tally.not_kept += 1
            return None
        else:
            again = decide_again(workspace.engine, files, document, recorded)
            tally.engine = again.evaluation.engine
            results = archive.results(record, recorded) if recorded.kept_evaluation else None
            found = _compare(recorded, again, results, tally)
    except ShapeError as error:
        return DECISION_UNREADABLE, str(error)
    except MissingError as error:
        return POLICIES_NOT_KEPT, error.detail
    if found:
        return DECISION_DIFFERS, "; ".join(found)
    tally.equal += 1
    return None


def _unasked(recorded: RecordedDecision, files: tuple[PolicyFile, ...] | None, document: bytes) -> tuple[str, ...]:
    """Hold a decision that nobody was asked for to that: no policies, and nothing found but what always denies."""
    if files:
        return ("it says that there were no policies, and there were",)
    again = judge_without_rules(mapping_of(json.loads(document)), recorded.bundle, NO_POLICIES, lambda *_: None)
    if recorded.outcome is not again.outcome:
        return (f"it says {recorded.outcome.value}, and without policies it is {again.outcome.value}",)
    return violation_differences(recorded, again)


def _compare(
    recorded: RecordedDecision, again: Again, results: tuple[RecordedResult, ...] | None, tally: _Tally
) -> tuple[str, ...]:
    exact = recorded.engine == again.evaluation.engine
    found = result_differences(results, again.evaluation, exact=exact) if results is not None else ()
    if recorded.judge == JUDGE_VERSION:
        return (*found, *differences(recorded, again.decision, exact=exact))
    tally.by_results[recorded.judge] += 1
    return found if results is not None else violation_differences(recorded, again.decision)
