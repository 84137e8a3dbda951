"""Judges what its caller names: documents from files, or the plan of an environment, by policies of their choice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from trueup.core.diagnostics import Diagnostic, Span, has_errors
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical_by_parts
from trueup.plan.saved import SavedPlan
from trueup.policy.checked import Checked, checked, placed
from trueup.policy.decision import Decision, Violation
from trueup.policy.judge import judge
from trueup.policy.results import LIBRARY, Evaluation, PolicyFile
from trueup.spec.resource import Path
from trueup.spec.yaml.events import MAX_BYTES
from trueup.spec.yaml.positions import locate
from trueup.workflows import codes
from trueup.workflows.judging import judge_plan
from trueup.workflows.planning import Invalid, Planned, make_plan
from trueup.workflows.policy import HERE, PolicySource, policies_of
from trueup.workflows.workspace import Policies, Workspace

_RULE_OF_LIBRARY = "/rule.rego"
"""What the files with the library's rules are called; what they share has other names."""


@dataclass(frozen=True, slots=True)
class InputDocument:
    """One document to be judged.

    Attributes:
        path: The file it is from.
        index: Its place in that file, from 0.
        value: What it holds.
        content: The whole file, to find lines in.
        is_alone: Whether the file has no other.
    """

    path: str
    index: int
    value: Json
    content: bytes
    is_alone: bool = True

    @property
    def subject(self) -> str:
        """The file, with the document's number when there are several."""
        return self.path if self.is_alone else f"{self.path} (document {self.index + 1})"


@dataclass(frozen=True, slots=True)
class PlanChecked:
    """The plan of an environment, judged.

    Attributes:
        planned: The plan.
        checked: What policy says of it.
    """

    planned: Planned
    checked: Checked


def check_documents(
    workspace: Workspace, documents: Sequence[InputDocument], source: PolicySource = HERE
) -> tuple[Checked, ...] | Invalid:
    """Judge each of *documents*.

    The library's rules are about policy documents of trueup: they are asked only of what has a `formatVersion`.
    """
    policies = policies_of(workspace, source)
    if isinstance(policies, Invalid):
        return policies
    problems = workspace.engine.check(policies.files)
    if has_errors(problems):
        return Invalid(problems)
    own = [f for f in policies.files if not _is_library_rule(f)]
    results: list[Checked] = []
    for document in documents:
        files = policies.files if _is_policy_document(document.value) else own
        spelled = _spelled(document)
        if isinstance(spelled, Diagnostic):
            return Invalid((spelled,))
        (evaluation,) = workspace.engine.evaluate(files, [spelled], workspace.clock.now())
        results.append(_judged(document, evaluation, policies, spelled))
    return tuple(results)


def check_plan(
    workspace: Workspace,
    environment: str,
    source: PolicySource = HERE,
    targets: tuple[str, ...] = (),
) -> PlanChecked | Invalid:
    """Judge the plan of *environment*: by the policies in force, or by those of a folder when *source* names one."""
    planned = make_plan(workspace, environment, source.revision, targets, engine=workspace.cached_engine)
    if isinstance(planned, Invalid):
        return planned
    judged = planned.judged
    if source.folder:
        candidate = policies_of(workspace, source)
        if isinstance(candidate, Invalid):
            return candidate
        problems = workspace.engine.check(candidate.files)
        if has_errors(problems):
            return Invalid(problems)
        judged = judge_plan(
            workspace,
            candidate,
            planned.loaded,
            planned.plan,
            planned.desired,
            planned.observed,
            engine=workspace.cached_engine,
        )
    subject = f"plan of {environment}"
    return PlanChecked(planned, checked(subject, judged.decision, judged.evaluation, judged.document))


def check_saved(workspace: Workspace, saved: SavedPlan, source: PolicySource = HERE) -> PlanChecked | Invalid:
    """Judge the plan that *saved* was: it holds no policy document, so the plan is made again and may differ."""
    plan = saved.plan
    at = replace(source, revision=plan.revision)
    return check_plan(workspace, plan.environment, at, tuple(str(t) for t in plan.targets))


def _judged(document: InputDocument, evaluation: Evaluation, policies: Policies, spelled: bytes) -> Checked:
    value: Mapping[str, Json] = document.value if isinstance(document.value, Mapping) else {}
    decision = judge(evaluation, value, policies.digest, lambda _address, _path: None)
    violations = (replace(v, span=v.span or _place(document, v)) for v in decision.violations)
    found: Decision = placed(decision, violations)
    return checked(document.subject, found, evaluation, spelled)


def _place(document: InputDocument, violation: Violation) -> Span:
    """Find the field in the file; the whole file when it is too large to be searched."""
    if len(document.content) > MAX_BYTES:
        return Span(document.path)
    resources = document.value.get("resources") if isinstance(document.value, Mapping) else None
    is_inside = isinstance(resources, Mapping) and violation.address in resources
    path: Path = ("resources", violation.address, *violation.path) if is_inside else violation.path
    return Span(document.path, *locate(document.content, document.index, path))


def _spelled(document: InputDocument) -> bytes | Diagnostic:
    try:
        return canonical_by_parts(document.value)
    except (ValueError, RecursionError) as error:
        detail = f"{document.subject} cannot be spelled as JSON: {error}."
        return Diagnostic(codes.INPUT_FILE, detail, Span(document.path), codes.INPUT_FILE.remedy)


def _is_policy_document(value: Json) -> bool:
    return isinstance(value, Mapping) and "formatVersion" in value


def _is_library_rule(file: PolicyFile) -> bool:
    return file.path.startswith(f"{LIBRARY}/") and file.path.endswith(_RULE_OF_LIBRARY)


def subjects(results: Iterable[Checked]) -> str:
    """Say how many documents there are, in words."""
    count = len(tuple(results))
    return "1 document" if count == 1 else f"{count} documents"
